#include "server/admin/prometheus.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/admin/process_stats.h"

namespace sidwatch {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric Value(MetricType type, double value) {
  ClientMetric metric;
  if (type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return metric;
}

std::vector<ClientMetric> SamplesOf(const LabeledCounter& counter) {
  std::vector<ClientMetric> samples;
  for (const auto& [values, count] : counter.values()) {
    ClientMetric metric =
        Value(MetricType::Counter, static_cast<double>(count));
    for (size_t i = 0; i < values.size(); ++i) {
      metric.label.push_back({counter.labels()[i], values[i]});
    }
    samples.push_back(std::move(metric));
  }
  return samples;
}

ClientMetric SampleOf(const Histogram& histogram) {
  const Histogram::Snapshot snapshot = histogram.snapshot();
  ClientMetric metric;
  metric.histogram.sample_count = snapshot.count;
  metric.histogram.sample_sum = snapshot.sum;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < snapshot.counts.size(); ++i) {
    cumulative += snapshot.counts[i];
    metric.histogram.bucket.push_back({cumulative, i < histogram.bounds().size()
                                                       ? histogram.bounds()[i]
                                                       : INFINITY});
  }
  return metric;
}

// The families in the order in which they are told.
class Families {
 public:
  void Add(const char* name, const char* help, const Counter& counter) {
    Push(absl::StrCat("sidwatch_", name), help, MetricType::Counter,
         {Value(MetricType::Counter, static_cast<double>(counter.value()))});
  }
  void Add(const char* name, const char* help, const Gauge& gauge) {
    AddStore(name, help, gauge.value());
  }
  void Add(const char* name, const char* help, const LabeledCounter& counter) {
    Push(absl::StrCat("sidwatch_", name), help, MetricType::Counter,
         SamplesOf(counter));
  }
  void Add(const char* name, const char* help, const Histogram& histogram) {
    Push(absl::StrCat("sidwatch_", name), help, MetricType::Histogram,
         {SampleOf(histogram)});
  }
  void AddStore(const char* name, const char* help, int64_t value) {
    Push(absl::StrCat("sidwatch_", name), help, MetricType::Gauge,
         {Value(MetricType::Gauge, static_cast<double>(value))});
  }
  void AddProcess(const char* name, const char* help, MetricType type,
                  double value) {
    Push(absl::StrCat("process_", name), help, type, {Value(type, value)});
  }
  void AddBuild(absl::string_view version) {
    ClientMetric metric = Value(MetricType::Gauge, 1);
    metric.label.push_back({"version", std::string(version)});
    Push("sidwatch_build_info", "Always 1; the label names the program.",
         MetricType::Gauge, {metric});
  }

  std::string Text() const {
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  void Push(std::string name, const char* help, MetricType type,
            std::vector<ClientMetric> samples) {
    families_.push_back({std::move(name), help, type, std::move(samples)});
  }

  std::vector<MetricFamily> families_;
};

void AddWebhook(const Counters& c, Families& out) {
  out.Add("webhook_requests_total",
          "Requests on the webhook port by route and outcome.",
          c.webhook_requests_total);
  out.Add("webhook_duration_seconds",
          "From a whole webhook request to its answer, the commit included.",
          c.webhook_duration_seconds);
  out.Add("webhook_connections", "Open connections of the webhook port.",
          c.webhook_connections);
  out.Add("signature_failures_total",
          "Webhook requests that Twilio did not sign, by cause.",
          c.signature_failures_total);
}

void AddLog(const Counters& c, Families& out) {
  out.Add("events_total", "Stored status events by source and status.",
          c.events_total);
  out.Add("events_duplicate_total",
          "Reports of a status that was stored already.",
          c.events_duplicate_total);
  out.Add("events_out_of_order_total",
          "Stored events that came after a higher status of their message.",
          c.events_out_of_order_total);
  out.Add("events_conflict_total",
          "Stored events with another final status than their message had.",
          c.events_conflict_total);
  out.Add("reference_reused_total",
          "Callbacks with the ref of a request that another message settled.",
          c.reference_reused_total);
  out.Add("commit_batch_size", "Writes that shared one commit.",
          c.commit_batch_size);
  out.Add("commit_duration_seconds", "One commit, its disk sync included.",
          c.commit_duration_seconds);
}

void AddSends(const Counters& c, Families& out) {
  out.Add("send_requests_total", "SendTracked requests by outcome.",
          c.send_requests_total);
  out.Add("send_duration_seconds",
          "From a send's beginning to its outcome, Twilio included.",
          c.send_duration_seconds);
  out.Add("twilio_requests_total",
          "Requests to Twilio by operation and HTTP status.",
          c.twilio_requests_total);
}

void AddWatches(const Counters& c, Families& out) {
  out.Add("watch_streams", "Open watches.", c.watch_streams);
  out.Add("watch_delivery_lag_seconds",
          "From an event's commit to its being written to a watch.",
          c.watch_delivery_lag_seconds);
  out.Add("watch_slow_total",
          "Times a watch fell behind and read on from the log.",
          c.watch_slow_total);
  out.Add("grpc_connections", "Open connections of the gRPC port.",
          c.grpc_connections);
  out.Add("insecure_grpc",
          "1 while gRPC is open to other machines without TLS and callers.",
          c.insecure_grpc);
}

void AddStore(const StoreStats& stats, Families& out) {
  out.AddStore("messages_open", "Messages in the store without a final status.",
               stats.messages_open);
  out.AddStore("sends_unknown",
               "Sends in the store of which nobody knows the outcome.",
               stats.sends_unknown);
  out.AddStore("store_size_bytes", "Size of the store.", stats.size_bytes);
  out.AddStore("store_wal_bytes",
               "Size of the store's write-ahead log; it grows while a reader "
               "holds up the checkpoint.",
               stats.wal_bytes);
}

void AddProcess(Families& out) {
  const ProcessStats stats = ReadProcessStats();
  const MetricType gauge = MetricType::Gauge;
  out.AddProcess("cpu_seconds_total", "User and system time spent.",
                 MetricType::Counter, stats.cpu_seconds);
  out.AddProcess("start_time_seconds", "When the process began, since 1970.",
                 gauge, stats.start_time_seconds);
  out.AddProcess("resident_memory_bytes", "Resident memory.", gauge,
                 stats.resident_memory_bytes);
  out.AddProcess("virtual_memory_bytes", "Virtual memory.", gauge,
                 stats.virtual_memory_bytes);
  out.AddProcess("open_fds", "Open file descriptors.", gauge, stats.open_fds);
  out.AddProcess("max_fds", "File descriptors that may be open.", gauge,
                 stats.max_fds);
  out.AddProcess("threads", "Threads of the process.", gauge, stats.threads);
}

}  // namespace

std::string MetricsText(const Counters& counters, const StoreStats* store,
                        absl::string_view version) {
  Families families;
  AddWebhook(counters, families);
  AddLog(counters, families);
  AddSends(counters, families);
  AddWatches(counters, families);
  families.Add("config_reload_failures_total",
               "Changed files that could not be taken over, by setting.",
               counters.config_reload_failures_total);
  if (store != nullptr) AddStore(*store, families);
  families.AddBuild(version);
  AddProcess(families);
  return families.Text();
}

}  // namespace sidwatch
