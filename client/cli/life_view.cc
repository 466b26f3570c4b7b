#include "client/cli/life_view.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/records.h"

namespace sidwatch {
namespace {

constexpr size_t kStatusWidth = 11;  // "undelivered"
constexpr size_t kLivesMax = 100'000;

std::string Padded(const std::string& text, size_t width) {
  const size_t used = DisplayWidth(text);
  return absl::StrCat(text, std::string(width > used ? width - used : 0, ' '));
}

template <typename Record>
std::string KeyOf(const Record& record) {
  return record.message_sid().empty() ? record.request_id()
                                      : record.message_sid();
}

std::string StatusWord(v1::MessageStatus status) {
  const std::string name = v1::MessageStatus_Name(status);
  constexpr absl::string_view kPrefix = "MESSAGE_STATUS_";
  return name.size() <= kPrefix.size()
             ? std::string("as it was")
             : absl::AsciiStrToLower(name.substr(kPrefix.size()));
}

// Why the event changed nothing; "" when it did.
std::string Mark(const v1::StatusEvent& event) {
  if (event.effective() || event.source() == v1::EVENT_SOURCE_LOCAL) return "";
  if (event.status() == event.message_status()) return "again";
  return absl::StrCat("late: it stays ", StatusWord(event.message_status()));
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", part);
  }
  return text;
}

template <typename Record>
std::string ErrorText(const Record& record) {
  return record.has_error_code() ? absl::StrCat("error ", record.error_code())
                                 : "";
}

}  // namespace

struct LifeView::Line {
  std::string key;
  absl::Time time;
  std::string status_text;
  Colour colour = Colour::kNone;
  std::string remark;
};

LifeView::LifeView(std::ostream& out, const OutputStyle& style, bool many)
    : out_(out), style_(style), many_(many) {}

void LifeView::Show(const v1::Message& message) {
  switch (style_.format) {
    case OutputFormat::kJson:
      out_ << JsonLine(message) << std::flush;
      return;
    case OutputFormat::kCsv:
      return ShowCsv(MessageCsvHeader(), CsvLine(message, style_));
    case OutputFormat::kTable:
      break;
  }
  const bool has_time = message.has_update_time();
  ShowLine(
      {.key = KeyOf(message),
       .time = ToTime(has_time ? message.update_time() : message.create_time()),
       .status_text = message.status_text(),
       .colour = StatusColour(message.status()),
       .remark = Joined({ErrorText(message), "as it is"})});
}

void LifeView::Show(const v1::StatusEvent& event) {
  switch (style_.format) {
    case OutputFormat::kJson:
      out_ << JsonLine(event) << std::flush;
      return;
    case OutputFormat::kCsv:
      return ShowCsv(EventCsvHeader(), CsvLine(event, style_));
    case OutputFormat::kTable:
      break;
  }
  const std::string mark = Mark(event);
  const bool callback = event.source() == v1::EVENT_SOURCE_CALLBACK;
  ShowLine(
      {.key = KeyOf(event),
       .time = ToTime(event.receive_time()),
       .status_text = event.status_text(),
       .colour = mark.empty() ? StatusColour(event.status()) : Colour::kDim,
       .remark = Joined({ErrorText(event), mark, event.note(),
                         callback ? "" : SourceWord(event.source())})});
}

void LifeView::ShowLine(const Line& line) {
  // The clock alone is enough for who looks on; a file is read later.
  const std::string time =
      style_.terminal ? absl::FormatTime("%H:%M:%E3S", line.time, style_.zone)
                      : absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", line.time,
                                         absl::UTCTimeZone());
  const std::string status = Padded(Printable(line.status_text),
                                    line.remark.empty() ? 0 : kStatusWidth);
  out_ << (many_ ? absl::StrCat(Printable(line.key), "  ") : "") << time
       << absl::StrFormat("%10s  ", Elapsed(line.key, line.time))
       << Coloured(status, line.colour, style_);
  if (!line.remark.empty()) {
    out_ << "  " << Coloured(Printable(line.remark), Colour::kDim, style_);
  }
  out_ << "\n" << std::flush;
}

std::string LifeView::Elapsed(const std::string& key, absl::Time time) {
  const auto found = last_times_.find(key);
  if (found != last_times_.end()) {
    const absl::Duration elapsed = time - found->second;
    found->second = time;
    return FormatElapsed(elapsed);
  }
  // A watch of everything may run for months.
  if (last_times_.size() >= kLivesMax) last_times_.clear();
  last_times_.emplace(key, time);
  return "";
}

void LifeView::ShowCsv(const std::string& header, const std::string& line) {
  if (csv_header_ != header) out_ << header;
  csv_header_ = header;
  out_ << line << std::flush;
}

}  // namespace sidwatch
