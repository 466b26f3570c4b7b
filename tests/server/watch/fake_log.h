#ifndef SIDWATCH_TESTS_SERVER_WATCH_FAKE_LOG_H_
#define SIDWATCH_TESTS_SERVER_WATCH_FAKE_LOG_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "server/watch/event_tail.h"
#include "storage/store.h"

namespace sidwatch {

// The SID with that number: SM0000…0007.
MessageSid Sid(int number);

// A status to be reported, as short as tests like it.
struct Report {
  int sid = 1;  // number of the SID
  std::string status = "queued";
  std::optional<int> error_code;
  std::string request_id;
  std::string account_sid = "AC1";
  Labels labels;
  std::string note;  // given: a LOCAL event
};

// A log in memory that is read as a Store and written by tests, which choose
// when what was written reaches the tail.
class FakeLog : public Store {
 public:
  explicit FakeLog(std::string identity = "0123456789abcdef")
      : identity_(std::move(identity)) {}

  // Appends an event and returns its sequence. It is in the log from now on;
  // the tail hears of it with the next Publish.
  int64_t Append(const Report& report);
  // A request that stands so, without a SID.
  void Reserve(const std::string& request_id, ReservationState state,
               const std::string& account_sid = "AC1");
  // Gives a message that is there already its request id, without an event.
  void Claim(int sid, const std::string& request_id);

  // Hands what was written since the last time to the tail, as one commit.
  void Publish(EventTail& tail);
  // Appends and publishes.
  int64_t Commit(EventTail& tail, const Report& report);

  // Retention: drops all events up to `sequence`.
  void Trim(int64_t sequence);
  // Runs before each read but Position, without a lock.
  void set_before_read(std::function<void()> hook);
  // What all reads say from now on; OK lets them be.
  void set_read_error(absl::Status error);
  // How many rows one page looks at, at most.
  void set_page_rows(size_t rows);
  int page_reads() const;

  // Store.
  absl::Status Commit(absl::Span<const Write* const> writes,
                      std::vector<absl::StatusOr<WriteResult>>& results,
                      CommittedBatch& committed) override;
  void Maintain(bool /*idle*/) override {}
  absl::Status Writable() const override { return absl::OkStatus(); }
  absl::StatusOr<StoreStats> Stats() const override { return StoreStats{}; }
  absl::StatusOr<LogPosition> Position() const override;
  absl::StatusOr<EventPage> ReadAfter(
      int64_t after_sequence, const Selection& selection,
      const ReadOptions& options) const override;
  absl::StatusOr<SelectionState> ReadSelection(
      const Selection& selection) const override;
  absl::StatusOr<MessagePage> ListMessages(const MessageFilter& filter,
                                           Order order, int64_t from_message_id,
                                           size_t messages_max,
                                           size_t bytes_max) const override;

 private:
  struct Row {
    Message message;
    ReservationState state = ReservationState::kSent;
    int64_t message_sequence = 0;
  };

  absl::Status BeforeRead() const;
  Row& FindOrAddLocked(const Report& report) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddRequestLocked(const RequestIds& ids, const std::string& request_id,
                        SelectionState& state) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddSidLocked(const MessageSid& sid, SelectionState& state) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string identity_;

  mutable Mutex mu_;
  std::vector<Row> rows_ ABSL_GUARDED_BY(mu_);
  std::vector<std::shared_ptr<const StatusEvent>> events_ ABSL_GUARDED_BY(mu_);
  CommittedBatch unpublished_ ABSL_GUARDED_BY(mu_);
  int64_t last_sequence_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t trimmed_ ABSL_GUARDED_BY(mu_) = 0;
  size_t page_rows_ ABSL_GUARDED_BY(mu_) = 1000;
  mutable int page_reads_ ABSL_GUARDED_BY(mu_) = 0;
  std::function<void()> before_read_ ABSL_GUARDED_BY(mu_);
  absl::Status read_error_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_SERVER_WATCH_FAKE_LOG_H_
