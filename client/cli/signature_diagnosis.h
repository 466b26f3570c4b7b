#ifndef SIDWATCH_CLIENT_CLI_SIGNATURE_DIAGNOSIS_H_
#define SIDWATCH_CLIENT_CLI_SIGNATURE_DIAGNOSIS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sidwatch {

// A callback as somebody wrote it down, and the token to check it with.
struct CapturedRequest {
  std::string url;
  std::string signature;
  std::string method;  // upper case
  std::string content_type;
  std::string body;
  std::string auth_token;
};

struct Diagnosis {
  bool genuine = false;
  // For people: that it is genuine, or what is most likely wrong.
  std::string text;
};

// Checks the signature. When it does not fit, tries what usually went wrong
// on the way here: another scheme, port or trailing slash, a lost query, a
// line end that an editor added, the wrong method, blanks around the token.
// Combinations of those, the smallest first, are tried too; the first that
// fits is named.
Diagnosis Diagnose(const CapturedRequest& request);

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CLI_SIGNATURE_DIAGNOSIS_H_
