#pragma once

#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "rtc/peer.h"
#include "sfu/transport_sink.h"
#include "sim/simulation.h"

namespace turms::sim {

/// One end of a connection: plain packets on one side, datagrams on the other.
class Channel {
 public:
  static constexpr size_t kTail = 64;  // room behind a packet for what encryption adds

  virtual ~Channel() = default;
  /// The packet inside, empty when it was not for us to see.
  virtual MutableByteView receive(TimePoint now, Datagram& datagram) = 0;
  /// `buffer` has kTail bytes behind the packet's `size`.
  virtual void send(TimePoint now, MutableByteView buffer, size_t size, sfu::PacketKind kind) = 0;
  [[nodiscard]] virtual bool connected() const = 0;
  [[nodiscard]] virtual TimePoint next_timeout() const { return kNever; }
  virtual void handle_timeout(TimePoint) {}
  /// Seen from the server, datagrams come from elsewhere now.
  virtual void change_address() {}
};

/// Makes both ends of each connection.
class ChannelFactory {
 public:
  using Send = std::function<void(Datagram)>;
  struct Pair {
    std::unique_ptr<Channel> client;
    std::unique_ptr<Channel> server;
  };

  virtual ~ChannelFactory() = default;
  virtual Pair make(TimePoint now, Send from_client, Send from_server) = 0;

  static std::unique_ptr<ChannelFactory> plain();
  static std::unique_ptr<ChannelFactory> encrypted(Rng& rng);
};

}  // namespace turms::sim
