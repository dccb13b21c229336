#include "rtc/rtcp/packets.h"

#include <algorithm>

namespace turms::rtc::rtcp {

namespace {

constexpr uint8_t kSenderReportType = 200;
constexpr uint8_t kReceiverReportType = 201;
constexpr uint8_t kSourceDescriptionType = 202;
constexpr uint8_t kByeType = 203;
constexpr uint8_t kTransportLayerFeedbackType = 205;
constexpr uint8_t kPayloadFeedbackType = 206;

constexpr size_t kReportBlockSize = 24;
constexpr size_t kSenderInfoSize = 20;
constexpr uint32_t kRembTag = 0x52454D42;  // "REMB"

/// What the body is, when it is long enough for it; kUnknown for kinds not read here; nothing when
/// a known kind is too short or has a partial item.
std::optional<Kind> classify(uint8_t type, uint8_t count, ByteView body) {
  switch (type) {
    case kSenderReportType:
      if (body.size() < 4 + kSenderInfoSize + count * kReportBlockSize) return std::nullopt;
      return Kind::kSenderReport;
    case kReceiverReportType:
      if (body.size() < 4 + count * kReportBlockSize) return std::nullopt;
      return Kind::kReceiverReport;
    case kSourceDescriptionType:
      return Kind::kSourceDescription;
    case kByeType:
      if (body.size() < count * size_t{4}) return std::nullopt;
      return Kind::kBye;
    case kTransportLayerFeedbackType:
      if (body.size() < 8) return std::nullopt;
      if (count == 1) return body.size() > 8 ? std::optional(Kind::kNack) : std::nullopt;
      if (count == 11) return Kind::kCongestionFeedback;
      if (count == 15) {
        return body.size() >= 16 ? std::optional(Kind::kTransportFeedback) : std::nullopt;
      }
      return Kind::kUnknown;
    case kPayloadFeedbackType:
      if (body.size() < 8) return std::nullopt;
      if (count == 1) return Kind::kPli;
      if (count == 4) {
        bool whole = body.size() > 8 && (body.size() - 8) % 8 == 0;
        return whole ? std::optional(Kind::kFir) : std::nullopt;
      }
      if (count == 15 && body.size() >= 16 && load_be32(&body[8]) == kRembTag) {
        bool whole = body.size() >= 16 + size_t{body[12]} * 4;
        return whole ? std::optional(Kind::kRemb) : std::nullopt;
      }
      return Kind::kUnknown;
    default:
      return Kind::kUnknown;
  }
}

}  // namespace

const char* to_string(DropReason reason) {
  switch (reason) {
    case DropReason::kTooShort:
      return "too short";
    case DropReason::kBadVersion:
      return "bad version";
    case DropReason::kBadLength:
      return "bad length";
    case DropReason::kBadPadding:
      return "bad padding";
  }
  return "unknown";
}

std::nullopt_t Reader::fail(DropReason reason) {
  failed_ = true;
  reason_ = reason;
  rest_ = {};
  return std::nullopt;
}

std::optional<PacketView> Reader::next() {
  if (rest_.empty()) return std::nullopt;
  if (rest_.size() < 4) return fail(DropReason::kTooShort);
  if (rest_[0] >> 6 != 2) return fail(DropReason::kBadVersion);
  size_t size = (size_t{load_be16(&rest_[2])} + 1) * 4;
  if (size > rest_.size()) return fail(DropReason::kBadLength);
  PacketView view;
  view.data_ = rest_.first(size);
  view.body_ = view.data_.subspan(4);
  if ((rest_[0] & 0x20) != 0) {
    size_t padding = view.data_.back();
    if (padding == 0 || padding > view.body_.size()) return fail(DropReason::kBadPadding);
    view.body_ = view.body_.first(view.body_.size() - padding);
  }
  auto kind = classify(view.packet_type(), view.count(), view.body_);
  if (!kind) return fail(DropReason::kBadLength);
  view.kind_ = *kind;
  rest_ = rest_.subspan(size);
  return view;
}

SenderInfo sender_info(const PacketView& report) {
  const uint8_t* p = report.body().data() + 4;
  return {load_be64(p), RtpTime(load_be32(p + 8)), load_be32(p + 12), load_be32(p + 16)};
}

ReportBlock report_block(const PacketView& report, size_t index) {
  size_t start = report.kind() == Kind::kSenderReport ? 4 + kSenderInfoSize : 4;
  const uint8_t* p = report.body().data() + start + index * kReportBlockSize;
  ReportBlock block;
  block.ssrc = Ssrc(load_be32(p));
  block.fraction_lost = p[4];
  // Sign extension of 24 bits.
  block.cumulative_lost = static_cast<int32_t>(load_be24(p + 5) << 8) >> 8;
  block.extended_highest_sequence = load_be32(p + 8);
  block.jitter = load_be32(p + 12);
  block.last_sr = load_be32(p + 16);
  block.delay_since_last_sr = load_be32(p + 20);
  return block;
}

Remb remb(const PacketView& packet) {
  const uint8_t* p = packet.body().data() + 12;
  uint64_t mantissa = load_be24(p + 1) & 0x3FFFF;
  unsigned exponent = p[1] >> 2;
  // 63 bits at most: larger claims saturate.
  uint64_t bits = exponent > 45 ? UINT64_MAX >> 1 : mantissa << exponent;
  if (mantissa == 0) bits = 0;
  return {bits, p[0]};
}

Ssrc remb_ssrc(const PacketView& packet, size_t index) {
  return Ssrc(load_be32(packet.body().data() + 16 + index * 4));
}

std::optional<Cname> first_cname(const PacketView& source_description) {
  ByteReader reader(source_description.body());
  for (int chunk = 0; chunk < source_description.count(); ++chunk) {
    Ssrc ssrc(reader.u32());
    for (;;) {
      uint8_t type = reader.u8();
      if (!reader.ok()) return std::nullopt;
      if (type == 0) break;
      ByteView text = reader.bytes(reader.u8());
      if (!reader.ok()) return std::nullopt;
      if (type == 1) return Cname{ssrc, as_text(text)};
    }
    // A chunk ends on a word boundary; the terminating zero is part of the padding.
    reader.skip((4 - reader.position() % 4) % 4);
  }
  return std::nullopt;
}

uint8_t* Writer::begin(uint8_t count, uint8_t type, size_t size) {
  if (buffer_.size() - size_ < size) return nullptr;
  uint8_t* p = buffer_.data() + size_;
  p[0] = static_cast<uint8_t>(0x80 | count);
  p[1] = type;
  store_be16(p + 2, static_cast<uint16_t>(size / 4 - 1));
  size_ += size;
  return p + 4;
}

namespace {

void write_block(uint8_t* p, const ReportBlock& block) {
  constexpr int32_t kMax = 0x7FFFFF;
  store_be32(p, block.ssrc.value);
  p[4] = block.fraction_lost;
  int32_t lost = std::clamp(block.cumulative_lost, -kMax - 1, kMax);
  store_be24(p + 5, static_cast<uint32_t>(lost) & 0xFFFFFF);
  store_be32(p + 8, block.extended_highest_sequence);
  store_be32(p + 12, block.jitter);
  store_be32(p + 16, block.last_sr);
  store_be32(p + 20, block.delay_since_last_sr);
}

}  // namespace

bool Writer::sender_report(Ssrc sender, const SenderInfo& info,
                           std::span<const ReportBlock> blocks) {
  size_t count = std::min(blocks.size(), kMaxReportBlocks);
  uint8_t* p = begin(static_cast<uint8_t>(count), kSenderReportType,
                     8 + kSenderInfoSize + count * kReportBlockSize);
  if (p == nullptr) return false;
  store_be32(p, sender.value);
  store_be64(p + 4, info.ntp);
  store_be32(p + 12, info.rtp_time.value);
  store_be32(p + 16, info.packets);
  store_be32(p + 20, info.octets);
  for (size_t i = 0; i < count; ++i) write_block(p + 24 + i * kReportBlockSize, blocks[i]);
  return true;
}

bool Writer::receiver_report(Ssrc sender, std::span<const ReportBlock> blocks) {
  size_t count = std::min(blocks.size(), kMaxReportBlocks);
  uint8_t* p =
      begin(static_cast<uint8_t>(count), kReceiverReportType, 8 + count * kReportBlockSize);
  if (p == nullptr) return false;
  store_be32(p, sender.value);
  for (size_t i = 0; i < count; ++i) write_block(p + 4 + i * kReportBlockSize, blocks[i]);
  return true;
}

bool Writer::cname(Ssrc source, std::string_view name) {
  if (name.size() > 255) return false;
  // Chunk: SSRC, item head, text, at least one terminating zero, filled to a word.
  size_t chunk = (4 + 2 + name.size() + 1 + 3) / 4 * 4;
  uint8_t* p = begin(1, kSourceDescriptionType, 4 + chunk);
  if (p == nullptr) return false;
  std::fill_n(p, chunk, uint8_t{0});
  store_be32(p, source.value);
  p[4] = 1;
  p[5] = static_cast<uint8_t>(name.size());
  std::copy(name.begin(), name.end(), p + 6);
  return true;
}

bool Writer::bye(std::span<const Ssrc> sources) {
  size_t count = std::min<size_t>(sources.size(), 31);
  uint8_t* p = begin(static_cast<uint8_t>(count), kByeType, 4 + count * 4);
  if (p == nullptr) return false;
  for (size_t i = 0; i < count; ++i) store_be32(p + i * 4, sources[i].value);
  return true;
}

size_t Writer::nack(Ssrc sender, Ssrc media, std::span<const SeqNum> lost) {
  constexpr size_t kFixedSize = 12;
  constexpr size_t kItemSize = 4;
  const size_t room = buffer_.size() - size_;
  if (lost.empty() || room < kFixedSize + kItemSize) return 0;
  auto covered = [&](size_t first) {
    size_t next = first + 1;
    while (next < lost.size()) {
      int ahead = lost[next].distance_from(lost[first]);
      if (ahead < 1 || ahead > 16) break;
      ++next;
    }
    return next;
  };
  const size_t most_items = (room - kFixedSize) / kItemSize;
  size_t items = 0;
  size_t fit = 0;
  for (; fit < lost.size() && items < most_items; fit = covered(fit)) ++items;
  uint8_t* p = begin(1, kTransportLayerFeedbackType, kFixedSize + items * kItemSize);
  store_be32(p, sender.value);
  store_be32(p + 4, media.value);
  p += 8;
  for (size_t i = 0; i < fit;) {
    size_t next = covered(i);
    uint16_t mask = 0;
    for (size_t j = i + 1; j < next; ++j) {
      mask = static_cast<uint16_t>(mask | 1 << (lost[j].distance_from(lost[i]) - 1));
    }
    store_be16(p, lost[i].value);
    store_be16(p + 2, mask);
    p += 4;
    i = next;
  }
  return fit;
}

bool Writer::pli(Ssrc sender, Ssrc media) {
  uint8_t* p = begin(1, kPayloadFeedbackType, 12);
  if (p == nullptr) return false;
  store_be32(p, sender.value);
  store_be32(p + 4, media.value);
  return true;
}

bool Writer::fir(Ssrc sender, Ssrc media, uint8_t command_sequence) {
  uint8_t* p = begin(4, kPayloadFeedbackType, 20);
  if (p == nullptr) return false;
  store_be32(p, sender.value);
  store_be32(p + 4, 0);  // RFC 5104 section 4.3.1.2: the media source of the head is unused
  store_be32(p + 8, media.value);
  store_be32(p + 12, static_cast<uint32_t>(command_sequence) << 24);
  return true;
}

bool Writer::remb(Ssrc sender, uint64_t bits_per_second, std::span<const Ssrc> sources) {
  size_t count = std::min<size_t>(sources.size(), 255);
  uint8_t* p = begin(15, kPayloadFeedbackType, 20 + count * 4);
  if (p == nullptr) return false;
  unsigned exponent = 0;
  uint64_t mantissa = bits_per_second;
  while (mantissa > 0x3FFFF) {
    mantissa >>= 1;
    ++exponent;
  }
  store_be32(p, sender.value);
  store_be32(p + 4, 0);
  store_be32(p + 8, kRembTag);
  p[12] = static_cast<uint8_t>(count);
  store_be24(p + 13, static_cast<uint32_t>(exponent << 18 | mantissa));
  for (size_t i = 0; i < count; ++i) store_be32(p + 16 + i * 4, sources[i].value);
  return true;
}

}  // namespace turms::rtc::rtcp
