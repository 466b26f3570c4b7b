#ifndef SIDWATCH_SERVER_ADMIN_PROCESS_STATS_H_
#define SIDWATCH_SERVER_ADMIN_PROCESS_STATS_H_

namespace sidwatch {

// What the process uses, as every exporter names it. A figure that cannot be
// read is 0.
struct ProcessStats {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since 1970
  double resident_memory_bytes = 0;
  double virtual_memory_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;
  double threads = 0;
};

// Reads /proc/self. Any thread.
ProcessStats ReadProcessStats();

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_ADMIN_PROCESS_STATS_H_
