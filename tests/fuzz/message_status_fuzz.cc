// Any bytes as a MessageSid and as a status: both keep what they took.

#include <cstddef>
#include <cstdint>

#include "storage/message_sid.h"
#include "storage/message_status.h"
#include "tests/fuzz/fuzz_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidwatch;  // NOLINT
  const absl::string_view text = FuzzText(data, size);

  const auto sid = MessageSid::Parse(text);
  if (sid.ok()) {
    const auto again = MessageSid::Parse(sid->ToString());
    const auto blob = MessageSid::FromBlob(sid->blob());
    Check(again.ok() && *again == *sid, "a SID parses from its own text");
    Check(blob.ok() && *blob == *sid, "a SID is read from its own blob");
  }

  const StatusText status = StatusText::Parse(text);
  Check(StatusText::Parse(status.ToString()) == status,
        "a status parses from its own word");
  Check(status <= StatusText::Parse("read"), "no word is above read");
  return 0;
}
