#include "server/webhook/request_validator.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "base/ids.h"
#include "server/webhook/form_parameters.h"
#include "server/webhook/signed_url.h"

namespace sidwatch {
namespace {

constexpr size_t kSignatureSize = 28;

bool Equal(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() &&
         ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// The base64 of 20 bytes; a wrong character would merely never match.
bool LooksLikeSignature(absl::string_view text) {
  return text.size() == kSignatureSize && text.back() == '=';
}

bool BodyHashMatches(absl::string_view url, absl::string_view body) {
  const size_t mark = url.find('?');
  if (mark == absl::string_view::npos) return false;
  const absl::StatusOr<Parameters> query = ParseForm(url.substr(mark + 1));
  return query.ok() &&
         Equal(FindParameter(*query, "bodySHA256"), BodyHash(body));
}

}  // namespace

SignedBody SignedBodyOf(absl::string_view method,
                        absl::string_view content_type) {
  if (method == "GET") return SignedBody::kNone;
  const absl::string_view type = absl::StripAsciiWhitespace(
      content_type.substr(0, content_type.find(';')));
  if (absl::EqualsIgnoreCase(type, "application/x-www-form-urlencoded")) {
    return SignedBody::kForm;
  }
  return absl::EqualsIgnoreCase(type, "application/json")
             ? SignedBody::kJson
             : SignedBody::kUnverifiable;
}

absl::string_view FaultWord(SignatureFault fault) {
  switch (fault) {
    case SignatureFault::kNone:
      return "none";
    case SignatureFault::kMissing:
      return "missing";
    case SignatureFault::kMalformed:
      return "malformed";
    case SignatureFault::kBodyHash:
      return "body_hash";
    case SignatureFault::kUnverifiable:
      return "content";
    case SignatureFault::kMismatch:
      return "mismatch";
  }
  return "other";
}

RequestValidator::RequestValidator(
    const std::vector<std::string>& auth_tokens) {
  keys_.reserve(auth_tokens.size());
  for (const std::string& token : auth_tokens) keys_.emplace_back(token);
}

RequestValidator::Verdict RequestValidator::Validate(
    const SignedRequest& request) const {
  if (request.body_kind == SignedBody::kUnverifiable) {
    return {SignatureFault::kUnverifiable};
  }
  if (request.signature.empty()) return {SignatureFault::kMissing};
  if (!LooksLikeSignature(request.signature)) {
    return {SignatureFault::kMalformed};
  }
  if (request.body_kind == SignedBody::kJson &&
      !BodyHashMatches(request.url, request.body)) {
    return {SignatureFault::kBodyHash};
  }
  std::string form;
  if (request.body_kind == SignedBody::kForm && request.form != nullptr) {
    form = SignedForm(*request.form);
  }
  SignedUrlCandidates candidates(request.url);
  while (const std::optional<std::string> url = candidates.Next()) {
    for (size_t i = 0; i < keys_.size(); ++i) {
      if (Equal(keys_[i].Sign(*url, form), request.signature)) {
        return {SignatureFault::kNone, i};
      }
    }
  }
  return {SignatureFault::kMismatch};
}

std::string SignedForm(const Parameters& form) {
  std::vector<const Parameters::value_type*> sorted;
  sorted.reserve(form.size());
  size_t size = 0;
  for (const auto& parameter : form) {
    sorted.push_back(&parameter);
    size += parameter.first.size() + parameter.second.size();
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return *a < *b; });
  std::string text;
  text.reserve(size);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i > 0 && *sorted[i] == *sorted[i - 1]) continue;
    text += sorted[i]->first;
    text += sorted[i]->second;
  }
  return text;
}

std::string SignatureOf(absl::string_view auth_token, absl::string_view url,
                        const Parameters& form) {
  return HmacSha1Key(auth_token).Sign(url, SignedForm(form));
}

std::string BodyHash(absl::string_view body) {
  return absl::BytesToHexString(Sha256(body));
}

}  // namespace sidwatch
