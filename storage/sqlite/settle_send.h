#ifndef SIDWATCH_STORAGE_SQLITE_SETTLE_SEND_H_
#define SIDWATCH_STORAGE_SQLITE_SETTLE_SEND_H_

#include "absl/status/statusor.h"
#include "storage/sqlite/write_context.h"

namespace sidwatch {

// Step one of a send: reserves the request_id and makes the message's row,
// still without a SID; or finds what is there.
// Errors: INVALID_ARGUMENT (the reference is another reservation's).
absl::StatusOr<ReserveResult> Reserve(const ReserveWrite& write,
                                      WriteContext& context);

// Step three: writes down what became of the call. A reservation that is
// settled stays as it is, whatever comes later.
// Errors: NOT_FOUND (no reservation has the reference), those of AppendReply.
absl::StatusOr<SettleResult> Settle(const SettleWrite& write,
                                    WriteContext& context);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_SETTLE_SEND_H_
