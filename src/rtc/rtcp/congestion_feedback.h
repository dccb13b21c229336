#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/rtcp/packets.h"

/// Congestion control feedback (RFC 8888): for each stream of a transport which packets arrived,
/// when, and how they were marked. Unlike transport-wide feedback it needs nothing in the packets.
namespace turms::rtc::rtcp {

/// Explicit congestion notification (RFC 3168 section 5).
enum class Ecn : uint8_t { kNotCapable = 0, kEct1 = 1, kEct0 = 2, kCongested = 3 };

struct CongestionStatus {
  Ssrc ssrc;
  SeqNum sequence;
  bool received = false;
  Ecn ecn = Ecn::kNotCapable;  // only when received
  /// Before the report's timestamp, in steps of 1/1024 s, up to 8 s. Nothing: longer ago, or not
  /// told.
  std::optional<Duration> before;
};

/// Walks the packets of a message. next() gives nothing at the end or where the message is
/// malformed (then ok() is false; what was given before stands).
class CongestionFeedbackReader {
 public:
  /// At most so many packets of a stream may be reported (section 3.1).
  static constexpr uint16_t kMaxReports = 16'384;

  explicit CongestionFeedbackReader(const PacketView& feedback);
  std::optional<CongestionStatus> next();
  [[nodiscard]] bool ok() const { return ok_; }
  /// 1/65536 s on the sender's clock: the middle of an NTP time.
  [[nodiscard]] uint32_t timestamp() const { return timestamp_; }

 private:
  ByteReader blocks_;
  uint32_t timestamp_ = 0;
  Ssrc ssrc_;
  SeqNum sequence_;
  uint16_t left_ = 0;
  bool odd_ = false;
  bool ok_ = true;
};

/// Builds one message into the caller's buffer, stream by stream.
class CongestionFeedbackWriter {
 public:
  CongestionFeedbackWriter(MutableByteView buffer, Ssrc sender);
  /// What follows is about this stream, from this number on. False: no room for any of it.
  bool begin(Ssrc ssrc, SeqNum first);
  /// The next number of the stream. `before`: the message's time; more than 8 s is told as such.
  /// False: no room, or kMaxReports are in.
  bool add_received(Duration before, Ecn ecn = Ecn::kNotCapable);
  bool add_lost();
  /// Bytes of the message; 0: nothing is in it.
  size_t finish(uint32_t timestamp);

 private:
  bool add(uint16_t report);
  void close();

  MutableByteView buffer_;
  size_t size_ = 0;
  size_t block_ = 0;  // where the open one begins; 0: none
  uint16_t reports_ = 0;
  bool any_ = false;
};

}  // namespace turms::rtc::rtcp
