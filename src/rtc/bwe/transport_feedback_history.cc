#include "rtc/bwe/transport_feedback_history.h"

#include <algorithm>

#include "rtc/rtcp/congestion_feedback.h"

namespace turms::rtc::bwe {

void TransportFeedbackHistory::note_more(Slot& slot, const Sent& packet) {
  const size_t units = std::min<size_t>(untracked_ / kUntrackedUnit, UINT8_MAX);
  slot.untracked = static_cast<uint8_t>(units);
  untracked_ -= units * kUntrackedUnit;
  if (packet.probe_cluster == ProbeCluster::kNone) return;
  const auto place = static_cast<size_t>(packet.probe_cluster) % (kClusters - 1) + 1;
  if (clusters_[place].id == packet.probe_cluster) slot.cluster = place & 0x1F;
}

void TransportFeedbackHistory::grow() {
  std::vector<Slot> larger(std::max(2 * slots_.size(), kFirstSlots));
  const int64_t first = next_ - static_cast<int64_t>(slots_.size());
  for (int64_t n = first; n < next_; ++n) {
    larger[static_cast<size_t>(n) & (larger.size() - 1)] = slot(n);
  }
  slots_ = std::move(larger);
}

void TransportFeedbackHistory::add_cluster(const ProbeCluster& cluster) {
  clusters_[static_cast<size_t>(cluster.id) % (kClusters - 1) + 1] = cluster;
}

PacketResults TransportFeedbackHistory::on_feedback(TimePoint now,
                                                    const rtcp::PacketView& feedback) {
  results_.clear();
  if (slots_.empty()) {
    ++counters_.unknown;
    return {};
  }
  const rtcp::FeedbackHeader header = rtcp::feedback_header(feedback);
  rtcp::FeedbackReader reader(feedback);
  if (!reader.ok()) {
    ++counters_.malformed;
    return {};
  }
  move_reference(now, header.reference_time);
  // The newest sequence sent that the wrapped number can stand for.
  const auto newest = static_cast<uint16_t>(next_ - 1);
  int64_t sequence = next_ - 1 - static_cast<uint16_t>(newest - header.base_sequence.value);
  while (const auto status = reader.next()) {
    std::optional<TimePoint> received;
    if (status->received) received = offset_ + (status->arrival - header.reference_time);
    take(now, sequence++, received);
  }
  if (!reader.ok()) ++counters_.malformed;
  return results_;
}

PacketResults TransportFeedbackHistory::on_congestion_feedback(TimePoint now,
                                                               const rtcp::PacketView& feedback,
                                                               const SentNumbers& numbers) {
  results_.clear();
  if (slots_.empty()) {
    ++counters_.unknown;
    return {};
  }
  rtcp::CongestionFeedbackReader reader(feedback);
  move_report_time(now, reader.timestamp());
  const auto newest = static_cast<uint16_t>(next_ - 1);
  while (const auto status = reader.next()) {
    const auto number = numbers.find(status->ssrc, status->sequence.value);
    if (!number) {
      ++counters_.unknown;
      continue;
    }
    if (status->received && !status->before) continue;  // when is not known
    std::optional<TimePoint> received;
    if (status->received) received = report_offset_ - *status->before;
    take(now, next_ - 1 - static_cast<uint16_t>(newest - *number), received);
  }
  if (!reader.ok()) ++counters_.malformed;
  // Streams come one after another.
  std::ranges::sort(results_, {}, &PacketResult::sequence);
  return results_;
}

void TransportFeedbackHistory::take(TimePoint now, int64_t sequence,
                                    std::optional<TimePoint> received) {
  // A base that looks a wrap old is a message about packets not sent yet.
  if (sequence < 0 || sequence >= next_ || sequence < next_ - static_cast<int64_t>(slots_.size())) {
    ++counters_.unknown;
    return;
  }
  Slot& slot = this->slot(sequence);
  if (slot.state == kEmpty) {  // before the first one, or forgotten before the history grew
    ++counters_.unknown;
    return;
  }
  if (slot.state == kReceived || (slot.state == kReportedLost && !received)) {
    ++counters_.duplicates;
    return;
  }
  PacketResult result = result_of(now, sequence, slot);
  if (received) {
    result.received = *received;
    slot.state = kReceived;
  } else {
    slot.state = kReportedLost;
  }
  results_.push_back(result);
}

void TransportFeedbackHistory::move_report_time(TimePoint now, uint32_t timestamp) {
  constexpr int64_t kPerSecond = 65536;
  const auto step = last_report_ ? static_cast<int32_t>(timestamp - *last_report_) : int32_t{0};
  const Duration moved = std::chrono::nanoseconds(int64_t{step} * 1'000'000'000 / kPerSecond);
  const bool anew = !last_report_ || moved > kMaxReferenceStep || -moved > kMaxReferenceStep;
  report_offset_ = anew ? now : report_offset_ + moved;
  if (report_offset_ - now > 24h || now - report_offset_ > 24h) report_offset_ = now;
  last_report_ = timestamp;
}

void TransportFeedbackHistory::move_reference(TimePoint now, Duration reference) {
  const int64_t ticks = reference / rtcp::kFeedbackReferenceTick;
  if (!last_reference_) {
    offset_ = now;
  } else {
    // The shortest way between two 24-bit numbers.
    int64_t step = (ticks - *last_reference_) & 0xFFFFFF;
    if (step >= 0x800000) step -= 0x1000000;
    const int64_t limit = kMaxReferenceStep / rtcp::kFeedbackReferenceTick;
    if (step > limit || step < -limit) {
      offset_ = now;
    } else {
      offset_ += step * rtcp::kFeedbackReferenceTick;
      // A line that runs away from ours by a day is nobody's clock.
      if (offset_ - now > 24h || now - offset_ > 24h) offset_ = now;
    }
  }
  last_reference_ = ticks;
}

PacketResult TransportFeedbackHistory::result_of(TimePoint now, int64_t sequence,
                                                 const Slot& slot) const {
  PacketResult result;
  result.sequence = sequence;
  const auto now_units = static_cast<uint32_t>(now.time_since_epoch() / kTimeUnit);
  const uint32_t age = now_units - slot.sent;
  result.sent = TimePoint((now.time_since_epoch() / kTimeUnit - age) * kTimeUnit);
  result.size = slot.size;
  result.untracked = static_cast<int32_t>(slot.untracked * kUntrackedUnit);
  result.audio = slot.audio != 0;
  result.reported_before = slot.state == kReportedLost;
  if (slot.cluster != 0) {
    const ProbeCluster& cluster = clusters_[slot.cluster];
    result.probe_cluster = cluster.id;
    result.probe_min_packets = cluster.min_packets;
    result.probe_min_bytes = cluster.min_bytes;
  }
  return result;
}

}  // namespace turms::rtc::bwe
