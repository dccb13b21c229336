#include "rtc/rtp/packet.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace turms::rtc::rtp {

namespace {

constexpr uint16_t kOneByteProfile = 0xBEDE;  // RFC 8285 section 4.2
constexpr uint16_t kTwoByteProfile = 0x1000;  // section 4.3: 0x100 and four bits of "appbits"
constexpr uint16_t kTwoByteMask = 0xFFF0;
constexpr size_t kMaxExtensions = kExtensionCount + 6;

}  // namespace

const char* to_string(DropReason reason) {
  switch (reason) {
    case DropReason::kTooShort:
      return "too short";
    case DropReason::kBadVersion:
      return "bad version";
    case DropReason::kNotRtp:
      return "not RTP";
    case DropReason::kBadCsrc:
      return "bad CSRC list";
    case DropReason::kBadExtension:
      return "bad header extension";
    case DropReason::kBadPadding:
      return "bad padding";
  }
  return "unknown";
}

std::expected<PacketView, DropReason> PacketView::parse(ByteView data) {
  if (data.size() < kHeaderSize) return std::unexpected(DropReason::kTooShort);
  if (data.size() > UINT16_MAX) return std::unexpected(DropReason::kTooShort);
  if (data[0] >> 6 != 2) return std::unexpected(DropReason::kBadVersion);
  if (looks_like_rtcp(data)) return std::unexpected(DropReason::kNotRtp);
  PacketView view(data);
  size_t offset = kHeaderSize + view.csrc_count() * 4;
  if (offset > data.size()) return std::unexpected(DropReason::kBadCsrc);
  if ((data[0] & 0x10) != 0) {
    if (data.size() - offset < 4) return std::unexpected(DropReason::kBadExtension);
    uint16_t profile = load_be16(&data[offset]);
    size_t size = static_cast<size_t>(load_be16(&data[offset + 2])) * 4;
    offset += 4;
    if (data.size() - offset < size) return std::unexpected(DropReason::kBadExtension);
    view.two_byte_ = (profile & kTwoByteMask) == kTwoByteProfile;
    if (view.two_byte_ || profile == kOneByteProfile) {
      view.extensions_offset_ = static_cast<uint16_t>(offset);
      view.extensions_size_ = static_cast<uint16_t>(size);
    }
    offset += size;
  }
  view.payload_offset_ = static_cast<uint16_t>(offset);
  if ((data[0] & 0x20) != 0) {
    // The last byte counts itself, so 0 is malformed (RFC 3550 section 5.1).
    if (offset == data.size()) return std::unexpected(DropReason::kBadPadding);
    view.padding_ = data.back();
    if (view.padding_ == 0 || view.padding_ > data.size() - offset) {
      return std::unexpected(DropReason::kBadPadding);
    }
  }
  return view;
}

bool PacketView::next_extension(size_t& position, uint8_t& id, ByteView& value) const {
  ByteView block = data_.subspan(extensions_offset_, extensions_size_);
  while (position < block.size()) {
    uint8_t head = block[position];
    if (head == 0) {  // padding, in both forms
      ++position;
      continue;
    }
    size_t size = 0;
    size_t start = 0;
    if (two_byte_) {
      if (block.size() - position < 2) return false;
      id = head;
      size = block[position + 1];
      start = position + 2;
    } else {
      id = head >> 4;
      if (id == 15) return false;  // "stop": RFC 8285 section 4.2
      size = static_cast<size_t>(head & 0x0F) + 1;
      start = position + 1;
      if (id == 0) {  // id 0 with a length: reserved, skip it
        position = start + size;
        continue;
      }
    }
    if (block.size() - start < size) return false;
    value = block.subspan(start, size);
    position = start + size;
    return true;
  }
  return false;
}

std::optional<ByteView> PacketView::extension(uint8_t id) const {
  if (id == 0) return std::nullopt;
  size_t position = 0;
  uint8_t found = 0;
  ByteView value;
  while (next_extension(position, found, value)) {
    if (found == id) return value;
  }
  return std::nullopt;
}

MutableByteView find_extension(MutableByteView packet, uint8_t id) {
  auto view = PacketView::parse(packet);
  if (!view) return {};
  auto value = view->extension(id);
  if (!value) return {};
  return packet.subspan(static_cast<size_t>(value->data() - packet.data()), value->size());
}

