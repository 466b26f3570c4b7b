#include "tests/contract/store_contract.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace sidwatch {

StoreContract::StoreContract() : factory_(GetParam().make_factory()) {
  Reopen();
}

StoreContract::~StoreContract() = default;

void StoreContract::Reopen() {
  store_.reset();
  absl::StatusOr<std::unique_ptr<Store>> store = factory_->Open();
  if (!store.ok()) {
    ADD_FAILURE() << store.status();
    std::abort();  // Nothing below could work.
  }
  store_ = *std::move(store);
}

std::vector<absl::StatusOr<WriteResult>> StoreContract::Commit(
    std::vector<Write> writes) {
  std::vector<const Write*> pointers;
  for (const Write& write : writes) pointers.push_back(&write);
  std::vector<absl::StatusOr<WriteResult>> results;
  EXPECT_THAT(store_->Commit(pointers, results, committed_), IsOk());
  EXPECT_EQ(results.size(), writes.size());
  results.resize(writes.size());
  return results;
}

AppendResult StoreContract::Append(const AppendWrite& write) {
  const auto results = Commit({write});
  EXPECT_THAT(results[0], IsOk());
  return results[0].ok() ? std::get<AppendResult>(*results[0]) : AppendResult();
}

ReserveResult StoreContract::Reserve(const ReserveWrite& write) {
  const auto results = Commit({write});
  EXPECT_THAT(results[0], IsOk());
  return results[0].ok() ? std::get<ReserveResult>(*results[0])
                         : ReserveResult();
}

SettleResult StoreContract::Settle(absl::string_view reference,
                                   SendOutcome outcome) {
  const auto results = Commit({SettleWrite{.reference = std::string(reference),
                                           .outcome = std::move(outcome)}});
  EXPECT_THAT(results[0], IsOk());
  return results[0].ok() ? std::get<SettleResult>(*results[0]) : SettleResult();
}

Message StoreContract::Get(const MessageSid& message_sid) {
  const auto state = store_->ReadSelection(MessageSids{{message_sid}});
  EXPECT_THAT(state, IsOk());
  if (!state.ok() || state->messages.size() != 1) {
    ADD_FAILURE() << "not one message " << message_sid.ToString();
    return {};
  }
  return state->messages[0];
}

Message StoreContract::GetByRequest(absl::string_view request_id) {
  const auto state = store_->ReadSelection(
      RequestIds{{std::string(request_id)}, std::string(kAccount)});
  EXPECT_THAT(state, IsOk());
  if (!state.ok() || state->messages.size() != 1) {
    ADD_FAILURE() << "not one message of request " << request_id;
    return {};
  }
  return state->messages[0];
}

ReservationState StoreContract::StateOf(absl::string_view request_id) {
  const auto state = store_->ReadSelection(
      RequestIds{{std::string(request_id)}, std::string(kAccount)});
  EXPECT_THAT(state, IsOk());
  if (!state.ok() || state->states.size() != 1) {
    ADD_FAILURE() << "not one request " << request_id;
    return {};
  }
  return state->states[0];
}

std::vector<StatusEvent> StoreContract::Log(const Selection& selection,
                                            const ReadOptions& options) {
  std::vector<StatusEvent> log;
  const auto position = store_->Position();
  EXPECT_THAT(position, IsOk());
  int64_t after = 0;
  while (position.ok() && after < position->last_sequence) {
    const auto page = store_->ReadAfter(after, selection, options);
    EXPECT_THAT(page, IsOk());
    if (!page.ok()) break;
    for (const auto& event : page->events) log.push_back(*event);
    EXPECT_GT(page->next_after_sequence, after);
    if (page->next_after_sequence <= after) break;
    after = page->next_after_sequence;
  }
  return log;
}

MessageSid SidOf(int number) {
  return *MessageSid::Parse(absl::StrFormat("SM%032x", number));
}

absl::Time At(int seconds) {
  return absl::FromUnixSeconds(1'700'000'000 + seconds);
}

AppendWrite Callback(const MessageSid& message_sid, absl::string_view status,
                     int at_seconds) {
  AppendWrite write;
  write.event.message_sid = message_sid;
  write.event.account_sid = std::string(kAccount);
  write.event.status = StatusText::Parse(status);
  write.event.receive_time = At(at_seconds);
  write.event.from = "+15550001111";
  write.event.to = "+15550002222";
  return write;
}

AppendWrite CallbackWithRef(const MessageSid& message_sid,
                            absl::string_view status,
                            absl::string_view reference) {
  AppendWrite write = Callback(message_sid, status);
  write.reference = std::string(reference);
  return write;
}

AppendWrite Failure(const MessageSid& message_sid, absl::string_view status,
                    int error_code) {
  AppendWrite write = Callback(message_sid, status);
  write.event.error_code = error_code;
  write.error_message = absl::StrCat("error ", error_code);
  return write;
}

ReserveWrite Request(absl::string_view request_id) {
  ReserveWrite write;
  write.reservation.request_id = std::string(request_id);
  write.reservation.account_sid = std::string(kAccount);
  write.reservation.digest = std::string(32, 'd');
  write.reservation.reference = absl::StrCat("ref-", request_id);
  write.reservation.body_digest = std::string(32, 'b');
  write.message.account_sid = std::string(kAccount);
  write.message.direction = "outbound-api";
  write.message.from = "+15550001111";
  write.message.to = "+15550002222";
  write.message.create_time = At(-1);
  return write;
}

SendCreated Created(const MessageSid& message_sid, absl::string_view status) {
  SendCreated created;
  created.event.message_sid = message_sid;
  created.event.account_sid = std::string(kAccount);
  created.event.status = StatusText::Parse(status);
  created.event.source = EventSource::kSendReply;
  created.event.receive_time = At(0);
  return created;
}

}  // namespace sidwatch
