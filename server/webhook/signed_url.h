#ifndef SIDWATCH_SERVER_WEBHOOK_SIGNED_URL_H_
#define SIDWATCH_SERVER_WEBHOOK_SIGNED_URL_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sidwatch {

// A URL taken apart without changing a byte: views into it.
struct UrlParts {
  absl::string_view scheme;
  absl::string_view userinfo;  // without '@'; "" when there is none
  absl::string_view host;      // an IPv6 address with its brackets
  absl::string_view port;      // digits; "" when there is none
  absl::string_view rest;      // path and query, "" or from the first / or ?
};

// None for what is not scheme://authority. No fragment is looked for.
std::optional<UrlParts> SplitUrl(absl::string_view url);

// The spellings of one URL that Twilio may have signed, one after another and
// none twice, likeliest first. Twilio is inconsistent about the port and its
// SDKs about the rest; all are keyed by the secret, so that trying more of
// them gives nothing away. In the order of Twilio's Node SDK:
//
//   without a port, with its own or the default one;
//   the same of the normalized URL: scheme and host in lower case, a default
//   port dropped, ' in the query as %27;
//   the same of the legacy form: the query's parameters grouped by name and
//   encoded anew.
//
// A URL with user:password@ is tried without it first, then with it. A
// fragment is never signed and is dropped. `url` outlives the candidates.
class SignedUrlCandidates {
 public:
  explicit SignedUrlCandidates(absl::string_view url);

  // The next spelling; none when all were given.
  std::optional<std::string> Next();

 private:
  std::string Candidate(size_t number) const;

  absl::string_view url_;
  size_t count_ = 0;
  size_t next_ = 0;
  std::vector<std::string> given_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_SIGNED_URL_H_
