#ifndef SIDWATCH_SERVER_LOG_SINK_H_
#define SIDWATCH_SERVER_LOG_SINK_H_

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/log.h"
#include "base/mutex.h"

namespace sidwatch {

// "2024-05-01T12:00:00.123Z info sent message_sid=SM… to=…67". A value with
// anything but plain characters is put in quotes and escaped, so that what a
// stranger sent can neither begin a line of its own nor another key.
std::string FormatTextLine(absl::Time time, LogLevel level,
                           absl::string_view message,
                           const std::vector<LogField>& fields);

// The same as one JSON object: time, level, message, then the fields, all
// values text, all of it ASCII. Bytes that are not UTF-8 become U+FFFD.
std::string FormatJsonLine(absl::Time time, LogLevel level,
                           absl::string_view message,
                           const std::vector<LogField>& fields);

// Writes log lines to a stream from a thread of its own. The only user of
// spdlog.
//
// A burst beyond the queue drops its oldest lines rather than hold up who
// logs. Warnings and errors are flushed at once. A crash loses the lines that
// still wait: what must survive one is in the store.
class SpdlogSink : public LogSink {
 public:
  struct Options {
    LogLevel level = LogLevel::kInfo;  // lower ones are dropped
    bool json = false;
    std::FILE* out = stderr;  // outlives the sink
    size_t queue_max = 8192;
  };

  explicit SpdlogSink(Options options);
  // Writes what waits.
  ~SpdlogSink() override;

  void Write(LogLevel level, absl::string_view message,
             const std::vector<LogField>& fields) override;

  // Waits until what was written before is out; for 1 s at most.
  void Flush();

  // Lines lost to bursts so far.
  size_t dropped() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Holds back what a start has to say until it is known how it ends: a start
// that fails is one sentence (CONTRACT section 3), not that and a log. Warnings
// and errors pass at once.
//
// Thread safety: all methods may be called from any thread.
class StartLogSink : public LogSink {
 public:
  // `sink` outlives it.
  explicit StartLogSink(LogSink& sink) : sink_(sink) {}

  // Writes what was held back; from now on everything passes.
  void Release();

  void Write(LogLevel level, absl::string_view message,
             const std::vector<LogField>& fields) override;

 private:
  struct Line {
    LogLevel level;
    std::string message;
    std::vector<LogField> fields;
  };

  LogSink& sink_;

  Mutex mu_;
  std::vector<Line> held_ ABSL_GUARDED_BY(mu_);  // at most kHeldMax
  bool released_ ABSL_GUARDED_BY(mu_) = false;
};

// "debug", "info", "warning", "error", as the setting log-level has them.
LogLevel LogLevelOf(absl::string_view name);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_LOG_SINK_H_