namespace {

bool writable(const ExtensionValue& e) {
  return e.id != 0 && e.id != 15 && e.value.size() <= 255;
}

/// Writes the fixed header and extensions; size or 0.
size_t write_header(MutableByteView out, const Header& header,
                    std::span<const ExtensionValue> extensions, bool has_padding) {
  if (out.size() < kHeaderSize) return 0;
  bool any = false;
  bool one_byte = true;
  size_t values = 0;
  size_t count = 0;
  for (const ExtensionValue& e : extensions) {
    if (!writable(e)) continue;
    any = true;
    ++count;
    values += e.value.size();
    if (e.id > 14 || e.value.empty() || e.value.size() > 16) one_byte = false;
  }
  out[0] = static_cast<uint8_t>(0x80 | (has_padding ? 0x20 : 0) | (any ? 0x10 : 0));
  out[1] = static_cast<uint8_t>((header.marker ? 0x80 : 0) | (header.payload_type & 0x7F));
  store_be16(&out[2], header.sequence.value);
  store_be32(&out[4], header.timestamp.value);
  store_be32(&out[8], header.ssrc.value);
  if (!any) return kHeaderSize;
  size_t used = values + count * (one_byte ? 1 : 2);
  size_t words = (used + 3) / 4;
  if (out.size() - kHeaderSize < 4 + words * 4) return 0;
  uint8_t* p = &out[kHeaderSize];
  store_be16(p, one_byte ? kOneByteProfile : kTwoByteProfile);
  store_be16(p + 2, static_cast<uint16_t>(words));
  p += 4;
  uint8_t* end = p + words * 4;
  for (const ExtensionValue& e : extensions) {
    if (!writable(e)) continue;
    if (one_byte) {
      *p++ = static_cast<uint8_t>(e.id << 4 | (e.value.size() - 1));
    } else {
      *p++ = e.id;
      *p++ = static_cast<uint8_t>(e.value.size());
    }
    if (!e.value.empty()) std::memcpy(p, e.value.data(), e.value.size());
    p += e.value.size();
  }
  std::fill(p, end, uint8_t{0});
  return kHeaderSize + 4 + words * 4;
}

}  // namespace

size_t write_packet(MutableByteView out, const Header& header,
                    std::span<const ExtensionValue> extensions, ByteView payload, uint8_t padding) {
  size_t head = write_header(out, header, extensions, padding > 0);
  if (head == 0 || out.size() - head < payload.size() + padding) return 0;
  if (!payload.empty()) std::memcpy(&out[head], payload.data(), payload.size());
  if (padding > 0) {
    std::fill_n(&out[head + payload.size()], padding - 1, uint8_t{0});
    out[head + payload.size() + padding - 1] = padding;
  }
  return head + payload.size() + padding;
}

size_t write_forwarded_header(MutableByteView out, const PacketView& source,
                              const ExtensionMap& source_ids, const Header& header,
                              const ExtensionMap& target_ids, const OwnExtensions& own) {
  std::array<ExtensionValue, kMaxExtensions> list;
  size_t count = 0;
  auto add = [&](uint8_t id, ByteView value) {
    if (id != 0 && count < list.size()) list[count++] = {id, value};
  };
  auto add_text = [&](Extension extension, std::string_view text) {
    if (!text.empty()) add(target_ids.id(extension), as_bytes(text.substr(0, 16)));
  };
  std::array<uint8_t, 2> sequence{};
  std::array<uint8_t, 3> send_time{};
  add_text(Extension::kMid, own.mid);
  add_text(Extension::kRid, own.rid);
  add_text(Extension::kRepairedRid, own.repaired_rid);
  if (own.transport_sequence) {
    store_be16(sequence.data(), *own.transport_sequence);
    add(target_ids.id(Extension::kTransportSequence), sequence);
  }
  if (own.abs_send_time) {
    store_be24(send_time.data(), *own.abs_send_time & 0xFFFFFF);
    add(target_ids.id(Extension::kAbsSendTime), send_time);
  }
  if (!own.dependency_descriptor.empty()) {
    add(target_ids.id(Extension::kDependencyDescriptor), own.dependency_descriptor);
  }
  source.for_each_extension([&](uint8_t id, ByteView value) {
    auto known = source_ids.find(id);
    if (!known) return;
    switch (*known) {
      case Extension::kAudioLevel:
      case Extension::kVideoOrientation:
      case Extension::kPlayoutDelay:
      case Extension::kAbsCaptureTime:
        add(target_ids.id(*known), value);
        break;
      case Extension::kMid:
      case Extension::kRid:
      case Extension::kRepairedRid:
      case Extension::kTransportSequence:
      case Extension::kAbsSendTime:
      case Extension::kDependencyDescriptor:  // whoever forwards it may have to rewrite it
        break;
    }
  });
  return write_header(out, header, {list.data(), count}, false);
}

