#pragma once

#include "record/depacketizer.h"
#include "record/stream_config.h"

namespace turms::record {

/// H264 (RFC 6184, packetization modes 0 and 1) and H265 (RFC 7798): access units whose NAL units
/// stand behind lengths of four bytes. Delimiters are left out; parameter sets stay where they came
/// too, so that a picture of another size may follow.
class H26xDepacketizer final : public Depacketizer {
 public:
  explicit H26xDepacketizer(rtc::Codec codec) : h265_(codec == rtc::Codec::kH265) {}

  void begin() override;
  bool add(ByteView payload) override;
  std::optional<Frame> finish() override;

 private:
  static constexpr size_t kMaxSet = 4096;

  bool add_aggregate(ByteView payload);
  bool add_fragment(ByteView payload);
  bool take_unit(ByteView unit);
  void take_slice(ByteView unit, bool key);
  bool keep(Bytes& set, ByteView unit);
  [[nodiscard]] bool describe(Frame& frame) const;

  const bool h265_;
  Bytes data_;
  Bytes fragment_;
  bool in_fragment_ = false;
  size_t units_ = 0;
  bool picture_ = false;
  bool whole_ = false;  // its first slice is there
  bool key_ = false;
  // The newest parameter sets.
  Bytes vps_;
  Bytes sps_;
  Bytes pps_;
};

}  // namespace turms::record
