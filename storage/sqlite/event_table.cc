#include "storage/sqlite/event_table.h"

#include <algorithm>
#include <string>
#include <utility>

#include "SQLiteCpp/Database.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "storage/message_fold.h"
#include "storage/sqlite/raw_parameters.h"
#include "storage/sqlite/sqlite_columns.h"
#include "storage/sqlite/sqlite_encoding.h"
#include "storage/sqlite/sqlite_errors.h"

namespace sidwatch {
namespace {

constexpr size_t kNoLimit = 1 << 30;

// In the order of ReadEvent. `details` comes before `parameters`, which is
// hardly ever read.
constexpr const char* kSelect = R"sql(
  SELECT sequence, message_id, message_sequence, fold, receive_time, error_code,
         details, parameters
  FROM events
)sql";
constexpr int kParametersColumn = 7;

// What `details` may hold.
constexpr absl::string_view kWord = "word";  // of a status we do not know
constexpr absl::string_view kMessageWord = "message_word";
constexpr absl::string_view kNote = "note";
constexpr absl::string_view kProviderTime = "provider_time";

std::unique_ptr<SQLite::Statement> Prepare(SQLite::Database& database,
                                           const std::string& sql) {
  return std::make_unique<SQLite::Statement>(database, sql);
}

std::unique_ptr<SQLite::Statement> PrepareSelect(SQLite::Database& database,
                                                 const char* rest) {
  return Prepare(database, absl::StrCat(kSelect, rest));
}

std::string EncodeDetails(const StatusEvent& event) {
  Parameters details;
  if (!event.status.unknown_word.empty()) {
    details.emplace_back(kWord, event.status.unknown_word);
  }
  if (!event.message_status.unknown_word.empty() && !event.effective) {
    details.emplace_back(kMessageWord, event.message_status.unknown_word);
  }
  if (!event.note.empty()) details.emplace_back(kNote, event.note);
  if (event.provider_time) {
    details.emplace_back(
        kProviderTime, absl::StrCat(absl::ToUnixMicros(*event.provider_time)));
  }
  return EncodeForm(details);
}

absl::Status DecodeDetails(absl::string_view form, StatusEvent& event) {
  const absl::StatusOr<Parameters> details = DecodeForm(form);
  if (!details.ok()) return details.status();
  for (const auto& [name, value] : *details) {
    int64_t micros = 0;
    if (name == kWord) {
      event.status.unknown_word = value;
    } else if (name == kMessageWord) {
      event.message_status.unknown_word = value;
    } else if (name == kNote) {
      event.note = value;
    } else if (name == kProviderTime && absl::SimpleAtoi(value, &micros)) {
      event.provider_time = absl::FromUnixMicros(micros);
    }
  }
  return absl::OkStatus();
}

// What stands in the event's own row, without its parameters.
absl::StatusOr<StatusEvent> ReadOwn(const SQLite::Statement& select,
                                    absl::Time message_create_time) {
  StatusEvent event;
  event.sequence = IntAt(select, 0);
  event.message_sequence = IntAt(select, 2);
  const EventFold fold = UnpackEventFold(IntAt(select, 3));
  event.status.status = fold.status;
  event.source = fold.source;
  event.effective = fold.effective;
  event.message_status.status = fold.message_status;
  event.final = IsFinal(fold.message_status);
  event.receive_time =
      message_create_time + absl::Microseconds(IntAt(select, 4));
  event.error_code = OptionalIntAt(select, 5);
  if (const std::string details = BytesAt(select, 6); !details.empty()) {
    if (absl::Status s = DecodeDetails(details, event); !s.ok()) return s;
  }
  if (event.effective) event.message_status = event.status;
  return event;
}

absl::StatusOr<Parameters> ParametersAt(const SQLite::Statement& select,
                                        const StatusEvent& event,
                                        const Message& message) {
  const SQLite::Column column = select.getColumn(kParametersColumn);
  if (column.isNull()) return Parameters();
  EncodedParameters encoded;
  if (column.isInteger()) {
    encoded.implied = column.getUInt();
  } else {
    absl::StatusOr<EncodedParameters> both = FromBlob(column.getString());
    if (!both.ok()) return both.status();
    encoded = *std::move(both);
  }
  return DecodeParameters(encoded, event, message);
}

absl::StatusOr<StatusEvent> ReadEvent(const SQLite::Statement& select,
                                      const Message& message,
                                      bool with_parameters) {
  absl::StatusOr<StatusEvent> event = ReadOwn(select, message.create_time);
  if (!event.ok()) return event;
  event->message_sid = message.message_sid;
  event->account_sid = message.account_sid;
  event->from = message.from;
  event->to = message.to;
  event->labels = message.labels;
  event->request_id = message.request_id;
  event->direction = message.direction;
  event->message_create_time = message.create_time;
  if (with_parameters) {
    absl::StatusOr<Parameters> parameters =
        ParametersAt(select, *event, message);
    if (!parameters.ok()) return parameters.status();
    event->parameters = *std::move(parameters);
  }
  return event;
}

}  // namespace

