#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "sfu/parameters.h"
#include "sim/synthetic_media.h"

namespace turms::sim {

/// Watches what the room writes for its subscribers and holds it against the truth in the packets:
/// each sequence number used once; in their order the packets are in the order of one source layer
/// after another; a layer begins with the first packet of a key frame; one timestamp per frame,
/// rising.
class ForwardingCheck {
 public:
  void on_sent(TimePoint now, sfu::TransportId transport, ByteView packet);
  /// Judges everything; call at the end.
  [[nodiscard]] std::vector<std::string> faults() const;

  [[nodiscard]] uint64_t media_packets() const { return media_packets_; }
  [[nodiscard]] uint64_t rtx_packets() const { return rtx_packets_; }
  /// Sequence numbers that were never sent, between the first and the last of each stream.
  [[nodiscard]] uint64_t holes() const;
  /// Changes of layer seen on all streams.
  [[nodiscard]] uint64_t switches() const;

 private:
  struct Sent {
    TimePoint time;
    uint32_t timestamp = 0;
    uint16_t picture_id = 0;
    bool filler = false;
    Truth truth;
  };
  struct Stream {
    rtc::rtp::SeqUnwrapper sequences;
    std::map<int64_t, Sent> sent;
    std::vector<std::string> faults;
  };

  std::map<std::pair<uint64_t, uint32_t>, Stream> streams_;
  uint64_t media_packets_ = 0;
  uint64_t rtx_packets_ = 0;
};

}  // namespace turms::sim
