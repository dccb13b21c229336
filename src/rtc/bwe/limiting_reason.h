#pragma once

#include <cstdint>

namespace turms::rtc::bwe {

/// What limits the estimate of a path.
enum class LimitingReason : uint8_t { kNone, kDelay, kLoss, kReceiver, kRoundTrip, kMaximum };
const char* to_string(LimitingReason reason);

}  // namespace turms::rtc::bwe
