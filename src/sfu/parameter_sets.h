#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "rtc/parameters.h"

namespace turms::sfu {

/// What a decoder has to know before the first key frame of a stream, and what some senders send
/// only once: the SPS and PPS of H264, VPS, SPS and PPS of H265, the sequence header of AV1. Keeps
/// the latest of each kind and id: at most kMaxSets of at most kMaxSize bytes, the oldest is
/// replaced. Sets that come fragmented are not kept; they are far smaller than a packet.
class ParameterSets {
 public:
  static constexpr size_t kMaxSets = 8;
  static constexpr size_t kMaxSize = 256;

  /// Keeps those in a payload.
  void read(rtc::Codec codec, ByteView payload);
  void clear();

  /// Does a key frame that begins with this payload bring its own?
  static bool leads(rtc::Codec codec, ByteView payload);

  [[nodiscard]] size_t count() const { return count_; }
  /// Each is the payload of a packet of its own, in the order to be sent.
  [[nodiscard]] ByteView payload(size_t index) const {
    return ByteView(sets_[index].bytes).first(sets_[index].size);
  }
  /// Changes whenever a set does.
  [[nodiscard]] uint8_t version() const { return version_; }

 private:
  struct Set {
    uint32_t key = 0;  // kind and id
    uint16_t size = 0;
    std::array<uint8_t, kMaxSize> bytes;
  };

  void keep(uint32_t key, ByteView head, ByteView body);

  std::array<Set, kMaxSets> sets_;  // by key, which is in the order to be sent
  size_t count_ = 0;
  uint8_t version_ = 0;
};

}  // namespace turms::sfu
