#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "rtc/bwe/bitrate.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// What limits the estimate as far as loss goes.
enum class LossState : uint8_t {
  kDelayBased,  // loss does not
  kIncreasing,  // it does, and the estimate recovers; padding may help it
  kDecreasing,
};

/// Estimate from loss (libwebrtc goog_cc, LossBasedBweV2): a model of a link that loses a share of
/// packets always and all that is above its bandwidth, fitted by maximum likelihood to observations
/// of at least 250 ms over a window of 15. Only what transport feedback reports enters: a hole that
/// a publisher left is no loss of the subscriber's link.
class LossBasedBwe {
 public:
  /// As libwebrtc ships them.
  struct Config {
    double rampup_factor = 1.5;          // of the acknowledged rate, while recovering
    double rampup_factor_in_hold = 1.2;  // the same when it is below …
    double rampup_hold_threshold = 1.3;  // … this times the held rate
    std::array<double, 3> candidate_factors = {1.02, 1.0, 0.95};
    double bias = 0.0002;
    double log_bias = 0.02;
    double inherent_loss_min = 1e-3;
    double bias_loss_threshold = 0.2;
    double bias_smoothing = 0.002;
    Bitrate inherent_loss_balance = Bitrate::kbps(100);
    double inherent_loss_offset = 0.05;
    double inherent_loss_start = 0.01;
    int newton_iterations = 1;
    double newton_step = 0.75;
    Duration min_observation = 250ms;
    size_t window = 15;  // ≤ kMaxWindow
    double sending_rate_smoothing = 0;
    double upper_bound_weight = 0.9;
    Bitrate upper_bound_balance = Bitrate::kbps(100);
    double upper_bound_offset = 0.05;
    double weight = 0.9;
    double max_increase = 1.3;  // per …
    Duration increase_window = 300ms;
    bool hold_when_loss_above_inherent = true;
    int min_observations = 3;
    double lower_bound_factor = 1.0;  // of the acknowledged rate
    double hold_factor = 2.0;
    Duration padding = 2s;
    double median_rate_factor = 2.0;
  };
  static constexpr size_t kMaxWindow = 15;
  /// Losses of one observation told apart; more of them count but cannot be taken back.
  static constexpr size_t kMaxLosses = 2048;

  struct Result {
    Bitrate rate = kUnlimited;
    LossState state = LossState::kDelayBased;
  };

  explicit LossBasedBwe(const Config& config);
  LossBasedBwe();

  void set_min_max(Bitrate min, Bitrate max);
  void set_acknowledged(Bitrate rate);
  void set_estimate(Bitrate rate);
  /// `results`: of one feedback message, in any order. In an application limited region the
  /// acknowledged rate says nothing.
  void on_feedback(PacketResults results, Bitrate delay_based, bool application_limited);

  [[nodiscard]] bool ready() const;
  [[nodiscard]] Result result() const;
  /// Share of bytes lost over the window, without its best and its worst observation.
  [[nodiscard]] double average_loss() const { return average_loss_; }

 private:
  struct Channel {
    double inherent_loss = 0;
    Bitrate bandwidth = kUnlimited;
  };
  struct Observation {
    bool used = false;
    int64_t id = 0;
    Bitrate sending_rate;
    int64_t bytes = 0;
    int64_t lost_bytes = 0;
  };
  struct Partial {
    int64_t bytes = 0;
    int64_t lost_bytes_beyond = 0;                      // of losses above kMaxLosses
    std::vector<std::pair<int64_t, int32_t>> losses{};  // sequence, size; ascending
  };
  struct Hold {
    TimePoint until = TimePoint::min();
    Duration duration = 300ms;
    Bitrate rate = kUnlimited;
  };
  struct Padding {
    Bitrate rate;
    TimePoint since = TimePoint::min();
  };

  bool push(PacketResults results);
  void push_packet(const PacketResult& packet);
  [[nodiscard]] Channel best_candidate(bool application_limited) const;
  void bound_increase(Channel& candidate) const;
  void publish(Bitrate bounded);
  [[nodiscard]] bool increasing(Bitrate before, Bitrate after) const;
  [[nodiscard]] bool may_keep_increasing(Bitrate estimate) const;
  [[nodiscard]] bool loss_limited() const { return result_.state != LossState::kDelayBased; }
  [[nodiscard]] bool padding_is_on() const;

  [[nodiscard]] double weight_of(const Observation& o) const {
    return weights_[static_cast<size_t>(observation_count_ - 1 - o.id)];
  }
  void fit_inherent_loss(Channel& channel) const;
  [[nodiscard]] double feasible_loss(const Channel& channel) const;
  [[nodiscard]] double objective(const Channel& channel) const;
  [[nodiscard]] double bandwidth_bias(Bitrate bandwidth) const;
  void update_average_loss();
  void update_upper_bound();
  void update_lower_bound();
  [[nodiscard]] Bitrate median_sending_rate() const;

  Config config_;
  std::array<double, kMaxWindow> weights_{};
  std::array<double, kMaxWindow> upper_bound_weights_{};
  std::array<Observation, kMaxWindow> observations_{};
  int64_t observation_count_ = 0;
  Partial partial_;
  std::optional<TimePoint> last_sent_;  // of the newest observation
  double average_loss_ = 0;

  Bitrate min_ = kLowestBitrate;
  Bitrate max_ = kHighestBitrate;
  std::optional<Bitrate> acknowledged_;
  Bitrate delay_based_ = kUnlimited;
  Bitrate upper_bound_ = kUnlimited;
  Bitrate lower_bound_;
  Channel best_;
  Result result_;
  std::optional<TimePoint> window_since_;
  Bitrate window_limit_ = kUnlimited;
  Hold hold_;
  Padding padding_;
};

}  // namespace turms::rtc::bwe
