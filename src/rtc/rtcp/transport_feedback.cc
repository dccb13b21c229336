// Transport-wide feedback: draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.
#include <algorithm>

#include "rtc/rtcp/packets.h"

namespace turms::rtc::rtcp {

namespace {

constexpr size_t kFixedSize = 20;  // common header to feedback packet count
constexpr int64_t kMaxPackets = UINT16_MAX;

enum Symbol : uint16_t { kLost = 0, kSmallDelta = 1, kLargeDelta = 2 };

/// Chunks being written: each is 7 two-bit symbols, or a run of up to 8191 of one symbol.
class ChunkEncoder {
 public:
  void add(uint16_t symbol, int64_t repeat) {
    // A chunk at a time, not a symbol: the gap between two packets is the sender's to choose.
    auto left = static_cast<size_t>(std::max<int64_t>(repeat, 0));
    while (left > 0) {
      if (uniform_ && size_ > 0) {
        if (symbol != symbols_[0]) {
          if (size_ >= kVectorSize) {
            flush_run();
          } else {
            uniform_ = false;
          }
        } else if (size_ == kMaxRun) {
          flush_run();
        }
      }
      const size_t taken = std::min(left, (uniform_ ? kMaxRun : kVectorSize) - size_);
      for (size_t i = size_; i < std::min(size_ + taken, kVectorSize); ++i) symbols_[i] = symbol;
      size_ += taken;
      left -= taken;
      if (!uniform_ && size_ == kVectorSize) flush_vector();
    }
  }
  [[nodiscard]] size_t count() const { return written_ + (size_ > 0 ? 1 : 0); }
  void write_to(uint8_t* out) { out_ = out; }
  void finish() {
    if (size_ == 0) return;
    if (uniform_) {
      flush_run();
    } else {
      flush_vector();
    }
  }

 private:
  static constexpr size_t kMaxRun = 8191;
  static constexpr size_t kVectorSize = 7;

  void emit(uint16_t chunk) {
    if (out_ != nullptr) store_be16(out_ + written_ * 2, chunk);
    ++written_;
    size_ = 0;
    uniform_ = true;
  }
  void flush_run() { emit(static_cast<uint16_t>(symbols_[0] << 13 | size_)); }
  void flush_vector() {
    uint16_t chunk = 0xC000;
    for (size_t i = 0; i < size_; ++i) {
      chunk = static_cast<uint16_t>(chunk | symbols_[i] << (12 - 2 * i));
    }
    emit(chunk);
  }

