#include "rtc/rtcp/congestion_feedback.h"

#include <algorithm>

namespace turms::rtc::rtcp {
namespace {

constexpr size_t kHead = 8;    // common header, SSRC of the sender
constexpr size_t kBlock = 8;   // SSRC of the stream, first number, how many
constexpr size_t kReport = 2;  // received, ECN, arrival time offset
constexpr size_t kTimestamp = 4;

constexpr uint16_t kReceived = 0x8000;
constexpr uint16_t kOffsetMask = 0x1FFF;
constexpr uint16_t kTooLongAgo = 0x1FFE;  // 8.189 s and more; the one above: not known
constexpr int64_t kOffsetsPerSecond = 1024;

}  // namespace

CongestionFeedbackReader::CongestionFeedbackReader(const PacketView& feedback)
    : blocks_(feedback.body().subspan(4, feedback.body().size() - 4 - kTimestamp)),
      timestamp_(load_be32(feedback.body().data() + feedback.body().size() - kTimestamp)) {}

std::optional<CongestionStatus> CongestionFeedbackReader::next() {
  while (ok_ && left_ == 0) {
    if (odd_) blocks_.u16();  // reports fill whole words
    odd_ = false;
    if (blocks_.remaining() == 0) return std::nullopt;
    ssrc_ = Ssrc(blocks_.u32());
    sequence_ = SeqNum(blocks_.u16());
    left_ = blocks_.u16();
    odd_ = left_ % 2 != 0;
    ok_ = blocks_.ok() && left_ <= kMaxReports;
  }
  if (!ok_) return std::nullopt;
  const uint16_t report = blocks_.u16();
  if (!blocks_.ok()) {
    ok_ = false;
    return std::nullopt;
  }
  CongestionStatus status{.ssrc = ssrc_, .sequence = sequence_};
  sequence_ = sequence_.plus(1);
  --left_;
  status.received = (report & kReceived) != 0;
  if (!status.received) return status;
  status.ecn = static_cast<Ecn>(report >> 13 & 3);
  const int64_t offset = report & kOffsetMask;
  if (offset < kTooLongAgo) {
    status.before = std::chrono::nanoseconds(offset * 1'000'000'000 / kOffsetsPerSecond);
  }
  return status;
}

CongestionFeedbackWriter::CongestionFeedbackWriter(MutableByteView buffer, Ssrc sender)
    : buffer_(buffer) {
  if (buffer_.size() < kHead + kTimestamp) {
    buffer_ = {};
    return;
  }
  store_be32(&buffer_[4], sender.value);
  size_ = kHead;
}

bool CongestionFeedbackWriter::begin(Ssrc ssrc, SeqNum first) {
  close();
  if (size_ + kBlock + 2 * kReport + kTimestamp > buffer_.size()) return false;
  block_ = size_;
  store_be32(&buffer_[block_], ssrc.value);
  store_be16(&buffer_[block_ + 4], first.value);
  size_ += kBlock;
  return true;
}

bool CongestionFeedbackWriter::add_received(Duration before, Ecn ecn) {
  const int64_t offset = to_us(before) * kOffsetsPerSecond / 1'000'000;
  const auto told = static_cast<uint16_t>(std::clamp<int64_t>(offset, 0, kTooLongAgo));
  return add(static_cast<uint16_t>(kReceived | static_cast<uint16_t>(ecn) << 13 | told));
}

bool CongestionFeedbackWriter::add_lost() {
  return add(0);
}

bool CongestionFeedbackWriter::add(uint16_t report) {
  // With the one that fills the word.
  const size_t needed = kReport * (reports_ % 2 == 0 ? 2 : 1);
  if (block_ == 0 || reports_ == CongestionFeedbackReader::kMaxReports ||
      size_ + needed + kTimestamp > buffer_.size()) {
    return false;
  }
  store_be16(&buffer_[size_], report);
  size_ += kReport;
  ++reports_;
  any_ = true;
  return true;
}

void CongestionFeedbackWriter::close() {
  if (block_ == 0) return;
  if (reports_ == 0) {
    size_ = block_;
  } else {
    store_be16(&buffer_[block_ + 6], reports_);
    if (reports_ % 2 != 0) {
      store_be16(&buffer_[size_], 0);
      size_ += kReport;
    }
  }
  block_ = 0;
  reports_ = 0;
}

size_t CongestionFeedbackWriter::finish(uint32_t timestamp) {
  close();
  if (!any_) return 0;
  store_be32(&buffer_[size_], timestamp);
  size_ += kTimestamp;
  buffer_[0] = 0x80 | 11;
  buffer_[1] = 205;
  store_be16(&buffer_[2], static_cast<uint16_t>(size_ / 4 - 1));
  return size_;
}

}  // namespace turms::rtc::rtcp
