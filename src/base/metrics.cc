#include "base/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <deque>
#include <map>
#include <mutex>
#include <vector>

namespace turms::metrics {
namespace {

using LabelMap = std::map<std::string, std::string>;

struct Family {
  std::string help;
  prometheus::MetricType type;
  std::map<LabelMap, Metric> members;
};

struct Registry {
  std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;
};

Registry& registry() {
  // Never destroyed: threads may still count while the process exits.
  static Registry* instance = new Registry;
  return *instance;
}

Metric& find_or_make(std::string_view name, std::string_view help, prometheus::MetricType type,
                     Labels labels) {
  LabelMap key;
  for (const auto& [label, value] : labels) key.emplace(label, value);
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
        for (const auto& [label, value] : labels) one.label.push_back({label, value});
        const double value = static_cast<double>(metric.value());
        if (family.type == prometheus::MetricType::Counter) {
          one.counter.value = value;
        } else {
          one.gauge.value = value;
        }
      }
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace turms::metrics
