#include "server/ready.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/shell/temp_folder.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;

TEST(ReadyTest, WritesOneLineOfJsonAndCloses) {
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);

  ASSERT_THAT(WriteReadyLine(pipe_fds[1], {.grpc = "unix:/run/s",
                                           .webhook = "127.0.0.1:1",
                                           .admin = "[::1]:2"}),
              IsOk());

  std::string text(4096, '\0');
  const ssize_t size = read(pipe_fds[0], text.data(), text.size());
  EXPECT_EQ(text.substr(0, static_cast<size_t>(size)),
            "{\"ready\":true,\"grpc\":\"unix:/run/s\",\"webhook\":"
            "\"127.0.0.1:1\",\"admin\":\"[::1]:2\"}\n");
  EXPECT_EQ(read(pipe_fds[0], text.data(), text.size()), 0) << "not closed";
  close(pipe_fds[0]);
}

TEST(ReadyTest, SaysThatNobodyReadsTheLine) {
  signal(SIGPIPE, SIG_IGN);
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  close(pipe_fds[0]);

  EXPECT_THAT(WriteReadyLine(pipe_fds[1], {}),
              StatusIs(absl::StatusCode::kUnavailable,
                       "nobody reads --ready-fd: Broken pipe"));
}

TEST(ReadyTest, RefusesADescriptorThatCannotBeWrittenTo) {
  const int read_only = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int closed = dup(read_only);
  close(closed);

  for (const int fd : {read_only, closed}) {
    EXPECT_THAT(CheckReadyFd(fd),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("is not open for writing")));
  }
  EXPECT_THAT(CheckReadyFd(STDERR_FILENO), IsOk());
  close(read_only);
}

TEST(ReadyTest, TellsTheSupervisorInOneDatagram) {
  const TempFolder folder;
  const std::string path = folder.path("notify");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);

  ASSERT_THAT(NotifySupervisor(path, "READY=1"), IsOk());

  std::string text(64, '\0');
  const ssize_t size = recv(fd, text.data(), text.size(), 0);
  EXPECT_EQ(text.substr(0, static_cast<size_t>(size)), "READY=1");
  close(fd);
}

TEST(ReadyTest, DoesWithoutASupervisor) {
  EXPECT_THAT(NotifySupervisor("", "READY=1"), IsOk());
  EXPECT_THAT(NotifySupervisor("/no/such/socket", "READY=1"),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("No such file or directory")));
  EXPECT_THAT(
      NotifySupervisor(std::string(200, 'x'), "READY=1"),
      StatusIs(absl::StatusCode::kUnavailable, "NOTIFY_SOCKET is too long"));
}

}  // namespace
}  // namespace sidwatch
