// Any URL, form and signature: nothing forged passes, what was signed does,
// and the candidates of a URL are few and told apart.
//
// URL, form and signature are the first three lines of the input.

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/webhook/form_parameters.h"
#include "server/webhook/public_url.h"
#include "server/webhook/request_validator.h"
#include "server/webhook/signed_url.h"
#include "tests/fuzz/fuzz_check.h"

namespace sidwatch {
namespace {

constexpr absl::string_view kToken = "5f0c1a7d2b9e4c86a3f1d0e9b8c7a6f5";

void CheckCandidates(absl::string_view url) {
  SignedUrlCandidates candidates(url);
  std::set<std::string> seen;
  while (const auto candidate = candidates.Next()) {
    Check(seen.insert(*candidate).second, "no candidate comes twice");
    Check(candidate->find('#') == std::string::npos, "no fragment is signed");
  }
  Check(!seen.empty() && seen.size() <= 12, "there are a few candidates");
}

void CheckPublicUrl(absl::string_view url, absl::string_view target) {
  const auto base = PublicUrl::Parse(url);
  if (!base.ok()) return;
  Check(base->UrlOf(target).size() >= target.size(), "the target is kept");
  const absl::string_view route = base->RouteOf(target);
  Check(route.empty() || target.size() >= route.size(), "a route is a suffix");
}

// An empty port or an empty userinfo is not spelled again as it was.
bool IsPlain(absl::string_view url) {
  const auto parts = SplitUrl(url);
  if (!parts.has_value()) return true;
  return url == absl::StrCat(parts->scheme, "://", parts->userinfo,
                             parts->userinfo.empty() ? "" : "@", parts->host,
                             parts->port.empty() ? "" : ":", parts->port,
                             parts->rest);
}

}  // namespace
}  // namespace sidwatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidwatch;  // NOLINT
  static const RequestValidator validator({std::string(kToken), "another"});
  const std::vector<std::string> lines =
      absl::StrSplit(FuzzText(data, size), absl::MaxSplits('\n', 2));
  if (lines.size() < 3) return 0;
  const auto form = ParseForm(lines[1]);
  if (!form.ok()) return 0;
  CheckCandidates(lines[0]);
  CheckPublicUrl(lines[0], lines[1]);

  for (const SignedBody kind :
       {SignedBody::kNone, SignedBody::kForm, SignedBody::kJson}) {
    Check(!validator
               .Validate({.url = lines[0],
                          .body_kind = kind,
                          .body = lines[1],
                          .form = &*form,
                          .signature = lines[2]})
               .genuine(),
          "nobody without the token signs");
  }
  const absl::string_view url =
      absl::string_view(lines[0]).substr(0, lines[0].find('#'));
  const std::string signature = SignatureOf(kToken, url, *form);
  if (!IsPlain(url)) return 0;
  Check(validator.Validate({.url = url, .form = &*form, .signature = signature})
            .genuine(),
        "what was signed is genuine");
  return 0;
}
