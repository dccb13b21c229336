#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "rtc/bwe/bitrate.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// Decides when to send probe clusters, and how fast (libwebrtc goog_cc, ProbeController).
///
/// The change for a forwarding unit: a probe is wanted whenever subscribers want more than they
/// get, not in application limited regions alone. A sender with discrete layers sits between 65 and
/// 100 % of its estimate, where upstream neither probes nor grows.
///
/// Bounds: kMaxPending clusters wait to be taken, more are not made.
class ProbeController {
 public:
  static constexpr size_t kMaxPending = 4;
  /// A probe that told nothing by then failed.
  static constexpr Duration kMaxWait = 1s;
  static constexpr Duration kMinRetry = 1s;
  static constexpr double kRetryFactor = 1.5;
  static constexpr Duration kMaxRetry = 10s;

  /// Why the estimate is where it is.
  enum class Cause : uint8_t {
    kDelay,           // nothing speaks against a probe
    kDelayIncreased,  // the queue grows or drains
    kRoundTrip,
    kLoss,
    kLossRecovering,
  };
  struct Options {
    bool by_demand = true;
    bool periodic_in_alr = false;
  };
  /// Rates of all streams of the transport together.
  struct Demand {
    Bitrate wanted;
    Bitrate allocated;
    Bitrate next_step;  // total needed for the next better layer; zero: not known
    bool operator==(const Demand&) const = default;
  };

  ProbeController() : ProbeController(Options()) {}
  explicit ProbeController(Options options) : options_(options) {}

  void set_available(TimePoint now, bool available);
  void set_bitrates(TimePoint now, Bitrate start, Bitrate min, Bitrate max);
  /// Another path: begins again, with the demand as it is.
  void restart(TimePoint now, Bitrate start);
  void set_demand(TimePoint now, const Demand& demand);
  void set_estimate(TimePoint now, Bitrate estimate, Cause cause);
  void set_alr(std::optional<TimePoint> since) { alr_since_ = since; }
  void set_alr_ended(TimePoint now) { alr_ended_ = now; }
  void set_rtt(Duration rtt) { rtt_ = rtt; }
  /// Since when the queue on the path is empty and nothing is lost.
  void set_clean(std::optional<TimePoint> since) { clean_since_ = since; }
  /// The queue grew and has drained.
  void on_recovered(TimePoint now);
  void process(TimePoint now);
  /// When process() may have something to do.
  [[nodiscard]] TimePoint next_deadline() const;

  std::optional<ProbeCluster> take();

 private:
  enum class State : uint8_t { kInit, kWaiting, kComplete };

  void start(TimePoint now);
  void probe(TimePoint now, std::initializer_list<Bitrate> rates, bool further);
  void probe_for_demand(TimePoint now);
  void judge(TimePoint now);
  void complete();
  [[nodiscard]] bool unmet() const;
  [[nodiscard]] TimePoint demand_deadline() const;

  struct Attempt {
    TimePoint at{};
    Bitrate before;
  };

  Options options_;
  State state_ = State::kInit;
  bool available_ = true;
  Cause cause_ = Cause::kDelay;
  Bitrate start_;
  Bitrate max_ = Bitrate::kbps(5000);
  Bitrate estimate_;
  Bitrate further_above_ = kUnlimited;
  Demand demand_;
  Duration rtt_ = 100ms;
  std::optional<TimePoint> alr_since_;
  std::optional<TimePoint> alr_ended_;
  std::optional<TimePoint> clean_since_;
  std::optional<TimePoint> probed_at_;
  std::optional<TimePoint> large_drop_at_;
  Bitrate before_large_drop_;
  std::optional<TimePoint> drop_probe_at_;
  bool draining_ = false;  // after a drop: no probe before the queue was empty for a while
  std::optional<Attempt> attempt_;
  Duration retry_ = kMinRetry;
  TimePoint retry_at_{};

  std::array<ProbeCluster, kMaxPending> pending_;
  size_t pending_first_ = 0;
  size_t pending_size_ = 0;
  int next_id_ = 1;
};

}  // namespace turms::rtc::bwe
