#ifndef SIDWATCH_SERVER_SEND_CURL_TWILIO_CLIENT_H_
#define SIDWATCH_SERVER_SEND_CURL_TWILIO_CLIENT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/counters.h"
#include "base/mutex.h"
#include "server/send/twilio_client.h"

namespace sidwatch {

// What Basic auth takes: AccountSid and auth token, or API key SID and secret.
struct TwilioCredentials {
  std::string user;
  std::string secret;
};

// Twilio's Messages API over libcurl.
//
// It knows for each call whether the request began to leave. Until then a
// failure is NotSent; from then on everything but a readable answer is
// OutcomeUnknown. libcurl repeats a POST by itself when a kept connection dies
// before the reply, which could send a message twice: that is stopped here.
//
// A few idle connections are kept, for 15 s each: one that Twilio closes just
// as we write costs an unknown outcome. TLS certificates are always checked.
// No redirect is followed. A proxy is taken from HTTPS_PROXY and NO_PROXY
// alone, and never for a loopback address.
//
// Thread safety: all methods may be called from any thread; each call blocks
// its own thread for `timeout` at most.
// Secrets: credentials and parameters stand in no error and no log line.
class CurlTwilioClient : public TwilioClient {
 public:
  struct Options {
    std::string base_url = "https://api.twilio.com";
    std::string region;  // "au1"; empty: us1
    std::string edge;    // "sydney"; empty: none
    absl::Duration timeout = absl::Seconds(30);
    absl::Duration connect_timeout = absl::Seconds(10);
    size_t reply_max_bytes = 1024 * 1024;
    size_t idle_connections_max = 50;
  };

  // `counters` outlives the client and counts twilio_requests_total.
  // Errors: INVALID_ARGUMENT saying what is wrong with the base URL (plain
  // http is for loopback only).
  static absl::StatusOr<std::unique_ptr<CurlTwilioClient>> Make(
      Options options, TwilioCredentials credentials, Counters& counters);

  ~CurlTwilioClient() override;
  CurlTwilioClient(const CurlTwilioClient&) = delete;
  CurlTwilioClient& operator=(const CurlTwilioClient&) = delete;

  // Used from the next call on.
  void SetCredentials(TwilioCredentials credentials);

  CreateResult CreateMessage(const std::string& account_sid,
                             const Parameters& parameters) override;

 private:
  class Handle;
  struct Reply;

  CurlTwilioClient(Options options, TwilioCredentials credentials,
                   Counters& counters);
  std::unique_ptr<Handle> TakeHandle();
  void ReturnHandle(std::unique_ptr<Handle> handle);
  TwilioCredentials credentials() const;
  Reply Post(const std::string& url, const std::string& form);
  CreateResult ReadReply(const Reply& reply) const;

  const Options options_;
  const bool loopback_;
  const std::string proxy_;  // "" for none
  Counters& counters_;

  mutable Mutex mu_;
  TwilioCredentials credentials_ ABSL_GUARDED_BY(mu_);
  std::vector<std::unique_ptr<Handle>> idle_ ABSL_GUARDED_BY(mu_);
};

// The base URL of a region and edge (FACTS 4.5): api.twilio.com becomes
// api.{edge}.{region}.twilio.com. Any other host stays as it is.
std::string TwilioBaseUrl(absl::string_view base_url, absl::string_view region,
                          absl::string_view edge);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SEND_CURL_TWILIO_CLIENT_H_
