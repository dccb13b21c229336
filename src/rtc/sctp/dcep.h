#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "rtc/sctp/send_queue.h"

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

/// DATA_CHANNEL_OPEN.
struct ChannelParameters {
  static constexpr size_t kMaxText = 1024;

  std::string label;
  std::string protocol;
  bool ordered = true;
  std::optional<uint16_t> max_retransmits;
  std::optional<Duration> lifetime;
  uint16_t priority = 256;  // normal

  [[nodiscard]] SendOptions options() const { return {!ordered, max_retransmits, lifetime}; }
  /// Nothing when it is no DATA_CHANNEL_OPEN, or its texts are longer than kMaxText.
  static std::optional<ChannelParameters> parse(ByteView message);
  [[nodiscard]] Bytes serialize() const;
};

inline constexpr uint8_t kDcepAck = 2;
inline constexpr uint8_t kDcepOpen = 3;

}  // namespace turms::rtc::sctp
