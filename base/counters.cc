#include "base/counters.h"

#include <algorithm>
#include <utility>

namespace sidwatch {

LabeledCounter::LabeledCounter(std::vector<std::string> labels)
    : labels_(std::move(labels)) {}

void LabeledCounter::Add(std::vector<std::string> values, uint64_t n) {
  MutexLock lock(mu_);
  const auto found = values_.find(values);
  if (found != values_.end()) {
    found->second += n;
    return;
  }
  if (values_.size() >= kCombinationsMax) {
    std::fill(values.begin(), values.end(), "other");
  }
  values_[std::move(values)] += n;
}

std::map<std::vector<std::string>, uint64_t> LabeledCounter::values() const {
  MutexLock lock(mu_);
  return values_;
}

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void Histogram::Observe(double value) {
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  const auto index = static_cast<size_t>(bound - bounds_.begin());
  counts_[index].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot snapshot;
  snapshot.counts.reserve(counts_.size());
  for (const auto& count : counts_) {
    snapshot.counts.push_back(count.load(std::memory_order_relaxed));
    snapshot.count += snapshot.counts.back();
  }
  snapshot.sum = sum_.load(std::memory_order_relaxed);
  return snapshot;
}

std::vector<double> Histogram::SecondsBounds() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
          0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
}

std::vector<double> Histogram::SizeBounds() {
  return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
}

}  // namespace sidwatch
