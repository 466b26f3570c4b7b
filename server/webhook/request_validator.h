#ifndef SIDWATCH_SERVER_WEBHOOK_REQUEST_VALIDATOR_H_
#define SIDWATCH_SERVER_WEBHOOK_REQUEST_VALIDATOR_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/webhook/hmac_sha1.h"
#include "storage/status_event.h"

namespace sidwatch {

// What Twilio signs a body as.
enum class SignedBody {
  kNone,          // GET: all parameters are in the URL
  kForm,          // every parameter is signed
  kJson,          // the URL carries bodySHA256, the hash of the raw body
  kUnverifiable,  // any other type: no signature says anything about it
};

// By the media type alone, whatever its parameters; a GET has no body.
// Case does not count.
SignedBody SignedBodyOf(absl::string_view method,
                        absl::string_view content_type);

// A request as Twilio made it. The views outlive the call they are given to.
struct SignedRequest {
  absl::string_view url;  // the public one with the raw query
  SignedBody body_kind = SignedBody::kForm;
  absl::string_view body;       // raw; looked at for kJson
  const Parameters* form = {};  // of the body, decoded; for kForm
  absl::string_view signature;  // X-Twilio-Signature
};

// Why a request is not believed.
enum class SignatureFault {
  kNone,
  kMissing,       // no signature
  kMalformed,     // not the base64 of 20 bytes
  kBodyHash,      // JSON whose bodySHA256 is missing or of another body
  kUnverifiable,  // a body that no signature covers
  kMismatch,      // another token, another URL, or changed on the way
};

// One word for the label of a metric: "missing", "body_hash" …
absl::string_view FaultWord(SignatureFault fault);

// Decides whether a request really came from Twilio.
//
// Twilio signs the public URL with the query as sent, and every form field of
// the body, including fields this service does not know. Give it the raw
// target and the raw body; believe nothing in them before it says kNone.
// Twilio is inconsistent about the port in the URL, so all spellings of
// SignedUrlCandidates pass.
//
// Thread safety: immutable after construction, share freely.
// Secrets: the auth tokens are never logged and never leave this class.
class RequestValidator {
 public:
  // Either of the tokens verifies: while they are rotated Twilio signs with
  // the primary one, and from one moment to the next with the other.
  explicit RequestValidator(const std::vector<std::string>& auth_tokens);

  struct Verdict {
    SignatureFault fault = SignatureFault::kNone;
    size_t token_index = 0;  // the token that verified it, when none is amiss

    bool genuine() const { return fault == SignatureFault::kNone; }
  };
  Verdict Validate(const SignedRequest& request) const;

 private:
  std::vector<HmacSha1Key> keys_;
};

// The form's part of what is signed: sorted by name, then by value, each
// distinct pair once, names and values without separators.
std::string SignedForm(const Parameters& form);

// The signature that Twilio makes of exactly this URL (no fragment) and form.
std::string SignatureOf(absl::string_view auth_token, absl::string_view url,
                        const Parameters& form);

// The 64 hex digits that Twilio puts into the query as bodySHA256.
std::string BodyHash(absl::string_view body);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_REQUEST_VALIDATOR_H_
