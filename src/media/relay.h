#pragma once

#include <optional>
#include <vector>

#include "media/outlet.h"
#include "media/streams.h"
#include "media/worker_metrics.h"
#include "net/udp_socket.h"
#include "rtc/turn/server.h"

namespace turms::media {

/// The embedded TURN server of a worker: its UDP socket, if it has one, and what comes over adopted
/// streams. A relayed datagram never leaves the process: it is told to the owner as if it had come
/// from the relayed address, and what answers it takes the way back. On the worker's thread.
class Relay {
 public:
  /// Bytes for UDP clients that gather until the end of the turn; more leaves at once.
  static constexpr size_t kMaxGathered = 128 * 1024;

  class Owner {
   public:
    /// Of a client's allocation; changeable until on_relay_pause().
    virtual void on_relayed(const rtc::Path& path, MutableByteView datagram) = 0;
    virtual void on_relay_pause() = 0;
    /// A client whose credentials are another worker's.
    virtual void on_misdirected(uint32_t worker, AdoptedStream stream) = 0;

   protected:
    ~Owner() = default;
  };

  /// All references outlive it.
  Relay(rtc::turn::ServerConfig config, Rng& rng, std::optional<net::UdpSocket> socket,
        Streams& streams, WorkerMetrics& metrics, Owner& owner);
  ~Relay();

  /// -1 without UDP.
  [[nodiscard]] int fd() const { return socket_ ? socket_->fd() : -1; }
  void receive_udp(TimePoint now);
  /// A TURN message of a stream.
  void receive(TimePoint now, Stream& stream, MutableByteView message);
  void stream_gone(const Stream& stream);

  /// A datagram of ours, from one of our media addresses to a relayed one.
  void send(TimePoint now, const rtc::Path& path, ByteView datagram);
  /// The end of the turn: what waits for UDP clients is sent.
  void flush();

  [[nodiscard]] TimePoint next_timeout() const { return server_.next_timeout(); }
  void handle_timeout(TimePoint now) { server_.handle_timeout(now); }

 private:
  struct Gathered {
    net::Address destination;
    net::Address source;
    size_t offset = 0;
    size_t size = 0;
  };

  void handle(const rtc::turn::Received& received);
  void gather(const rtc::turn::Client& client, ByteView header, ByteView data, size_t padding);

  rtc::turn::Server server_;
  std::optional<net::UdpSocket> socket_;
  Streams& streams_;
  WorkerMetrics& metrics_;
  Owner& owner_;
  int64_t allocations_ = 0;  // what the metrics know
  Bytes gathered_bytes_;
  std::vector<Gathered> gathered_;
  std::vector<net::OutgoingDatagrams> messages_;
};

/// The way to a peer through its allocation.
class RelayChannel final : public Channel {
 public:
  RelayChannel(Relay& relay, const Sender& sender, const rtc::Path& path)
      : relay_(relay), sender_(sender), path_(path) {}
  void send(ByteView datagram) override { relay_.send(sender_.now(), path_, datagram); }

 private:
  Relay& relay_;
  const Sender& sender_;
  rtc::Path path_;
};

}  // namespace turms::media
