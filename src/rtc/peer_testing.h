#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "rtc/dtls/context.h"
#include "rtc/peer.h"

/// Two peers and a network on virtual time, for the tests of Peer.
namespace turms::rtc::testing_world {

inline const auto kServerAddress = TransportAddress::ipv4(203, 0, 113, 1, 7882);
inline const auto kClientAddress = TransportAddress::ipv4(192, 0, 2, 1, 40000);
inline const auto kOtherClientAddress = TransportAddress::ipv4(198, 51, 100, 7, 50000);
inline const IceCredentials kServerIce{"srvU", "serverpasswordserverpw"};
inline const IceCredentials kClientIce{"cliU", "clientpasswordclientpw"};

inline dtls::Context& context() {
  static dtls::Context shared;
  return shared;
}
inline dtls::Context& other_context() {
  static dtls::Context shared;
  return shared;
}

struct NetworkConfig {
  uint64_t seed = 1;
  double loss = 0;
  Duration delay = 20ms;
  Duration jitter = 0ms;  // datagrams overtake one another within it
  double duplication = 0;
};

/// A server and a client peer on virtual time, with a lossy network between them. The client sits
/// behind an address translator whose outside address a test may change.
class World {
 public:
  explicit World(const NetworkConfig& network = {}, PeerConfig server = {}, PeerConfig client = {},
                 dtls::Context& client_context = context())
      : network_(network), rng_(network.seed) {
    server.local_ice = kServerIce;
    client.local_ice = kClientIce;
    client.role = PeerRole::kClient;
    client.dtls_role =
        server.dtls_role == DtlsRole::kServer ? DtlsRole::kClient : DtlsRole::kServer;
    client_fingerprint_ = client_context.fingerprint();
    server_.peer = std::make_unique<Peer>(now_, server, PeerResources{context(), *backend_, rng_});
    client_.peer =
        std::make_unique<Peer>(now_, client, PeerResources{client_context, *backend_, rng_});
  }

  void signal_server() { server().set_remote(now_, kClientIce, client_fingerprint_); }
  void signal_client() {
    client().set_remote(now_, kServerIce, context().fingerprint());
    client().add_candidate_pair(now_, {{}, kServerAddress}, 100);
  }
  void signal() {
    signal_server();
    signal_client();
  }

  Peer& server() { return *server_.peer; }
  Peer& client() { return *client_.peer; }
  TimePoint now() const { return now_; }
  const std::vector<PeerEvent>& server_events() const { return server_.events; }
  const std::vector<PeerEvent>& client_events() const { return client_.events; }
  const std::vector<Bytes>& server_media() const { return server_.media; }
  const std::vector<Bytes>& client_media() const { return client_.media; }
  uint64_t server_drops(DropReason reason) { return server_.drops[reason]; }
  void set_client_address(const TransportAddress& address) { client_address_ = address; }
  void set_loss(double loss) { network_.loss = loss; }
  /// Sees each datagram at its arrival, whether it is for the server, and may change it.
  std::function<void(bool to_server, Bytes&)> tap;

  bool connected() { return server().connected() && client().connected(); }

  /// Runs until the condition holds (true) or the time is over.
  bool run(
      Duration time, const std::function<bool()>& until = [] { return false; }) {
    const TimePoint end = now_ + time;
    drain(server_, true);
    drain(client_, false);
    while (!until()) {
      TimePoint next = std::min(server().next_timeout(), client().next_timeout());
      if (!in_flight_.empty()) next = std::min(next, in_flight_.begin()->first);
      if (next > end) {
        now_ = end;
        return until();
      }
      EXPECT_LT(++steps_, 100000) << "a timeout that is never satisfied";
      if (steps_ > 100000) return false;
      now_ = std::max(now_, next);
      if (!in_flight_.empty() && in_flight_.begin()->first <= now_) {
        deliver();
      } else {
        if (server().next_timeout() <= now_) server().handle_timeout(now_);
        if (client().next_timeout() <= now_) client().handle_timeout(now_);
      }
      drain(server_, true);
      drain(client_, false);
    }
    return true;
  }
  bool run_until_connected(Duration time = 15s) {
    return run(time, [&] { return connected(); });
  }

  /// Sends one packet each way, as both sides' media.
  void exchange_media(uint16_t sequence) {
    for (const bool to_server : {true, false}) {
      Bytes packet(12 + 100 + srtp::kMaxRtpOverhead);
      packet[0] = 0x80;
      packet[1] = 96;
      store_be16(&packet[2], sequence);
      store_be32(&packet[8], to_server ? 1 : 2);
      Peer& from = to_server ? client() : server();
      packet.resize(from.protect_rtp(packet, 112));
      ASSERT_FALSE(packet.empty());
      send(to_server, *from.selected_path(), packet);
    }
  }

  void inject(bool to_server, const Path& path, Bytes datagram) {
    handle(to_server ? server_ : client_, path, datagram);
    drain(server_, true);
    drain(client_, false);
  }

 private:
  struct Side {
    std::unique_ptr<Peer> peer;
    std::vector<PeerEvent> events;
    std::vector<Bytes> media;
    std::map<DropReason, uint64_t> drops;
  };
  struct Flight {
    bool to_server;
    TransportAddress address;  // of the client, as the server sees it
    Bytes datagram;
  };

  void drain(Side& side, bool is_server) {
    while (const auto transmit = side.peer->poll_transmit()) {
      send(!is_server, transmit->path, transmit->datagram);
    }
    while (const auto event = side.peer->poll_event()) side.events.push_back(*event);
  }

  void send(bool to_server, const Path& path, ByteView datagram) {
    EXPECT_LE(datagram.size(), 1200u);
    EXPECT_FALSE(path.remote.empty());
    const int copies = rng_.chance(network_.duplication) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      if (rng_.chance(network_.loss)) continue;
      const auto jitter = static_cast<uint64_t>(network_.jitter.count());
      const Duration delay =
          network_.delay + Duration(jitter == 0 ? 0 : static_cast<int64_t>(rng_.below(jitter)));
      in_flight_.emplace(now_ + delay, Flight{to_server, to_server ? client_address_ : path.remote,
                                              Bytes(datagram.begin(), datagram.end())});
    }
  }

  void deliver() {
    Flight flight = std::move(in_flight_.begin()->second);
    in_flight_.erase(in_flight_.begin());
    if (tap) tap(flight.to_server, flight.datagram);
    if (flight.to_server) {
      handle(server_, {kServerAddress, flight.address}, flight.datagram);
    } else if (flight.address == client_address_) {
      handle(client_, {{}, kServerAddress}, flight.datagram);
    }
  }

  void handle(Side& side, const Path& path, Bytes& datagram) {
    const Received received = side.peer->receive(now_, path, datagram);
    if (received.kind == Received::Kind::kDropped) ++side.drops[received.reason];
    if (received.kind == Received::Kind::kRtp || received.kind == Received::Kind::kRtcp) {
      side.media.emplace_back(received.packet.begin(), received.packet.end());
    }
  }

  NetworkConfig network_;
  Rng rng_;
  std::unique_ptr<srtp::Backend> backend_ = srtp::Backend::create();
  TimePoint now_ = TimePoint(1000s);
  Side server_;
  Side client_;
  DtlsFingerprint client_fingerprint_;
  TransportAddress client_address_ = kClientAddress;
  std::multimap<TimePoint, Flight> in_flight_;
  int steps_ = 0;
};

}  // namespace turms::rtc::testing_world
