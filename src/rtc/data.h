#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/strong_int.h"
#include "base/time.h"

/// Data channels as values: RFC 8831, RFC 8832.
namespace turms::rtc {

/// A data channel of one peer: its SCTP stream. Used again after a channel was closed.
using ChannelId = StrongInt<struct ChannelIdTag, uint16_t>;

/// What descriptions say of the association (RFC 8841).
struct DataParameters {
  uint16_t local_port = 5000;
  uint16_t remote_port = 5000;
  /// Bytes of one message that the remote side takes; longer ones are not sent. 0: any.
  uint64_t max_message_size = 0;
};

/// How a channel delivers. Ordered and reliable unless something else is said; at most one of
/// `max_retransmits` and `lifetime`.
struct ChannelParameters {
  std::string label;  // label and protocol: at most 1024 bytes each
  std::string protocol;
  bool ordered = true;
  std::optional<uint16_t> max_retransmits;
  std::optional<Duration> lifetime;  // whole milliseconds
  uint16_t priority = 256;           // normal
};

struct DataEvent {
  enum class Kind : uint8_t {
    kOpened,   // by the remote side, or it has acknowledged ours: `label` says which
    kMessage,  // `payload`, text or binary
    kClosed,   // this channel; messages for it go nowhere
    kEnded,    // all channels, with the association. `label` is why. Last
  };
  Kind kind{};
  ChannelId channel;
  std::string label;
  bool binary = true;
  Bytes payload;
};

/// kFull: too much waits already, the message was not taken. kTooLong: for the remote side.
enum class DataSendStatus : uint8_t { kQueued, kFull, kTooLong, kClosed };

struct DataStatistics {
  uint64_t retransmissions = 0;
  uint64_t expired = 0;    // messages whose time was over before they were sent
  uint64_t abandoned = 0;  // messages given up after they were sent
  size_t window = 0;       // congestion window, bytes
  Duration round_trip{0};  // smoothed
};

}  // namespace turms::rtc
