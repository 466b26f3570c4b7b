#ifndef SIDWATCH_CLIENT_TRACKING_CLIENT_H_
#define SIDWATCH_CLIENT_TRACKING_CLIENT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/retry_policy.h"
#include "client/status_watch.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {

// Where the service is, who calls it, and how patiently.
struct TrackingClientOptions {
  // host:port, unix:/path, or any other target that gRPC takes.
  std::string server = "127.0.0.1:50051";

  // PEM files. One of them or more: TLS; without `tls_ca_file` the roots of
  // the system are trusted. They are read again when they change.
  std::string tls_ca_file;
  std::string tls_cert_file;
  std::string tls_key_file;

  // Sent as `authorization: Bearer …`. The file, where given, is read for
  // every call, so that a token that is exchanged there is taken up.
  std::string token;
  std::string token_file;

  // How long a call may take with all its attempts. SendTracked waits longer
  // than the server waits for Twilio (its setting twilio-timeout).
  absl::Duration read_timeout = absl::Seconds(15);
  absl::Duration send_timeout = absl::Seconds(40);
  // How long one attempt waits for a connection.
  absl::Duration connect_timeout = absl::Seconds(5);

  RetryOptions retry;
};

// A connection to sidwatch: typed calls that keep their deadline and are
// tried again where that is safe.
//
// Errors are those of the service (CONTRACT section 5): the code, a sentence
// for people, and what DetailOf (base/error_detail.h) reads from it: a reason
// for programs, the fields that are wrong, the wait. The library adds one of
// its own: UNAVAILABLE `SERVER_UNREACHABLE`, surely nothing was asked of the
// service, because no connection could be made.
//
// Watches have a connection of their own: a connection carries a limited
// number of streams, and a call must never wait for a watch to end.
//
// Thread safety: all methods may be called from any thread.
// Blocking: each call blocks until its answer or its deadline. None may be
// made from a gRPC reaction.
// Secrets: the token is sent, never logged and never part of an error.
class TrackingClient {
 public:
  // Connects in the background; a server that is away is not an error here.
  //
  // Errors: INVALID_ARGUMENT (a file cannot be read, a certificate without
  // its key), naming it.
  static absl::StatusOr<std::unique_ptr<TrackingClient>> Make(
      TrackingClientOptions options);

  // Ends nothing: watches outlive the client that made them.
  ~TrackingClient();
  TrackingClient(const TrackingClient&) = delete;
  TrackingClient& operator=(const TrackingClient&) = delete;

  // Sends one message, at most once for one `request_id`.
  //
  // An empty `request_id` is made up here (a UUID of version 7); give one of
  // your own, kept before this call, to be safe across a crash of yours.
  // Every error carries the id in its metadata as `request_id`.
  //
  // Errors: UNAVAILABLE `SEND_OUTCOME_UNKNOWN` when it is not known whether
  // the message was sent, also when the connection broke or the deadline
  // passed under the call. Then call again later with the same id: it answers
  // what became of it and never sends twice. After any other error the
  // message was not sent.
  absl::StatusOr<v1::SendTrackedResponse> SendTracked(
      v1::SendTrackedRequest request);

  // Errors: NOT_FOUND `MESSAGE_UNKNOWN`, INVALID_ARGUMENT `FIELD_INVALID`.
  absl::StatusOr<v1::GetMessageResponse> GetMessage(
      const v1::GetMessageRequest& request);

  // Unknown SIDs are no error: they are in the answer, apart.
  absl::StatusOr<v1::BatchGetMessagesResponse> BatchGetMessages(
      const v1::BatchGetMessagesRequest& request);

  // One page, newest first. Put `next_page_token` into the next request until
  // it is empty.
  absl::StatusOr<v1::ListMessagesResponse> ListMessages(
      const v1::ListMessagesRequest& request);

  // One page, oldest first. Put `next_after_sequence` into the next request's
  // `after_sequence` until a page is empty.
  absl::StatusOr<v1::ListStatusEventsResponse> ListStatusEvents(
      const v1::ListStatusEventsRequest& request);

  // Begins a watch that goes on across broken connections, restarts and
  // drains of the server. Does not block. See StatusWatch.
  std::unique_ptr<StatusWatch> WatchStatus(
      v1::WatchStatusRequest request,
      StatusWatchOptions options = StatusWatchOptions());

  // Asks gRPC's standard health service whether `service` ("" for the whole
  // server) is serving.
  //
  // Errors: NOT_FOUND (no such service), UNAVAILABLE (not reachable).
  absl::StatusOr<bool> CheckHealth(absl::string_view service);

 private:
  class Impl;
  explicit TrackingClient(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_TRACKING_CLIENT_H_
