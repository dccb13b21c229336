#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "record/media_file.h"
#include "rtc/rtp/packet.h"

/// For tests of this module.
namespace turms::record {

/// A file in memory, whose disk may fill up.
class MemoryFile final : public RandomAccessFile {
 public:
  explicit MemoryFile(Bytes content = {}) : data(std::move(content)) {}
  [[nodiscard]] uint64_t size() const override { return data.size(); }
  size_t read(uint64_t at, MutableByteView out) override {
    if (at >= data.size()) return 0;
    const size_t count = std::min<size_t>(out.size(), data.size() - at);
    std::copy_n(data.begin() + static_cast<ptrdiff_t>(at), count, out.begin());
    return count;
  }
  Status write(uint64_t at, ByteView bytes) override {
    if (at > data.size() || at + bytes.size() > limit) {
      return fail(ErrorCode::kResourceExhausted, "full");
    }
    data.resize(std::max<size_t>(data.size(), at + bytes.size()));
    std::copy(bytes.begin(), bytes.end(), data.begin() + static_cast<ptrdiff_t>(at));
    return {};
  }
  Status truncate(uint64_t size) override {
    data.resize(size);
    return {};
  }

  Bytes data;
  size_t limit = SIZE_MAX;
};

/// An RTP packet.
inline Bytes rtp_packet(uint8_t payload_type, uint16_t sequence, uint32_t timestamp, bool marker,
                        ByteView payload) {
  Bytes out(1500);
  const rtc::rtp::Header header{.marker = marker,
                                .payload_type = payload_type,
                                .sequence = rtc::rtp::SeqNum(sequence),
                                .timestamp = rtc::rtp::RtpTime(timestamp),
                                .ssrc = rtc::Ssrc(7)};
  out.resize(rtc::rtp::write_packet(out, header, {}, payload));
  return out;
}

}  // namespace turms::record
