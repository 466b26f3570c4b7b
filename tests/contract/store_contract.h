#ifndef SIDWATCH_TESTS_CONTRACT_STORE_CONTRACT_H_
#define SIDWATCH_TESTS_CONTRACT_STORE_CONTRACT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/store.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {

// Makes the kind of store that a run of the suite is about.
class StoreFactory {
 public:
  virtual ~StoreFactory() = default;
  // The same empty store at each call, with what was committed before. The one
  // opened before is closed.
  virtual absl::StatusOr<std::unique_ptr<Store>> Open() = 0;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StoreFactory>()> make_factory;
};

// What every Store promises, whatever it keeps its rows in. A new kind of store
// is put under the whole suite by one INSTANTIATE_TEST_SUITE_P (see
// sqlite_contract_test.cc).
class StoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  StoreContract();
  ~StoreContract() override;

  Store& store() { return *store_; }
  // Closes the store and opens it again, as after a restart.
  void Reopen();

  // Commits in one transaction, which must succeed; the results as they are.
  std::vector<absl::StatusOr<WriteResult>> Commit(std::vector<Write> writes);
  // What the last commit made visible.
  const CommittedBatch& committed() const { return committed_; }

  // One write in one commit, which must be stored.
  AppendResult Append(const AppendWrite& write);
  ReserveResult Reserve(const ReserveWrite& write);
  SettleResult Settle(absl::string_view reference, SendOutcome outcome);

  // The message, which must be there.
  Message Get(const MessageSid& message_sid);
  Message GetByRequest(absl::string_view request_id);
  ReservationState StateOf(absl::string_view request_id);
  // The whole log.
  std::vector<StatusEvent> Log(const Selection& selection = MessageFilter(),
                               const ReadOptions& options = {});

 private:
  std::unique_ptr<StoreFactory> factory_;
  std::unique_ptr<Store> store_;
  CommittedBatch committed_;
};

// Inputs.

inline constexpr absl::string_view kAccount =
    "AC00000000000000000000000000000001";
inline constexpr absl::string_view kOtherAccount =
    "AC00000000000000000000000000000002";

MessageSid SidOf(int number);
// A fixed moment and `seconds` after it.
absl::Time At(int seconds);

// A status callback as Twilio sends it.
AppendWrite Callback(const MessageSid& message_sid, absl::string_view status,
                     int at_seconds = 0);
AppendWrite CallbackWithRef(const MessageSid& message_sid,
                            absl::string_view status,
                            absl::string_view reference);
AppendWrite Failure(const MessageSid& message_sid, absl::string_view status,
                    int error_code);

// A request whose reference is "ref-" and its id.
ReserveWrite Request(absl::string_view request_id);
SendCreated Created(const MessageSid& message_sid,
                    absl::string_view status = "queued");

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_CONTRACT_STORE_CONTRACT_H_
