#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/parameters.h"
#include "rtc/rtp/numbers.h"

/// RTCP (RFC 3550 section 6, feedback RFC 4585 and RFC 5104, reduced size RFC 5506) as views over
/// the caller's bytes. Nothing here allocates.
///
///   rtcp::Reader reader(datagram);
///   while (auto packet = reader.next()) {
///     switch (packet->kind()) {
///       case rtcp::Kind::kNack:
///         rtcp::for_each_nack(*packet, [&](rtp::SeqNum lost) { … });
///     }
///   }
///   if (!reader.ok()) count(reader.drop_reason());
namespace turms::rtc::rtcp {

using rtp::RtpTime;
using rtp::SeqNum;

enum class DropReason : uint8_t { kTooShort, kBadVersion, kBadLength, kBadPadding };
inline constexpr size_t kDropReasonCount = 4;
const char* to_string(DropReason reason);

enum class Kind : uint8_t {
  kSenderReport,
  kReceiverReport,
  kSourceDescription,
  kBye,
  kNack,                // RTPFB 1
  kCongestionFeedback,  // RTPFB 11 (congestion_feedback.h)
  kTransportFeedback,   // RTPFB 15
  kPli,                 // PSFB 1
  kFir,                 // PSFB 4
  kRemb,                // PSFB 15 with "REMB"
  kUnknown,             // valid frame of a kind not read here: skip
};

/// One packet of a compound. Its body length fits its kind: accessors below need no further check.
class PacketView {
 public:
  [[nodiscard]] Kind kind() const { return kind_; }
  /// Report count, source count, or feedback message type.
  [[nodiscard]] uint8_t count() const { return data_[0] & 0x1F; }
  [[nodiscard]] uint8_t packet_type() const { return data_[1]; }
  /// Sender of the packet: the first word of the body; 0 where there is none (empty BYE or SDES).
  [[nodiscard]] Ssrc sender_ssrc() const { return body_.size() < 4 ? Ssrc() : word(0); }
  /// Media source of a feedback message.
  [[nodiscard]] Ssrc media_ssrc() const { return body_.size() < 8 ? Ssrc() : word(4); }
  /// After the common header, without padding.
  [[nodiscard]] ByteView body() const { return body_; }

 private:
  friend class Reader;
  [[nodiscard]] Ssrc word(size_t offset) const { return Ssrc(load_be32(&body_[offset])); }

  ByteView data_;
  ByteView body_;
  Kind kind_ = Kind::kUnknown;
};

/// Walks a datagram of one or more packets (compound or reduced size). Stops at the first malformed
/// one; those before it stand.
class Reader {
 public:
  explicit Reader(ByteView datagram) : rest_(datagram) {}
  std::optional<PacketView> next();
  [[nodiscard]] bool ok() const { return !failed_; }
  [[nodiscard]] DropReason drop_reason() const { return reason_; }

 private:
  std::nullopt_t fail(DropReason reason);

