#include "record/depacketizer.h"

#include <vector>

#include "record/h26x_depacketizer.h"
#include "record/stream_config.h"
#include "rtc/rtp/payload.h"

namespace turms::record {
namespace {

void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// RFC 7741.
class Vp8Depacketizer final : public Depacketizer {
 public:
  void begin() override {
    data_.clear();
    started_ = false;
  }

  bool add(ByteView payload) override {
    const auto descriptor = rtc::rtp::parse_vp8(payload);
    if (!descriptor || data_.size() + payload.size() > kMaxFrame) return false;
    if (descriptor->start_of_frame() == started_) return false;
    started_ = true;
    append(data_, payload.subspan(descriptor->size));
    return true;
  }

  std::optional<Frame> finish() override {
    if (!started_ || data_.empty()) return std::nullopt;
    Frame frame;
    frame.key_frame = (data_[0] & 1) == 0;
    if (frame.key_frame) {
      const auto size = parse_vp8_key_frame(data_);
      if (!size) return std::nullopt;
      frame.width = size->width;
      frame.height = size->height;
    }
    frame.data = std::move(data_);
    begin();
    return frame;
  }

 private:
  Bytes data_;
  bool started_ = false;
};

/// RFC 9628. The frames of the spatial layers of a picture become one superframe (VP9
/// specification, annex B), of which a decoder shows the last.
class Vp9Depacketizer final : public Depacketizer {
 public:
  void begin() override {
    data_.clear();
    ends_.clear();
    open_ = false;
    key_ = false;
  }

  bool add(ByteView payload) override {
    const auto descriptor = rtc::rtp::parse_vp9(payload);
    if (!descriptor || data_.size() + payload.size() > kMaxFrame) return false;
    if (descriptor->start_of_frame == open_) return false;
    if (descriptor->start_of_frame) {
      if (ends_.size() == kMaxLayerFrames) return false;
      if (ends_.empty()) key_ = descriptor->key_frame;
    }
    append(data_, payload.subspan(descriptor->size));
    open_ = !descriptor->end_of_frame;
    if (!open_) ends_.push_back(data_.size());
    return true;
  }

  std::optional<Frame> finish() override {
    if (open_ || data_.empty()) return std::nullopt;
    Frame frame;
    size_t from = 0;
    for (const size_t end : ends_) {
      const auto head = parse_vp9_frame(ByteView(data_).subspan(from, end - from));
      if (!head) return std::nullopt;
      if (from == 0) frame.key_frame = key_ && head->key_frame;
      if (head->size) {
        frame.width = head->size->width;
        frame.height = head->size->height;
      }
      from = end;
    }
    if (frame.key_frame && frame.width == 0) return std::nullopt;
    if (ends_.size() > 1) append_index();
    frame.data = std::move(data_);
    begin();
    return frame;
  }

 private:
  static constexpr size_t kMaxLayerFrames = 8;

  void append_index() {
    const auto head = static_cast<uint8_t>(0b110'11'000 | (ends_.size() - 1));  // sizes of 4 bytes
    data_.push_back(head);
    size_t from = 0;
    for (const size_t end : ends_) {
      const size_t size = end - from;
      for (int shift = 0; shift < 32; shift += 8)
        data_.push_back(static_cast<uint8_t>(size >> shift));
      from = end;
    }
    data_.push_back(head);
  }

  Bytes data_;
  std::vector<size_t> ends_;  // of layer frames
  bool open_ = false;         // within one
  bool key_ = false;
};

/// The AV1 RTP payload format of the Alliance for Open Media.
class Av1Depacketizer final : public Depacketizer {
 public:
  void begin() override {
    data_.clear();
    fragment_.clear();
    in_fragment_ = false;
    units_ = 0;
    key_ = false;
    picture_ = false;
  }

  bool add(ByteView payload) override {
    rtc::rtp::Av1Elements elements(payload);
    if (!elements.ok() || payload.empty() || data_.size() + payload.size() > kMaxFrame)
      return false;
    if (elements.continues() != in_fragment_) return false;
    while (const auto element = elements.next()) {
      if (fragment_.size() + element->size() > kMaxFrame || ++units_ > kMaxUnits) return false;
      append(fragment_, *element);
      in_fragment_ = elements.at_end() && elements.to_be_continued();
      if (in_fragment_) continue;
      if (!take_unit()) return false;
      fragment_.clear();
    }
    return elements.ok();
  }

  std::optional<Frame> finish() override {
    if (in_fragment_ || !picture_) return std::nullopt;
    Frame frame;
    frame.key_frame = key_;
    if (key_) {
      const auto sequence = parse_av1_sequence(sequence_);
      if (!sequence) return std::nullopt;
      frame.width = sequence->size.width;
      frame.height = sequence->size.height;
      frame.config = sequence->config;
    }
    frame.data = std::move(data_);
    begin();
    return frame;
  }

 private:
  enum : uint8_t {
    kSequenceHeader = 1,
    kDelimiter = 2,
    kFrameHeader = 3,
    kFrame = 6,
    kTiles = 8,
    kPadding = 15
  };

  /// What was gathered is a whole OBU: gets a size if it has none.
  bool take_unit() {
    if (fragment_.empty()) return true;
    const uint8_t head = fragment_[0];
    const uint8_t type = head >> 3 & 0x0F;
    if (type == kDelimiter || type == kTiles || type == kPadding) return true;
    const size_t head_size = (head & 0x04) != 0 ? 2 : 1;
    if (fragment_.size() < head_size) return false;
    const size_t from = data_.size();
    if ((head & 0x02) != 0) {
      append(data_, fragment_);
    } else {
      data_.push_back(head | 0x02);
      if (head_size == 2) data_.push_back(fragment_[1]);
      size_t size = fragment_.size() - head_size;
      for (; size >= 0x80; size >>= 7) data_.push_back(static_cast<uint8_t>(size | 0x80));
      data_.push_back(static_cast<uint8_t>(size));
      append(data_, ByteView(fragment_).subspan(head_size));
    }
    if (type == kSequenceHeader) {
      sequence_.assign(data_.begin() + static_cast<ptrdiff_t>(from), data_.end());
      has_sequence_ = true;
    }
    if (type == kFrame || type == kFrameHeader)
      take_picture(ByteView(data_).subspan(from + head_size));
    return true;
  }

  /// `rest`: of a frame or frame header, from its size on.
  void take_picture(ByteView rest) {
    while (!rest.empty() && (rest[0] & 0x80) != 0) rest = rest.subspan(1);
    if (rest.size() < 2) return;
    // show_existing_frame, then two bits frame_type, of which 0 is a key frame.
    if (!picture_) key_ = has_sequence_ && (rest[1] & 0xE0) == 0;
    picture_ = true;
  }

  Bytes data_;
  Bytes fragment_;
  bool in_fragment_ = false;
  size_t units_ = 0;
  bool key_ = false;
  bool picture_ = false;
  Bytes sequence_;  // the newest header of one
  bool has_sequence_ = false;
};

}  // namespace

std::unique_ptr<Depacketizer> make_depacketizer(rtc::Codec codec) {
  switch (codec) {
    case rtc::Codec::kVp8:
      return std::make_unique<Vp8Depacketizer>();
    case rtc::Codec::kVp9:
      return std::make_unique<Vp9Depacketizer>();
    case rtc::Codec::kAv1:
      return std::make_unique<Av1Depacketizer>();
    case rtc::Codec::kH264:
    case rtc::Codec::kH265:
      return std::make_unique<H26xDepacketizer>(codec);
    default:
      return nullptr;
  }
}

}  // namespace turms::record
