#ifndef SIDWATCH_SERVER_WATCH_WATCH_READS_H_
#define SIDWATCH_SERVER_WATCH_WATCH_READS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/watch/resume_token.h"
#include "server/watch/watch_options.h"
#include "storage/store.h"

namespace sidwatch {

// What a watcher reads from the store, each in one piece. All of it blocks for
// disk: on the readers' executor only. No state, no locks.
//
// Errors of all: UNAVAILABLE STORE_UNAVAILABLE for whatever the store said,
// unless it said more in an ErrorDetail of its own.

// Where a watch begins.
struct WatchOpening {
  ResumeToken::Fingerprint store = {};
  int64_t cursor = 0;    // the log is taken up after it
  int64_t position = 0;  // the end of the log; of the state, for a list
  bool snapshot = false;
  // For a list: what there is of it, in the order asked for, and what not.
  std::vector<std::shared_ptr<const Message>> messages;
  std::vector<std::string> unknown;
};

// Reads the log's ends and, for a list, its state. `token` is what the watch
// resumes with, already checked against its selection.
//
// Errors: STORE_CHANGED, TOKEN_EXPIRED; FIELD_INVALID for a request id that
// is in several accounts when none was named.
absl::StatusOr<WatchOpening> ReadOpening(
    const Store& store, const WatchOptions& options,
    const std::optional<ResumeToken>& token);

// Part of a snapshot. `from` is 0 at first, then the `next` of the part
// before; 0 says that this was the last. A part may be empty.
struct SnapshotPart {
  std::vector<std::shared_ptr<const Message>> messages;
  int64_t next = 0;
};
absl::StatusOr<SnapshotPart> ReadSnapshotPart(const Store& store,
                                              const Selection& selection,
                                              int64_t from, size_t bytes_max);

// How many of a list one part of a snapshot reads.
constexpr size_t kSnapshotPartIds = 64;

// Says whether the send of `message` came to an end: Twilio named it, refused
// it, or it was given up.
bool IsSettled(const Message& message);

// The messages of a list that are settled.
absl::StatusOr<std::vector<std::shared_ptr<const Message>>> ReadSettled(
    const Store& store, const Selection& selection);

// The events of a selection after `cursor`. With `may_be_trimmed` it is no
// error when retention took some of them: nothing was promised of them yet.
//
// Errors: TOKEN_EXPIRED.
absl::StatusOr<EventPage> ReadPage(const Store& store,
                                   const Selection& selection, int64_t cursor,
                                   const ReadOptions& options,
                                   bool may_be_trimmed);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WATCH_WATCH_READS_H_
