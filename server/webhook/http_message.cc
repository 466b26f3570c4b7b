#include "server/webhook/http_message.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace sidwatch {

absl::string_view HttpRequest::path() const {
  return absl::string_view(target).substr(0, target.find('?'));
}

absl::string_view HttpRequest::query() const {
  const size_t mark = target.find('?');
  if (mark == std::string::npos) return "";
  return absl::string_view(target).substr(mark + 1);
}

absl::string_view HttpRequest::header(absl::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

size_t HttpRequest::header_count(absl::string_view name) const {
  return static_cast<size_t>(
      std::count_if(headers.begin(), headers.end(), [name](const auto& header) {
        return absl::EqualsIgnoreCase(header.first, name);
      }));
}

}  // namespace sidwatch
