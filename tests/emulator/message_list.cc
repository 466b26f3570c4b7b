#include "tests/emulator/message_list.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "tests/emulator/create_rules.h"
#include "tests/emulator/form.h"

namespace sidwatch {
namespace {

using Json = nlohmann::json;

constexpr size_t kPageSizeDefault = 50;
constexpr size_t kPageSizeMax = 1000;

size_t NumberOf(const Parameters& query, const char* name, size_t otherwise) {
  size_t number = 0;
  return absl::SimpleAtoi(ParameterOf(query, name), &number) ? number
                                                             : otherwise;
}

// Days are compared when a day is given, else moments.
bool IsSentAsAsked(const EmulatedMessage& message, const Parameters& query) {
  for (const char* name : {"DateSent", "DateSent<", "DateSent>"}) {
    const std::optional<absl::Time> asked =
        ParseIsoTime(ParameterOf(query, name));
    if (!asked) continue;
    if (!message.date_sent) return false;
    const absl::Duration day = absl::Hours(24);
    const absl::string_view comparison(name);
    if (comparison == "DateSent" &&
        (*message.date_sent < *asked || *message.date_sent >= *asked + day)) {
      return false;
    }
    if (comparison == "DateSent<" && *message.date_sent > *asked) return false;
    if (comparison == "DateSent>" && *message.date_sent < *asked) return false;
  }
  return true;
}

MessageBook::Filter FilterOf(const Parameters& query) {
  return [query, to = ParameterOf(query, "To"),
          from = ParameterOf(query, "From")](const EmulatedMessage& message) {
    return (to.empty() || message.to == to) &&
           (from.empty() || message.from == from) &&
           IsSentAsAsked(message, query);
  };
}

// PA and a number: older than it; PB and a number: newer than it.
MessageBook::Page ReadPage(const MessageBook& book, const Parameters& query,
                           size_t page_size) {
  const std::string token = ParameterOf(query, "PageToken");
  uint64_t number = 0;
  if (token.size() > 2) absl::SimpleAtoi(token.substr(2), &number);
  if (absl::StartsWith(token, "PB")) {
    return book.Newer(number, page_size, FilterOf(query));
  }
  return book.Older(number, page_size, FilterOf(query));
}

std::string PageUri(const std::string& account_sid, const Parameters& query,
                    size_t page_size, size_t page, const std::string& token) {
  Parameters parameters;
  for (const auto& [name, value] : query) {
    if (!absl::StartsWith(name, "Page")) parameters.emplace_back(name, value);
  }
  parameters.emplace_back("PageSize", absl::StrCat(page_size));
  parameters.emplace_back("Page", absl::StrCat(page));
  if (!token.empty()) parameters.emplace_back("PageToken", token);
  return absl::StrCat("/2010-04-01/Accounts/", account_sid, "/Messages.json?",
                      EncodeForm(parameters));
}

}  // namespace

std::string ListMessages(const MessageBook& book,
                         const std::string& account_sid,
                         const Parameters& query) {
  const size_t page_size = std::clamp<size_t>(
      NumberOf(query, "PageSize", kPageSizeDefault), 1, kPageSizeMax);
  const size_t page = NumberOf(query, "Page", 0);
  const std::string token = ParameterOf(query, "PageToken");
  const MessageBook::Page found = ReadPage(book, query, page_size);
  const auto& messages = found.messages;
  const bool more = found.more || absl::StartsWith(token, "PB");
  const auto uri = [&](size_t number, const std::string& at) {
    return PageUri(account_sid, query, page_size, number, at);
  };
  Json list = Json::array();
  for (const EmulatedMessage& message : messages) {
    list.push_back(Json::parse(MessageJson(message)));
  }
  const size_t start = page * page_size;
  return Json({{"messages", std::move(list)},
               {"page", page},
               {"page_size", page_size},
               {"start", start},
               {"end", messages.empty() ? start : start + messages.size() - 1},
               {"uri", uri(page, token)},
               {"first_page_uri", uri(0, "")},
               {"next_page_uri",
                more && !messages.empty()
                    ? Json(uri(page + 1,
                               absl::StrCat("PA", messages.back().number)))
                    : Json(nullptr)},
               {"previous_page_uri",
                page > 0 && !messages.empty()
                    ? Json(uri(page - 1,
                               absl::StrCat("PB", messages.front().number)))
                    : Json(nullptr)}})
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sidwatch
