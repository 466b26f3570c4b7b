#include "tests/fakes/fake_twilio.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace sidwatch {

std::string FakeTwilioClient::Call::parameter(absl::string_view name) const {
  for (const auto& [given, value] : parameters) {
    if (given == name) return value;
  }
  return "";
}

void FakeTwilioClient::Answer(CreateResult result) {
  MutexLock lock(mu_);
  results_.push_back(std::move(result));
}

void FakeTwilioClient::Hold() {
  MutexLock lock(mu_);
  held_ = true;
}

void FakeTwilioClient::Release() {
  MutexLock lock(mu_);
  held_ = false;
  changed_.NotifyAll();
}

void FakeTwilioClient::WaitForCalls(size_t count) {
  MutexLock lock(mu_);
  while (calls_.size() < count) changed_.Wait(mu_);
}

std::vector<FakeTwilioClient::Call> FakeTwilioClient::calls() const {
  MutexLock lock(mu_);
  return calls_;
}

CreateResult FakeTwilioClient::CreateMessage(const std::string& account_sid,
                                             const Parameters& parameters) {
  MutexLock lock(mu_);
  calls_.push_back({.account_sid = account_sid, .parameters = parameters});
  CreateResult result = Created(0);
  if (results_.empty()) {
    result = Created(++created_);
  } else {
    result = std::move(results_.front());
    results_.pop_front();
  }
  changed_.NotifyAll();
  while (held_) changed_.Wait(mu_);
  return result;
}

MessageSid FakeTwilioClient::Sid(int number) {
  return *MessageSid::Parse(absl::StrCat("SM",
                                         absl::Hex(number, absl::kZeroPad16),
                                         absl::Hex(number, absl::kZeroPad16)));
}

TwilioMessage FakeTwilioClient::Created(int number, absl::string_view status) {
  TwilioMessage message;
  message.message_sid = Sid(number);
  message.status = StatusText::Parse(status);
  message.direction = "outbound-api";
  message.num_segments = 1;
  message.num_media = 0;
  message.date_created = absl::FromUnixSeconds(1'700'000'000);
  message.date_updated = message.date_created;
  return message;
}

}  // namespace sidwatch