size_t copy_packet(MutableByteView out, const PacketView& source, const ExtensionMap& source_ids,
                   const Header& header, const ExtensionMap& target_ids, const OwnExtensions& own) {
  size_t head = write_forwarded_header(out, source, source_ids, header, target_ids, own);
  ByteView payload = source.payload();
  if (head == 0 || out.size() - head < payload.size()) return 0;
  if (!payload.empty()) std::memcpy(&out[head], payload.data(), payload.size());
  return head + payload.size();
}

uint32_t abs_send_time(TimePoint now) {
  // 64 s wrap, 1/2^18 s units. Whole seconds apart, so the shift does not overflow.
  uint64_t ns = static_cast<uint64_t>(now.time_since_epoch().count());
  uint64_t seconds = ns / 1'000'000'000;
  uint64_t fraction = ((ns % 1'000'000'000) << 18) / 1'000'000'000;
  return static_cast<uint32_t>((seconds << 18 | fraction) & 0xFFFFFF);
}

std::optional<RtxPayload> parse_rtx(ByteView payload) {
  if (payload.size() < kRtxOverhead) return std::nullopt;
  return RtxPayload{SeqNum(load_be16(payload.data())), payload.subspan(kRtxOverhead)};
}

MutableByteView decapsulate_rtx(MutableByteView packet, const PacketView& view, Ssrc original_ssrc,
                                uint8_t original_payload_type) {
  auto rtx = parse_rtx(view.payload());
  if (!rtx) return {};
  size_t head = view.header_size();
  size_t size = head + rtx->payload.size();
  // The header moves up over the OSN: it is shorter than the payload.
  std::memmove(packet.data() + kRtxOverhead, packet.data(), head);
  MutableByteView restored = packet.subspan(kRtxOverhead, size);
  restored[0] &= static_cast<uint8_t>(~0x20);
  set_sequence(restored, rtx->original_sequence);
  set_ssrc(restored, original_ssrc);
  set_payload_type(restored, original_payload_type);
  return restored;
}

size_t encapsulate_rtx(MutableByteView out, const PacketView& original, Ssrc rtx_ssrc,
                       uint8_t rtx_payload_type, SeqNum rtx_sequence) {
  size_t head = original.header_size();
  ByteView payload = original.payload();
  if (out.size() < head + kRtxOverhead + payload.size()) return 0;
  std::memcpy(out.data(), original.data().data(), head);
  store_be16(&out[head], original.sequence().value);
  if (!payload.empty()) std::memcpy(&out[head + kRtxOverhead], payload.data(), payload.size());
  out[0] &= static_cast<uint8_t>(~0x20);
  set_sequence(out, rtx_sequence);
  set_ssrc(out, rtx_ssrc);
  set_payload_type(out, rtx_payload_type);
  return head + kRtxOverhead + payload.size();
}

std::optional<AudioLevel> parse_audio_level(ByteView value) {
  if (value.empty()) return std::nullopt;
  return AudioLevel{(value[0] & 0x80) != 0, static_cast<uint8_t>(value[0] & 0x7F)};
}

std::string_view parse_sdes_text(ByteView value) {
  // mid is a token (RFC 8843), rid is alphanumeric with - and _ (RFC 8851): printable, no spaces.
  bool good =
      std::all_of(value.begin(), value.end(), [](uint8_t c) { return c > 0x20 && c < 0x7F; });
  return good ? as_text(value) : std::string_view();
}

std::optional<uint16_t> parse_transport_sequence(ByteView value) {
  if (value.size() < 2) return std::nullopt;
  return load_be16(value.data());
}

}  // namespace turms::rtc::rtp
