#pragma once

#include <array>
#include <cstdint>

#include "rtc/rtp/dependency_descriptor.h"
#include "rtc/rtp/payload.h"
#include "sfu/source_packet.h"

namespace turms::sfu {

/// Which frames of one stream with layers inside a subscriber gets: by the dependency descriptor
/// where packets carry one, else by the VP9 payload descriptor. A frame is forwarded or left out as
/// a whole. Going up happens where the stream says that decoding can go on there (a key frame, a
/// switch indication), going down at once when the layers left are part of those sent so far.
class FrameSelector {
 public:
  /// Forwarding begins, with the next packet: nothing before it was sent.
  void begin();
  /// Highest layers wanted.
  void request(uint8_t spatial, uint8_t temporal);

  /// Is this packet, newer than all before, to be forwarded?
  bool wants(const SourcePacket& packet);
  /// The same of one that comes late; what was decided of its frame holds.
  bool wants_late(const SourcePacket& packet);

  /// Does it end what the subscriber gets of its picture? Then it needs the marker bit.
  [[nodiscard]] bool ends_picture(const SourcePacket& packet) const;
  /// Are layers wanted that can only be had from a key frame?
  [[nodiscard]] bool needs_key_frame(const rtc::rtp::DependencyReader* reader);

  /// Being forwarded.
  [[nodiscard]] uint8_t spatial() const { return spatial_; }
  [[nodiscard]] uint8_t temporal() const { return temporal_; }
  /// Decode targets whose frames the subscriber gets.
  [[nodiscard]] uint32_t sent_targets(const rtc::rtp::DependencyReader& reader) const;

 private:
  /// Frames back from the newest whose fate is known.
  static constexpr size_t kMemory = 256;

  /// A bit per frame number.
  class Bits {
   public:
    [[nodiscard]] bool get(uint16_t n) const { return (words_[word(n)] >> (n & 63) & 1) != 0; }
    void set(uint16_t n, bool value) {
      uint64_t bit = uint64_t{1} << (n & 63);
      words_[word(n)] = value ? words_[word(n)] | bit : words_[word(n)] & ~bit;
    }
    void fill(bool value) { words_.fill(value ? ~uint64_t{0} : 0); }

   private:
    static size_t word(uint16_t n) { return (n % kMemory) / 64; }
    std::array<uint64_t, kMemory / 64> words_{};
  };

  bool wants_vp9(const SourcePacket& packet);
  bool wants_frame(const rtc::rtp::DependencyDescriptor& d,
                   const rtc::rtp::DependencyReader& reader);
  void advance(uint16_t number);
  void find_wanted(const rtc::rtp::DependencyReader& reader);
  void choose(const rtc::rtp::DependencyDescriptor& d, const rtc::rtp::DependencyReader& reader);
  void follow(const rtc::rtp::DependencyStructure& structure, int target);
  [[nodiscard]] bool decodable(const rtc::rtp::DependencyDescriptor& d) const;

  uint8_t wanted_spatial_ = 0;
  uint8_t wanted_temporal_ = 0;
  uint8_t spatial_ = 0;
  uint8_t temporal_ = 0;
  bool begun_ = false;

  // By payload descriptor.
  uint32_t picture_ = 0;  // timestamp of the newest
  bool has_picture_ = false;

  // By dependency descriptor.
  int8_t wanted_target_ = -1;
  int8_t target_ = -1;
  bool stale_ = true;  // wanted_target_ is to be found anew
  uint32_t version_ = 0;
  uint16_t newest_ = 0;
  Bits decided_;
  Bits sent_;
};

}  // namespace turms::sfu
