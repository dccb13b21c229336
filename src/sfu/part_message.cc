#include "sfu/part_message.h"

#include <cstring>

namespace turms::sfu {

size_t PartMessage::write(uint8_t* out) const {
  out[0] = static_cast<uint8_t>(kind);
  out[1] = encoding;
  out[2] = flags;
  out[3] = detail;
  store_be32(out + 4, value);
  store_be32(out + 8, age_us);
  store_be64(out + 12, track.value);
  store_be64(out + 20, number);
  if (!payload.empty()) std::memcpy(out + kHeaderSize, payload.data(), payload.size());
  return kHeaderSize + payload.size();
}

std::optional<PartMessage> PartMessage::parse(ByteView bytes) {
  if (bytes.size() < kHeaderSize) return std::nullopt;
  const uint8_t* p = bytes.data();
  if (p[0] >= kKinds || p[1] >= kMaxSpatialLayers) return std::nullopt;
  PartMessage message;
  message.kind = static_cast<Kind>(p[0]);
  message.encoding = p[1];
  message.flags = p[2];
  message.detail = p[3];
  message.value = load_be32(p + 4);
  message.age_us = load_be32(p + 8);
  message.track = TrackId(load_be64(p + 12));
  message.number = load_be64(p + 20);
  message.payload = bytes.subspan(kHeaderSize);
  return message;
}

}  // namespace turms::sfu
