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
                                               const SourceFormat& format) {
  auto meaning = format.payload_types.find(view.payload_type());
  if (!meaning || meaning->rtx) return std::nullopt;
  SourcePacket packet(view);
  packet.payload = view.payload();
  packet.timestamp = view.timestamp().value;
  packet.marker = view.marker();
  packet.codec = meaning->codec;
  if (extensions.has(Extension::kVideoOrientation)) packet.sparse |= kSparseVideoOrientation;
  if (extensions.has(Extension::kPlayoutDelay)) packet.sparse |= kSparsePlayoutDelay;
  if (extensions.has(Extension::kAbsCaptureTime)) packet.sparse |= kSparseCaptureTime;
  if (ByteView level = extensions[Extension::kAudioLevel]; !level.empty()) {
    packet.audio_level = level[0];
  }
  if (packet.payload.empty()) return packet;  // padding only: takes part in the sequence
  Codec codec = format.codecs[meaning->codec].codec;
  if (format.is_video) {
    packet.read_video(codec);
  } else {
    packet.read_audio(format, codec);
  }
  // Without a key frame that can be told, decoding begins where the receiver finds one.
  if (packet.opaque && format.encrypted) packet.can_start = true;
  if (codec == Codec::kVp9 || codec == Codec::kAv1) {
    packet.dependency_bytes = extensions[Extension::kDependencyDescriptor];
    if (packet.dependency_bytes.size() >= 3) packet.sparse |= kSparseDependencyDescriptor;
  }
  return packet;
}

void SourcePacket::read_audio(const SourceFormat& format, Codec of) {
  can_start = start_of_frame = end_of_frame = true;
  // What is encrypted was encrypted as a whole, the heads of the blocks too.
  if (of != Codec::kRed || format.encrypted) return;
  auto block = rtc::rtp::parse_red_primary(payload);
  if (!block) {
    opaque = true;
    return;
  }
  auto inner = format.payload_types.find(block->payload_type);
  if (inner && !inner->rtx && format.codecs[inner->codec].codec != Codec::kRed) {
    primary = block->payload;
    primary_codec = inner->codec;
  }
}

void SourcePacket::read_video(Codec of) {
  end_of_frame = marker;
  if (marker) trailer = rtc::rtp::packet_trailer_size(payload);
  switch (of) {
    case Codec::kVp8: {
      auto descriptor = rtc::rtp::parse_vp8(payload);
      opaque = !descriptor;
      if (opaque) return;
      layering = Layering::kVp8;
      vp8 = *descriptor;
      can_start = descriptor->key_frame;
      start_of_frame = descriptor->start_of_frame();
      temporal_id = descriptor->has_temporal_id ? descriptor->temporal_id : 0;
      return;
    }
    case Codec::kVp9: {
      auto descriptor = rtc::rtp::parse_vp9(payload);
      opaque = !descriptor;
      if (opaque) return;
      layering = Layering::kVp9;
      vp9 = *descriptor;
      can_start = descriptor->key_frame;
      start_of_frame = descriptor->start_of_frame;
      end_of_frame = descriptor->end_of_frame;
      spatial_id = descriptor->spatial_id;
      temporal_id = descriptor->temporal_id;
      return;
    }
    default: {
      auto info = rtc::rtp::inspect_payload(of, payload, marker);
      opaque = !info;
      if (opaque) return;
      can_start = info->key_frame;
      start_of_frame = info->start_of_frame;
      return;
    }
  }
}

void SourcePacket::read_dependencies(const PacketExtensions& extensions,
                                     rtc::rtp::DependencyReader& dependency_reader, bool newest) {
  ByteView value = extensions[Extension::kDependencyDescriptor];
  if (value.empty() || payload.empty() || is_vp8()) return;
  const auto* descriptor = dependency_reader.read(value, newest);
  if (descriptor == nullptr) return;
  layering = Layering::kDependencies;
  dependencies = descriptor;
  reader = &dependency_reader;
  can_start = descriptor->has_structure && descriptor->first_packet;
  start_of_frame = descriptor->first_packet;
  end_of_frame = descriptor->last_packet;
  spatial_id = descriptor->frame.spatial_id;
  temporal_id = descriptor->frame.temporal_id;
}

}  // namespace turms::sfu
