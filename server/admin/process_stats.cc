#include "server/admin/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace sidwatch {
namespace {

std::string ReadFile(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

double ToDouble(absl::string_view text) {
  double value = 0;
  return absl::SimpleAtod(absl::StripAsciiWhitespace(text), &value) ? value : 0;
}

// The fields of /proc/self/stat from the third on (proc(5) counts from one):
// the second is the program's name and may hold spaces.
std::vector<std::string> StatFields() {
  const std::string stat = ReadFile("/proc/self/stat");
  const size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return {};
  return absl::StrSplit(stat.substr(name_end + 2), ' ');
}

// When the machine was started, in seconds since 1970.
double BootTime() {
  for (const absl::string_view line :
       absl::StrSplit(ReadFile("/proc/stat"), '\n')) {
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, "btime ")) return ToDouble(rest);
  }
  return 0;
}

double OpenFds() {
  std::error_code error;
  const std::filesystem::directory_iterator folder("/proc/self/fd", error);
  if (error) return 0;
  // Less the one that reads the folder.
  return static_cast<double>(std::distance(begin(folder), end(folder)) - 1);
}

double MaxFds() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  stats.open_fds = OpenFds();
  stats.max_fds = MaxFds();
  const std::vector<std::string> fields = StatFields();
  // Numbers of proc(5), less the three that come before our first.
  constexpr size_t kUserTime = 14 - 3;
  constexpr size_t kSystemTime = 15 - 3;
  constexpr size_t kThreads = 20 - 3;
  constexpr size_t kStartTime = 22 - 3;
  constexpr size_t kVirtualSize = 23 - 3;
  constexpr size_t kResidentPages = 24 - 3;
  if (fields.size() <= kResidentPages) return stats;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  stats.cpu_seconds =
      (ToDouble(fields[kUserTime]) + ToDouble(fields[kSystemTime])) / ticks;
  stats.start_time_seconds = BootTime() + ToDouble(fields[kStartTime]) / ticks;
  stats.virtual_memory_bytes = ToDouble(fields[kVirtualSize]);
  stats.resident_memory_bytes = ToDouble(fields[kResidentPages]) * page;
  stats.threads = ToDouble(fields[kThreads]);
  return stats;
}

}  // namespace sidwatch
