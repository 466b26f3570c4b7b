#include "storage/sqlite/reservation_table.h"

#include <utility>

#include "SQLiteCpp/Database.h"
#include "absl/strings/str_cat.h"
#include "storage/sqlite/name_table.h"
#include "storage/sqlite/sqlite_columns.h"
#include "storage/sqlite/sqlite_errors.h"

namespace sidwatch {
namespace {

// In the order of ReadRow.
constexpr const char* kSelect = R"sql(
  SELECT message_id, account, request_id, reference, digest, body_digest, state,
         refusal_code, refusal_twilio_code, refusal_http_status,
         refusal_message, refusal_more_info
  FROM reservations
)sql";

std::unique_ptr<SQLite::Statement> Prepare(SQLite::Database& database,
                                           const std::string& sql) {
  return std::make_unique<SQLite::Statement>(database, sql);
}

std::unique_ptr<SQLite::Statement> PrepareSelect(SQLite::Database& database,
                                                 const char* condition) {
  return Prepare(database, absl::StrCat(kSelect, " WHERE ", condition));
}

// Binds the five refusal columns from `first` on, NULL without a refusal.
void BindRefusal(SQLite::Statement& statement, int first,
                 const std::optional<Refusal>& refusal) {
  if (!refusal) {
    for (int i = first; i < first + 5; ++i) statement.bind(i);
    return;
  }
  statement.bind(first, static_cast<int>(refusal->code));
  statement.bind(first + 1, refusal->twilio_code);
  statement.bind(first + 2, refusal->http_status);
  BindText(statement, first + 3, refusal->message);
  BindText(statement, first + 4, refusal->more_info);
}

std::optional<Refusal> RefusalAt(const SQLite::Statement& select, int first) {
  const std::optional<int> code = OptionalIntAt(select, first);
  if (!code) return std::nullopt;
  return Refusal{.code = static_cast<absl::StatusCode>(*code),
                 .twilio_code = OptionalIntAt(select, first + 1).value_or(0),
                 .http_status = OptionalIntAt(select, first + 2).value_or(0),
                 .message = BytesAt(select, first + 3),
                 .more_info = BytesAt(select, first + 4)};
}

}  // namespace

