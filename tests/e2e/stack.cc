#include "tests/e2e/stack.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/webhook/form_parameters.h"
#include "server/webhook/request_validator.h"

namespace sidwatch {
namespace {

// A port that no other socket gets while the returned one is open. The server
// binds it too: both say SO_REUSEADDR and this one does not listen.
std::pair<int, int> ReservePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd, raw, size) != 0 || ::getsockname(fd, raw, &size) != 0) {
    std::abort();
  }
  return {fd, ntohs(address.sin_port)};
}

std::filesystem::path MakeTempDir() {
  std::string pattern = testing::TempDir() + "sidwatch-e2e-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  return pattern;
}

size_t Collect(char* data, size_t size, size_t count, void* out) {
  static_cast<std::string*>(out)->append(data, size * count);
  return size * count;
}

struct HttpAnswer {
  long status = 0;
  std::string body;
};

// Posts `form` if given, else gets.
HttpAnswer Fetch(const std::string& url, const std::string* form,
                 const std::string& header) {
  HttpAnswer answer;
  CURL* const curl = ::curl_easy_init();
  curl_slist* const headers =
      header.empty() ? nullptr : ::curl_slist_append(nullptr, header.c_str());
  ::curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  ::curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
  ::curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Collect);
  ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  if (form != nullptr) {
    ::curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form->c_str());
  }
  if (::curl_easy_perform(curl) == CURLE_OK) {
    ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  }
  ::curl_slist_free_all(headers);
  ::curl_easy_cleanup(curl);
  return answer;
}

}  // namespace

Stack::Stack() : dir_(MakeTempDir()) {
  std::tie(reserved_socket_, webhook_port_) = ReservePort();
}

Stack::~Stack() {
  server_.reset();
  twilio_.reset();
  ::close(reserved_socket_);
  std::filesystem::remove_all(dir_);
}

void Stack::StartTwilio(const std::string& faults) {
  auto twilio = Program::Serve(
      "twilio-emulator",
      {"--listen=127.0.0.1:0", "--speed=50", "--profile", faults},
      environment());
  if (!twilio.ok()) FAIL() << twilio.status();
  twilio_ = *std::move(twilio);
}

void Stack::StartServer(const std::vector<std::string>& more) {
  server_.reset();
  std::vector<std::string> all = arguments();
  all.insert(all.end(), more.begin(), more.end());
  auto server = Program::Serve("sidwatchd", all, environment());
  if (!server.ok()) FAIL() << server.status();
  server_ = *std::move(server);
  stub_ = v1::TrackingService::NewStub(grpc::CreateChannel(
      server_->address("grpc"), grpc::InsecureChannelCredentials()));
}

std::string Stack::public_url() const {
  return absl::StrCat("http://127.0.0.1:", webhook_port_);
}

std::vector<std::string> Stack::arguments() const {
  return {"serve",
          absl::StrCat("--storage=sqlite:", store_path()),
          absl::StrCat("--public-url=", public_url()),
          absl::StrCat("--webhook-listen=127.0.0.1:", webhook_port_),
          "--grpc-listen=127.0.0.1:0",
          "--admin-listen=127.0.0.1:0",
          absl::StrCat("--twilio-base-url=http://",
                       twilio_ ? twilio_->address("http") : "127.0.0.1:1"),
          "--drain-timeout=2s",
          "--log-level=warning"};
}

std::map<std::string, std::string> Stack::environment() const {
  return {{"TWILIO_ACCOUNT_SID", kAccountSid},
          {"TWILIO_AUTH_TOKEN", kAuthToken}};
}

int Stack::PostCallback(const std::string& message_sid,
                        const std::string& status,
                        const std::string& target) const {
  const Parameters parameters = {
      {"SmsSid", message_sid},     {"SmsStatus", status},
      {"MessageStatus", status},   {"To", "+15558675310"},
      {"MessageSid", message_sid}, {"AccountSid", kAccountSid},
      {"From", "+15017250604"},    {"ApiVersion", "2010-04-01"},
  };
  const std::string url = absl::StrCat(public_url(), target);
  const std::string form = WriteForm(parameters);
  const std::string signature = SignatureOf(kAuthToken, url, parameters);
  return static_cast<int>(
      Fetch(url, &form, absl::StrCat("X-Twilio-Signature: ", signature))
          .status);
}

int Stack::messages_created() const {
  const HttpAnswer answer = Fetch(
      absl::StrCat("http://", twilio_->address("http"), "/emulator/messages"),
      nullptr, "");
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  return json.is_object() ? static_cast<int>(json["messages"].size()) : -1;
}

v1::SendTrackedRequest Stack::Request(const std::string& request_id) {
  v1::SendTrackedRequest request;
  request.set_request_id(request_id);
  request.set_to("+15558675310");
  request.set_from("+15017250604");
  request.set_body("Hello");
  return request;
}

}  // namespace sidwatch
