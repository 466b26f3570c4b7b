// Any bytes on a connection, in pieces of any size: the same requests come out
// as from the bytes in one piece, and nothing passes a limit.
//
// The first byte chooses the size of the pieces.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/webhook/request_reader.h"
#include "tests/fuzz/fuzz_check.h"

namespace sidwatch {
namespace {

const RequestRules& Rules() {
  static const RequestRules rules = {
      .head = {.header_max_bytes = 256,
               .line_max_bytes = 128,
               .headers_max = 8},
      .body_max_bytes = 64,
      .admit = [](absl::string_view method, absl::string_view path) {
        if (path == "/404") return 404;
        return method == "GET" || method == "POST" ? 0 : 405;
      }};
  return rules;
}

void CheckLimits(const HttpRequest& request) {
  Check(request.body.size() <= 64, "a body is within its limit");
  Check(request.headers.size() <= 8, "headers are within their limit");
  Check(request.target.size() <= 128, "a target is within its limit");
  for (const auto& [name, value] : request.headers) {
    Check(!name.empty() &&
              value.find_first_of("\r\n\0", 0, 3) == std::string::npos,
          "a header holds no byte that ends one");
  }
}

// The requests that come out, then the refusal if there is one.
std::vector<std::string> Read(absl::string_view bytes, size_t piece_size) {
  std::vector<std::string> seen;
  RequestReader reader(Rules());
  while (!bytes.empty()) {
    reader.Append(bytes.substr(0, piece_size));
    bytes.remove_prefix(std::min(piece_size, bytes.size()));
    while (reader.state() == RequestReader::State::kWhole) {
      const RequestReader::Whole whole = reader.Take();
      CheckLimits(whole.request);
      seen.push_back(whole.request.method + " " + whole.request.target + "\n" +
                     whole.request.body);
    }
  }
  if (reader.state() == RequestReader::State::kRefused) {
    Check(reader.refusal() >= 400 && reader.refusal() < 500,
          "a refusal has a status");
    seen.push_back("refused");
  }
  return seen;
}

}  // namespace
}  // namespace sidwatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidwatch;  // NOLINT
  if (size == 0) return 0;
  const absl::string_view bytes = FuzzText(data + 1, size - 1);
  Check(Read(bytes, size_t{data[0]} + 1) == Read(bytes, size),
        "pieces make no difference");
  return 0;
}