EventTable::EventTable(SQLite::Database& database)
    : scan_(PrepareSelect(database,
                          "WHERE sequence > ? ORDER BY sequence LIMIT ?")),
      scan_message_(PrepareSelect(database, R"sql(
        WHERE message_id = ? AND sequence > ?
        ORDER BY message_sequence LIMIT ?
      )sql")),
      insert_(Prepare(database, R"sql(
        INSERT INTO events (sequence, message_id, message_sequence, fold,
                            receive_time, error_code, parameters, details)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      )sql")),
      shift_times_(Prepare(database, R"sql(
        UPDATE events SET receive_time = receive_time + ? WHERE message_id = ?
      )sql")) {}

EventTable::~EventTable() = default;

absl::Status EventTable::Scan(int64_t after_sequence, size_t rows_max,
                              bool with_parameters, MessageOf message_of,
                              Take take) {
  return WithoutThrow([&]() -> absl::Status {
    scan_->bind(1, after_sequence);
    scan_->bind(2, static_cast<int64_t>(rows_max));
    return ScanRows(*scan_, with_parameters, message_of, take);
  });
}

absl::Status EventTable::ScanMessage(const MessageRow& message,
                                     int64_t after_sequence, size_t rows_max,
                                     bool with_parameters, Take take) {
  return WithoutThrow([&]() -> absl::Status {
    scan_message_->bind(1, message.message.message_id);
    scan_message_->bind(2, after_sequence);
    scan_message_->bind(3, static_cast<int64_t>(rows_max));
    const auto this_one = [&](int64_t /*message_id*/) { return &message; };
    return ScanRows(*scan_message_, with_parameters, this_one, take);
  });
}

absl::Status EventTable::AddHistory(MessageRow& row) {
  Message& message = row.message;
  message.update_time = message.create_time;
  const auto add = [&](const StatusEvent& event) {
    message.last_sequence = event.sequence;
    message.update_time = std::max(message.update_time, event.receive_time);
    if (event.source == EventSource::kLocal) return true;
    const auto [seen, first] = message.status_times.try_emplace(
        event.status.ToString(), event.receive_time);
    if (!first) seen->second = std::min(seen->second, event.receive_time);
    return true;
  };
  return ScanMessage(row, /*after_sequence=*/0, kNoLimit,
                     /*with_parameters=*/false, add);
}

absl::StatusOr<std::optional<int64_t>> EventTable::FindSame(
    const MessageRow& message, const StatusEvent& event) {
  std::optional<int64_t> found;
  const auto compare = [&](const StatusEvent& stored) {
    if (stored.source != EventSource::kLocal && IsSameEvent(stored, event)) {
      found = stored.sequence;
    }
    return !found;
  };
  absl::Status s = ScanMessage(message, /*after_sequence=*/0, kNoLimit,
                               /*with_parameters=*/false, compare);
  if (!s.ok()) return s;
  return found;
}

absl::Status EventTable::Insert(const StatusEvent& event,
                                const Parameters& parameters,
                                const MessageRow& row) {
  const Message& message = row.message;
  const EncodedParameters encoded =
      EncodeParameters(parameters, event, message);
  const std::string blob = encoded.rest.empty() ? "" : ToBlob(encoded);
  const std::string details = EncodeDetails(event);
  return WithoutThrow([&]() -> absl::Status {
    insert_->bind(1, event.sequence);
    insert_->bind(2, message.message_id);
    insert_->bind(3, event.message_sequence);
    insert_->bind(
        4, PackEventFold({.status = event.status.status,
                          .source = event.source,
                          .effective = event.effective,
                          .message_status = event.message_status.status}));
    insert_->bind(
        5, absl::ToInt64Microseconds(event.receive_time - message.create_time));
    BindInt(*insert_, 6, event.error_code);
    if (!blob.empty()) {
      BindBlob(*insert_, 7, blob);
    } else if (encoded.implied != 0) {
      insert_->bind(7, encoded.implied);
    } else {
      insert_->bind(7);
    }
    if (details.empty()) {
      insert_->bind(8);
    } else {
      BindBlob(*insert_, 8, details);
    }
    Execute(*insert_);
    return absl::OkStatus();
  });
}

absl::Status EventTable::ShiftTimes(int64_t message_id,
                                    absl::Duration earlier) {
  return WithoutThrow([&]() -> absl::Status {
    shift_times_->bind(1, absl::ToInt64Microseconds(earlier));
    shift_times_->bind(2, message_id);
    Execute(*shift_times_);
    return absl::OkStatus();
  });
}

absl::Status EventTable::ScanRows(SQLite::Statement& select,
                                  bool with_parameters, MessageOf message_of,
                                  Take take) {
  const ScopedReset reset(select);
  while (select.executeStep()) {
    const absl::StatusOr<const MessageRow*> message =
        message_of(IntAt(select, 1));
    if (!message.ok()) return message.status();
    absl::StatusOr<StatusEvent> event =
        ReadEvent(select, (*message)->message, with_parameters);
    if (!event.ok()) return event.status();
    if (!take(*std::move(event))) break;
  }
  return absl::OkStatus();
}

}  // namespace sidwatch
