#include "server/webhook/public_url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/webhook/signed_url.h"

namespace sidwatch {
namespace {

absl::string_view OwnRoute(absl::string_view path) {
  for (const absl::string_view route :
       {kStatusRoute, kInboundRoute, kEventsRoute}) {
    if (path == route) return route;
  }
  return "";
}

// 127.0.0.1 and its like, but no name that begins so.
bool IsLoopbackV4(absl::string_view host) {
  in_addr address = {};
  return absl::StartsWith(host, "127.") &&
         ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
}

bool IsLoopback(absl::string_view host) {
  return absl::EqualsIgnoreCase(host, "localhost") || host == "[::1]" ||
         IsLoopbackV4(host);
}

absl::Status Invalid(absl::string_view problem) {
  return absl::InvalidArgumentError(problem);
}

bool IsUrlChar(char c) { return c > ' ' && c < 0x7f; }

}  // namespace

absl::StatusOr<PublicUrl> PublicUrl::Parse(absl::string_view text) {
  text = text.substr(0, text.find('#'));
  const std::optional<UrlParts> parts = SplitUrl(text);
  if (!parts.has_value() || parts->host.empty() ||
      !std::all_of(text.begin(), text.end(), IsUrlChar)) {
    return Invalid(
        "public-url is no URL; write it like https://sms.example.com");
  }
  const bool http = absl::EqualsIgnoreCase(parts->scheme, "http");
  if (!http && !absl::EqualsIgnoreCase(parts->scheme, "https")) {
    return Invalid("public-url must begin with https://");
  }
  if (http && !IsLoopback(parts->host)) {
    return Invalid(
        "public-url must begin with https:// (http:// is for loopback alone)");
  }
  if (absl::StrContains(parts->rest, '?')) {
    return Invalid("public-url must not have a query");
  }
  const size_t origin_size = text.size() - parts->rest.size();
  while (absl::EndsWith(text, "/")) text.remove_suffix(1);
  return PublicUrl(std::string(text), std::min(origin_size, text.size()));
}

absl::string_view PublicUrl::RouteBehindBase(absl::string_view path) const {
  if (base_path().empty() || !absl::ConsumePrefix(&path, base_path())) {
    return "";
  }
  return OwnRoute(path);
}

absl::string_view PublicUrl::RouteOf(absl::string_view path) const {
  const absl::string_view route = OwnRoute(path);
  return route.empty() ? RouteBehindBase(path) : route;
}

std::string PublicUrl::UrlOf(absl::string_view target) const {
  const absl::string_view path = target.substr(0, target.find('?'));
  if (!RouteBehindBase(path).empty()) {
    return absl::StrCat(absl::string_view(text_).substr(0, origin_size_),
                        target);
  }
  return absl::StrCat(text_, target);
}

}  // namespace sidwatch
