#include "sim/forwarding_check.h"

#include <fmt/format.h>

#include "rtc/rtp/packet.h"
#include "rtc/rtp/payload.h"

namespace turms::sim {

void ForwardingCheck::on_sent(TimePoint now, sfu::TransportId transport, ByteView bytes) {
  auto packet = rtc::rtp::PacketView::parse(bytes);
  if (!packet) {
    streams_[{transport.value, 0}].faults.emplace_back("a packet that is no RTP");
    return;
  }
  if (packet->payload_type() == ids::kSubscriberVp8Rtx) {
    ++rtx_packets_;
    return;
  }
  if (packet->payload_type() != ids::kSubscriberVp8) return;
  ++media_packets_;
  Stream& stream = streams_[{transport.value, packet->ssrc().value}];
  int64_t sequence = stream.sequences.unwrap(packet->sequence());
  Sent sent;
  sent.time = now;
  sent.timestamp = packet->timestamp().value;
  if (packet->payload().empty()) {
    sent.filler = true;
  } else {
    auto truth = Truth::of_vp8(packet->payload());
    auto descriptor = rtc::rtp::parse_vp8(packet->payload());
    if (!truth || !descriptor) {
      stream.faults.emplace_back("a payload that is not ours");
      return;
    }
    sent.truth = *truth;
    sent.picture_id = descriptor->picture_id;
  }
  if (!stream.sent.emplace(sequence, sent).second) {
    stream.faults.push_back(fmt::format("sequence number {} used twice", sequence & 0xFFFF));
  }
}

std::vector<std::string> ForwardingCheck::faults() const {
  std::vector<std::string> all;
  for (const auto& [key, stream] : streams_) {
    auto name = fmt::format("transport {} SSRC {}: ", key.first, key.second);
    for (const auto& fault : stream.faults) all.push_back(name + fault);
    const Sent* before = nullptr;
    int64_t before_sequence = 0;
    for (const auto& [sequence, sent] : stream.sent) {
      if (sent.filler) continue;
      const Truth& t = sent.truth;
      bool adjacent = sequence == before_sequence + 1;
      before_sequence = sequence;
      auto complain = [&](const char* what) {
        all.push_back(
            fmt::format("{}{} at sequence {}: layer {} frame {} packet {} after layer {} "
                        "frame {} packet {}",
                        name, what, sequence & 0xFFFF, t.layer, t.frame, t.index,
                        before == nullptr ? -1 : before->truth.layer,
                        before == nullptr ? 0 : before->truth.frame,
                        before == nullptr ? 0 : before->truth.index));
      };
      if (before == nullptr) {
        if (!t.key || t.index != 0) complain("begins without a key frame");
        before = &sent;
        continue;
      }
      const Truth& b = before->truth;
      auto time_step = static_cast<int32_t>(sent.timestamp - before->timestamp);
      // 15 bits, so twice the step.
      auto picture_step = static_cast<int16_t>((sent.picture_id - before->picture_id) << 1);
      bool same_frame = t.layer == b.layer && t.frame == b.frame;
      if (t.layer != b.layer) {
        if (!t.key || t.index != 0) complain("switch of layer without a key frame");
      } else if (t.frame < b.frame || (t.frame == b.frame && t.index <= b.index)) {
        complain("out of order");
      }
      if (same_frame ? time_step != 0 : time_step <= 0) complain("wrong step of the timestamp");
      // With nothing missing between two frames their pictures follow each other too.
      bool right = same_frame ? picture_step == 0 : adjacent ? picture_step == 2 : picture_step > 0;
      if (!right) {
        complain("wrong step of the picture id");
      }
      before = &sent;
      if (all.size() > 20) return all;
    }
  }
  return all;
}

uint64_t ForwardingCheck::holes() const {
  uint64_t holes = 0;
  for (const auto& [key, stream] : streams_) {
    if (stream.sent.empty()) continue;
    auto span = stream.sent.rbegin()->first - stream.sent.begin()->first + 1;
    holes += static_cast<uint64_t>(span) - stream.sent.size();
  }
  return holes;
}

uint64_t ForwardingCheck::switches() const {
  uint64_t switches = 0;
  for (const auto& [key, stream] : streams_) {
    const Truth* before = nullptr;
    for (const auto& [sequence, sent] : stream.sent) {
      if (sent.filler) continue;
      if (before != nullptr && before->layer != sent.truth.layer) ++switches;
      before = &sent.truth;
    }
  }
  return switches;
}

}  // namespace turms::sim
