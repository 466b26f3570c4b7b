#ifndef SIDWATCH_SERVER_PROCESS_H_
#define SIDWATCH_SERVER_PROCESS_H_

#include "absl/time/time.h"

namespace sidwatch {

// What sidwatchd asks of the operating system for itself.

// To be called before any thread is begun: SIGTERM and SIGINT wait for
// WaitForTermination, and a peer that went away is an error of a write instead
// of SIGPIPE.
void TakeOverSignals();

// Waits for SIGTERM or SIGINT. Returns false when `timeout` passed first.
// Main thread only.
bool WaitForTermination(absl::Duration timeout);

// From now on SIGTERM and SIGINT end the process at once, with status 1. Main
// thread only.
void ExitOnNextTermination();

// Allows as many open files as this process may allow itself. gRPC's sockets
// and parked connections need one each.
void RaiseDescriptorLimit();

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_PROCESS_H_
