#include "server/webhook/signed_url.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/webhook/form_parameters.h"

namespace sidwatch {
namespace {

constexpr size_t kSpellings = 6;
// The legacy form of a query with more parameters than this is not tried: it
// would cost more than a stranger may make us spend.
constexpr size_t kLegacyParametersMax = 100;

absl::string_view DefaultPort(absl::string_view scheme) {
  if (absl::EqualsIgnoreCase(scheme, "https")) return "443";
  return absl::EqualsIgnoreCase(scheme, "http") ? "80" : "";
}

// encodeURIComponent of JavaScript.
void AppendComponent(absl::string_view text, std::string& out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || absl::StrContains("-_.!~*'()", c)) {
      out.push_back(c);
    } else {
      AppendPercentByte(byte, out);
    }
  }
}

// The query as Node's querystring module writes it after reading it.
std::string LegacyQuery(absl::string_view query) {
  const absl::StatusOr<Parameters> parsed = ParseForm(query);
  if (!parsed.ok() || parsed->size() > kLegacyParametersMax) {
    return std::string(query);
  }
  std::vector<std::pair<absl::string_view, std::vector<absl::string_view>>>
      groups;
  for (const auto& [name, value] : *parsed) {
    auto group =
        std::find_if(groups.begin(), groups.end(),
                     [&key = name](const auto& g) { return g.first == key; });
    if (group == groups.end()) {
      groups.emplace_back(name, std::vector<absl::string_view>{});
      group = groups.end() - 1;
    }
    group->second.push_back(value);
  }
  std::string text;
  for (const auto& [name, values] : groups) {
    for (const absl::string_view value : values) {
      if (!text.empty()) text.push_back('&');
      AppendComponent(name, text);
      text.push_back('=');
      AppendComponent(value, text);
    }
  }
  return text;
}

// `rest` with its query, if there is one, changed by `change`.
template <typename Change>
std::string ChangeQuery(absl::string_view rest, Change change) {
  const size_t mark = rest.find('?');
  if (mark == absl::string_view::npos) return std::string(rest);
  return absl::StrCat(rest.substr(0, mark + 1), change(rest.substr(mark + 1)));
}

}  // namespace

std::optional<UrlParts> SplitUrl(absl::string_view url) {
  const size_t colon = url.find("://");
  if (colon == absl::string_view::npos || colon == 0) return std::nullopt;
  UrlParts parts;
  parts.scheme = url.substr(0, colon);
  url.remove_prefix(colon + 3);
  const size_t end = std::min(url.find_first_of("/?"), url.size());
  absl::string_view authority = url.substr(0, end);
  parts.rest = url.substr(end);
  const size_t at = authority.rfind('@');
  if (at != absl::string_view::npos) {
    parts.userinfo = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  // Behind the bracket of an IPv6 address: its own colons are no port's.
  const size_t host_end = absl::StartsWith(authority, "[")
                              ? authority.find(']')
                              : authority.find(':');
  const size_t port = authority.find(':', std::min(host_end, authority.size()));
  parts.host = authority.substr(0, port);
  if (port != absl::string_view::npos) parts.port = authority.substr(port + 1);
  return parts;
}

SignedUrlCandidates::SignedUrlCandidates(absl::string_view url)
    : url_(url.substr(0, url.find('#'))) {
  const std::optional<UrlParts> parts = SplitUrl(url_);
  if (!parts.has_value()) {
    count_ = 1;
  } else {
    count_ = parts->userinfo.empty() ? kSpellings : 2 * kSpellings;
  }
}

std::optional<std::string> SignedUrlCandidates::Next() {
  while (next_ < count_) {
    std::string candidate = Candidate(next_++);
    if (std::find(given_.begin(), given_.end(), candidate) == given_.end()) {
      given_.push_back(candidate);
      return candidate;
    }
  }
  return std::nullopt;
}

std::string SignedUrlCandidates::Candidate(size_t number) const {
  const std::optional<UrlParts> parts = SplitUrl(url_);
  if (!parts.has_value()) return std::string(url_);
  const bool with_userinfo = number >= kSpellings;
  const bool with_port = number % 2 == 1;
  const size_t form = number % kSpellings / 2;  // raw, normalized, legacy

  std::string scheme(parts->scheme);
  std::string host(parts->host);
  std::string rest(parts->rest);
  absl::string_view port = parts->port;
  const absl::string_view default_port = DefaultPort(scheme);
  if (form > 0) {
    absl::AsciiStrToLower(&scheme);
    absl::AsciiStrToLower(&host);
    if (port == default_port) port = "";
    rest = ChangeQuery(rest, [](absl::string_view query) {
      return absl::StrReplaceAll(query, {{"'", "%27"}});
    });
  }
  if (form > 1) rest = ChangeQuery(rest, LegacyQuery);
  if (port.empty()) port = default_port;
  return absl::StrCat(scheme, "://", with_userinfo ? parts->userinfo : "",
                      with_userinfo ? "@" : "", host,
                      with_port && !port.empty() ? ":" : "",
                      with_port ? port : "", rest);
}

}  // namespace sidwatch
