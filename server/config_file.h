#ifndef SIDWATCH_SERVER_CONFIG_FILE_H_
#define SIDWATCH_SERVER_CONFIG_FILE_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace sidwatch {

// One key of the TOML file.
struct FileValue {
  std::string text;   // as a flag would give it
  std::string place;  // "/etc/sidwatch.toml:12: grpc-listen", for errors
};

// Reads the TOML file of --config: setting → value. Keys may be spelled with
// `_` for `-`. The only user of toml++ among the settings. Blocks for disk.
//
// Errors: INVALID_ARGUMENT, one sentence with file and line: no such file, not
// TOML, a key nobody knows (naming the nearest), a key given in both
// spellings, a secret, a value that is neither text, whole number nor boolean.
absl::StatusOr<std::map<std::string, FileValue>> ReadConfigFile(
    const std::string& path);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_CONFIG_FILE_H_
