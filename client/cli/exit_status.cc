#include "client/cli/exit_status.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "client/cli/text.h"

namespace sidwatch {
namespace {

// What the person can do about it; "" where the server's sentence says it.
std::string Remedy(const absl::Status& status, const ErrorDetail& detail) {
  const auto id = detail.metadata.find("request_id");
  if (detail.reason == "SEND_OUTCOME_UNKNOWN" && id != detail.metadata.end()) {
    return absl::StrCat("Ask later: sidwatch get --request-id ", id->second,
                        " (sending again with this id never sends twice)");
  }
  switch (ExitStatusOf(status)) {
    case kExitUnreachable:
      return "Is sidwatchd running there? --server or SIDWATCH_SERVER says "
             "where it is";
    case kExitRefused:
      break;
    default:
      return "";
  }
  if (status.code() == absl::StatusCode::kUnauthenticated) {
    return "Give the caller's token with --token-file or SIDWATCH_TOKEN";
  }
  if (detail.retry_delay) {
    return absl::StrCat("Try again in ",
                        absl::FormatDuration(*detail.retry_delay));
  }
  const auto more = detail.metadata.find("more_info");
  return more == detail.metadata.end() ? ""
                                       : absl::StrCat("See ", more->second);
}

std::string Sentence(const absl::Status& status, const ErrorDetail& detail,
                     const std::string& server) {
  if (ExitStatusOf(status) == kExitUnreachable) {
    return detail.reason == "SERVER_UNREACHABLE"
               ? std::string(status.message())
               : absl::StrCat("no answer from ", server, ": ",
                              status.message());
  }
  std::string sentence(status.message());
  for (const auto& [field, problem] : detail.fields) {
    // The first one is usually the sentence itself.
    if (absl::StrContains(sentence, problem)) continue;
    absl::StrAppend(&sentence, "; ", field, ": ", problem);
  }
  return sentence.empty() ? absl::StatusCodeToString(status.code()) : sentence;
}

}  // namespace

ExitStatus ExitStatusOf(const absl::Status& status) {
  const std::string reason = DetailOf(status).reason;
  if (status.ok()) return kExitDone;
  if (reason == "SEND_OUTCOME_UNKNOWN") return kExitOutcomeUnknown;
  if (reason == "SERVER_UNREACHABLE") return kExitUnreachable;
  // With a reason the service itself has answered.
  if (!reason.empty()) return kExitRefused;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return kExitUnreachable;
    default:
      return kExitRefused;
  }
}

std::string Describe(const absl::Status& status, const std::string& server) {
  const ErrorDetail detail = DetailOf(status);
  const std::string sentence = Printable(Sentence(status, detail, server));
  const std::string remedy = Printable(Remedy(status, detail));
  return remedy.empty() ? sentence : absl::StrCat(sentence, "\n", remedy);
}

}  // namespace sidwatch
