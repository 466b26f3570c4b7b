#ifndef SIDWATCH_BASE_LOG_H_
#define SIDWATCH_BASE_LOG_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sidwatch {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One `key=value` of a log line. Keys are the names of the proto's fields
// where there is one: message_sid, request_id, account_sid.
//
// Never a body, a token, or a whole phone number: those go through MaskNumber.
struct LogField {
  // NOLINTNEXTLINE(google-explicit-constructor): {{"sequence", 7}} reads well.
  LogField(absl::string_view k, const absl::AlphaNum& v)
      : key(k), value(std::string(v.Piece())) {}

  std::string key;
  std::string value;
};

// Where lines go. server/log_sink writes them as text or JSON; tests collect
// them.
class LogSink {
 public:
  virtual ~LogSink() = default;

  // `message` is a fixed sentence fragment; what varies is in `fields`.
  // Any thread, never blocks for long.
  virtual void Write(LogLevel level, absl::string_view message,
                     const std::vector<LogField>& fields) = 0;
};

// What components hold: a cheap value that forwards to a sink.
class Logger {
 public:
  // `sink` outlives every copy of the logger.
  explicit Logger(LogSink& sink) : sink_(&sink) {}

  void Debug(absl::string_view message,
             std::vector<LogField> fields = {}) const {
    sink_->Write(LogLevel::kDebug, message, fields);
  }
  void Info(absl::string_view message,
            std::vector<LogField> fields = {}) const {
    sink_->Write(LogLevel::kInfo, message, fields);
  }
  void Warning(absl::string_view message,
               std::vector<LogField> fields = {}) const {
    sink_->Write(LogLevel::kWarning, message, fields);
  }
  void Error(absl::string_view message,
             std::vector<LogField> fields = {}) const {
    sink_->Write(LogLevel::kError, message, fields);
  }

 private:
  LogSink* sink_;
};

// A phone number or channel address with all but its last two characters
// hidden: "whatsapp:+15551234567" becomes "…67", "" stays "".
std::string MaskNumber(absl::string_view number);

}  // namespace sidwatch

#endif  // SIDWATCH_BASE_LOG_H_
