#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "rtc/rtcp/packets.h"
#include "rtc/rtp/packet.h"
#include "sfu/parameters.h"

namespace turms::sim {

/// What a synthetic packet says about itself, behind the VP8 headers, so that whoever gets it knows
/// the truth whatever was rewritten above.
struct Truth {
  uint8_t layer = 0;
  uint8_t temporal = 0;
  bool key = false;
  uint32_t frame = 0;  // of this layer
  uint16_t index = 0;  // of the packet in the frame
  uint16_t count = 0;
  int64_t captured_us = 0;
  uint16_t source = 0;  // which track, where a test tells them apart

  static constexpr size_t kSize = 24;
  void write(uint8_t* out) const;
  static std::optional<Truth> read(ByteView payload);
  /// From an RTP payload with VP8 descriptor.
  static std::optional<Truth> of_vp8(ByteView payload);
};

/// Of cameras in meetings, where there are many.
inline constexpr int kMeetingFramesPerSecond = 5;

namespace ids {
inline constexpr uint8_t kVp8 = 96;
inline constexpr uint8_t kVp8Rtx = 97;
inline constexpr uint8_t kOpus = 111;
inline constexpr uint8_t kRed = 63;
// Subscribers use other numbers, so that a forgotten translation shows.
inline constexpr uint8_t kSubscriberVp8 = 100;
inline constexpr uint8_t kSubscriberVp8Rtx = 101;
inline constexpr uint8_t kSubscriberOpus = 109;
inline constexpr uint8_t kSubscriberRed = 62;
rtc::ExtensionMap publisher_extensions();
rtc::ExtensionMap subscriber_extensions();
std::vector<rtc::CodecParameters> publisher_codecs(rtc::MediaKind kind);
std::vector<rtc::CodecParameters> subscriber_codecs(rtc::MediaKind kind);
rtc::CodecParameters red(uint8_t payload_type);
}  // namespace ids

/// A browser's send side for one track: packets with sequence, mid and rid until acknowledged,
/// history for RTX, sender reports.
class SyntheticStream {
 public:
  struct Config {
    std::string mid;
    std::string rid;
    rtc::Ssrc ssrc;
    rtc::Ssrc rtx_ssrc;
    uint8_t payload_type = 0;
    uint8_t rtx_payload_type = 0;
    uint32_t clock_rate = 90000;
    uint16_t first_sequence = 0;
    uint32_t first_timestamp = 0;
    /// Without RTX: what is asked for goes out again as it was.
    bool repeats = false;
  };
  using Send = std::function<void(MutableByteView packet)>;

  SyntheticStream(Config config, uint16_t& transport_sequence, Send send)
      : config_(std::move(config)),
        transport_sequence_(transport_sequence),
        send_(std::move(send)),
        sequence_(config_.first_sequence) {}

  void send(TimePoint now, uint32_t timestamp, bool marker, ByteView payload,
            std::optional<uint8_t> audio_level = std::nullopt);
  void on_nack(TimePoint now, rtc::rtp::SeqNum lost);
  void on_report() { acknowledged_ = true; }
  /// The publisher starts over with another SSRC.
  void restart(rtc::Ssrc ssrc, rtc::Ssrc rtx_ssrc, uint16_t first_sequence,
               uint32_t first_timestamp);
  rtc::rtcp::SenderInfo sender_info(TimePoint now) const;
  [[nodiscard]] uint32_t timestamp_at(TimePoint now) const;
  [[nodiscard]] const Config& config() const { return config_; }
  void set_payload_type(uint8_t payload_type) { config_.payload_type = payload_type; }
  void repeat_when_asked() { config_.repeats = true; }
  [[nodiscard]] uint64_t packets() const { return packets_; }

 private:
  struct Stored {
    uint16_t sequence = 0;
    uint32_t timestamp = 0;
    bool marker = false;
    Bytes payload;
    std::optional<uint8_t> audio_level;
  };

  void transmit(const Stored& packet, bool rtx);

  Config config_;
  uint16_t& transport_sequence_;
  Send send_;
  uint16_t sequence_;
  uint16_t rtx_sequence_ = 1;
  bool acknowledged_ = false;
  std::deque<Stored> history_;
  uint64_t packets_ = 0;
  uint64_t octets_ = 0;
};

/// One simulcast layer of a camera: three temporal layers (0 2 1 2), key frames when asked.
class SyntheticLayer {
 public:
  SyntheticLayer(uint8_t layer, uint64_t bits_per_second, int frames_per_second,
                 SyntheticStream stream, Rng& rng);

  void capture(TimePoint now);
  void request_key_frame() { key_wanted_ = true; }
  SyntheticStream& stream() { return stream_; }
  /// The next frame is a key frame, numbers of pictures start somewhere else.
  void restart();
  [[nodiscard]] uint32_t key_frames() const { return key_frames_; }
  /// Capture time of each frame made.
  [[nodiscard]] const std::vector<Truth>& frames() const { return frames_; }
  bool enabled = true;
  uint16_t source = 0;

 private:
  uint8_t layer_;
  uint64_t bits_per_second_;
  int frames_per_second_;
  SyntheticStream stream_;
  Rng& rng_;
  bool key_wanted_ = true;
  TimePoint last_key_;
  uint32_t frame_ = 0;
  int pattern_ = 0;
  uint16_t picture_id_;
  uint8_t tl0_;
  uint32_t key_frames_ = 0;
  std::vector<Truth> frames_;
};

}  // namespace turms::sim
