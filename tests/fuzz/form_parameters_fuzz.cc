// Any bytes as a form: what was read can be written and read again.

#include <cstddef>
#include <cstdint>

#include "server/webhook/form_parameters.h"
#include "tests/fuzz/fuzz_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidwatch;  // NOLINT
  const auto form = ParseForm(FuzzText(data, size));
  if (!form.ok()) return 0;
  Check(form->size() <= kFormParametersMax,
        "no more parameters than the limit");
  const auto again = ParseForm(WriteForm(*form));
  Check(again.ok() && *again == *form, "ParseForm reads what WriteForm writes");
  return 0;
}
