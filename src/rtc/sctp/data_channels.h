#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/shared_bytes.h"
#include "rtc/data.h"
#include "rtc/parameters.h"
#include "rtc/sctp/association.h"
#include "rtc/sctp/dcep.h"

namespace turms::rtc::sctp {

/// The data channels of one peer over its association (RFC 8831, RFC 8832): opened in band by
/// either side, closed by resetting the stream both ways.
///
/// Contract as of Association.
///
/// Bounds: kMaxChannels; one more is refused by closing it at once. Messages on a stream without a
/// channel are dropped.
class DataChannels {
 public:
  static constexpr size_t kMaxChannels = 64;

  /// The DTLS client takes even stream numbers, the server odd ones.
  DataChannels(const AssociationConfig& config, DtlsRole role, Rng& rng)
      : association_(config, rng), next_stream_(role == DtlsRole::kClient ? 0 : 1) {}

  void connect(TimePoint now) { association_.connect(now); }
  bool receive(TimePoint now, ByteView packet);
  size_t write_packet(TimePoint now, MutableByteView out) {
    return association_.write_packet(now, out);
  }
  [[nodiscard]] TimePoint next_timeout() const { return association_.next_timeout(); }
  void handle_timeout(TimePoint now);

  /// Before the association is up as well. Nothing when there are kMaxChannels.
  std::optional<ChannelId> open(TimePoint now, const ChannelParameters& parameters);
  /// A lifetime given here holds on top of the channel's own limits.
  DataSendStatus send(TimePoint now, ChannelId channel, const SharedBytes& payload, bool binary,
                      std::optional<Duration> lifetime = std::nullopt);
  void close(TimePoint now, ChannelId channel);
  void abort(TimePoint now, std::string_view reason);

  [[nodiscard]] std::optional<DataEvent> poll_event();
  [[nodiscard]] const Association& association() const { return association_; }

 private:
  struct Channel {
    ChannelParameters parameters;
    bool open = false;  // acknowledged, or opened by the remote side
    bool closing = false;
    // Which halves of the stream are reset. Both: the number is free.
    bool local_reset = false;
    bool remote_reset = false;
  };

  void settle(TimePoint now);
  void handle_message(TimePoint now, Message message);
  void handle_dcep(TimePoint now, const Message& message);
  void begin_close(TimePoint now, uint16_t stream, Channel& channel);

  Association association_;
  uint16_t next_stream_;
  std::map<uint16_t, Channel> channels_;
  Ring<DataEvent> events_;
};

}  // namespace turms::rtc::sctp
