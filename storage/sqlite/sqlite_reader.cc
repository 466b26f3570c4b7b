#include "storage/sqlite/sqlite_reader.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "SQLiteCpp/Database.h"
#include "storage/sqlite/event_page.h"
#include "storage/sqlite/page_size.h"
#include "storage/sqlite/sqlite_connection.h"
#include "storage/sqlite/sqlite_errors.h"

namespace sidwatch {
namespace {

constexpr size_t kListRows = 200;  // read at once

}  // namespace

// All statements of one call see one state of the store.
class SqliteReader::Transaction {
 public:
  explicit Transaction(SQLite::Database& database) : database_(database) {
    begun_ = WithoutThrow([&]() -> absl::Status {
      database_.exec("BEGIN");
      return absl::OkStatus();
    });
  }
  ~Transaction() { database_.tryExec("ROLLBACK"); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  const absl::Status& begun() const { return begun_; }

 private:
  SQLite::Database& database_;
  absl::Status begun_;
};

absl::StatusOr<std::unique_ptr<SqliteReader>> SqliteReader::Open(
    const std::string& path, const std::string& vfs) {
  absl::StatusOr<std::unique_ptr<SQLite::Database>> database =
      OpenReader(path, vfs);
  if (!database.ok()) return database.status();
  absl::StatusOr<std::unique_ptr<StoreTables>> tables =
      StoreTables::Make(**database);
  if (!tables.ok()) return tables.status();
  // The constructor is private: make_unique cannot reach it.
  return std::unique_ptr<SqliteReader>(
      new SqliteReader(*std::move(database), *std::move(tables)));
}

SqliteReader::SqliteReader(std::unique_ptr<SQLite::Database> database,
                           std::unique_ptr<StoreTables> tables)
    : database_(std::move(database)), tables_(std::move(tables)) {}

SqliteReader::~SqliteReader() = default;

absl::StatusOr<LogPosition> SqliteReader::Position() {
  const absl::StatusOr<StoreRow> row = tables_->store.Read();
  if (!row.ok()) return row.status();
  return LogPosition{.identity = row->identity,
                     .last_sequence = row->last_sequence,
                     .trimmed_sequence = row->trimmed_sequence};
}

absl::StatusOr<StoreStats> SqliteReader::Stats() {
  const absl::StatusOr<StoreRow> row = tables_->store.Read();
  if (!row.ok()) return row.status();
  const absl::StatusOr<int64_t> unknown = tables_->reservations.CountUnknown();
  if (!unknown.ok()) return unknown.status();
  return StoreStats{.messages_open = row->messages_open,
                    .sends_unknown = *unknown};
}

absl::StatusOr<EventPage> SqliteReader::ReadAfter(int64_t after_sequence,
                                                  const Selection& selection,
                                                  const ReadOptions& given) {
  ReadOptions options = given;
  options.events_max = std::max<size_t>(options.events_max, 1);
  const Transaction transaction(*database_);
  if (!transaction.begun().ok()) return transaction.begun();
  if (const auto* filter = std::get_if<MessageFilter>(&selection)) {
    return ReadLogPage(*tables_, after_sequence, *filter, options);
  }
  const absl::StatusOr<std::vector<MessageRow>> messages =
      FindMessages(selection);
  if (!messages.ok()) return messages.status();
  return ReadMessagesPage(*tables_, after_sequence, *messages, options);
}

absl::StatusOr<std::vector<MessageRow>> SqliteReader::FindMessages(
    const Selection& selection) {
  std::vector<MessageRow> messages;
  if (const auto* sids = std::get_if<MessageSids>(&selection)) {
    for (const MessageSid& sid : sids->sids) {
      absl::StatusOr<std::vector<MessageRow>> rows =
          tables_->messages.FindBySid(sid);
      if (!rows.ok()) return rows.status();
      std::move(rows->begin(), rows->end(), std::back_inserter(messages));
    }
    return messages;
  }
  const auto& ids = std::get<RequestIds>(selection);
  for (const std::string& request_id : ids.request_ids) {
    const absl::StatusOr<std::vector<Reservation>> reservations =
        FindReservations(request_id, ids.account_sid);
    if (!reservations.ok()) return reservations.status();
    for (const Reservation& reservation : *reservations) {
      absl::StatusOr<MessageRow> row =
          tables_->GetMessage(reservation.message_id);
      if (!row.ok()) return row.status();
      messages.push_back(*std::move(row));
    }
  }
  return messages;
}

absl::StatusOr<std::vector<Reservation>> SqliteReader::FindReservations(
    const std::string& request_id, const std::string& account_sid) {
  if (account_sid.empty()) {
    return tables_->reservations.FindByRequest(request_id);
  }
  const absl::StatusOr<int64_t> account = tables_->names.Find(account_sid);
  if (!account.ok()) return account.status();
  ReservationTable::Found found =
      tables_->reservations.FindByRequest(request_id, *account);
  if (!found.ok()) return found.status();
  std::vector<Reservation> reservations;
  if (*found) reservations.push_back(**std::move(found));
  return reservations;
}

absl::StatusOr<SelectionState> SqliteReader::ReadSelection(
    const Selection& selection) {
  const Transaction transaction(*database_);
  if (!transaction.begun().ok()) return transaction.begun();
  SelectionState state;
  if (const auto* sids = std::get_if<MessageSids>(&selection)) {
    for (const MessageSid& sid : sids->sids) {
      if (absl::Status s = AddState(sid, state); !s.ok()) return s;
    }
  } else if (const auto* ids = std::get_if<RequestIds>(&selection)) {
    for (const std::string& request_id : ids->request_ids) {
      absl::Status s = AddState(request_id, ids->account_sid, state);
      if (!s.ok()) return s;
    }
  } else {
    return absl::InvalidArgumentError("a filter has no list of messages");
  }
  const absl::StatusOr<StoreRow> head = tables_->store.Read();
  if (!head.ok()) return head.status();
  state.last_sequence = head->last_sequence;
  return state;
}

absl::Status SqliteReader::AddState(const MessageSid& message_sid,
                                    SelectionState& state) {
  absl::StatusOr<std::vector<MessageRow>> rows =
      tables_->messages.FindBySid(message_sid);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) state.unknown.push_back(message_sid.ToString());
  for (MessageRow& row : *rows) {
    absl::StatusOr<Message> message = tables_->Describe(std::move(row));
    if (!message.ok()) return message.status();
    state.messages.push_back(*std::move(message));
    state.states.push_back(ReservationState::kSent);
  }
  return absl::OkStatus();
}

absl::Status SqliteReader::AddState(const std::string& request_id,
                                    const std::string& account_sid,
                                    SelectionState& state) {
  const absl::StatusOr<std::vector<Reservation>> reservations =
      FindReservations(request_id, account_sid);
  if (!reservations.ok()) return reservations.status();
  if (reservations->empty()) state.unknown.push_back(request_id);
  for (const Reservation& reservation : *reservations) {
    absl::StatusOr<MessageRow> row =
        tables_->GetMessage(reservation.message_id);
    if (!row.ok()) return row.status();
    absl::StatusOr<Message> message = tables_->Describe(*std::move(row));
    if (!message.ok()) return message.status();
    state.messages.push_back(*std::move(message));
    state.states.push_back(reservation.state);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int64_t>> SqliteReader::ListIds(
    const MessageFilter& filter, const MessageTable::Page& page) {
  if (filter.labels.empty()) return tables_->messages.ListIds(page);
  const auto& [key, value] = *filter.labels.begin();
  return tables_->messages.ListIdsByLabel(key, value, page);
}

absl::StatusOr<MessagePage> SqliteReader::ListMessages(
    const MessageFilter& filter, Store::Order order, int64_t from_message_id,
    size_t messages_max, size_t bytes_max) {
  const Transaction transaction(*database_);
  if (!transaction.begun().ok()) return transaction.begun();
  MessageTable::Page cursor{.after_message_id = from_message_id,
                            .newest_first = order == Store::Order::kNewestFirst,
                            .rows_max = kListRows};
  if (cursor.newest_first && from_message_id == 0) {
    cursor.after_message_id = std::numeric_limits<int64_t>::max();
  }
  MessagePage page;
  size_t size_bytes = 0;
  for (size_t rows = 0; rows < kRowsMax;) {
    const absl::StatusOr<std::vector<int64_t>> ids = ListIds(filter, cursor);
    if (!ids.ok()) return ids.status();
    for (const int64_t message_id : *ids) {
      absl::StatusOr<MessageRow> row = tables_->GetMessage(message_id);
      if (!row.ok()) return row.status();
      ++rows;
      cursor.after_message_id = message_id;
      const bool listed =
          !row->message.message_sid.empty() && Matches(filter, row->message);
      if (!listed) continue;
      absl::StatusOr<Message> message = tables_->Describe(*std::move(row));
      if (!message.ok()) return message.status();
      size_bytes += SizeBytes(*message);
      page.messages.push_back(*std::move(message));
      if (page.messages.size() >= messages_max || size_bytes >= bytes_max) {
        page.next_message_id = cursor.after_message_id;
        return page;
      }
    }
    if (ids->size() < kListRows) return page;  // The end.
  }
  page.next_message_id = cursor.after_message_id;
  return page;
}

}  // namespace sidwatch
