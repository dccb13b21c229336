#pragma once

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <vector>

#include "livekit/types.h"

/// AudioTrackFeature of models.proto. For room*.cc only.
namespace turms::livekit {

inline constexpr uint8_t kStereo = 0;  // TF_STEREO
inline constexpr uint8_t kNoDtx = 1;   // TF_NO_DTX

inline bool has_feature(const TrackInfo& info, uint8_t feature) {
  return std::find(info.audio_features.begin(), info.audio_features.end(), feature) !=
         info.audio_features.end();
}

/// Each feature once, so that there are no more of them than an enumeration has.
inline std::vector<uint8_t> distinct(const std::vector<uint8_t>& features) {
  std::vector<uint8_t> out;
  std::bitset<256> seen;
  for (const uint8_t feature : features) {
    if (!seen[feature]) out.push_back(feature);
    seen[feature] = true;
  }
  return out;
}

}  // namespace turms::livekit