  ByteView rest_;
  bool failed_ = false;
  DropReason reason_ = DropReason::kTooShort;
};

struct SenderInfo {
  uint64_t ntp = 0;  // 32.32 seconds since 1900
  RtpTime rtp_time;
  uint32_t packets = 0;
  uint32_t octets = 0;
};

struct ReportBlock {
  Ssrc ssrc;
  uint8_t fraction_lost = 0;    // of 256
  int32_t cumulative_lost = 0;  // 24 bits signed
  uint32_t extended_highest_sequence = 0;
  uint32_t jitter = 0;               // RTP clock units
  uint32_t last_sr = 0;              // middle 32 bits of the NTP time, 0: none
  uint32_t delay_since_last_sr = 0;  // 1/65536 s
};
inline constexpr size_t kMaxReportBlocks = 31;

/// Of a sender report.
SenderInfo sender_info(const PacketView& report);
/// Of a sender or receiver report: `index` < count().
ReportBlock report_block(const PacketView& report, size_t index);

/// Sequence numbers of a NACK in the order written (RFC 4585 section 6.2.1): `f(SeqNum)`.
template <class F>
void for_each_nack(const PacketView& nack, F&& f) {
  ByteView items = nack.body().subspan(8);
  for (size_t i = 0; i + 4 <= items.size(); i += 4) {
    SeqNum base(load_be16(&items[i]));
    uint16_t mask = load_be16(&items[i + 2]);
    f(base);
    for (int bit = 0; bit < 16; ++bit) {
      if ((mask >> bit & 1) != 0) f(base.plus(bit + 1));
    }
  }
}

/// Entries of a FIR (RFC 5104 section 4.3.1): `f(Ssrc, uint8_t command_sequence)`.
template <class F>
void for_each_fir(const PacketView& fir, F&& f) {
  ByteView items = fir.body().subspan(8);
  for (size_t i = 0; i + 8 <= items.size(); i += 8) f(Ssrc(load_be32(&items[i])), items[i + 4]);
}

/// Sources of a BYE: `f(Ssrc)`.
template <class F>
void for_each_bye(const PacketView& bye, F&& f) {
  for (size_t i = 0; i < bye.count(); ++i) f(Ssrc(load_be32(&bye.body()[i * 4])));
}

struct Remb {
  uint64_t bits_per_second = 0;
  size_t ssrc_count = 0;
};
Remb remb(const PacketView& packet);
/// `index` < remb().ssrc_count.
Ssrc remb_ssrc(const PacketView& packet, size_t index);

/// CNAME of the first chunk that has one; empty otherwise.
struct Cname {
  Ssrc ssrc;
  std::string_view cname;
};
std::optional<Cname> first_cname(const PacketView& source_description);

// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
inline constexpr Duration kFeedbackTick = std::chrono::microseconds(250);
inline constexpr Duration kFeedbackReferenceTick = std::chrono::milliseconds(64);

struct FeedbackHeader {
  SeqNum base_sequence;
  uint16_t packet_count = 0;
  /// Reference time on the sender's own line, which wraps after 2^24 × 64 ms ≈ 12 days.
  Duration reference_time{};
  uint8_t feedback_count = 0;
};
FeedbackHeader feedback_header(const PacketView& feedback);

/// Status of one packet of a feedback message.
struct FeedbackStatus {
  SeqNum sequence;
  bool received = false;
  /// On the line of FeedbackHeader::reference_time; only when received.
  Duration arrival{};
};

/// Walks statuses and deltas together. next() gives nothing at the end or where the message is
/// malformed (then ok() is false; what was given before stands).
class FeedbackReader {
 public:
  explicit FeedbackReader(const PacketView& feedback);
  std::optional<FeedbackStatus> next();
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  bool load_chunk();

  ByteReader chunks_;
  ByteReader deltas_;
  SeqNum sequence_;
  uint16_t remaining_;
  Duration time_;
  uint16_t chunk_ = 0;
  uint16_t chunk_left_ = 0;
  bool ok_ = true;
};

/// Builds a compound into the caller's buffer. A packet that does not fit is left out whole and the
/// call returns false.
class Writer {
 public:
  explicit Writer(MutableByteView buffer) : buffer_(buffer) {}

  bool sender_report(Ssrc sender, const SenderInfo& info, std::span<const ReportBlock> blocks);
  bool receiver_report(Ssrc sender, std::span<const ReportBlock> blocks);
  /// SDES with one CNAME.
  bool cname(Ssrc source, std::string_view name);
  bool bye(std::span<const Ssrc> sources);
  /// `lost` in ascending order (modulo 2^16); numbers within 16 of one share an item. As many as
  /// fit the buffer: returns how many, the rest is for another message. 0: not even one, or none
  /// given.
  size_t nack(Ssrc sender, Ssrc media, std::span<const SeqNum> lost);
  bool pli(Ssrc sender, Ssrc media);
  bool fir(Ssrc sender, Ssrc media, uint8_t command_sequence);
  /// Rounded down to what 18 bits of mantissa can say.
  bool remb(Ssrc sender, uint64_t bits_per_second, std::span<const Ssrc> sources);

  struct Arrival {
    int64_t sequence = 0;  // unwrapped transport sequence
    TimePoint arrival{};
  };
  /// `arrivals` in ascending order of sequence, not empty, gaps are losses. Reports as many as fit
  /// the buffer and the delta range (±8.19 s between neighbours), and returns how many of
  /// `arrivals` that was: the caller goes on with the rest in a message with the next
  /// `feedback_count`. 0: not even one fits. `base` ≤ the first sequence: what lies between is
  /// reported lost.
  size_t transport_feedback(Ssrc sender, Ssrc media, int64_t base,
                            std::span<const Arrival> arrivals, uint8_t feedback_count);

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] MutableByteView written() const { return buffer_.first(size_); }

 private:
  uint8_t* begin(uint8_t count, uint8_t type, size_t size);

  MutableByteView buffer_;
  size_t size_ = 0;
};

}  // namespace turms::rtc::rtcp
