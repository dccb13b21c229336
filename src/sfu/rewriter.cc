#include "sfu/rewriter.h"

namespace turms::sfu {

namespace {

bool never(const SourcePacket&) {
  return false;
}

// ---- Sound, encrypted pictures, and codecs whose payload has no numbers: nothing to change.

Numbers no_numbers(const SourcePacket&) {
  return {};
}

// ---- VP8 (RFC 7741 section 4.2)

Numbers vp8_numbers(const SourcePacket& packet) {
  return {packet.vp8.picture_id, packet.vp8.tl0_picture_index};
}

bool vp8_closes_up(const SourcePacket& packet) {
  return packet.vp8.has_picture_id;
}

void rewrite_vp8(const SourcePacket& packet, const Numbers& by, MutableByteView payload) {
  rtc::rtp::rewrite_vp8(
      payload, packet.vp8, static_cast<uint16_t>(packet.vp8.picture_id + by.picture),
      static_cast<uint8_t>(packet.vp8.tl0_picture_index + by.tl0), packet.vp8.key_index);
}

// ---- VP9 (RFC 9628 section 4.2). Its references are differences of ids: none is closed up.

Numbers vp9_numbers(const SourcePacket& packet) {
  return {packet.vp9.picture_id, packet.vp9.tl0_picture_index};
}

void rewrite_vp9(const SourcePacket& packet, const Numbers& by, MutableByteView payload) {
  rtc::rtp::rewrite_vp9(payload, packet.vp9,
                        static_cast<uint16_t>(packet.vp9.picture_id + by.picture),
                        static_cast<uint8_t>(packet.vp9.tl0_picture_index + by.tl0));
}

// ---- Dependency descriptor: the frame number is in the header extension, which is written with
// the header.

Numbers frame_numbers(const SourcePacket& packet) {
  return {packet.dependencies->frame_number, 0};
}

constexpr std::array<Rewriter, kLayerings> kRewriters = {{
    {no_numbers, never, nullptr},               // Layering::kNone
    {vp8_numbers, vp8_closes_up, rewrite_vp8},  // kVp8
    {vp9_numbers, never, rewrite_vp9},          // kVp9
    {frame_numbers, never, nullptr},            // kDependencies
}};

}  // namespace

const Rewriter& Rewriter::of(Layering layering) {
  return kRewriters[static_cast<size_t>(layering)];
}

}  // namespace turms::sfu
