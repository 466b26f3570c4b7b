#include "tests/emulator/message_book.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace sidwatch {
namespace {

using Json = nlohmann::json;

Json TextOrNull(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

}  // namespace

std::string DateText(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", time,
                          absl::UTCTimeZone());
}

bool IsFinalWord(const std::string& status) {
  return status == "delivered" || status == "undelivered" ||
         status == "failed" || status == "canceled" || status == "read";
}

// Text beyond ASCII is taken for UCS-2, the rest for GSM-7: near enough for a
// stand-in.
int SegmentsOf(const EmulatedMessage& message) {
  if (message.from.empty()) return 0;
  size_t characters = 0;
  bool ascii = true;
  for (const char c : message.body) {
    const auto byte = static_cast<unsigned char>(c);
    ascii = ascii && byte < 0x80;
    characters += (byte & 0xC0u) != 0x80u ? 1 : 0;
  }
  const size_t alone = ascii ? 160 : 70;
  const size_t split = ascii ? 153 : 67;
  if (characters <= alone) return 1;
  return static_cast<int>((characters + split - 1) / split);
}

std::string MessageJson(const EmulatedMessage& message) {
  const std::string base = absl::StrCat(
      "/2010-04-01/Accounts/", message.account_sid, "/Messages/", message.sid);
  Json json = {
      {"account_sid", message.account_sid},
      {"api_version", "2010-04-01"},
      {"body", message.body},
      {"date_created", DateText(message.date_created)},
      {"date_sent",
       message.date_sent ? Json(DateText(*message.date_sent)) : Json(nullptr)},
      {"date_updated", DateText(message.date_updated)},
      {"direction", "outbound-api"},
      {"error_code",
       message.error_code == 0 ? Json(nullptr) : Json(message.error_code)},
      {"error_message", message.error_code == 0
                            ? Json(nullptr)
                            : Json("Made to fail by twilio-emulator")},
      {"from", TextOrNull(message.from)},
      {"messaging_service_sid", TextOrNull(message.messaging_service_sid)},
      {"num_media", absl::StrCat(message.num_media)},
      {"num_segments", absl::StrCat(SegmentsOf(message))},
      {"price", nullptr},
      {"price_unit", "USD"},
      {"sid", message.sid},
      {"status", message.status},
      {"subresource_uris", {{"media", absl::StrCat(base, "/Media.json")}}},
      {"to", message.to},
      {"uri", absl::StrCat(base, ".json")},
  };
  if (message.provide_feedback) {
    json["subresource_uris"]["feedback"] = absl::StrCat(base, "/Feedback.json");
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void MessageBook::Add(EmulatedMessage message) {
  MutexLock lock(mu_);
  message.number = ++last_number_;
  numbers_[message.sid] = message.number;
  messages_.emplace(message.number, std::move(message));
  if (messages_.size() > messages_max_) {
    numbers_.erase(messages_.begin()->second.sid);
    messages_.erase(messages_.begin());
  }
}

std::optional<EmulatedMessage> MessageBook::Find(const std::string& sid) const {
  MutexLock lock(mu_);
  const auto number = numbers_.find(sid);
  if (number == numbers_.end()) return std::nullopt;
  const EmulatedMessage& message = messages_.at(number->second);
  if (message.deleted) return std::nullopt;
  return message;
}

std::optional<EmulatedMessage> MessageBook::Change(
    const std::string& sid,
    const std::function<void(EmulatedMessage&)>& change) {
  MutexLock lock(mu_);
  const auto number = numbers_.find(sid);
  if (number == numbers_.end()) return std::nullopt;
  EmulatedMessage& message = messages_.at(number->second);
  if (message.deleted) return std::nullopt;
  change(message);
  return message;
}

MessageBook::Page MessageBook::Older(uint64_t before, size_t size,
                                     const Filter& filter) const {
  MutexLock lock(mu_);
  Page page;
  auto at = before == 0 ? messages_.end() : messages_.lower_bound(before);
  while (at != messages_.begin()) {
    --at;
    if (at->second.deleted || !filter(at->second)) continue;
    if (page.messages.size() == size) {
      page.more = true;
      break;
    }
    page.messages.push_back(at->second);
  }
  return page;
}

MessageBook::Page MessageBook::Newer(uint64_t after, size_t size,
                                     const Filter& filter) const {
  MutexLock lock(mu_);
  Page page;
  for (auto at = messages_.upper_bound(after); at != messages_.end(); ++at) {
    if (at->second.deleted || !filter(at->second)) continue;
    if (page.messages.size() == size) {
      page.more = true;
      break;
    }
    page.messages.push_back(at->second);
  }
  std::reverse(page.messages.begin(), page.messages.end());
  return page;
}

std::vector<EmulatedMessage> MessageBook::All() const {
  MutexLock lock(mu_);
  std::vector<EmulatedMessage> all;
  all.reserve(messages_.size());
  for (const auto& [number, message] : messages_) all.push_back(message);
  return all;
}

}  // namespace sidwatch