  uint16_t symbols_[kVectorSize]{};
  size_t size_ = 0;
  bool uniform_ = true;
  size_t written_ = 0;
  uint8_t* out_ = nullptr;
};

int64_t ticks_of(TimePoint t) {
  return t.time_since_epoch() / kFeedbackTick;
}

}  // namespace

FeedbackHeader feedback_header(const PacketView& feedback) {
  const uint8_t* p = feedback.body().data() + 8;
  FeedbackHeader header;
  header.base_sequence = SeqNum(load_be16(p));
  header.packet_count = load_be16(p + 2);
  int64_t reference = load_be24(p + 4);
  header.reference_time = reference * kFeedbackReferenceTick;
  header.feedback_count = p[7];
  return header;
}

FeedbackReader::FeedbackReader(const PacketView& feedback)
    : chunks_(feedback.body().subspan(16)), deltas_(ByteView()) {
  FeedbackHeader header = feedback_header(feedback);
  sequence_ = header.base_sequence;
  remaining_ = header.packet_count;
  time_ = header.reference_time;
  // Deltas start behind the last chunk: count the chunks first.
  ByteReader scan = chunks_;
  for (size_t symbols = 0; symbols < remaining_;) {
    uint16_t chunk = scan.u16();
    if (!scan.ok()) break;
    if ((chunk & 0x8000) == 0) {
      if ((chunk & 0x1FFF) == 0) {
        ok_ = false;  // a run of nothing makes no progress
        break;
      }
      symbols += chunk & 0x1FFF;
    } else {
      symbols += (chunk & 0x4000) == 0 ? 14 : 7;
    }
  }
  ok_ = ok_ && scan.ok();
  if (ok_) deltas_ = ByteReader(feedback.body().subspan(16 + scan.position()));
}

bool FeedbackReader::load_chunk() {
  chunk_ = chunks_.u16();
  if (!chunks_.ok()) return false;
  if ((chunk_ & 0x8000) == 0) {
    chunk_left_ = chunk_ & 0x1FFF;
  } else {
    chunk_left_ = (chunk_ & 0x4000) == 0 ? 14 : 7;
  }
  return chunk_left_ > 0;
}

std::optional<FeedbackStatus> FeedbackReader::next() {
  if (!ok_ || remaining_ == 0) return std::nullopt;
  if (chunk_left_ == 0 && !load_chunk()) {
    ok_ = false;
    return std::nullopt;
  }
  --chunk_left_;
  uint16_t symbol = 0;
  if ((chunk_ & 0x8000) == 0) {
    symbol = chunk_ >> 13 & 0x03;
  } else if ((chunk_ & 0x4000) == 0) {
    symbol = chunk_ >> chunk_left_ & 0x01;
  } else {
    symbol = chunk_ >> (2 * chunk_left_) & 0x03;
  }
  FeedbackStatus status{sequence_, symbol == kSmallDelta || symbol == kLargeDelta, {}};
  if (symbol == kSmallDelta) {
    time_ += deltas_.u8() * kFeedbackTick;
  } else if (symbol == kLargeDelta) {
    time_ += static_cast<int16_t>(deltas_.u16()) * kFeedbackTick;
  }
  if (!deltas_.ok() || symbol == 3) {
    ok_ = false;
    return std::nullopt;
  }
  if (status.received) status.arrival = time_;
  sequence_ = sequence_.plus(1);
  --remaining_;
  return status;
}

size_t Writer::transport_feedback(Ssrc sender, Ssrc media, int64_t base,
                                  std::span<const Arrival> arrivals, uint8_t feedback_count) {
  if (arrivals.empty() || arrivals[0].sequence < base) return 0;
  int64_t reference = arrivals[0].arrival.time_since_epoch() / kFeedbackReferenceTick;
  constexpr int64_t kTicksPerReference = kFeedbackReferenceTick / kFeedbackTick;

  // First pass: how many fit.
  ChunkEncoder sizes;
  size_t delta_bytes = 0;
  size_t fit = 0;
  int64_t next_sequence = base;
  int64_t last_ticks = reference * kTicksPerReference;
  auto total = [](size_t chunks, size_t deltas) {
    return (kFixedSize + chunks * 2 + deltas + 3) / 4 * 4;
  };
  for (const Arrival& a : arrivals) {
    if (a.sequence < next_sequence || a.sequence - base >= kMaxPackets) break;
    int64_t delta = ticks_of(a.arrival) - last_ticks;
    if (delta < INT16_MIN || delta > INT16_MAX) break;
    bool small = delta >= 0 && delta <= UINT8_MAX;
    ChunkEncoder trial = sizes;
    trial.add(kLost, a.sequence - next_sequence);
    trial.add(small ? kSmallDelta : kLargeDelta, 1);
    size_t deltas = delta_bytes + (small ? 1 : 2);
    if (total(trial.count(), deltas) > buffer_.size() - size_) break;
    sizes = trial;
    delta_bytes = deltas;
    next_sequence = a.sequence + 1;
    last_ticks = ticks_of(a.arrival);
    ++fit;
  }
  if (fit == 0) return 0;

  size_t size = total(sizes.count(), delta_bytes);
  size_t padding = size - (kFixedSize + sizes.count() * 2 + delta_bytes);
  uint8_t* p = begin(15, 205, size);
  if (padding > 0) {
    p[-4] |= 0x20;
    std::fill(p + size - 4 - padding, p + size - 4, uint8_t{0});
    p[size - 5] = static_cast<uint8_t>(padding);
  }
  store_be32(p, sender.value);
  store_be32(p + 4, media.value);
  store_be16(p + 8, static_cast<uint16_t>(base));
  store_be16(p + 10, static_cast<uint16_t>(next_sequence - base));
  store_be24(p + 12, static_cast<uint32_t>(reference & 0xFFFFFF));
  p[15] = feedback_count;

  // Second pass: write.
  ChunkEncoder chunks;
  chunks.write_to(p + 16);
  uint8_t* deltas = p + 16 + sizes.count() * 2;
  next_sequence = base;
  last_ticks = reference * kTicksPerReference;
  for (const Arrival& a : arrivals.first(fit)) {
    int64_t delta = ticks_of(a.arrival) - last_ticks;
    bool small = delta >= 0 && delta <= UINT8_MAX;
    chunks.add(kLost, a.sequence - next_sequence);
    chunks.add(small ? kSmallDelta : kLargeDelta, 1);
    if (small) {
      *deltas++ = static_cast<uint8_t>(delta);
    } else {
      store_be16(deltas, static_cast<uint16_t>(delta));
      deltas += 2;
    }
    next_sequence = a.sequence + 1;
    last_ticks = ticks_of(a.arrival);
  }
  chunks.finish();
  return fit;
}

}  // namespace turms::rtc::rtcp
