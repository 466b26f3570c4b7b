#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_status.h"
#include "client/cli/signature_diagnosis.h"

namespace sidwatch {
namespace {

constexpr size_t kBodySizeMax = 16 << 20;

// "": none. "-": standard input.
absl::StatusOr<std::string> ReadBody(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  std::istream& in = path == "-" ? std::cin : file;
  std::string body(kBodySizeMax + 1, '\0');
  in.read(body.data(), static_cast<std::streamsize>(body.size()));
  if (in.bad() || (path != "-" && !file.is_open())) {
    return absl::InvalidArgumentError(
        absl::StrCat("--body-file: ", path, " cannot be read"));
  }
  body.resize(static_cast<size_t>(in.gcount()));
  if (body.size() > kBodySizeMax) {
    return absl::InvalidArgumentError("--body-file: more than 16 MiB");
  }
  return body;
}

}  // namespace

int RunVerify(const VerifyCommand& command) {
  const char* token = std::getenv("TWILIO_AUTH_TOKEN");
  if (token == nullptr || *token == '\0') {
    Note("TWILIO_AUTH_TOKEN is not set: verify checks with the token there");
    return kExitWrongUse;
  }
  const auto body = ReadBody(command.body_file);
  if (!body.ok()) {
    Note(body.status().message());
    return kExitWrongUse;
  }
  const Diagnosis diagnosis = Diagnose({.url = command.url,
                                        .signature = command.signature,
                                        .method = command.method,
                                        .content_type = command.content_type,
                                        .body = *body,
                                        .auth_token = token});
  std::cout << diagnosis.text << "\n";
  return diagnosis.genuine ? kExitDone : kExitRefused;
}

}  // namespace sidwatch
