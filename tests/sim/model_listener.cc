#include "sim/model_listener.h"

#include <algorithm>
#include <array>

#include "rtc/rtp/payload.h"

namespace turms::sim {

using rtc::rtp::SeqNum;

namespace {
constexpr rtc::Ssrc kReceiver{0xABCE};
constexpr Duration kRetry = 100ms;
constexpr int kTries = 3;
}  // namespace

void ModelListener::on_rtp(TimePoint now, const rtc::rtp::PacketView& packet) {
  int64_t sequence = first_ ? unwrapper_.peek(packet.sequence()) : packet.sequence().value;
  if (!first_) {
    first_ = sequence;
    highest_ = highest_at_report_ = sequence - 1;
  }
  bool newest = sequence > highest_;
  if (newest) {
    unwrapper_.unwrap(packet.sequence());
    for (int64_t n = highest_ + 1; n < sequence; ++n) missing_[n] = {now, {}, 0};
    highest_ = sequence;
  } else if (missing_.erase(sequence) == 0) {
    ++received_;  // repeated on the way, as receivers count
    return;
  }
  ++received_;
  sequences_.push_back(sequence);
  timestamps_.push_back(packet.timestamp().value);
  bool red = packet.payload_type() == ids::kSubscriberRed;
  ++(red ? red_packets_ : plain_packets_);
  if (newest && !packet.payload().empty()) newest_is_red_ = red;
  if (!red) return take(now, packet.payload());
  auto blocks = rtc::rtp::parse_red_redundancy(packet.payload());
  if (newest) distance_ = blocks.count;
  for (size_t i = 0; i < blocks.count; ++i) take(now, blocks.blocks[i].payload);
  if (auto primary = rtc::rtp::parse_red_primary(packet.payload())) take(now, primary->payload);
}

void ModelListener::take(TimePoint now, ByteView frame) {
  if (auto truth = Truth::read(frame)) heard_.try_emplace(truth->frame, now);
}

void ModelListener::on_sender_report(TimePoint now, const rtc::rtcp::SenderInfo& info) {
  last_report_ = info;
  last_report_time_ = now;
}

void ModelListener::poll(TimePoint now) {
  std::vector<SeqNum> lost;
  std::erase_if(missing_, [&](const auto& entry) {
    return now - entry.second.noticed > 2 * options_.playout;
  });
  if (!options_.nack) return;
  for (auto& [sequence, m] : missing_) {
    if (m.tries == kTries || (m.tries > 0 && now - m.asked < kRetry)) continue;
    ++m.tries;
    m.asked = now;
    lost.push_back(SeqNum(static_cast<uint16_t>(sequence)));
  }
  if (lost.empty()) return;
  std::array<uint8_t, 1400> buffer;
  rtc::rtcp::Writer writer(buffer);
  if (writer.nack(kReceiver, ssrc_, lost)) send_(writer.written());
}

void ModelListener::report(TimePoint now) {
  if (!first_) return;
  rtc::rtcp::ReportBlock block;
  block.ssrc = ssrc_;
  block.extended_highest_sequence = static_cast<uint32_t>(highest_);
  block.cumulative_lost =
      static_cast<int32_t>(highest_ - *first_ + 1 - static_cast<int64_t>(received_));
  int64_t expected = highest_ - highest_at_report_;
  int64_t lost = expected - static_cast<int64_t>(received_ - received_at_report_);
  if (expected > 0 && lost > 0) {
    block.fraction_lost = static_cast<uint8_t>(std::min<int64_t>(lost * 256 / expected, 255));
  }
  highest_at_report_ = highest_;
  received_at_report_ = received_;
  if (last_report_) {
    block.last_sr = static_cast<uint32_t>(last_report_->ntp >> 16);
    block.delay_since_last_sr =
        static_cast<uint32_t>(to_us(now - last_report_time_) * 65536 / 1'000'000);
  }
  std::array<uint8_t, 200> buffer;
  rtc::rtcp::Writer writer(buffer);
  writer.receiver_report(kReceiver, std::span(&block, 1));
  send_(writer.written());
}

double ModelListener::concealed(const std::vector<TimePoint>& captured, TimePoint begin,
                                TimePoint end) const {
  size_t frames = 0;
  size_t late = 0;
  for (uint32_t i = 0; i < captured.size(); ++i) {
    if (captured[i] < begin || captured[i] >= end) continue;
    ++frames;
    auto it = heard_.find(i);
    late += it == heard_.end() || it->second > captured[i] + options_.playout ? 1 : 0;
  }
  return frames == 0 ? 0 : static_cast<double>(late) / static_cast<double>(frames);
}

}  // namespace turms::sim
