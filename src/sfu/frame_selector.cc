#include "sfu/frame_selector.h"

#include <algorithm>

namespace turms::sfu {

using rtc::rtp::DecodeTargetIndication;
using rtc::rtp::DependencyDescriptor;
using rtc::rtp::DependencyReader;
using rtc::rtp::DependencyStructure;

void FrameSelector::begin() {
  begun_ = false;
  has_picture_ = false;
  spatial_ = temporal_ = 0;
  target_ = -1;
  stale_ = true;
  // Of what came before nothing was sent.
  decided_.fill(true);
  sent_.fill(false);
}

void FrameSelector::request(uint8_t spatial, uint8_t temporal) {
  if (spatial == wanted_spatial_ && temporal == wanted_temporal_) return;
  wanted_spatial_ = spatial;
  wanted_temporal_ = temporal;
  stale_ = true;
}

bool FrameSelector::wants(const SourcePacket& packet) {
  if (packet.layering == Layering::kDependencies) {
    return wants_frame(*packet.dependencies, *packet.reader);
  }
  return packet.layering != Layering::kVp9 || wants_vp9(packet);
}

bool FrameSelector::wants_late(const SourcePacket& packet) {
  if (packet.layering == Layering::kDependencies) {
    const DependencyDescriptor& d = *packet.dependencies;
    uint16_t number = d.frame_number;
    if (!begun_ || static_cast<uint16_t>(newest_ - number) >= kMemory) return false;
    if (!decided_.get(number)) {
      // All of it was lost at first.
      decided_.set(number, true);
      sent_.set(number, target_ >= 0 && d.frame.indication(static_cast<size_t>(target_)) !=
                                            DecodeTargetIndication::kNotPresent);
    }
    return sent_.get(number);
  }
  if (packet.layering != Layering::kVp9) return true;
  return packet.spatial_id <= spatial_ && packet.temporal_id <= temporal_;
}

bool FrameSelector::ends_picture(const SourcePacket& packet) const {
  if (!packet.end_of_frame || packet.spatial_id != spatial_) return false;
  if (packet.layering == Layering::kDependencies) return true;
  // In a key picture a higher layer may follow yet.
  return packet.layering == Layering::kVp9 && packet.vp9.has_layers &&
         (packet.vp9.inter_predicted || wanted_spatial_ <= spatial_);
}

bool FrameSelector::wants_vp9(const SourcePacket& packet) {
  const auto& d = packet.vp9;
  if (!d.has_layers) return true;
  if (!has_picture_ || packet.timestamp != picture_) {
    if (!has_picture_) {
      spatial_ = packet.spatial_id;
      temporal_ = packet.temporal_id;
    }
    has_picture_ = true;
    picture_ = packet.timestamp;
    spatial_ = std::min(spatial_, std::max(wanted_spatial_, packet.spatial_id));
    temporal_ = std::min(temporal_, wanted_temporal_);
  }
  if (d.start_of_frame && !d.inter_predicted) {
    // A frame without a past: higher layers than before can begin here.
    if (packet.spatial_id > spatial_ && packet.spatial_id <= wanted_spatial_) {
      spatial_ = packet.spatial_id;
    }
    if (packet.temporal_id == 0 && packet.spatial_id == 0) temporal_ = wanted_temporal_;
  }
  if (d.start_of_frame && d.switching_up_point && packet.temporal_id > temporal_ &&
      packet.temporal_id <= wanted_temporal_) {
    temporal_ = packet.temporal_id;
  }
  return packet.spatial_id <= spatial_ && packet.temporal_id <= temporal_;
}

bool FrameSelector::wants_frame(const DependencyDescriptor& d, const DependencyReader& reader) {
  const DependencyStructure& structure = *reader.structure();
  uint16_t number = d.frame_number;
  if (begun_) {
    auto ahead = static_cast<int16_t>(number - newest_);
    if (ahead == 0) return sent_.get(number);
    if (ahead < 0) {
      // Packets in order, frames not: the encoder began to count anew.
      if (!d.has_structure) return false;
      decided_.fill(true);
      sent_.fill(false);
      newest_ = number - 1;
    }
  } else {
    begun_ = true;
    newest_ = number - 1;
  }
  advance(number);
  if (d.has_structure) target_ = -1;
  if (stale_ || version_ != reader.version()) find_wanted(reader);
  if (target_ >= structure.target_count) target_ = -1;
  if (target_ != wanted_target_) choose(d, reader);
  bool wanted = target_ >= 0 && d.frame.indication(static_cast<size_t>(target_)) !=
                                    DecodeTargetIndication::kNotPresent;
  decided_.set(number, true);
  sent_.set(number, wanted);
  return wanted;
}

void FrameSelector::advance(uint16_t number) {
  size_t steps = std::min<size_t>(static_cast<uint16_t>(number - newest_), kMemory);
  for (size_t i = 0; i < steps; ++i) {
    auto n = static_cast<uint16_t>(number - i);
    decided_.set(n, false);
    sent_.set(n, false);
  }
  newest_ = number;
}

void FrameSelector::find_wanted(const DependencyReader& reader) {
  const DependencyStructure& s = *reader.structure();
  stale_ = false;
  version_ = reader.version();
  wanted_target_ = -1;
  int lowest = -1;
  auto rank = [&](int target) {
    const auto& layers = s.targets[static_cast<size_t>(target)];
    return layers.spatial_id * 8 + layers.temporal_id;
  };
  for (int t = 0; t < s.target_count; ++t) {
    if ((reader.active_targets() >> t & 1) == 0) continue;
    if (lowest < 0 || rank(t) < rank(lowest)) lowest = t;
    const auto& layers = s.targets[static_cast<size_t>(t)];
    if (layers.spatial_id > wanted_spatial_ || layers.temporal_id > wanted_temporal_) continue;
    if (wanted_target_ < 0 || rank(t) > rank(wanted_target_)) {
      wanted_target_ = static_cast<int8_t>(t);
    }
  }
  // A larger picture beats none.
  if (wanted_target_ < 0) wanted_target_ = static_cast<int8_t>(lowest);
}

/// Follows the best target within what is wanted that can be followed from this frame on.
void FrameSelector::choose(const DependencyDescriptor& d, const DependencyReader& reader) {
  if (wanted_target_ < 0) return;
  const DependencyStructure& s = *reader.structure();
  const auto& limit = s.targets[static_cast<size_t>(wanted_target_)];
  bool can_decode = decodable(d);
  int best = -1;
  int best_rank = -1;
  for (int t = 0; t < s.target_count; ++t) {
    const auto& layers = s.targets[static_cast<size_t>(t)];
    int rank = layers.spatial_id * 8 + layers.temporal_id;
    if (rank <= best_rank || (reader.active_targets() >> t & 1) == 0) continue;
    if (layers.spatial_id > limit.spatial_id || layers.temporal_id > limit.temporal_id) continue;
    bool here = t == target_ ||
                (can_decode &&
                 d.frame.indication(static_cast<size_t>(t)) == DecodeTargetIndication::kSwitch) ||
                (target_ >= 0 && s.contains(static_cast<size_t>(target_), static_cast<size_t>(t)));
    if (!here) continue;
    best = t;
    best_rank = rank;
  }
  if (best >= 0) follow(s, best);
}

void FrameSelector::follow(const DependencyStructure& structure, int target) {
  target_ = static_cast<int8_t>(target);
  spatial_ = structure.targets[static_cast<size_t>(target)].spatial_id;
  temporal_ = structure.targets[static_cast<size_t>(target)].temporal_id;
}

bool FrameSelector::decodable(const DependencyDescriptor& d) const {
  for (size_t i = 0; i < d.frame.reference_count; ++i) {
    uint16_t back = d.frame.references[i];
    if (back >= kMemory) return false;
    auto number = static_cast<uint16_t>(d.frame_number - back);
    // One that has not come may come yet.
    if (decided_.get(number) && !sent_.get(number)) return false;
  }
  return true;
}

bool FrameSelector::needs_key_frame(const DependencyReader* reader) {
  if (reader == nullptr || reader->structure() == nullptr || !begun_) {
    return wanted_spatial_ > spatial_;
  }
  if (stale_ || version_ != reader->version()) find_wanted(*reader);
  const DependencyStructure& s = *reader->structure();
  if (wanted_target_ < 0 || wanted_target_ == target_) return false;
  if (target_ < 0 || target_ >= s.target_count) return true;
  auto wanted = static_cast<size_t>(wanted_target_);
  auto current = static_cast<size_t>(target_);
  return s.targets[wanted].spatial_id != s.targets[current].spatial_id &&
         !s.contains(current, wanted);
}

uint32_t FrameSelector::sent_targets(const DependencyReader& reader) const {
  const DependencyStructure& s = *reader.structure();
  uint32_t mask = 0;
  for (size_t t = 0; t < s.target_count; ++t) {
    bool within = s.targets[t].spatial_id <= spatial_ && s.targets[t].temporal_id <= temporal_;
    if (within) mask |= uint32_t{1} << t;
  }
  return mask & reader.active_targets();
}

}  // namespace turms::sfu
