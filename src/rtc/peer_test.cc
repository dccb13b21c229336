#include "rtc/peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "rtc/demultiplexer.h"
#include "rtc/dtls/context.h"
#include "rtc/stun/message.h"

namespace turms::rtc {
namespace {

const auto kServerAddress = TransportAddress::ipv4(203, 0, 113, 1, 7882);
const auto kClientAddress = TransportAddress::ipv4(192, 0, 2, 1, 40000);
const auto kOtherClientAddress = TransportAddress::ipv4(198, 51, 100, 7, 50000);
const IceCredentials kServerIce{"srvU", "serverpasswordserverpw"};
const IceCredentials kClientIce{"cliU", "clientpasswordclientpw"};

dtls::Context& context() {
  static dtls::Context shared;
  return shared;
}
dtls::Context& other_context() {
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

size_t count(const std::vector<PeerEvent>& events, PeerEvent::Kind kind) {
  return static_cast<size_t>(
      std::ranges::count_if(events, [&](const PeerEvent& e) { return e.kind == kind; }));
}

std::optional<FailReason> failure(const std::vector<PeerEvent>& events) {
  for (const PeerEvent& event : events) {
    if (event.kind == PeerEvent::Kind::kFailed) return event.reason;
  }
  return std::nullopt;
}

// --- Connecting
// -----------------------------------------------------------------------------------

class PeerRoles : public testing::TestWithParam<std::tuple<DtlsRole, bool>> {
 protected:
  static PeerConfig server() { return {.dtls_role = std::get<0>(GetParam())}; }
  static PeerConfig client() { return {.aggressive_nomination = std::get<1>(GetParam())}; }
};

TEST_P(PeerRoles, ConnectAndExchangeMedia) {
  World world({}, server(), client());
  world.signal();
  const TimePoint start = world.now();
  ASSERT_TRUE(world.run_until_connected());
  // One round trip of ICE (two with a separate nomination) and two of DTLS, 40 ms each.
  EXPECT_LE(world.now() - start, 200ms);
  world.exchange_media(1);
  world.run(1s);
  ASSERT_EQ(world.server_media().size(), 1u);
  ASSERT_EQ(world.client_media().size(), 1u);
  EXPECT_EQ(load_be32(&world.server_media()[0][8]), 1u);
  EXPECT_EQ(world.server_media()[0].size(), 112u);
  EXPECT_EQ(world.server().srtp()->profile(), srtp::Profile::kAeadAes128Gcm);
  EXPECT_EQ(*world.server().selected_path(), (Path{kServerAddress, kClientAddress}));
  for (const auto* events : {&world.server_events(), &world.client_events()}) {
    ASSERT_EQ(events->size(), 3u);
    EXPECT_EQ((*events)[0].kind, PeerEvent::Kind::kPathAdded);
    EXPECT_EQ((*events)[1].kind, PeerEvent::Kind::kPathSelected);
    EXPECT_EQ((*events)[2].kind, PeerEvent::Kind::kConnected);
  }
}

TEST_P(PeerRoles, ConnectThroughLossAndReordering) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    World world({.seed = seed, .loss = 0.3, .jitter = 60ms, .duplication = 0.05}, server(),
                client());
    world.signal();
    ASSERT_TRUE(world.run_until_connected(30s)) << "seed " << seed;
    world.set_loss(0);
    world.exchange_media(1);
    world.run(1s);
    EXPECT_EQ(world.server_media().size(), 1u) << "seed " << seed;
    EXPECT_EQ(world.client_media().size(), 1u) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(All, PeerRoles,
                         testing::Combine(testing::Values(DtlsRole::kServer, DtlsRole::kClient),
                                          testing::Bool()));

TEST(Peer, SrtpProfilesInOrderOfTheDtlsServer) {
  struct Case {
    const char* offered;
    srtp::Profile chosen;
  };
  const Case cases[] = {
      {"SRTP_AES128_CM_SHA1_80", srtp::Profile::kAes128CmSha1_80},
      {"SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80", srtp::Profile::kAeadAes256Gcm},
      {"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM",
       srtp::Profile::kAeadAes128Gcm},
  };
  for (const Case& c : cases) {
    dtls::Context restricted;
    restricted.restrict_srtp_profiles(c.offered);
    World world({}, {}, {}, restricted);
    world.signal();
    ASSERT_TRUE(world.run_until_connected()) << c.offered;
    EXPECT_EQ(world.server().srtp()->profile(), c.chosen) << c.offered;
    world.exchange_media(1);
    world.run(1s);
    EXPECT_EQ(world.server_media().size(), 1u) << c.offered;
    EXPECT_EQ(world.client_media().size(), 1u) << c.offered;
  }
}

TEST(Peer, SrtcpBothWays) {
  World world;
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  Bytes report(8 + srtp::kMaxRtcpOverhead);
  report[0] = 0x80;
  report[1] = 201;
  report[3] = 1;
  report.resize(world.client().protect_rtcp(report, 8));
  const Path path{kServerAddress, kClientAddress};
  const Received received = world.server().receive(world.now(), path, report);
  EXPECT_EQ(received.kind, Received::Kind::kRtcp);
  EXPECT_EQ(received.packet.size(), 8u);
}

TEST(Peer, LateSetRemoteDelaysConnectedAndMedia) {
  World world;
  world.signal_client();
  world.run(5s);
  EXPECT_TRUE(world.client().connected());
  EXPECT_FALSE(world.server().connected());
  EXPECT_EQ(world.server().srtp(), nullptr);
  Bytes packet(112 + srtp::kMaxRtpOverhead);
  packet[0] = 0x80;
  packet.resize(world.client().protect_rtp(packet, 112));
  world.inject(true, {kServerAddress, kClientAddress}, packet);
  EXPECT_EQ(world.server_drops(DropReason::kNotConnected), 1u);
  world.signal_server();
  world.run(100ms);
  EXPECT_TRUE(world.server().connected());
  world.exchange_media(1);
  world.run(1s);
  EXPECT_EQ(world.server_media().size(), 1u);
}

TEST(Peer, WrongFingerprintFails) {
  for (const bool late : {false, true}) {
    World world;
    const auto signal_wrong = [&] {
      world.server().set_remote(world.now(), kClientIce, DtlsFingerprint{});
    };
    if (!late) signal_wrong();
    world.signal_client();
    world.run(2s);
    if (late) signal_wrong();
    world.run(2s);
    EXPECT_FALSE(world.server().connected());
    EXPECT_EQ(failure(world.server_events()), FailReason::kFingerprintMismatch);
    // The client hears the goodbye.
    EXPECT_EQ(count(world.client_events(), PeerEvent::Kind::kClosed), 1u);
    EXPECT_EQ(world.server().next_timeout(), kNever);
  }
}

TEST(Peer, ClientRefusesAnotherCertificate) {
  World world({}, {}, {}, other_context());
  world.signal_server();
  world.client().set_remote(world.now(), kServerIce, other_context().fingerprint());
  world.client().add_candidate_pair(world.now(), {{}, kServerAddress}, 1);
  world.run(2s);
  EXPECT_EQ(failure(world.client_events()), FailReason::kFingerprintMismatch);
}

TEST(Peer, AnotherFingerprintWhileConnectedFails) {
  World world;
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  world.server().set_remote(world.now(), kClientIce, DtlsFingerprint{});
  world.run(1s);
  EXPECT_EQ(failure(world.server_events()), FailReason::kFingerprintMismatch);
}

TEST(Peer, NothingHeardFailsAtTheConnectTimeout) {
  World world({.loss = 1.0});
  world.signal();
  EXPECT_FALSE(world.run_until_connected(29s));
  EXPECT_EQ(failure(world.server_events()), std::nullopt);
  world.run(2s);
  EXPECT_EQ(failure(world.server_events()), FailReason::kConnectTimeout);
  EXPECT_EQ(failure(world.client_events()), FailReason::kConnectTimeout);
}

TEST(Peer, AServerWithoutRemoteWaitsWithoutEnd) {
  World world;
  EXPECT_EQ(world.server().next_timeout(), kNever);
}

TEST(Peer, DtlsThatNeverAnswersFails) {
  World world({}, {.dtls_role = DtlsRole::kClient});
  world.tap = [](bool, Bytes& datagram) {
    if (classify(datagram) == DatagramKind::kDtls) datagram.assign(1, 255);
  };
  world.signal();
  world.run(40s);
  EXPECT_EQ(failure(world.server_events()), FailReason::kDtlsHandshake);
}

// --- Staying connected
// ----------------------------------------------------------------------------

TEST(Peer, StaysConnectedThroughMinutesOfLoss) {
  World world({.seed = 3});
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  world.set_loss(0.2);
  world.run(300s);
  EXPECT_TRUE(world.connected());
  EXPECT_EQ(world.server().next_timeout() == kNever, false);
}

TEST(Peer, ConsentExpires) {
  World world({}, {.consent_timeout = 15s}, {.consent_timeout = 15s});
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  world.run(60s);
  ASSERT_TRUE(world.connected());
  world.set_loss(1.0);
  world.run(11s);
  EXPECT_TRUE(world.connected());
  world.run(5s);
  EXPECT_EQ(failure(world.server_events()), FailReason::kConsentExpired);
  EXPECT_EQ(failure(world.client_events()), FailReason::kConsentExpired);
  EXPECT_EQ(world.server().protect_rtp({}, 0), 0u);
}

TEST(Peer, AddressChangeWhileConnected) {
  World world;
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  world.set_client_address(kOtherClientAddress);
  world.run(4s);  // the next check comes within 3 s
  EXPECT_EQ(world.server().selected_path()->remote, kOtherClientAddress);
  EXPECT_EQ(count(world.server_events(), PeerEvent::Kind::kPathSelected), 2u);
  EXPECT_EQ(count(world.server_events(), PeerEvent::Kind::kPathAdded), 2u);
  world.exchange_media(1);
  world.run(1s);
  EXPECT_EQ(world.server_media().size(), 1u);
  EXPECT_EQ(world.client_media().size(), 1u);
  // The old path is forgotten once it has been silent for the consent timeout.
  world.run(20s);
  EXPECT_EQ(count(world.server_events(), PeerEvent::Kind::kPathRemoved), 1u);
  EXPECT_TRUE(world.connected());
}

TEST(Peer, MediaFromANewAddressIsTakenBeforeItsFirstCheck) {
  World world;
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  world.set_client_address(kOtherClientAddress);
  world.exchange_media(1);
  world.run(100ms);
  EXPECT_EQ(world.server_media().size(), 1u);
}

TEST(Peer, IceRestartKeepsMedia) {
  World world;
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  const IceCredentials new_server{"srvNew", "newserverpasswordnewsr"};
  const IceCredentials new_client{"cliNew", "newclientpasswordnewcl"};
  world.server().restart_ice(world.now(), new_server);
  world.server().set_remote(world.now(), new_client, context().fingerprint());
  // Checks with the former credentials go on until the client has the answer.
  world.run(20s);
  ASSERT_TRUE(world.connected());
  world.exchange_media(1);
  world.client().restart_ice(world.now(), new_client);
  world.client().set_remote(world.now(), new_server, context().fingerprint());
  world.run(20s);
  ASSERT_TRUE(world.connected());
  world.exchange_media(2);
  world.run(1s);
  EXPECT_EQ(world.server_media().size(), 2u);
  EXPECT_EQ(world.client_media().size(), 2u);
  EXPECT_EQ(count(world.server_events(), PeerEvent::Kind::kConnected), 1u);
  EXPECT_EQ(world.server_drops(DropReason::kStunUnauthenticated), 0u);
}

TEST(Peer, FormerCredentialsEndWithTheFirstNewCheck) {
  World world;
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  const IceCredentials new_server{"srvNew", "newserverpasswordnewsr"};
  world.server().restart_ice(world.now(), new_server);
  std::array<uint8_t, stun::kMaxBuiltSize> buffer;
  const auto check = [&](const IceCredentials& ice) {
    const ByteView bytes = stun::Builder(buffer, stun::Class::kRequest, {})
                               .username(ice.ufrag, "cliU")
                               .ice_controlling(1)
                               .finish(ice.password);
    world.inject(true, {kServerAddress, kClientAddress}, Bytes(bytes.begin(), bytes.end()));
    return world.server_drops(DropReason::kStunUnauthenticated);
  };
  EXPECT_EQ(check(kServerIce), 0u);
  EXPECT_EQ(check(new_server), 0u);
  EXPECT_EQ(check(kServerIce), 1u);
}

TEST(Peer, GoodbyeClosesTheOtherSide) {
  for (const bool by_server : {true, false}) {
    World world;
    world.signal();
    ASSERT_TRUE(world.run_until_connected());
    (by_server ? world.server() : world.client()).close(world.now());
    world.run(1s);
    const auto& events = by_server ? world.client_events() : world.server_events();
    EXPECT_EQ(count(events, PeerEvent::Kind::kClosed), 1u);
    EXPECT_FALSE(world.server().connected());
    EXPECT_FALSE(world.client().connected());
    Bytes datagram(20);
    world.inject(true, {kServerAddress, kClientAddress}, datagram);
    EXPECT_EQ(world.server_drops(DropReason::kClosed), 1u);
  }
}

/// Whether a cut here leaves whole DTLS records (and at least one).
bool is_record_boundary(ByteView datagram, size_t size) {
  size_t offset = 0;
  while (offset < size && offset + 13 <= datagram.size()) {
    offset += 13 + load_be16(&datagram[offset + 11]);
    if (offset == size) return true;
  }
  return false;
}

// --- Hostile input
// --------------------------------------------------------------------------------

TEST(Peer, DtlsFromAnUnverifiedAddressIsDropped) {
  World world;
  world.signal_server();
  Bytes hello(64);
  hello[0] = 22;
  hello[1] = 0xFE;
  hello[2] = 0xFD;
  hello[12] = 64 - 13;
  world.inject(true, {kServerAddress, kOtherClientAddress}, hello);
  EXPECT_EQ(world.server_drops(DropReason::kUnknownPath), 1u);
  EXPECT_EQ(world.server().poll_transmit().has_value(), false);
}

TEST(Peer, ReplayedMediaIsDropped) {
  World world;
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  Bytes seen;
  world.tap = [&](bool to_server, Bytes& datagram) {
    if (to_server && classify(datagram) == DatagramKind::kRtp) seen = datagram;
  };
  world.exchange_media(1);
  world.run(100ms);
  world.inject(true, {kServerAddress, kOtherClientAddress}, seen);
  EXPECT_EQ(world.server_drops(DropReason::kSrtpReplay), 1u);
  seen.back() ^= 1;
  seen[3] = 2;
  world.inject(true, {kServerAddress, kOtherClientAddress}, seen);
  EXPECT_EQ(world.server_drops(DropReason::kSrtpAuthentication), 1u);
}

TEST(Peer, EveryTruncationOfEveryDatagramIsSurvived) {
  // Each datagram of a handshake arrives first in all its truncations, then whole: nothing of that
  // disturbs the connection. (Truncated flights of DTLS are no DTLS, since their records are cut.)
  World world;
  World* w = &world;
  bool inside = false;
  world.tap = [&, w](bool to_server, Bytes& datagram) {
    if (inside) return;
    inside = true;
    const Path path = to_server ? Path{kServerAddress, kClientAddress} : Path{{}, kServerAddress};
    for (size_t size = 0; size < datagram.size(); ++size) {
      if (classify(datagram) == DatagramKind::kDtls && is_record_boundary(datagram, size)) continue;
      Bytes cut(datagram.begin(), datagram.begin() + static_cast<ptrdiff_t>(size));
      Peer& peer = to_server ? w->server() : w->client();
      const Received received = peer.receive(w->now(), path, cut);
      EXPECT_EQ(received.kind, Received::Kind::kDropped) << size << " of " << datagram.size();
    }
    inside = false;
  };
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  world.exchange_media(1);
  world.run(5s);
  EXPECT_EQ(world.server_media().size(), 1u);
  EXPECT_EQ(world.client_media().size(), 1u);
  EXPECT_TRUE(world.connected());
}

TEST(Peer, NoiseIsSurvived) {
  World world;
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  Rng rng(5);
  for (int i = 0; i < 20000; ++i) {
    Bytes noise(rng.below(300));
    rng.fill(noise);
    if (!noise.empty() && rng.chance(0.5)) {
      constexpr uint8_t kFirst[] = {0, 1, 20, 21, 22, 23, 0x80, 0x90, 0xBF};
      noise[0] = kFirst[rng.below(std::size(kFirst))];
    }
    if (noise.size() > 13 && rng.chance(0.5)) {
      noise[1] = 0xFE;
      noise[2] = 0xFD;
      store_be16(&noise[11], static_cast<uint16_t>(noise.size() - 13));
    }
    const bool to_server = rng.chance(0.5);
    world.inject(to_server,
                 to_server ? Path{kServerAddress, kClientAddress} : Path{{}, kServerAddress},
                 noise);
  }
  world.exchange_media(1);
  world.run(30s);
  EXPECT_EQ(world.server_media().size(), 1u);
  EXPECT_EQ(world.client_media().size(), 1u);
  EXPECT_TRUE(world.connected());
}

TEST(Peer, FloodOfChecksFillsNoMemory) {
  World world;
  std::array<uint8_t, stun::kMaxBuiltSize> buffer;
  for (uint16_t port = 1; port <= 1000; ++port) {
    const ByteView bytes = stun::Builder(buffer, stun::Class::kRequest, {})
                               .username(kServerIce.ufrag, "x")
                               .finish(kServerIce.password);
    Bytes datagram(bytes.begin(), bytes.end());
    const Path path{kServerAddress, TransportAddress::ipv4(10, 0, 0, 1, port)};
    EXPECT_EQ(world.server().receive(world.now(), path, datagram).kind, Received::Kind::kNone);
  }
  size_t waiting = 0;
  while (world.server().poll_transmit()) ++waiting;
  EXPECT_EQ(waiting, Peer::kMaxQueued);
  EXPECT_EQ(world.server().counters().transmit_overflows, 1000 - Peer::kMaxQueued);
  size_t added = 0;
  size_t removed = 0;
  while (const auto event = world.server().poll_event()) {
    added += event->kind == PeerEvent::Kind::kPathAdded;
    removed += event->kind == PeerEvent::Kind::kPathRemoved;
  }
  EXPECT_EQ(added - removed, Peer::kMaxPaths);
}

}  // namespace
}  // namespace turms::rtc
