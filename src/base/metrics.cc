#include "base/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <vector>

#include "base/histogram.h"

namespace turms {

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()), counts_(bounds.size() + 1) {}

void Histogram::observe(double value, uint64_t times) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(times, std::memory_order_relaxed);
  sum_.fetch_add(value * static_cast<double>(times), std::memory_order_relaxed);
}

}  // namespace turms

namespace turms::metrics {
namespace {

using LabelMap = std::map<std::string, std::string>;

struct Family {
  std::string help;
  prometheus::MetricType type;
  std::map<LabelMap, Metric> members;
};
struct HistogramFamily {
  std::string help;
  std::vector<double> bounds;
  std::map<LabelMap, Histogram> members;
};

struct Registry {
  std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;
  std::map<std::string, HistogramFamily, std::less<>> histograms;
};

Registry& registry() {
  // Never destroyed: threads may still count while the process exits.
  static Registry* instance = new Registry;
  return *instance;
}

LabelMap key_of(Labels labels) {
  LabelMap key;
  for (const auto& [label, value] : labels) key.emplace(label, value);
  return key;
}

Metric& find_or_make(std::string_view name, std::string_view help, prometheus::MetricType type,
                     Labels labels) {
  LabelMap key = key_of(labels);
  std::lock_guard lock(registry().mutex);
  auto it = registry().families.find(name);
  if (it == registry().families.end()) {
    it = registry().families.emplace(std::string(name), Family{std::string(help), type, {}}).first;
  }
  return it->second.members[std::move(key)];
}

}  // namespace

Metric& counter(std::string_view name, std::string_view help, Labels labels) {
  return find_or_make(name, help, prometheus::MetricType::Counter, labels);
}

Metric& gauge(std::string_view name, std::string_view help, Labels labels) {
  return find_or_make(name, help, prometheus::MetricType::Gauge, labels);
}

Histogram& histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                     Labels labels) {
  LabelMap key = key_of(labels);
  std::lock_guard lock(registry().mutex);
  auto& all = registry().histograms;
  auto it = all.find(name);
  if (it == all.end()) {
    HistogramFamily family{std::string(help), {bounds.begin(), bounds.end()}, {}};
    it = all.emplace(std::string(name), std::move(family)).first;
  }
  HistogramFamily& family = it->second;
  return family.members.try_emplace(std::move(key), family.bounds).first->second;
}

namespace {

void add_labels(prometheus::ClientMetric& out, const LabelMap& labels) {
  for (const auto& [label, value] : labels) out.label.push_back({label, value});
}

prometheus::ClientMetric read(const Histogram& histogram) {
  prometheus::ClientMetric out;
  uint64_t cumulative = 0;
  for (size_t i = 0; i <= histogram.bounds().size(); ++i) {
    cumulative += histogram.count(i);
    const bool last = i == histogram.bounds().size();
    out.histogram.bucket.push_back(
        {cumulative, last ? std::numeric_limits<double>::infinity() : histogram.bounds()[i]});
  }
  out.histogram.sample_count = cumulative;
  out.histogram.sample_sum = histogram.sum();
  return out;
}

}  // namespace

std::string expose() {
  std::vector<prometheus::MetricFamily> families;
  {
    std::lock_guard lock(registry().mutex);
    for (const auto& [name, family] : registry().families) {
      prometheus::MetricFamily& out = families.emplace_back();
      out.name = name;
      out.help = family.help;
      out.type = family.type;
      for (const auto& [labels, metric] : family.members) {
        prometheus::ClientMetric& one = out.metric.emplace_back();
        add_labels(one, labels);
        const double value = static_cast<double>(metric.value());
        if (family.type == prometheus::MetricType::Counter) {
          one.counter.value = value;
        } else {
          one.gauge.value = value;
        }
      }
    }
  }
  {
    std::lock_guard lock(registry().mutex);
    for (const auto& [name, family] : registry().histograms) {
      prometheus::MetricFamily& out = families.emplace_back();
      out.name = name;
      out.help = family.help;
      out.type = prometheus::MetricType::Histogram;
      for (const auto& [labels, histogram] : family.members) {
        out.metric.push_back(read(histogram));
        add_labels(out.metric.back(), labels);
      }
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace turms::metrics
