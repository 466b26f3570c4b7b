#ifndef SIDWATCH_SERVER_WEBHOOK_HTTP_CONNECTION_H_
#define SIDWATCH_SERVER_WEBHOOK_HTTP_CONNECTION_H_

#include <list>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/webhook/request_reader.h"

namespace sidwatch {

// One TCP connection from a stranger and what has been read of its next
// request.
//
// Nothing here blocks but Send, and that not beyond its deadline. Times are of
// the monotonic clock.
//
// Thread safety: none. It belongs to the parking loop while it waits and to a
// worker while its request is in hand; ParkingLoop hands it over.
class HttpConnection {
 public:
  enum class Progress {
    kWaiting,  // no whole request yet
    kWhole,    // Take() it
    kRefused,  // Refuse(refusal())
    kGone,     // closed or broken by the peer
  };

  // Owns `fd`, which must not block. `rules` outlives the connection.
  HttpConnection(int fd, std::string remote_address, const RequestRules& rules);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Reads what has arrived, up to one whole request. Sends "100 Continue"
  // where it is waited for.
  Progress Read(absl::Duration now);

  // Says whether Read would find something.
  bool HasBytes() const;

  // Hands out the request of kWhole. What the peer has sent beyond it begins
  // the next one.
  RequestReader::Whole Take(absl::Duration now);

  // The status to refuse with, for kRefused.
  int refusal() const { return reader_.refusal(); }

  // Sends all of `bytes`, waiting for the peer until `deadline`. Returns false
  // when it could not.
  bool Send(absl::string_view bytes, absl::Duration deadline);

  // Answers `status` without a body as far as that goes without waiting, and
  // says that nothing follows. Read and drop (Drain) what still comes, or the
  // peer may lose the answer to a reset.
  void Refuse(int status, absl::string_view allow);

  // Says that nothing follows.
  void FinishSending();

  // Drops what has arrived. Returns false once the peer has closed.
  bool Drain();

  int fd() const { return fd_; }
  // Some of a request has come, but not yet taken.
  bool has_partial() const {
    return reader_.state() != RequestReader::State::kIdle;
  }
  // When the first byte of the request came that is read or not yet taken.
  absl::Duration request_began() const { return request_began_; }

  // --- The parking loop's own.
  absl::Duration wait_until = absl::InfiniteDuration();
  bool lingering = false;  // only drained, until then
  std::list<HttpConnection>::iterator place;

 private:
  const int fd_;
  const std::string remote_address_;
  RequestReader reader_;
  absl::Duration request_began_;
  absl::Duration whole_since_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_HTTP_CONNECTION_H_
