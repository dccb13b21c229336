#pragma once

#include <optional>

#include "rtc/bwe/bitrate.h"

namespace turms::rtc::bwe {

/// Tells whether somebody else fills the queue of the path, and what to send then. A sender that
/// goes by delay gives way to a download over TCP until nothing is left of it; where giving way
/// does not empty the queue, this one goes by losses like the other.
///
/// Alone at a bottleneck, what arrives while a queue stands is its capacity, whatever is sent; two
/// packets sent as one arrive at that rate too, and the queue drains as soon as less is sent. So it
/// is shared when a queue has stood for kPressed, did not drain for kStuck, less than kGaveWay
/// arrives of what did lately, and such pairs arrive kPairs times as fast. Sharing ends
/// with a queue that is empty for kGone (others empty it now and then, to measure); who shared it
/// within kMemory is recognized sooner, and gets what it had.
class Competition {
 public:
  static constexpr Duration kPressed = 2500ms;
  static constexpr Duration kPressedAgain = 1s;
  static constexpr Duration kStuck = 1500ms;
  static constexpr Duration kStuckAgain = 700ms;
  /// At low rates packets leave one by one.
  static constexpr Duration kStuckWithoutPairs = 3s;
  static constexpr double kGaveWay = 0.7;
  static constexpr Duration kLately = 10s;
  static constexpr double kPairs = 2;
  static constexpr Duration kQueue = 15ms;
  static constexpr Duration kMemory = 30s;
  static constexpr Duration kGone = 1s;

  struct Seen {
    Duration queue{};
    std::optional<Bitrate> bottleneck;  // BottleneckRate::rate()
    std::optional<Bitrate> pairs;       // BottleneckRate::pairs()
    std::optional<Bitrate> acknowledged;
    double loss = 0;  // of the last second
    Duration rtt{};
  };
  void on_feedback(TimePoint now, const Seen& seen);
  [[nodiscard]] bool shared() const { return rate_.has_value(); }
  /// While shared: at least that may be sent.
  [[nodiscard]] std::optional<Bitrate> rate() const { return rate_; }
  void reset() { *this = Competition(); }

 private:
  [[nodiscard]] std::optional<Bitrate> begin(TimePoint now, const Seen& seen) const;
  void grow(TimePoint now, const Seen& seen);

  std::optional<TimePoint> pressed_since_;
  std::optional<TimePoint> empty_since_;
  TimePoint stuck_since_{};
  Duration highest_{};  // queue since then
  Bitrate best_;        // that got through lately
  TimePoint best_at_{};
  std::optional<Bitrate> rate_;
  Bitrate last_rate_;
  std::optional<TimePoint> last_shared_;
  TimePoint changed_at_{};
  TimePoint reduced_at_{};
};

}  // namespace turms::rtc::bwe
