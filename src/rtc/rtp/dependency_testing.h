#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"

/// Dependency descriptors for tests, made by hand from the structures of W3C's "Scalable Video
/// Coding (SVC) Extension for WebRTC".
namespace turms::rtc::rtp::testing_support {

/// Collects bits, most significant first.
class BitSink {
 public:
  BitSink& put(uint32_t value, size_t count);
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
  size_t used_ = 0;
};

struct TemplateSpec {
  int spatial = 0;
  int temporal = 0;
  std::string_view indications;  // a character for each target: - D S R
  std::vector<int> references;
  std::vector<int> chains;
};

struct StructureSpec {
  int targets = 1;
  std::vector<int> protecting;  // a chain for each target
  std::vector<TemplateSpec> templates;
  std::vector<std::pair<int, int>> resolutions;
};

/// Two spatial layers of two temporal ones; the upper spatial one needs the lower only in key
/// frames. Frames come as S0 S1 of T0, then S0 S1 of T1.
StructureSpec l2t2_key();
/// The same, with the upper layer built on the lower in every picture.
StructureSpec l2t2();
/// One spatial layer, three temporal ones, in the order T0 T2 T1 T2.
StructureSpec l1t3();

/// The first packet of a key frame: the structure, and a frame that uses template `index`.
Bytes structure_descriptor(const StructureSpec& structure, int index, uint16_t frame_number,
                           bool last_packet = true);
/// A frame of three bytes.
Bytes frame_descriptor(int index, uint16_t frame_number, bool first_packet = true,
                       bool last_packet = true);

}  // namespace turms::rtc::rtp::testing_support
