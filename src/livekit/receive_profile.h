#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace turms::livekit {

/// What a client wishes to receive at most, whatever each of its tiles asks for: a device that runs
/// out of battery, a metered network, somebody who only wants to listen. Our own clients send it as
/// the payload of a user message with the topic kReceiveProfileTopic (adr/027).
struct ReceiveProfile {
  enum class Mode : uint8_t {
    kAuto,   // only what the numbers below say
    kSaver,  // small pictures at a low rate, few of them
    kAudio,  // no video
  };
  Mode mode = Mode::kAuto;
  // 0: no limit of its own.
  uint32_t max_kbps = 0;    // of all it receives
  uint32_t max_px = 0;      // of a camera's picture, width × height
  uint32_t max_fps = 0;     // where the video has temporal layers
  uint32_t max_videos = 0;  // at a time
  std::string reason;       // why, for people: "battery"; at most kMaxReason bytes

  static constexpr size_t kMaxReason = 64;
  bool operator==(const ReceiveProfile&) const = default;
};

inline constexpr std::string_view kReceiveProfileTopic = "turms.receive_profile";
/// Bytes; longer ones are refused.
inline constexpr size_t kMaxReceiveProfile = 1024;

/// {"mode": "auto" | "saver" | "audio", "max_kbps": n, "max_px": n, "max_fps": n, "max_videos": n,
/// "reason": "…"}: all of it may be missing, members that are not known are skipped.
/// kInvalidArgument for anything else.
Result<ReceiveProfile> parse_receive_profile(std::string_view text);

}  // namespace turms::livekit
