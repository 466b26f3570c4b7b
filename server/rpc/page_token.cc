#include "server/rpc/page_token.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "base/ids.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {
namespace {

constexpr char kVersion = 1;
constexpr size_t kPositionBytes = 8;
constexpr size_t kCheckBytes = 12;
constexpr size_t kTokenBytes = 1 + kPositionBytes + kCheckBytes;

// Maps have no order of their own on the wire; equal filters must give equal
// bytes.
std::string SerializeInOrder(const v1::MessageFilter& filter) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  filter.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string CheckSum(absl::string_view head, const v1::MessageFilter& filter) {
  return Sha256(absl::StrCat("page token ", head, SerializeInOrder(filter)))
      .substr(0, kCheckBytes);
}

}  // namespace

std::string MakePageToken(int64_t position, const v1::MessageFilter& filter) {
  std::string token(1, kVersion);
  for (size_t i = 0; i < kPositionBytes; ++i) {
    const size_t shift = 8 * (kPositionBytes - 1 - i);
    token.push_back(
        static_cast<char>(static_cast<uint64_t>(position) >> shift));
  }
  absl::StrAppend(&token, CheckSum(token, filter));
  return absl::WebSafeBase64Escape(token);
}

absl::StatusOr<int64_t> ParsePageToken(absl::string_view token,
                                       const v1::MessageFilter& filter) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(token, &bytes) ||
      bytes.size() != kTokenBytes || bytes[0] != kVersion ||
      bytes.substr(1 + kPositionBytes) !=
          CheckSum(bytes.substr(0, 1 + kPositionBytes), filter)) {
    return FieldError("page_token",
                      "is damaged or of another filter; give the "
                      "next_page_token of the page before with the same "
                      "filter, or none to begin");
  }
  uint64_t position = 0;
  for (size_t i = 1; i <= kPositionBytes; ++i) {
    position = position << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return static_cast<int64_t>(position);
}

}  // namespace sidwatch
