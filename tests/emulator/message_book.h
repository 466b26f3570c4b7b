#ifndef SIDWATCH_TESTS_EMULATOR_MESSAGE_BOOK_H_
#define SIDWATCH_TESTS_EMULATOR_MESSAGE_BOOK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "base/mutex.h"

namespace sidwatch {

// A Message resource as the emulator keeps it.
struct EmulatedMessage {
  uint64_t number = 0;  // rises from one to the next
  std::string sid;
  std::string account_sid;
  std::string from;  // empty until a service has chosen one
  std::string to;
  std::string body;
  std::string messaging_service_sid;
  int num_media = 0;
  std::string status;
  int error_code = 0;
  absl::Time date_created;
  absl::Time date_updated;
  std::optional<absl::Time> date_sent;
  std::optional<absl::Time> send_at;
  std::string status_callback;  // as given, with its fragment
  bool provide_feedback = false;
  bool deleted = false;  // by the API; the book still shows it
};

// As Twilio's API writes it.
std::string MessageJson(const EmulatedMessage& message);

// How many SMS the body takes; 0 while there is no sender.
int SegmentsOf(const EmulatedMessage& message);

bool IsFinalWord(const std::string& status);

// RFC 2822, in GMT.
std::string DateText(absl::Time time);

// The messages, the newest `messages_max` of them.
//
// Thread safety: all methods may be called from any thread.
class MessageBook {
 public:
  explicit MessageBook(size_t messages_max) : messages_max_(messages_max) {}

  // Keeps `message` under the next number.
  void Add(EmulatedMessage message);

  // Nothing for one that is unknown or deleted.
  std::optional<EmulatedMessage> Find(const std::string& sid) const;

  // Runs `change` on the message; returns it as it is then. Nothing for one
  // that is unknown or deleted. `change` must not call back.
  std::optional<EmulatedMessage> Change(
      const std::string& sid,
      const std::function<void(EmulatedMessage&)>& change);

  struct Page {
    std::vector<EmulatedMessage> messages;  // newest first
    bool more = false;                      // in the direction asked for
  };
  using Filter = std::function<bool(const EmulatedMessage&)>;
  // Up to `size` messages older than number `before` (0: the newest).
  Page Older(uint64_t before, size_t size, const Filter& filter) const;
  // Up to `size` messages newer than number `after`, the oldest of those.
  Page Newer(uint64_t after, size_t size, const Filter& filter) const;

  // Everything that was created, oldest first, deleted ones too.
  std::vector<EmulatedMessage> All() const;

 private:
  const size_t messages_max_;

  mutable Mutex mu_;
  uint64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<uint64_t, EmulatedMessage> messages_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, uint64_t> numbers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_EMULATOR_MESSAGE_BOOK_H_
