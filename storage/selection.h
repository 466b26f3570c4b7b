#ifndef SIDWATCH_STORAGE_SELECTION_H_
#define SIDWATCH_STORAGE_SELECTION_H_

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "storage/message.h"
#include "storage/status_event.h"

namespace sidwatch {

// Which messages, or which events, somebody asks for. Every given condition
// must hold; an empty one always does. Lists hold if any of them equals.
struct MessageFilter {
  std::vector<std::string> account_sids;
  std::vector<StatusText> statuses;  // kUnknown without a word: any unknown
  Labels labels;                     // all must match
  std::vector<std::string> senders;
  std::vector<std::string> recipients;
  std::vector<int> error_codes;
  std::string direction;  // Twilio's word
  bool final_only = false;
  std::optional<absl::Time> create_time_from;  // inclusive
  std::optional<absl::Time> create_time_to;    // exclusive

  bool empty() const;
  friend bool operator==(const MessageFilter&, const MessageFilter&) = default;
};

// On messages, everything speaks of the message.
bool Matches(const MessageFilter& filter, const Message& message);

// On events, `statuses`, `error_codes` and `final_only` speak of the event's
// own status, the rest of its message.
bool Matches(const MessageFilter& filter, const StatusEvent& event);

struct MessageSids {
  std::vector<MessageSid> sids;
};

// Request ids, in one account or (account_sid empty) wherever they are.
struct RequestIds {
  std::vector<std::string> request_ids;
  std::string account_sid;
};

// What a watch or a list is about. An empty filter is everything.
using Selection = std::variant<MessageFilter, MessageSids, RequestIds>;

bool Matches(const Selection& selection, const StatusEvent& event);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SELECTION_H_
