#include "server/commands/check_config.h"

#include "server/secret_file.h"

namespace sidwatch {

absl::StatusOr<std::string> CheckConfig(const Options& options) {
  const absl::StatusOr<Secrets> secrets = LoadSecrets(options);
  if (!secrets.ok()) return secrets.status();
  return std::string("the settings are good");
}

}  // namespace sidwatch
