#ifndef SIDWATCH_SERVER_WATCH_WATCH_OPTIONS_H_
#define SIDWATCH_SERVER_WATCH_WATCH_OPTIONS_H_

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "storage/message.h"
#include "storage/selection.h"
#include "storage/status_event.h"

namespace sidwatch {

enum class WatchStart { kSnapshot, kNow, kBeginning };

// One WatchStatus request, checked and in our own types (CONTRACT 4.3).
struct WatchOptions {
  Selection selection;  // an empty filter is everything
  WatchStart start = WatchStart::kSnapshot;
  std::string resume_token;  // when given, `start` is not
  bool keep_open = false;
  bool await_read = false;
  bool include_parameters = false;
  bool effective_only = false;
  absl::Duration progress_interval = absl::Seconds(10);  // 1–60 s
};

enum class WatchEndReason {
  kAllFinal,
  kMaxAge,
  kDraining,
  kSlowConsumer,
};

// What a watch says, in order: created; snapshot and snapshot_done; events and
// progress; ended.
struct WatchCreated {
  absl::Duration progress_interval;
  std::vector<std::string> unknown_message_sids;
  std::vector<std::string> unknown_request_ids;
};
struct WatchSnapshotDone {};
struct WatchProgress {};
struct WatchEnded {
  WatchEndReason reason;
};
using WatchItem =
    std::variant<WatchCreated, std::shared_ptr<const Message>,
                 WatchSnapshotDone, std::shared_ptr<const StatusEvent>,
                 WatchProgress, WatchEnded>;

// One response: an item and the token that resumes right after it.
struct WatchOutput {
  WatchItem item;
  std::string resume_token;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WATCH_WATCH_OPTIONS_H_
