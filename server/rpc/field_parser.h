#ifndef SIDWATCH_SERVER_RPC_FIELD_PARSER_H_
#define SIDWATCH_SERVER_RPC_FIELD_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/message_sid.h"
#include "storage/selection.h"
#include "storage/status_event.h"

namespace google::protobuf {
class Duration;
class Timestamp;
template <typename Key, typename Value>
class Map;
template <typename Element>
class RepeatedPtrField;
}  // namespace google::protobuf

namespace sidwatch {

// Single fields of a request, from which request_parser makes whole ones.
//
// Errors of all: INVALID_ARGUMENT, FIELD_INVALID, naming the field by its path
// ("message_sids[3]", "filter.labels") and saying what it must look like.

constexpr size_t kListEntriesMax = 1000;  // CONTRACT section 12
constexpr size_t kPageSizeMax = 1000;
constexpr size_t kPageSizeDefault = 100;

using ProtoTexts = google::protobuf::RepeatedPtrField<std::string>;

// "field[index]".
std::string Indexed(absl::string_view field, int index);

absl::Status CheckCount(absl::string_view field, int size, size_t max);

// Lengths are in characters: code points.
absl::Status CheckLength(absl::string_view field, absl::string_view text,
                         size_t min, size_t max);

absl::StatusOr<absl::Time> ParseTime(absl::string_view field,
                                     const google::protobuf::Timestamp& time);
absl::StatusOr<absl::Duration> ParseDuration(
    absl::string_view field, const google::protobuf::Duration& duration);

// At most 16, keys of 1–63 characters, values of at most 256.
absl::StatusOr<Labels> ParseLabels(
    absl::string_view field,
    const google::protobuf::Map<std::string, std::string>& labels);

// At most 1000 texts of 1 to `length_max` characters.
absl::StatusOr<std::vector<std::string>> ParseTexts(absl::string_view field,
                                                    const ProtoTexts& texts,
                                                    size_t length_max);

absl::StatusOr<MessageSid> ParseMessageSid(absl::string_view field,
                                           absl::string_view text);

// At most 1000, each once, in the order given.
absl::StatusOr<MessageSids> ParseMessageSids(absl::string_view field,
                                             const ProtoTexts& texts);

// "" stays "", for "any"; digits come out in lower case.
absl::StatusOr<std::string> ParseAccountSid(absl::string_view field,
                                            absl::string_view text);

// At most 1000, none empty.
absl::StatusOr<std::vector<std::string>> ParseAccountSids(
    absl::string_view field, const ProtoTexts& texts);

// 0 is the default.
absl::StatusOr<size_t> ParsePageSize(int32_t page_size);

// Moves a parsed value to where it belongs, or its error to `status`.
template <typename T, typename U>
void Take(absl::StatusOr<T> parsed, U& out, absl::Status& status) {
  if (parsed.ok()) {
    out = *std::move(parsed);
  } else {
    status.Update(parsed.status());
  }
}

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_FIELD_PARSER_H_
