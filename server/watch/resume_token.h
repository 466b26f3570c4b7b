#ifndef SIDWATCH_SERVER_WATCH_RESUME_TOKEN_H_
#define SIDWATCH_SERVER_WATCH_RESUME_TOKEN_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/selection.h"
#include "storage/store.h"

namespace sidwatch {

// Where a watch goes on: the opaque bytes that every response carries.
//
// It holds no state of the server: whose log, which selection, how far. The
// check sum tells damage and guesswork; it is no secret, because a token opens
// nothing: what a caller may see is checked anew on each call.
struct ResumeToken {
  // The first bytes of a SHA-256.
  using Fingerprint = std::array<char, 16>;

  Fingerprint store = {};      // of the store's identity
  Fingerprint selection = {};  // of the SIDs or request ids, or the filter
  int64_t sequence = 0;        // everything up to here is done with
  // Given before snapshot_done: resuming starts the snapshot again.
  bool snapshot_pending = false;

  friend bool operator==(const ResumeToken&, const ResumeToken&) = default;
};

// Of a store's identity, whatever its length.
ResumeToken::Fingerprint FingerprintOf(absl::string_view store_identity);

// Equal for the same set of SIDs or request ids, in any order and repetition,
// and for filters that mean the same. Request ids of one account are not those
// of another.
ResumeToken::Fingerprint FingerprintOf(const Selection& selection);

// 50 bytes, to be taken as they are.
std::string ToBytes(const ResumeToken& token);

// Errors: INVALID_ARGUMENT TOKEN_INVALID (damaged, forged, another version).
absl::StatusOr<ResumeToken> ParseResumeToken(absl::string_view bytes);

// Says whether `token` was given for `selection`. Errors: INVALID_ARGUMENT
// SELECTOR_MISMATCH.
absl::Status CheckSelection(const ResumeToken& token,
                            const ResumeToken::Fingerprint& selection);

// Says whether the log still has all that follows `token`. Errors:
// FAILED_PRECONDITION STORE_CHANGED (another store, or this one before a
// restore), OUT_OF_RANGE TOKEN_EXPIRED (retention took some of it).
absl::Status CheckPosition(const ResumeToken& token,
                           const LogPosition& position);

// OUT_OF_RANGE TOKEN_EXPIRED, for a watch overtaken by retention.
absl::Status TokenExpiredError();

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WATCH_RESUME_TOKEN_H_
