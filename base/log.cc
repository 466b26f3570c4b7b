#include "base/log.h"

namespace sidwatch {

std::string MaskNumber(absl::string_view number) {
  if (number.empty()) return "";
  // Short senders would be told whole by their last two characters.
  const size_t shown = number.size() > 4 ? 2 : 0;
  return absl::StrCat("…", number.substr(number.size() - shown));
}

}  // namespace sidwatch
