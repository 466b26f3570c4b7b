#ifndef SIDWATCH_CLIENT_CLI_WATCH_RUN_H_
#define SIDWATCH_CLIENT_CLI_WATCH_RUN_H_

#include <cstddef>
#include <string>
#include <unordered_map>

#include "client/cli/commands.h"
#include "client/cli/life_view.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {

// What has become of the messages that a watch told of.
class Outcomes {
 public:
  void Note(const v1::Message& message);
  void Note(const v1::StatusEvent& event);

  // Says whether at least one message was told of and none is open.
  bool AllFinal() const { return !arrived_.empty() && open_ == 0; }
  // Says whether every final one has arrived.
  bool AllArrived() const;

 private:
  struct State {
    bool final = false;
    bool arrived = false;
  };
  void Set(const std::string& key, State state);

  std::unordered_map<std::string, State> arrived_;
  size_t open_ = 0;
};

// Watches and shows until the watch ends, all is final (`until_final`), or
// Ctrl-C. Returns the exit status: with `until_final` 0 when all have arrived
// and 5 when not.
int RunWatchOf(v1::WatchStatusRequest request, bool until_final, LifeView& view,
               const CommandContext& context);

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CLI_WATCH_RUN_H_
