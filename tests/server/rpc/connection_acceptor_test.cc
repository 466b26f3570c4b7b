#include "server/rpc/connection_acceptor.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "gmock/gmock.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/rpc/raw_client.h"

namespace sidwatch {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr absl::Duration kGenerous = absl::Seconds(60);

// Takes the place of gRPC: owns what it is handed.
class Taker {
 public:
  ~Taker() {
    for (const int fd : fds_) close(fd);
  }

  void Take(int fd) {
    MutexLock lock(mu_);
    fds_.push_back(fd);
    changed_.NotifyAll();
  }

  // Waits until `count` were taken in all.
  bool WaitFor(size_t count) {
    MutexLock lock(mu_);
    while (fds_.size() < count) {
      if (!changed_.WaitFor(mu_, kGenerous)) return false;
    }
    return true;
  }

  // Closes the first one, as gRPC does when its client has gone.
  void CloseFirst() {
    MutexLock lock(mu_);
    close(fds_.front());
    fds_.erase(fds_.begin());
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::vector<int> fds_ ABSL_GUARDED_BY(mu_);
};

// Tells when a line with `text` was written.
class WaitingSink : public LogSink {
 public:
  explicit WaitingSink(std::string text) : text_(std::move(text)) {}

  void Write(LogLevel, absl::string_view message,
             const std::vector<LogField>&) override {
    MutexLock lock(mu_);
    if (absl::StrContains(message, text_)) ++lines_;
    written_.NotifyAll();
  }

  bool Wait() {
    MutexLock lock(mu_);
    while (lines_ == 0) {
      if (!written_.WaitFor(mu_, kGenerous)) return false;
    }
    return true;
  }

 private:
  const std::string text_;
  Mutex mu_;
  CondVar written_;
  int lines_ ABSL_GUARDED_BY(mu_) = 0;
};

// A temporary folder for unix sockets, whose paths must be short.
class TempFolder {
 public:
  TempFolder() { EXPECT_NE(mkdtemp(path_), nullptr); }
  ~TempFolder() { rmdir(path_); }
  std::string File(const char* name) const {
    return absl::StrCat(static_cast<const char*>(path_), "/", name);
  }

 private:
  char path_[32] = "/tmp/sidwatch-test-XXXXXX";
};

class ConnectionAcceptorTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<ConnectionAcceptor>> Listen(
      absl::string_view address, size_t connections_max = 100) {
    return ConnectionAcceptor::Listen(address, connections_max, Clock::Real(),
                                      Logger(sink_), counters_);
  }
  // Listens on a free port and accepts.
  std::unique_ptr<ConnectionAcceptor> Start(size_t connections_max) {
    auto acceptor = *Listen("127.0.0.1:0", connections_max);
    acceptor->Start([this](int fd) { taker_.Take(fd); });
    return acceptor;
  }

  Counters counters_;
  CollectingLogSink sink_;
  Taker taker_;
};

TEST_F(ConnectionAcceptorTest, HandsConnectionsOver) {
  const auto acceptor = Start(100);
  RawClient clients[3];

  for (RawClient& client : clients) {
    EXPECT_TRUE(client.Connect(acceptor->address()));
  }

  EXPECT_TRUE(taker_.WaitFor(3));
  EXPECT_TRUE(acceptor->alive());
}

TEST_F(ConnectionAcceptorTest, ReportsItsRealAddress) {
  const auto v4 = Listen("127.0.0.1:0");
  const auto name = Listen("localhost:0");
  ASSERT_THAT(v4, IsOk());
  ASSERT_THAT(name, IsOk());

  EXPECT_THAT((*v4)->address(),
              AllOf(StartsWith("127.0.0.1:"), Not(EndsWith(":0"))));
  EXPECT_THAT((*name)->address(), Not(EndsWith(":0")));
}

TEST_F(ConnectionAcceptorTest, ListensOnIpv6) {
  const auto v6 = Listen("[::1]:0");
  if (!v6.ok()) GTEST_SKIP() << "no IPv6 here: " << v6.status();

  EXPECT_THAT((*v6)->address(), StartsWith("[::1]:"));
}

TEST_F(ConnectionAcceptorTest, RefusesAPortInUse) {
  const auto first = Start(1);

  EXPECT_THAT(Listen(first->address()),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       AllOf(HasSubstr(first->address()),
                             HasSubstr("in use by another process"))));
}

