// The client library over TLS, against a fake with a certificate of its own.

#include <grpcpp/security/server_credentials.h>

#include <fstream>
#include <string>

#include "client/tracking_client.h"
#include "gmock/gmock.h"
#include "tests/client/fake_tracking_server.h"
#include "tests/client/test_certificate.h"
#include "tests/fakes/status_matchers.h"
#include "tests/fakes/temporary_folder.h"

namespace sidwatch {
namespace {

class TlsTest : public testing::Test {
 protected:
  // Serves with `server`, and asks clients for a certificate of `client_ca`
  // when that is given.
  void Serve(const TestCertificate& server, const std::string& client_ca) {
    grpc::SslServerCredentialsOptions options(
        client_ca.empty()
            ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
            : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = client_ca;
    options.pem_key_cert_pairs.push_back({server.key, server.certificate});
    server_.Start(grpc::SslServerCredentials(options));
  }

  std::string WriteFile(const std::string& name,
                        const std::string& content) const {
    std::string path = folder_.File(name);
    std::ofstream(path) << content;
    return path;
  }

  absl::StatusOr<bool> Check(TrackingClientOptions options) {
    options.server = server_.target();
    options.retry = {.attempts_max = 2,
                     .initial_backoff = absl::Milliseconds(1)};
    const auto client = TrackingClient::Make(std::move(options));
    if (!client.ok()) return client.status();
    return (*client)->CheckHealth("");
  }

  const TemporaryFolder folder_;
  FakeTrackingServer server_;
  const TestCertificate ours_ = MakeTestCertificate();
  const TestCertificate other_ = MakeTestCertificate();
};

TEST_F(TlsTest, TrustsTheGivenCertificateAuthority) {
  Serve(ours_, "");

  EXPECT_THAT(Check({.tls_ca_file = WriteFile("ca", ours_.certificate)}),
              IsOkAndHolds(true));
}

TEST_F(TlsTest, TrustsNoOther) {
  Serve(ours_, "");

  EXPECT_THAT(Check({.tls_ca_file = WriteFile("ca", other_.certificate)}),
              HasReason("SERVER_UNREACHABLE"));
}

TEST_F(TlsTest, ShowsItsOwnCertificate) {
  Serve(ours_, other_.certificate);

  EXPECT_THAT(Check({.tls_ca_file = WriteFile("ca", ours_.certificate),
                     .tls_cert_file = WriteFile("cert", other_.certificate),
                     .tls_key_file = WriteFile("key", other_.key)}),
              IsOkAndHolds(true));
}

TEST_F(TlsTest, SpeaksNoTlsUnlessAsked) {
  Serve(ours_, "");

  EXPECT_THAT(Check({}), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace sidwatch
