#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace turms {

/// A number that any thread may change without a lock. Lives as long as the process.
class Metric {
 public:
  void add(int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  void set(int64_t n) { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

namespace metrics {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Finds or makes one. Takes a lock: keep the reference instead of asking per event. Names follow
/// Prometheus
/// ("turms_udp_datagrams_dropped_total"). The help text of the first call stays.
Metric& counter(std::string_view name, std::string_view help, Labels labels = {});
Metric& gauge(std::string_view name, std::string_view help, Labels labels = {});

/// Everything, in the Prometheus text format.
std::string expose();

}  // namespace metrics
}  // namespace turms
