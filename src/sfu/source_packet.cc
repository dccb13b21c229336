#include "sfu/source_packet.h"

namespace turms::sfu {

using rtc::Codec;
using rtc::Extension;

PayloadTypes::PayloadTypes(const std::vector<rtc::CodecParameters>& codecs) {
  for (size_t i = 0; i < codecs.size() && i < 0x7F; ++i) {
    auto entry = static_cast<uint8_t>(i + 1);
    table_[codecs[i].payload_type & 0x7F] = entry;
    if (codecs[i].rtx_payload_type != 0) {
      table_[codecs[i].rtx_payload_type & 0x7F] = entry | 0x80;
    }
  }
}

PacketExtensions::PacketExtensions(const rtc::rtp::PacketView& packet,
                                   const rtc::ExtensionMap& ids) {
  packet.for_each_extension([&](uint8_t id, ByteView value) {
    if (auto extension = ids.find(id)) values[static_cast<size_t>(*extension)] = value;
  });
}

std::optional<SourcePacket> SourcePacket::read(const rtc::rtp::PacketView& view,
                                               const PacketExtensions& extensions,
                                               const std::vector<rtc::CodecParameters>& codecs,
                                               const PayloadTypes& payload_types) {
  auto meaning = payload_types.find(view.payload_type());
  if (!meaning || meaning->rtx) return std::nullopt;
  SourcePacket packet(view);
  packet.payload = view.payload();
  packet.timestamp = view.timestamp().value;
  packet.marker = view.marker();
  packet.codec = meaning->codec;
  if (extensions.has(Extension::kDependencyDescriptor)) {
    packet.sparse |= kSparseDependencyDescriptor;
  }
  if (extensions.has(Extension::kVideoOrientation)) packet.sparse |= kSparseVideoOrientation;
  if (extensions.has(Extension::kPlayoutDelay)) packet.sparse |= kSparsePlayoutDelay;
  if (extensions.has(Extension::kAbsCaptureTime)) packet.sparse |= kSparseCaptureTime;
  if (ByteView level = extensions[Extension::kAudioLevel]; !level.empty()) {
    packet.audio_level = level[0];
  }
  if (packet.payload.empty()) return packet;  // padding only: takes part in the sequence
  Codec codec = codecs[meaning->codec].codec;
  switch (codec) {
    case Codec::kVp8: {
      auto descriptor = rtc::rtp::parse_vp8(packet.payload);
      if (!descriptor) return std::nullopt;
      packet.is_vp8 = true;
      packet.vp8 = *descriptor;
      packet.can_start = descriptor->key_frame;
      packet.temporal_id = descriptor->has_temporal_id ? descriptor->temporal_id : 0;
      return packet;
    }
    case Codec::kRed: {
      packet.can_start = true;
      auto primary = rtc::rtp::parse_red_primary(packet.payload);
      if (!primary) return std::nullopt;
      auto inner = payload_types.find(primary->payload_type);
      if (inner && !inner->rtx && codecs[inner->codec].codec != Codec::kRed) {
        packet.primary = primary->payload;
        packet.primary_codec = inner->codec;
      }
      return packet;
    }
    case Codec::kOpus:
    case Codec::kPcmu:
    case Codec::kPcma:
      packet.can_start = true;
      return packet;
    case Codec::kH264:
    case Codec::kVp9:
    case Codec::kAv1:
    case Codec::kH265: {
      auto info = rtc::rtp::inspect_payload(codec, packet.payload, packet.marker);
      if (!info) return std::nullopt;
      packet.can_start = info->key_frame;
      return packet;
    }
  }
  return std::nullopt;
}

}  // namespace turms::sfu
