#ifndef SIDWATCH_TESTS_FAKES_COLLECTING_LOG_SINK_H_
#define SIDWATCH_TESTS_FAKES_COLLECTING_LOG_SINK_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/log.h"
#include "base/mutex.h"

namespace sidwatch {

// Keeps every line as "message key=value key=value".
class CollectingLogSink : public LogSink {
 public:
  void Write(LogLevel /*level*/, absl::string_view message,
             const std::vector<LogField>& fields) override {
    std::string line(message);
    for (const LogField& field : fields) {
      absl::StrAppend(&line, " ", field.key, "=", field.value);
    }
    MutexLock lock(mu_);
    lines_.push_back(std::move(line));
  }

  std::vector<std::string> lines() const {
    MutexLock lock(mu_);
    return lines_;
  }

 private:
  mutable Mutex mu_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_FAKES_COLLECTING_LOG_SINK_H_
