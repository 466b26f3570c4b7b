#include "tests/server/shell/signed_callback.h"

#include <httplib.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace sidwatch {
namespace {

// What Twilio puts into X-Twilio-Signature for a form. By OpenSSL alone, so
// that our own reading of the rules is not tested against itself.
std::string Sign(const std::string& auth_token,
                 const std::map<std::string, std::string>& form) {
  std::string text = absl::StrCat(kPublicUrl, "/twilio/status");
  for (const auto& [name, value] : form) absl::StrAppend(&text, name, value);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha1(), auth_token.data(), static_cast<int>(auth_token.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest,
       &size);
  return absl::Base64Escape(
      absl::string_view(reinterpret_cast<const char*>(digest), size));
}

}  // namespace

int PostCallback(const std::string& address, const std::string& auth_token) {
  const std::map<std::string, std::string> form = {
      {"AccountSid", kAccount},
      {"MessageSid", "SM0123456789abcdef0123456789abcdef"},
      {"MessageStatus", "delivered"}};
  const httplib::Params params(form.begin(), form.end());
  httplib::Client client("http://" + address);
  const httplib::Result result =
      client.Post("/twilio/status",
                  {{"X-Twilio-Signature", Sign(auth_token, form)}}, params);
  return result ? result->status : 0;
}

}  // namespace sidwatch
