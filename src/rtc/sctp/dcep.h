#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "rtc/data.h"

/// How data channels are opened in band (RFC 8832), and what messages on them say about themselves
/// (RFC 8831 section 8).
namespace turms::rtc::sctp {

enum class Ppid : uint32_t {
  kDcep = 50,
  kString = 51,
  kBinaryPartial = 52,  // deprecated
  kBinary = 53,
  kStringPartial = 54,  // deprecated
  kStringEmpty = 56,
  kBinaryEmpty = 57,
};

/// DATA_CHANNEL_OPEN. Nothing when it is none, or its texts are longer than kMaxChannelText.
std::optional<ChannelParameters> parse_open(ByteView message);
Bytes serialize_open(const ChannelParameters& parameters);
inline constexpr size_t kMaxChannelText = 1024;

inline constexpr uint8_t kDcepAck = 2;
inline constexpr uint8_t kDcepOpen = 3;

}  // namespace turms::rtc::sctp
