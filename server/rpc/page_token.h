#ifndef SIDWATCH_SERVER_RPC_PAGE_TOKEN_H_
#define SIDWATCH_SERVER_RPC_PAGE_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sidwatch::v1 {
class MessageFilter;
}  // namespace sidwatch::v1

namespace sidwatch {

// Where a list goes on, as an opaque word: a position, bound by a check sum to
// the filter it belongs to. It guards against mistakes, not against forgery: a
// made-up position shows nothing that its filter would not show.

std::string MakePageToken(int64_t position, const v1::MessageFilter& filter);

// Errors: FIELD_INVALID for page_token (damaged, or of another filter).
absl::StatusOr<int64_t> ParsePageToken(absl::string_view token,
                                       const v1::MessageFilter& filter);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_PAGE_TOKEN_H_
