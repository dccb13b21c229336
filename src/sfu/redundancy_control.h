#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "rtc/rtcp/packets.h"

namespace turms::sfu {

/// How many earlier frames each packet of sound carries again towards one subscriber (RED, RFC
/// 2198), by what that subscriber misses: one above 2 %, two above 8 %. More comes at once; less
/// only after kHold without need, and below half of the bar, for a link that has lost will again.
/// Until the first report there is one: the beginning of a meeting is heard too.
class RedundancyControl {
 public:
  static constexpr uint8_t kMax = 2;
  static constexpr double kOne = 0.02;
  static constexpr double kTwo = 0.08;
  static constexpr Duration kHold = 10s;

  /// What the subscriber reports of this stream.
  void on_report(TimePoint now, const rtc::rtcp::ReportBlock& block);
  /// It asks for `sequence`. Reports of sound may be 5 s apart, requests are not. `sent`: packets
  /// so far.
  void on_request(TimePoint now, uint16_t sequence, uint64_t sent);
  [[nodiscard]] uint8_t distance() const { return distance_; }

 private:
  /// Fewer packets say nothing of a rate.
  static constexpr int64_t kWindowPackets = 50;
  static constexpr Duration kRequestWindow = 1s;
  static constexpr int kSureRequests = 3;

  void judge(TimePoint now, double loss);
  void raise(TimePoint now, double loss);

  uint8_t distance_ = 1;
  bool judged_ = false;
  TimePoint needed_;  // last time so much, or what is a little less

  std::optional<uint32_t> highest_;  // as reported when last judged
  int32_t lost_ = 0;

  TimePoint requests_since_;
  uint64_t sent_since_ = 0;
  int requests_ = 0;  // for different packets
  std::optional<uint16_t> newest_request_;
};

}  // namespace turms::sfu
