#include "base/listen_socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(ListenSocketTest, PicksAPortAndTellsWhich) {
  const auto socket = ListenSocket::Listen("127.0.0.1:0");

  ASSERT_THAT(socket, IsOk());
  EXPECT_THAT(socket->address(), MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
}

TEST(ListenSocketTest, SharesAPortWithNobody) {
  const auto first = ListenSocket::Listen("127.0.0.1:0");
  ASSERT_THAT(first, IsOk());

  EXPECT_THAT(ListenSocket::Listen(first->address()),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       HasSubstr("in use by another process")));
}

TEST(ListenSocketTest, RefusesWhatIsNoAddress) {
  for (const char* address : {"", "127.0.0.1", ":8080", "::1:8080", "[::1]",
                              "127.0.0.1:port", "unix:"}) {
    SCOPED_TRACE(address);
    EXPECT_THAT(ListenSocket::Listen(address),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(ListenSocketTest, NobodyWaitingIsNoError) {
  const auto socket = ListenSocket::Listen("127.0.0.1:0");
  ASSERT_THAT(socket, IsOk());
  AcceptedSocket accepted;

  EXPECT_EQ(socket->Accept(accepted), AcceptOutcome::kNobody);
}

TEST(ListenSocketTest, RemovesTheFileOfItsUnixSocket) {
  const std::string path =
      testing::TempDir() + "listen-" + std::to_string(getpid()) + ".sock";
  struct stat file = {};
  {
    const auto socket = ListenSocket::Listen("unix:" + path);
    ASSERT_THAT(socket, IsOk());
    EXPECT_EQ(socket->address(), "unix:" + path);
    EXPECT_EQ(stat(path.c_str(), &file), 0);
  }

  EXPECT_NE(stat(path.c_str(), &file), 0);
}

}  // namespace
}  // namespace sidwatch
