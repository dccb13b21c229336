#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/parameters.h"
#include "rtc/rtp/numbers.h"

namespace turms::sfu {

/// Feedback by RFC 8888 to one publisher that negotiated it: of each of its streams which packets
/// arrived, and when. A packet that comes after later ones were reported is reported again together
/// with them, within kBackWindow; else it stays lost.
///
/// Bounds: kMaxStreams streams, further ones are not reported; kMaxArrivals of each. A stream that
/// was silent for kForget is forgotten.
class CongestionFeedbackGenerator {
 public:
  static constexpr Duration kInterval = 50ms;
  static constexpr Duration kBackWindow = 500ms;
  static constexpr Duration kForget = 30s;
  static constexpr size_t kMaxStreams = 1024;
  static constexpr size_t kMaxArrivals = 2048;

  void on_packet(TimePoint now, rtc::Ssrc ssrc, rtc::rtp::SeqNum number);
  [[nodiscard]] bool pending() const { return pending_; }
  /// Writes one message into `buffer`; 0 when nothing is left to report. Call until then.
  /// `timestamp`: the middle of our clock's NTP time.
  size_t write(TimePoint now, uint32_t timestamp, rtc::Ssrc sender, MutableByteView buffer);

 private:
  struct Arrival {
    int64_t number = 0;  // unwrapped
    TimePoint at;
  };
  struct Stream {
    rtc::Ssrc ssrc;
    rtc::rtp::SeqUnwrapper unwrapper;
    std::vector<Arrival> arrivals;  // ascending
    int64_t next = 0;               // the next message begins here
    bool started = false;
    bool pending = false;
    TimePoint last;
  };

  void tidy(TimePoint now);

  std::vector<Stream> streams_;
  std::unordered_map<uint32_t, size_t> by_ssrc_;
  bool pending_ = false;
};

}  // namespace turms::sfu
