#include "server/log_sink.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace sidwatch {
namespace {

constexpr const char* kLevelNames[] = {"debug", "info", "warning", "error"};

const char* NameOf(LogLevel level) {
  return kLevelNames[static_cast<size_t>(level)];
}

std::string Stamp(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

// The length of the UTF-8 sequence that `lead` begins; 0 when none does.
size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

// Whole, well formed, and nothing that moves a terminal's cursor: neither a
// C1 control (U+0080–U+009F) nor a line separator or an override of the
// writing direction (U+2028–U+202E, U+2066–U+2069).
bool IsHarmlessSequence(absl::string_view sequence) {
  const auto is_continuation = [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
  };
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>(sequence[i]);
  };
  if (!std::all_of(sequence.begin() + 1, sequence.end(), is_continuation)) {
    return false;
  }
  if (sequence.size() == 2 && byte(0) == 0xc2) return byte(1) >= 0xa0;
  if (sequence.size() == 3 && byte(0) == 0xe2) {
    return !(byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) &&
           !(byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
  }
  return true;
}

void AppendEscaped(char c, std::string& out) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    default:
      absl::StrAppendFormat(&out, "\\x%02x", static_cast<unsigned char>(c));
  }
}

bool IsPlain(char c) {
  return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '"' &&
         c != '\\';
}

// `text` with everything escaped that is not printable.
std::string Escaped(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length =
        SequenceLength(static_cast<unsigned char>(text.front()));
    const bool whole = length > 1 && length <= text.size() &&
                       IsHarmlessSequence(text.substr(0, length));
    if (whole) {
      out.append(text.data(), length);
    } else if (IsPlain(text.front()) || text.front() == ' ') {
      out += text.front();
    } else {
      AppendEscaped(text.front(), out);
    }
    text.remove_prefix(whole ? length : 1);
  }
  return out;
}

std::string TextValue(absl::string_view value) {
  const bool plain = !value.empty() &&
                     std::all_of(value.begin(), value.end(),
                                 [](char c) { return IsPlain(c) && c != '='; });
  if (plain) return std::string(value);
  return absl::StrCat("\"", Escaped(value), "\"");
}

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

std::string FormatTextLine(absl::Time time, LogLevel level,
                           absl::string_view message,
                           const std::vector<LogField>& fields) {
  std::string line =
      absl::StrCat(Stamp(time), " ", NameOf(level), " ", Escaped(message));
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.key, "=", TextValue(field.value));
  }
  return line;
}

std::string FormatJsonLine(absl::Time time, LogLevel level,
                           absl::string_view message,
                           const std::vector<LogField>& fields) {
  nlohmann::ordered_json line = {{"time", Stamp(time)},
                                 {"level", NameOf(level)},
                                 {"message", std::string(message)}};
  for (const LogField& field : fields) line[field.key] = field.value;
  return line.dump(-1, ' ', /*ensure_ascii=*/true,
                   nlohmann::json::error_handler_t::replace);
}

class SpdlogSink::Impl {
 public:
  explicit Impl(Options options)
      : options_(options),
        pool_(std::make_shared<spdlog::details::thread_pool>(options.queue_max,
                                                             1)),
        logger_(std::make_shared<spdlog::async_logger>(
            "sidwatchd", MakeSink(options.out), pool_,
            spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_level(SpdlogLevel(options.level));
    logger_->flush_on(spdlog::level::warn);
  }

  ~Impl() { logger_->flush(); }

  void Write(LogLevel level, absl::string_view message,
             const std::vector<LogField>& fields) {
    if (level < options_.level) return;
    const std::string line = (options_.json ? FormatJsonLine : FormatTextLine)(
        absl::Now(), level, message, fields);
    // As a string view: spdlog would read a std::string as a pattern.
    logger_->log(SpdlogLevel(level),
                 spdlog::string_view_t(line.data(), line.size()));
  }

  // The queue is served in order, so once the second of two flushes has left
  // it the first is done. spdlog has no other way to wait.
  void Flush() {
    logger_->flush();
    logger_->flush();
    for (int i = 0; i < 1000 && pool_->queue_size() > 0; ++i) {
      absl::SleepFor(absl::Milliseconds(1));
    }
  }

  size_t dropped() const { return pool_->overrun_counter(); }

 private:
  static spdlog::sink_ptr MakeSink(std::FILE* out) {
    using Sink =
        spdlog::sinks::stdout_sink_base<spdlog::details::console_mutex>;
    auto sink = std::make_shared<Sink>(out);
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
    return sink;
  }

  const Options options_;
  const std::shared_ptr<spdlog::details::thread_pool> pool_;
  const std::shared_ptr<spdlog::async_logger> logger_;
};

SpdlogSink::SpdlogSink(Options options)
    : impl_(std::make_unique<Impl>(options)) {}

SpdlogSink::~SpdlogSink() = default;

void SpdlogSink::Write(LogLevel level, absl::string_view message,
                       const std::vector<LogField>& fields) {
  impl_->Write(level, message, fields);
}

void SpdlogSink::Flush() { impl_->Flush(); }

size_t SpdlogSink::dropped() const { return impl_->dropped(); }

void StartLogSink::Write(LogLevel level, absl::string_view message,
                         const std::vector<LogField>& fields) {
  constexpr size_t kHeldMax = 1000;
  {
    MutexLock lock(mu_);
    if (!released_ && level < LogLevel::kWarning && held_.size() < kHeldMax) {
      held_.push_back({level, std::string(message), fields});
      return;
    }
  }
  sink_.Write(level, message, fields);
}

void StartLogSink::Release() {
  std::vector<Line> lines;
  {
    MutexLock lock(mu_);
    released_ = true;
    lines.swap(held_);
  }
  for (const Line& line : lines) {
    sink_.Write(line.level, line.message, line.fields);
  }
}

LogLevel LogLevelOf(absl::string_view name) {
  const auto* const found =
      std::find(std::begin(kLevelNames), std::end(kLevelNames), name);
  return found == std::end(kLevelNames)
             ? LogLevel::kInfo
             : static_cast<LogLevel>(found - std::begin(kLevelNames));
}

}  // namespace sidwatch
