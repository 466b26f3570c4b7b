#include "server/admin/prometheus.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sidwatch {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string Text(const Counters& counters, const StoreStats* store = nullptr) {
  return MetricsText(counters, store, "1.2.3");
}

TEST(PrometheusTest, HasTheNamesOfTheContractFromTheFirstScrape) {
  struct Row {
    std::string name;
    std::string type;
  };
  const Row rows[] = {{"webhook_requests_total", "counter"},
                      {"webhook_duration_seconds", "histogram"},
                      {"events_total", "counter"},
                      {"events_duplicate_total", "counter"},
                      {"events_out_of_order_total", "counter"},
                      {"events_conflict_total", "counter"},
                      {"signature_failures_total", "counter"},
                      {"commit_batch_size", "histogram"},
                      {"commit_duration_seconds", "histogram"},
                      {"watch_streams", "gauge"},
                      {"watch_delivery_lag_seconds", "histogram"},
                      {"watch_slow_total", "counter"},
                      {"send_requests_total", "counter"},
                      {"send_duration_seconds", "histogram"},
                      {"twilio_requests_total", "counter"},
                      {"sends_unknown", "gauge"},
                      {"messages_open", "gauge"},
                      {"config_reload_failures_total", "counter"},
                      {"store_size_bytes", "gauge"},
                      {"store_wal_bytes", "gauge"},
                      {"build_info", "gauge"}};
  const StoreStats stats;

  const std::string text = Text(Counters(), &stats);

  for (const Row& row : rows) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("# TYPE sidwatch_", row.name, " ",
                                             row.type, "\n")));
    EXPECT_THAT(text,
                HasSubstr(absl::StrCat("# HELP sidwatch_", row.name, " ")));
  }
}

TEST(PrometheusTest, TellsCountersWithTheirLabels) {
  Counters counters;
  counters.events_duplicate_total.Add(3);
  counters.webhook_requests_total.Add({"status", "stored"}, 2);
  counters.webhook_requests_total.Add({"status", "duplicate"});
  counters.watch_streams.Set(5);

  EXPECT_THAT(
      Text(counters),
      AllOf(HasSubstr("\nsidwatch_events_duplicate_total 3\n"),
            HasSubstr("\nsidwatch_webhook_requests_total{route=\"status\","
                      "outcome=\"stored\"} 2\n"),
            HasSubstr("\nsidwatch_webhook_requests_total{route=\"status\","
                      "outcome=\"duplicate\"} 1\n"),
            HasSubstr("\nsidwatch_watch_streams 5\n"),
            HasSubstr("\nsidwatch_build_info{version=\"1.2.3\"} 1\n")));
}

TEST(PrometheusTest, AddsUpTheBucketsOfAHistogram) {
  Counters counters;
  for (const double size : {1, 1, 3, 5000}) {
    counters.commit_batch_size.Observe(size);
  }

  EXPECT_THAT(
      Text(counters),
      AllOf(HasSubstr("\nsidwatch_commit_batch_size_bucket{le=\"1\"} 2\n"),
            HasSubstr("\nsidwatch_commit_batch_size_bucket{le=\"2\"} 2\n"),
            HasSubstr("\nsidwatch_commit_batch_size_bucket{le=\"4\"} 3\n"),
            HasSubstr("\nsidwatch_commit_batch_size_bucket{le=\"4096\"} 3\n"),
            HasSubstr("\nsidwatch_commit_batch_size_bucket{le=\"+Inf\"} 4\n"),
            HasSubstr("\nsidwatch_commit_batch_size_sum 5005\n"),
            HasSubstr("\nsidwatch_commit_batch_size_count 4\n")));
}

TEST(PrometheusTest, TellsTheStoresGauges) {
  const StoreStats stats = {.messages_open = 7,
                            .sends_unknown = 2,
                            .size_bytes = 4096,
                            .wal_bytes = 512};

  EXPECT_THAT(Text(Counters(), &stats),
              AllOf(HasSubstr("\nsidwatch_messages_open 7\n"),
                    HasSubstr("\nsidwatch_sends_unknown 2\n"),
                    HasSubstr("\nsidwatch_store_size_bytes 4096\n"),
                    HasSubstr("\nsidwatch_store_wal_bytes 512\n")));
}

TEST(PrometheusTest, LeavesOutTheStoresGaugesRatherThanLie) {
  EXPECT_THAT(Text(Counters()), Not(HasSubstr("sidwatch_messages_open")));
}

TEST(PrometheusTest, EscapesWhatALabelHolds) {
  Counters counters;
  counters.events_total.Add({"CALLBACK", "a\"b\\c\nd"});

  EXPECT_THAT(Text(counters), HasSubstr("status=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(PrometheusTest, TellsWhatTheProcessUses) {
  const std::string text = Text(Counters());

  for (const char* name :
       {"start_time_seconds", "resident_memory_bytes", "virtual_memory_bytes",
        "open_fds", "max_fds", "threads"}) {
    const std::string begin = absl::StrCat("\nprocess_", name, " ");
    EXPECT_THAT(text, AllOf(HasSubstr(begin), Not(HasSubstr(begin + "0\n"))));
  }
  EXPECT_THAT(text, HasSubstr("\nprocess_cpu_seconds_total "));
}

}  // namespace
}  // namespace sidwatch
