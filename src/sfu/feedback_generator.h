#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/rtcp/packets.h"

namespace turms::sfu {

/// Transport-wide feedback to one publisher: when each of its packets arrived, told every
/// kInterval. A packet that comes after later ones were reported is reported again together with
/// them, as long as it is within kBackWindow; else it stays lost. At most kMaxArrivals are kept.
class FeedbackGenerator {
 public:
  static constexpr Duration kInterval = 100ms;
  static constexpr Duration kBackWindow = 500ms;
  static constexpr size_t kMaxArrivals = 4096;

  void on_packet(TimePoint now, uint16_t transport_sequence);
  [[nodiscard]] bool pending() const { return pending_; }

  /// Writes one feedback message into `buffer`; 0 when nothing is left to report. Call until then.
  size_t write(TimePoint now, rtc::Ssrc sender, rtc::Ssrc media, MutableByteView buffer);

 private:
  rtc::rtp::SeqUnwrapper unwrapper_;
  std::vector<rtc::rtcp::Writer::Arrival> arrivals_;  // ascending in sequence
  int64_t next_ = 0;                                  // the next message begins here
  bool started_ = false;
  bool pending_ = false;
  uint8_t count_ = 0;
};

}  // namespace turms::sfu
