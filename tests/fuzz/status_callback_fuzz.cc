// Any form as a status callback: what passes has a SID and a status, holds no
// NUL, and keeps no message text.

#include <cstddef>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "server/webhook/form_parameters.h"
#include "server/webhook/status_callback.h"
#include "tests/fuzz/fuzz_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidwatch;  // NOLINT
  auto form = ParseForm(FuzzText(data, size));
  if (!form.ok()) return 0;
  const auto write =
      ParseStatusCallback(FromGet(*std::move(form)), absl::UnixEpoch(), false);
  if (!write.ok()) return 0;
  Check(!write->event.message_sid.empty(), "there is a SID");
  Check(!write->event.status.ToString().empty(), "there is a status");
  Check(write->event.error_code != 0, "an error code is never zero");
  Check(write->body.empty(), "no text is kept");
  for (const auto& [name, value] : write->event.parameters) {
    Check(name != "Body" && name != "ref", "no text and no ref is kept");
    Check(!absl::StrContains(value, '\0'), "no value holds a NUL");
  }
  return 0;
}
