#include "rtc/sctp/wire.h"

#include <algorithm>
#include <array>

#include "rtc/sctp/crc32c.h"

namespace turms::rtc::sctp {
namespace {

/// The length field's part of `rest`; moves `rest` behind it and its padding. A last one may come
/// without padding.
std::optional<ByteView> take_padded(ByteView& rest) {
  if (rest.size() < kChunkHeader) return std::nullopt;
  const size_t size = load_be16(&rest[2]);
  if (size < kChunkHeader || size > rest.size()) return std::nullopt;
  const ByteView whole = rest.first(size);
  rest = rest.subspan(std::min(padded(size), rest.size()));
  return whole;
}

/// Of the packet with zeros in place of the checksum, as it stands on the wire.
uint32_t checksum(ByteView packet) {
  constexpr std::array<uint8_t, 4> kZeros{};
  Crc32c crc;
  crc.add(packet.first(8));
  crc.add(kZeros);
  crc.add(packet.subspan(kCommonHeader));
  return __builtin_bswap32(crc.value());
}

}  // namespace

std::optional<PacketHeader> PacketHeader::parse(ByteView packet) {
  if (packet.size() < kCommonHeader) return std::nullopt;
  if (load_be32(&packet[8]) != checksum(packet)) return std::nullopt;
  return PacketHeader{load_be16(&packet[0]), load_be16(&packet[2]), load_be32(&packet[4])};
}

void finish_packet(MutableByteView packet, const PacketHeader& header) {
  store_be16(&packet[0], header.source_port);
  store_be16(&packet[2], header.destination_port);
  store_be32(&packet[4], header.tag);
  store_be32(&packet[8], checksum(packet));
}

std::optional<ChunkView> ChunkView::take(ByteView& rest) {
  const auto whole = take_padded(rest);
  if (!whole) return std::nullopt;
  return ChunkView{static_cast<ChunkType>((*whole)[0]), (*whole)[1], whole->subspan(kChunkHeader)};
}

std::optional<ParameterView> ParameterView::take(ByteView& rest) {
  const auto whole = take_padded(rest);
  if (!whole) return std::nullopt;
  return ParameterView{static_cast<ParameterType>(load_be16(whole->data())),
                       whole->subspan(kChunkHeader)};
}

std::optional<DataView> DataView::parse(const ChunkView& chunk) {
  const bool interleaved = chunk.type == ChunkType::kIData;
  ByteReader in(chunk.value);
  DataView out;
  out.tsn = in.u32();
  out.stream = in.u16();
  out.begin = (chunk.flags & kFlagBegin) != 0;
  out.end = (chunk.flags & kFlagEnd) != 0;
  out.unordered = (chunk.flags & kFlagUnordered) != 0;
  out.immediate = (chunk.flags & kFlagImmediate) != 0;
  if (interleaved) {
    in.skip(2);
    out.message = in.u32();
    (out.begin ? out.ppid : out.fragment) = in.u32();
  } else {
    out.message = in.u16();
    out.ppid = in.u32();
  }
  if (!in.ok() || in.remaining() == 0) return std::nullopt;
  out.data = in.bytes(in.remaining());
  return out;
}

std::optional<InitView> InitView::parse(const ChunkView& chunk) {
  ByteReader in(chunk.value);
  InitView out;
  out.tag = in.u32();
  out.window = in.u32();
  out.outgoing_streams = in.u16();
  out.incoming_streams = in.u16();
  out.tsn = in.u32();
  if (!in.ok() || out.tag == 0 || out.outgoing_streams == 0 || out.incoming_streams == 0) {
    return std::nullopt;
  }
  ByteView rest = in.bytes(in.remaining());
  while (!rest.empty()) {
    const auto parameter = ParameterView::take(rest);
    if (!parameter) return std::nullopt;
    switch (parameter->type) {
      case ParameterType::kStateCookie:
        out.cookie = parameter->value;
        break;
      case ParameterType::kForwardTsnSupported:
        out.forward_tsn = true;
        break;
      case ParameterType::kSupportedExtensions:
        for (const uint8_t type : parameter->value) {
          const auto extension = static_cast<ChunkType>(type);
          if (extension == ChunkType::kForwardTsn) out.forward_tsn = true;
          if (extension == ChunkType::kReconfig) out.reconfig = true;
          if (extension == ChunkType::kIData) out.interleaving = true;
        }
        break;
      default:
        break;
    }
  }
  return out;
}

std::optional<SackView> SackView::parse(const ChunkView& chunk) {
  ByteReader in(chunk.value);
  SackView out;
  out.cumulative = in.u32();
  out.window = in.u32();
  const size_t gaps = in.u16();
  out.duplicates = in.u16();
  out.gaps = in.bytes(gaps * 4);
  if (!in.ok()) return std::nullopt;
  return out;
}

void ChunkWriter::begin(ChunkType type, uint8_t flags) {
  chunk_ = out_.size();
  u8(static_cast<uint8_t>(type));
  u8(flags);
  u16(0);
}

void ChunkWriter::begin_parameter(ParameterType type) {
  parameter_ = out_.size();
  u16(static_cast<uint16_t>(type));
  u16(0);
}

void ChunkWriter::u16(uint16_t v) {
  u8(static_cast<uint8_t>(v >> 8));
  u8(static_cast<uint8_t>(v));
}

void ChunkWriter::u32(uint32_t v) {
  u16(static_cast<uint16_t>(v >> 16));
  u16(static_cast<uint16_t>(v));
}

void ChunkWriter::end_parameter() {
  store_be16(&out_[parameter_ + 2], static_cast<uint16_t>(out_.size() - parameter_));
  out_.resize(parameter_ + padded(out_.size() - parameter_));
}

void ChunkWriter::end() {
  store_be16(&out_[chunk_ + 2], static_cast<uint16_t>(out_.size() - chunk_));
  out_.resize(chunk_ + padded(out_.size() - chunk_));
}

}  // namespace turms::rtc::sctp
