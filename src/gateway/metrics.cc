#include "gateway/metrics.h"

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/histogram.h"
#include "gateway/request_header.h"

namespace turms::gateway {
namespace {

constexpr std::array<std::string_view, 16> kReasons = {
    "frame_length",   "frame_too_large",   "malformed_request", "unknown_kind",
    "request_id",     "no_session",        "invisible_name",    "too_frequent",
    "sign_in_failed", "sign_in_throttled", "sign_in_timeout",   "idle_timeout",
    "slow_receiver",  "not_allowed",       "blocked",           "overloaded"};

}  // namespace

void count(Rejection rejection) {
  static const std::array<Metric*, kReasons.size()> counters = [] {
    std::array<Metric*, kReasons.size()> made{};
    for (size_t i = 0; i < kReasons.size(); ++i) {
      made[i] =
          &metrics::counter("turms_gateway_rejections_total",
                            "What clients sent, or clients, that were turned away, by reason.",
                            {{"reason", kReasons[i]}});
    }
    return made;
  }();
  counters[static_cast<size_t>(rejection)]->add();
}

void count_request(int kind) {
  // On the control thread only; as many entries as there are kinds, since the caller knows them.
  static std::unordered_map<int, Metric*> counters;
  Metric*& counter = counters[kind];
  if (counter == nullptr) {
    counter = &metrics::counter("turms_gateway_requests_total", "Requests of clients, by kind.",
                                {{"kind", kind_name(kind)}});
  }
  counter->add();
}

void observe_request(int kind, Duration took) {
  constexpr double kSeconds[] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                 0.1,    0.2,   0.5,   1,     2,    5};
  // As count_request's.
  static std::unordered_map<int, Histogram*> histograms;
  Histogram*& histogram = histograms[kind];
  if (histogram == nullptr) {
    histogram = &metrics::histogram("turms_gateway_request_seconds",
                                    "From when a request's turn came until its answer, by kind.",
                                    kSeconds, {{"kind", kind_name(kind)}});
  }
  histogram->observe(std::chrono::duration<double>(took).count());
}

GatewayMetrics& gateway_metrics() {
  static GatewayMetrics all{
      metrics::gauge("turms_gateway_connections", "Connections of Turms clients."),
      metrics::gauge("turms_gateway_sessions", "Signed-in sessions of Turms clients."),
      metrics::counter("turms_gateway_notifications_total",
                       "Notifications queued for sessions, once per receiver.")};
  return all;
}

}  // namespace turms::gateway
