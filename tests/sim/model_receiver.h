#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rtc/rtcp/packets.h"
#include "rtc/rtp/packet.h"
#include "rtc/rtp/payload.h"
#include "sim/synthetic_media.h"

namespace turms::sim {

/// A browser's receive side for one VP8 stream: restores order, asks again for what is missing,
/// assembles frames by timestamp, decodes what the rewritten VP8 numbers say can be decoded, waits
/// up to kPatience for the rest, then asks for a key frame. What it decoded is judged by the truth
/// inside.
class ModelReceiver {
 public:
  static constexpr Duration kPatience = 500ms;
  static constexpr Duration kNackRetry = 100ms;
  static constexpr int kNackTries = 10;
  static constexpr Duration kKeyFrameRetry = 500ms;

  using SendRtcp = std::function<void(MutableByteView)>;
  struct Decoded {
    Truth truth;
    TimePoint time;
    uint32_t timestamp = 0;
    [[nodiscard]] Duration latency() const {
      return time.time_since_epoch() - std::chrono::microseconds(truth.captured_us);
    }
  };

  struct PayloadTypes {
    uint8_t media = ids::kSubscriberVp8;
    uint8_t rtx = ids::kSubscriberVp8Rtx;
  };

  ModelReceiver(std::string name, rtc::Ssrc media, rtc::Ssrc rtx, SendRtcp send)
      : ModelReceiver(std::move(name), media, rtx, std::move(send), PayloadTypes{}) {}
  ModelReceiver(std::string name, rtc::Ssrc media, rtc::Ssrc rtx, SendRtcp send,
                PayloadTypes payload_types)
      : name_(std::move(name)),
        media_(media),
        rtx_(rtx),
        payload_types_(payload_types),
        send_(std::move(send)) {}

  void on_rtp(TimePoint now, const rtc::rtp::PacketView& packet);
  void on_sender_report(TimePoint now, const rtc::rtcp::SenderInfo& info);
  /// About every 10 ms.
  void poll(TimePoint now);
  /// Sends a receiver report, about every second.
  void report(TimePoint now);

  [[nodiscard]] const std::vector<Decoded>& decoded() const { return decoded_; }
  /// What was wrong, in words; empty when nothing was.
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }
  [[nodiscard]] int key_frame_requests() const { return key_frame_requests_; }
  [[nodiscard]] int gaps() const { return gaps_; }
  [[nodiscard]] uint64_t fillers() const { return fillers_; }
  [[nodiscard]] uint64_t repaired() const { return repaired_; }
  [[nodiscard]] uint64_t nacks() const { return nacks_; }
  [[nodiscard]] const std::optional<rtc::rtcp::SenderInfo>& last_report() const {
    return last_report_;
  }

 private:
  struct Packet {
    bool filler = false;
  };
  struct Frame {
    std::optional<int64_t> first;
    std::optional<int64_t> last;
    size_t packets = 0;
    TimePoint begun;
    std::optional<TimePoint> completed;
    rtc::rtp::Vp8Descriptor descriptor;
    bool key = false;
    std::optional<Truth> truth;
    uint32_t timestamp = 0;
  };
  struct Missing {
    TimePoint noticed;
    TimePoint asked;
    int tries = 0;
  };
  enum class Step : uint8_t { kDone, kWait };

  void take(TimePoint now, int64_t sequence, uint32_t timestamp, bool marker, ByteView payload);
  Step step(TimePoint now);
  void decode(TimePoint now, const Frame& frame);
  void judge(const Truth& truth);
  void lose(TimePoint now);
  void request_key_frame(TimePoint now);
  void send_nacks(TimePoint now);
  [[nodiscard]] bool continuous(int64_t from, int64_t to) const;
  void fault(std::string what);

  std::string name_;
  rtc::Ssrc media_;
  rtc::Ssrc rtx_;
  PayloadTypes payload_types_;
  SendRtcp send_;

  rtc::rtp::SeqUnwrapper sequences_;
  rtc::rtp::TimeUnwrapper times_;
  std::optional<int64_t> first_;
  int64_t highest_ = 0;
  std::map<int64_t, Packet> packets_;
  std::map<int64_t, Missing> missing_;
  std::map<int64_t, Frame> frames_;  // by unwrapped timestamp
  uint64_t received_ = 0;

  bool waiting_key_ = true;
  TimePoint key_asked_;
  std::optional<int64_t>
      decoded_end_;  // last sequence number of the last frame decoded or left out
  std::optional<int64_t> decoded_time_;  // timestamp of it
  uint8_t last_tl0_ = 0;
  uint16_t last_picture_id_ = 0;

  std::vector<Decoded> decoded_;
  std::optional<Truth> last_base_;
  std::vector<std::string> faults_;
  int key_frame_requests_ = 0;
  int gaps_ = 0;
  uint64_t fillers_ = 0;
  uint64_t repaired_ = 0;
  uint64_t nacks_ = 0;
  std::optional<rtc::rtcp::SenderInfo> last_report_;
  TimePoint last_report_time_;
};

}  // namespace turms::sim
