#ifndef SIDWATCH_SERVER_ADMIN_PROMETHEUS_H_
#define SIDWATCH_SERVER_ADMIN_PROMETHEUS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "base/counters.h"
#include "storage/store.h"

namespace sidwatch {

// Everything that /metrics tells, in Prometheus' text format: the counters of
// this process, the gauges of the store, and the process's own figures. The
// only place that gives a counter its public name (CONTRACT section 8).
//
// `store` may be null: then the gauges of the store are left out, as when they
// cannot be read. Any thread; reads /proc.
std::string MetricsText(const Counters& counters, const StoreStats* store,
                        absl::string_view version);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_ADMIN_PROMETHEUS_H_