// "state IN (1, 4)" is the condition of the index reservations_unsettled, which
// SQLite takes only for a query that repeats it word for word.
ReservationTable::ReservationTable(SQLite::Database& database, NameTable& names)
    : names_(names),
      get_(PrepareSelect(database, "message_id = ?")),
      by_reference_(PrepareSelect(database, "reference = ?")),
      by_request_(PrepareSelect(database, "request_id = ? AND account = ?")),
      by_request_anywhere_(PrepareSelect(database, "request_id = ?")),
      count_unknown_(Prepare(database, R"sql(
        SELECT count(*) FROM reservations
        WHERE state IN (1, 4) AND state = 4
      )sql")),
      insert_(Prepare(database, R"sql(
        INSERT INTO reservations (message_id, account, request_id, reference,
            digest, body_digest, state, refusal_code, refusal_twilio_code,
            refusal_http_status, refusal_message, refusal_more_info)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      )sql")),
      update_(Prepare(database, R"sql(
        UPDATE reservations SET message_id = ?, state = ?, refusal_code = ?,
            refusal_twilio_code = ?, refusal_http_status = ?,
            refusal_message = ?, refusal_more_info = ?
        WHERE message_id = ?
      )sql")),
      delete_(
          Prepare(database, "DELETE FROM reservations WHERE message_id = ?")),
      mark_interrupted_(Prepare(database, R"sql(
        UPDATE reservations SET state = 4 WHERE state IN (1, 4) AND state = 1
      )sql")) {}

ReservationTable::~ReservationTable() = default;

ReservationTable::Found ReservationTable::Get(int64_t message_id) {
  return WithoutThrow([&]() -> Found {
    get_->bind(1, message_id);
    return ReadOne(*get_);
  });
}

ReservationTable::Found ReservationTable::FindByReference(
    const std::string& reference) {
  return WithoutThrow([&]() -> Found {
    by_reference_->bindNoCopy(1, reference);
    return ReadOne(*by_reference_);
  });
}

ReservationTable::Found ReservationTable::FindByRequest(
    const std::string& request_id, int64_t account) {
  return WithoutThrow([&]() -> Found {
    by_request_->bindNoCopy(1, request_id);
    by_request_->bind(2, account);
    return ReadOne(*by_request_);
  });
}

absl::StatusOr<std::vector<Reservation>> ReservationTable::FindByRequest(
    const std::string& request_id) {
  return WithoutThrow([&]() -> absl::StatusOr<std::vector<Reservation>> {
    std::vector<Reservation> found;
    const ScopedReset reset(*by_request_anywhere_);
    by_request_anywhere_->bindNoCopy(1, request_id);
    while (by_request_anywhere_->executeStep()) {
      absl::StatusOr<Reservation> row = ReadRow(*by_request_anywhere_);
      if (!row.ok()) return row.status();
      found.push_back(*std::move(row));
    }
    return found;
  });
}

absl::StatusOr<int64_t> ReservationTable::CountUnknown() {
  return WithoutThrow([&]() -> absl::StatusOr<int64_t> {
    const ScopedReset reset(*count_unknown_);
    count_unknown_->executeStep();
    return IntAt(*count_unknown_, 0);
  });
}

absl::Status ReservationTable::Insert(const Reservation& reservation,
                                      int64_t account) {
  return WithoutThrow([&]() -> absl::Status {
    insert_->bind(1, reservation.message_id);
    insert_->bind(2, account);
    insert_->bindNoCopy(3, reservation.request_id);
    insert_->bindNoCopy(4, reservation.reference);
    BindBlob(*insert_, 5, reservation.digest);
    BindBlob(*insert_, 6, reservation.body_digest);
    insert_->bind(7, static_cast<int>(reservation.state));
    BindRefusal(*insert_, 8, reservation.refusal);
    Execute(*insert_);
    return absl::OkStatus();
  });
}

absl::Status ReservationTable::Update(int64_t message_id,
                                      const Reservation& reservation) {
  return WithoutThrow([&]() -> absl::Status {
    update_->bind(1, reservation.message_id);
    update_->bind(2, static_cast<int>(reservation.state));
    BindRefusal(*update_, 3, reservation.refusal);
    update_->bind(8, message_id);
    Execute(*update_);
    return absl::OkStatus();
  });
}

absl::Status ReservationTable::Delete(int64_t message_id) {
  return WithoutThrow([&]() -> absl::Status {
    delete_->bind(1, message_id);
    Execute(*delete_);
    return absl::OkStatus();
  });
}

absl::StatusOr<int64_t> ReservationTable::MarkInterrupted() {
  return WithoutThrow([&]() -> absl::StatusOr<int64_t> {
    const ScopedReset reset(*mark_interrupted_);
    return int64_t{mark_interrupted_->exec()};
  });
}

ReservationTable::Found ReservationTable::ReadOne(SQLite::Statement& select) {
  const ScopedReset reset(select);
  if (!select.executeStep()) return std::nullopt;
  absl::StatusOr<Reservation> row = ReadRow(select);
  if (!row.ok()) return row.status();
  return *std::move(row);
}

absl::StatusOr<Reservation> ReservationTable::ReadRow(
    const SQLite::Statement& select) {
  Reservation row;
  row.message_id = IntAt(select, 0);
  absl::StatusOr<std::string> account_sid = names_.NameOf(IntAt(select, 1));
  if (!account_sid.ok()) return account_sid.status();
  row.account_sid = *std::move(account_sid);
  row.request_id = BytesAt(select, 2);
  row.reference = BytesAt(select, 3);
  row.digest = BytesAt(select, 4);
  row.body_digest = BytesAt(select, 5);
  row.state = static_cast<ReservationState>(IntAt(select, 6));
  row.refusal = RefusalAt(select, 7);
  return row;
}

}  // namespace sidwatch
