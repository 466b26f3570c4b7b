#ifndef SIDWATCH_CLIENT_CLI_LIFE_VIEW_H_
#define SIDWATCH_CLIENT_CLI_LIFE_VIEW_H_

#include <map>
#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "client/cli/text.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {

// Shows the lives of messages as they go on, a line at a time:
//
//   14:03:07.120            queued       send reply
//   14:03:07.480    +0.36s  sent
//   14:03:09.900    +2.42s  delivered
//   14:03:09.950    +0.05s  sent         late: it stays delivered
//
// with the message in front when there may be several; or, as the output
// format says, as JSON or CSV lines. Each line is flushed.
//
// Not thread safe.
class LifeView {
 public:
  // `many`: name the message in each line. `out` outlives the view.
  LifeView(std::ostream& out, const OutputStyle& style, bool many);

  // The state a message is in when the watch begins.
  void Show(const v1::Message& message);

  void Show(const v1::StatusEvent& event);

  // False once a line could not be written: the disk is full.
  bool good() const { return out_.good(); }

 private:
  struct Line;
  void ShowLine(const Line& line);
  // How long since the line before of this message; "" for its first.
  std::string Elapsed(const std::string& key, absl::Time time);
  void ShowCsv(const std::string& header, const std::string& line);

  std::ostream& out_;
  const OutputStyle style_;
  const bool many_;
  std::map<std::string, absl::Time> last_times_;
  std::string csv_header_;  // the one that stands above the lines
};

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CLI_LIFE_VIEW_H_
