#ifndef SIDWATCH_BASE_COUNTERS_H_
#define SIDWATCH_BASE_COUNTERS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/mutex.h"

namespace sidwatch {

// What the service counts. Parts of the service add; server/admin alone reads
// and gives each member the metric name of CONTRACT section 8 ("sidwatch_" +
// the member's name).
//
// Thread safety: everything here may be used from any thread.

// A number that only rises.
class Counter {
 public:
  void Add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// A number that rises and falls.
class Gauge {
 public:
  void Add(int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  void Set(int64_t n) { value_.store(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// One counter for each combination of label values.
//
// Values come from our own vocabulary or a short outside one (statuses), never
// SIDs or numbers. Past kCombinationsMax every new combination is counted
// under "other", so that no outsider can grow the process.
class LabeledCounter {
 public:
  static constexpr size_t kCombinationsMax = 200;

  // `labels` names the labels, in the order in which Add gives their values.
  explicit LabeledCounter(std::vector<std::string> labels);

  void Add(std::vector<std::string> values, uint64_t n = 1);

  const std::vector<std::string>& labels() const { return labels_; }
  std::map<std::vector<std::string>, uint64_t> values() const;

 private:
  const std::vector<std::string> labels_;

  mutable Mutex mu_;
  std::map<std::vector<std::string>, uint64_t> values_ ABSL_GUARDED_BY(mu_);
};

// Counts of observations by upper bound, as Prometheus has them.
class Histogram {
 public:
  // `bounds` rise; an observation above the last counts in +Inf alone.
  explicit Histogram(std::vector<double> bounds);

  void Observe(double value);
  void Observe(absl::Duration value) { Observe(absl::ToDoubleSeconds(value)); }

  struct Snapshot {
    std::vector<uint64_t> counts;  // per bound, not cumulative; +Inf last
    uint64_t count = 0;
    double sum = 0;
  };
  Snapshot snapshot() const;
  const std::vector<double>& bounds() const { return bounds_; }

  // 100 us … 10 s, for everything that waits on a disk or a network.
  static std::vector<double> SecondsBounds();
  // 1, 2, 4 … 4096.
  static std::vector<double> SizeBounds();

 private:
  const std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

// All counters of the service. Names and labels: CONTRACT section 8.
struct Counters {
  // IN: what Twilio sends us.
  LabeledCounter webhook_requests_total{{"route", "outcome"}};
  Histogram webhook_duration_seconds{Histogram::SecondsBounds()};
  Gauge webhook_connections;
  LabeledCounter signature_failures_total{{"cause"}};

  // The log.
  LabeledCounter events_total{{"source", "status"}};
  Counter events_duplicate_total;
  Counter events_out_of_order_total;
  Counter events_conflict_total;
  // A second SID that came with the ref of a request already settled.
  Counter reference_reused_total;
  Histogram commit_batch_size{Histogram::SizeBounds()};
  Histogram commit_duration_seconds{Histogram::SecondsBounds()};

  // OUT: what we ask of Twilio.
  LabeledCounter send_requests_total{{"outcome"}};
  Histogram send_duration_seconds{Histogram::SecondsBounds()};
  LabeledCounter twilio_requests_total{{"operation", "http_status"}};

  // BACK: watches.
  Gauge watch_streams;
  Histogram watch_delivery_lag_seconds{Histogram::SecondsBounds()};
  Counter watch_slow_total;

  // The process.
  Gauge grpc_connections;
  Gauge insecure_grpc;  // 1: open to others without TLS and callers
  LabeledCounter config_reload_failures_total{{"file"}};
};

}  // namespace sidwatch

#endif  // SIDWATCH_BASE_COUNTERS_H_
