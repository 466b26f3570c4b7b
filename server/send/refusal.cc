#include "server/send/refusal.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/error_detail.h"

namespace sidwatch {
namespace {

// Told to wait when Twilio says "too many" and does not say how long.
constexpr absl::Duration kRetryDelayDefault = absl::Seconds(3);

constexpr int kQueueFullCode = 21611;
constexpr int kTooManyRequestsCode = 20429;

// Codes whose cause is not in the request (FACTS 4.4). Everything that is not
// here speaks of its recipient, sender or content: INVALID_ARGUMENT. Sender
// codes (21212, 21606, 21659, 21660) are among those: the caller named it.
struct CodeRule {
  int twilio_code;
  absl::StatusCode code;
};
constexpr CodeRule kCodeRules[] = {
    {14107, absl::StatusCode::kResourceExhausted},   // loop protection
    {20404, absl::StatusCode::kFailedPrecondition},  // no such account
    {21408, absl::StatusCode::kFailedPrecondition},  // region not enabled
    {21608, absl::StatusCode::kFailedPrecondition},  // trial account
    {21609, absl::StatusCode::kFailedPrecondition},  // our StatusCallback
    {21610, absl::StatusCode::kFailedPrecondition},  // recipient said STOP
    {21611, absl::StatusCode::kResourceExhausted},   // sender's queue is full
    {21701, absl::StatusCode::kFailedPrecondition},  // service unknown
    {21703, absl::StatusCode::kFailedPrecondition},  // service has no sender
    {21704, absl::StatusCode::kFailedPrecondition},  // … none usable
    {21705, absl::StatusCode::kFailedPrecondition},  // service invalid
    {35125, absl::StatusCode::kResourceExhausted},   // too many scheduled
};

bool SpeaksOfCredentials(const TwilioRefusal& refusal) {
  return refusal.http_status == 401 || refusal.code == 20003 ||
         refusal.code == 20005 || refusal.code == 20008;
}

absl::StatusCode CodeOf(const TwilioRefusal& refusal) {
  for (const CodeRule& rule : kCodeRules) {
    if (rule.twilio_code == refusal.code) return rule.code;
  }
  if (refusal.http_status == 401 || refusal.http_status == 403) {
    return absl::StatusCode::kFailedPrecondition;
  }
  if (refusal.http_status == 429) return absl::StatusCode::kResourceExhausted;
  // Without a number of Twilio's it was something in between, or a base URL
  // that leads nowhere.
  if (refusal.code == 0 &&
      (refusal.http_status == 404 || refusal.http_status == 405)) {
    return absl::StatusCode::kFailedPrecondition;
  }
  return absl::StatusCode::kInvalidArgument;
}

std::map<std::string, std::string> MetadataOf(const Refusal& refusal) {
  std::map<std::string, std::string> metadata = {
      {"http_status", absl::StrCat(refusal.http_status)}};
  if (refusal.twilio_code != 0) {
    metadata["twilio_code"] = absl::StrCat(refusal.twilio_code);
  }
  if (!refusal.more_info.empty()) metadata["more_info"] = refusal.more_info;
  return metadata;
}

// "Twilio refused: The 'To' number is not valid (21211)".
std::string SentenceOf(absl::string_view what, const Refusal& refusal) {
  if (refusal.twilio_code == 0) {
    return absl::StrCat(what, ": HTTP ", refusal.http_status);
  }
  return absl::StrCat(what, ": ", refusal.message, " (", refusal.twilio_code,
                      ")");
}

}  // namespace

RefusalKind KindOf(const TwilioRefusal& refusal) {
  if (refusal.code == kQueueFullCode) return RefusalKind::kQueueFull;
  if (SpeaksOfCredentials(refusal)) return RefusalKind::kCredentials;
  if (refusal.http_status == 429 || refusal.code == kTooManyRequestsCode) {
    return RefusalKind::kRateLimited;
  }
  if (refusal.http_status == 403) return RefusalKind::kOfAccount;
  return RefusalKind::kOfRequest;
}

Refusal ToRefusal(const TwilioRefusal& refusal) {
  return {.code = CodeOf(refusal),
          .twilio_code = refusal.code,
          .http_status = refusal.http_status,
          .message = refusal.message,
          .more_info = refusal.more_info};
}

absl::Status RefusedError(const Refusal& refusal) {
  return DetailedError(
      refusal.code, SentenceOf("Twilio refused", refusal),
      {.reason = "TWILIO_REFUSED", .metadata = MetadataOf(refusal)});
}

absl::Status ReleasedError(const TwilioRefusal& twilio_refusal) {
  const Refusal refusal = ToRefusal(twilio_refusal);
  ErrorDetail detail = {.metadata = MetadataOf(refusal),
                        .retry_delay = twilio_refusal.retry_after};
  switch (KindOf(twilio_refusal)) {
    case RefusalKind::kCredentials:
      detail.reason = "TWILIO_CREDENTIALS";
      return DetailedError(
          absl::StatusCode::kFailedPrecondition,
          SentenceOf("Twilio refused this service's credentials", refusal),
          detail);
    case RefusalKind::kRateLimited:
      detail.reason = "RATE_LIMITED";
      detail.retry_delay =
          twilio_refusal.retry_after.value_or(kRetryDelayDefault);
      return DetailedError(
          absl::StatusCode::kResourceExhausted,
          "Twilio takes no more requests right now; the message was not sent, "
          "try again with the same request_id",
          detail);
    case RefusalKind::kOfRequest:
    case RefusalKind::kOfAccount:
    case RefusalKind::kQueueFull:
      break;
  }
  detail.reason = "TWILIO_REFUSED";
  return DetailedError(refusal.code, SentenceOf("Twilio refused", refusal),
                       detail);
}

}  // namespace sidwatch
