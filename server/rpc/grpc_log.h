#ifndef SIDWATCH_SERVER_RPC_GRPC_LOG_H_
#define SIDWATCH_SERVER_RPC_GRPC_LOG_H_

#include "base/log.h"

namespace sidwatch {

// Sends what gRPC logs to a logger of ours for as long as it lives; what comes
// after is dropped. gRPC has one log for the whole process: the last one made
// gets the lines.
class GrpcLogRoute {
 public:
  explicit GrpcLogRoute(Logger logger);
  ~GrpcLogRoute();
  GrpcLogRoute(const GrpcLogRoute&) = delete;
  GrpcLogRoute& operator=(const GrpcLogRoute&) = delete;

 private:
  Logger logger_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_GRPC_LOG_H_
