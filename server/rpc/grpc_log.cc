#include "server/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include "base/mutex.h"

namespace sidwatch {
namespace {

// gRPC takes a bare function, so what it writes to must be global. Never
// destroyed: gRPC's threads may log until the process is gone.
struct Target {
  Mutex mu;
  const Logger* logger ABSL_GUARDED_BY(mu) = nullptr;
};

Target& GlobalTarget() {
  static auto* const target = new Target;
  return *target;
}

void Forward(gpr_log_func_args* args) {
  Target& target = GlobalTarget();
  MutexLock lock(target.mu);
  if (target.logger == nullptr) return;
  // gRPC's errors are about one connection or call, not about us.
  if (args->severity == GPR_LOG_SEVERITY_ERROR) {
    target.logger->Warning("gRPC", {{"detail", args->message}});
  } else {
    target.logger->Debug("gRPC", {{"detail", args->message}});
  }
}

}  // namespace

GrpcLogRoute::GrpcLogRoute(Logger logger) : logger_(logger) {
  {
    MutexLock lock(GlobalTarget().mu);
    GlobalTarget().logger = &logger_;
  }
  gpr_set_log_function(&Forward);
}

GrpcLogRoute::~GrpcLogRoute() {
  MutexLock lock(GlobalTarget().mu);
  if (GlobalTarget().logger == &logger_) GlobalTarget().logger = nullptr;
}

}  // namespace sidwatch
