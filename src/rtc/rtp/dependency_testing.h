#pragma once

#include <bit>
#include <string_view>
#include <utility>
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
inline StructureSpec l2t2_key();
/// The same, with the upper layer built on the lower in every picture.
inline StructureSpec l2t2();
/// One spatial layer, three temporal ones, in the order T0 T2 T1 T2.
inline StructureSpec l1t3();

/// The first packet of a key frame: the structure, and a frame that uses template `index`.
inline Bytes structure_descriptor(const StructureSpec& structure, int index, uint16_t frame_number,
                                  bool last_packet = true);
/// A frame of three bytes.
inline Bytes frame_descriptor(int index, uint16_t frame_number, bool first_packet = true,
                              bool last_packet = true);

inline void put_below(BitSink& sink, uint32_t value, uint32_t n) {
  if (n <= 1) return;
  auto width = static_cast<size_t>(std::bit_width(n));
  uint32_t shorter = (uint32_t{1} << width) - n;
  if (value < shorter) {
    sink.put(value, width - 1);
  } else {
    sink.put(value + shorter, width);
  }
}

inline uint32_t indication(char c) {
  return c == 'R' ? 3 : c == 'S' ? 2 : c == 'D' ? 1 : 0;
}

inline void put_structure(BitSink& sink, const StructureSpec& s) {
  sink.put(0, 6).put(static_cast<uint32_t>(s.targets - 1), 5);
  for (size_t i = 0; i < s.templates.size(); ++i) {
    if (i + 1 == s.templates.size()) {
      sink.put(3, 2);
    } else if (s.templates[i + 1].spatial != s.templates[i].spatial) {
      sink.put(2, 2);
    } else {
      sink.put(s.templates[i + 1].temporal != s.templates[i].temporal ? 1 : 0, 2);
    }
  }
  for (const auto& t : s.templates) {
    for (char c : t.indications) sink.put(indication(c), 2);
  }
  for (const auto& t : s.templates) {
    for (int r : t.references) sink.put(1, 1).put(static_cast<uint32_t>(r - 1), 4);
    sink.put(0, 1);
  }
  uint32_t chains = static_cast<uint32_t>(s.templates.front().chains.size());
  put_below(sink, chains, static_cast<uint32_t>(s.targets + 1));
  if (chains > 0) {
    for (int chain : s.protecting) put_below(sink, static_cast<uint32_t>(chain), chains);
    for (const auto& t : s.templates) {
      for (int difference : t.chains) sink.put(static_cast<uint32_t>(difference), 4);
    }
  }
  sink.put(s.resolutions.empty() ? 0 : 1, 1);
  for (auto [width, height] : s.resolutions) {
    sink.put(static_cast<uint32_t>(width - 1), 16).put(static_cast<uint32_t>(height - 1), 16);
  }
}

inline BitSink& BitSink::put(uint32_t value, size_t count) {
  for (size_t i = count; i-- > 0;) {
    if (used_ % 8 == 0) bytes_.push_back(0);
    bytes_.back() |= static_cast<uint8_t>((value >> i & 1) << (7 - used_ % 8));
    ++used_;
  }
  return *this;
}

inline StructureSpec l2t2_key() {
  StructureSpec s;
  s.targets = 4;  // S0T0 S0T1 S1T0 S1T1
  s.protecting = {0, 0, 1, 1};
  s.templates = {
      {0, 0, "SSSS", {}, {0, 0}},   // 0: key frame
      {0, 0, "SS--", {4}, {4, 3}},  // 1
      {0, 1, "-D--", {2}, {2, 1}},  // 2
      {1, 0, "--SS", {1}, {1, 1}},  // 3: of the key picture
      {1, 0, "--SS", {4}, {1, 4}},  // 4
      {1, 1, "---D", {2}, {3, 2}},  // 5
  };
  s.resolutions = {{320, 180}, {640, 360}};
  return s;
}

inline StructureSpec l2t2() {
  StructureSpec s;
  s.targets = 4;
  s.protecting = {0, 0, 1, 1};
  s.templates = {
      {0, 0, "SSSS", {}, {0, 0}},      // 0: key frame
      {0, 0, "SSRR", {4}, {4, 3}},     // 1
      {0, 1, "-D-R", {2}, {2, 1}},     // 2
      {1, 0, "--SS", {1}, {1, 1}},     // 3: of the key picture
      {1, 0, "--RR", {4, 1}, {1, 1}},  // 4
      {1, 1, "---D", {2, 1}, {3, 2}},  // 5
  };
  s.resolutions = {{320, 180}, {640, 360}};
  return s;
}

inline StructureSpec l1t3() {
  StructureSpec s;
  s.targets = 3;
  s.protecting = {0, 0, 0};
  s.templates = {
      {0, 0, "SSS", {}, {0}},   // 0: key frame
      {0, 0, "SSS", {4}, {4}},  // 1
      {0, 1, "-DS", {2}, {2}},  // 2
      {0, 2, "--D", {1}, {1}},  // 3: after T0
      {0, 2, "--D", {1}, {3}},  // 4: after T1
  };
  return s;
}

inline Bytes structure_descriptor(const StructureSpec& structure, int index, uint16_t frame_number,
                                  bool last_packet) {
  BitSink sink;
  sink.put(1, 1).put(last_packet ? 1 : 0, 1).put(static_cast<uint32_t>(index), 6);
  sink.put(frame_number, 16).put(0b10000, 5);
  put_structure(sink, structure);
  return sink.bytes();
}

inline Bytes frame_descriptor(int index, uint16_t frame_number, bool first_packet,
                              bool last_packet) {
  BitSink sink;
  sink.put(first_packet ? 1 : 0, 1).put(last_packet ? 1 : 0, 1);
  sink.put(static_cast<uint32_t>(index), 6).put(frame_number, 16);
  return sink.bytes();
}

}  // namespace turms::rtc::rtp::testing_support