TEST_F(ConnectionAcceptorTest, RefusesWhatIsNoAddress) {
  const std::string long_path = absl::StrCat("unix:/", std::string(200, 'x'));
  const char* const kAddresses[] = {
      "",      "50051",          ":50051",          "127.0.0.1:",
      "::1:5", "[::1]50051",     "127.0.0.1:http?", "127.0.0.1:99999",
      "unix:", long_path.c_str()};
  for (const char* address : kAddresses) {
    EXPECT_THAT(Listen(address), StatusIs(absl::StatusCode::kInvalidArgument))
        << address;
  }
}

TEST_F(ConnectionAcceptorTest, CannotListenOnAForeignAddress) {
  // TEST-NET-1 of RFC 5737 is nobody's.
  EXPECT_THAT(Listen("192.0.2.1:0"),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("cannot listen on 192.0.2.1:0")));
}

TEST_F(ConnectionAcceptorTest, ReplacesTheSocketFileOfADeadProcess) {
  const TempFolder folder;
  const std::string path = folder.File("s");
  // What a killed process leaves: the file, and nobody behind it.
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  close(fd);

  const auto acceptor = Listen(absl::StrCat("unix:", path));

  ASSERT_THAT(acceptor, IsOk());
  EXPECT_EQ((*acceptor)->address(), absl::StrCat("unix:", path));
}

TEST_F(ConnectionAcceptorTest, LeavesALivingUnixSocketAlone) {
  const TempFolder folder;
  const std::string address = absl::StrCat("unix:", folder.File("s"));
  const auto first = Listen(address);
  ASSERT_THAT(first, IsOk());

  EXPECT_THAT(Listen(address), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(ConnectionAcceptorTest, RemovesItsUnixSocketWhenItStops) {
  const TempFolder folder;
  const std::string path = folder.File("s");
  const auto acceptor = Listen(absl::StrCat("unix:", path));
  ASSERT_THAT(acceptor, IsOk());
  ASSERT_EQ(access(path.c_str(), F_OK), 0);

  (*acceptor)->Stop();

  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(ConnectionAcceptorTest, ClosesWhatIsBeyondItsLimit) {
  const auto acceptor = Start(2);
  RawClient clients[3];
  ASSERT_TRUE(clients[0].Connect(acceptor->address()));
  ASSERT_TRUE(clients[1].Connect(acceptor->address()));
  ASSERT_TRUE(taker_.WaitFor(2));

  ASSERT_TRUE(clients[2].Connect(acceptor->address()));

  EXPECT_TRUE(clients[2].IsClosed());
}

TEST_F(ConnectionAcceptorTest, TakesAnotherAsSoonAsOneIsClosed) {
  const auto acceptor = Start(1);
  RawClient first;
  RawClient second;
  ASSERT_TRUE(first.Connect(acceptor->address()));
  ASSERT_TRUE(taker_.WaitFor(1));

  taker_.CloseFirst();
  ASSERT_TRUE(second.Connect(acceptor->address()));

  EXPECT_TRUE(taker_.WaitFor(1));
}

TEST_F(ConnectionAcceptorTest, RecoversWhenDescriptorsRunOut) {
  WaitingSink sink("cannot accept");
  auto acceptor = *ConnectionAcceptor::Listen("127.0.0.1:0", 100, Clock::Real(),
                                              Logger(sink), counters_);
  acceptor->Start([this](int fd) { taker_.Take(fd); });
  RawClient clients[5];

  {
    const NoDescriptors exhausted;
    for (RawClient& client : clients) {
      ASSERT_TRUE(client.Connect(acceptor->address()));
    }
    ASSERT_TRUE(sink.Wait());
    EXPECT_TRUE(acceptor->alive());
  }

  EXPECT_TRUE(taker_.WaitFor(5));
}

TEST_F(ConnectionAcceptorTest, StopsThoughDescriptorsHaveRunOut) {
  WaitingSink sink("cannot accept");
  auto acceptor = *ConnectionAcceptor::Listen("127.0.0.1:0", 100, Clock::Real(),
                                              Logger(sink), counters_);
  acceptor->Start([this](int fd) { taker_.Take(fd); });
  RawClient client;
  const NoDescriptors exhausted;
  ASSERT_TRUE(client.Connect(acceptor->address()));
  ASSERT_TRUE(sink.Wait());

  acceptor->Stop();

  EXPECT_TRUE(acceptor->alive());
}

}  // namespace
}  // namespace sidwatch
