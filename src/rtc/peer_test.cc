#include "rtc/peer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "rtc/demultiplexer.h"
#include "rtc/peer_testing.h"
#include "rtc/stun/message.h"

namespace turms::rtc {
namespace {

using namespace testing_world;

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

TEST(Peer, TheRemoteSideMayChooseTheDtlsRoleAfterItsFirstChecks) {
  World world;
  world.client().set_remote(world.now(), kServerIce, context().fingerprint(), DtlsRole::kServer);
  world.client().add_candidate_pair(world.now(), {{}, kServerAddress}, 100);
  world.run(1s);
  EXPECT_NE(world.server().selected_path(), nullptr) << "checks are answered";
  EXPECT_FALSE(world.server().connected());
  world.server().set_remote(world.now(), kClientIce, context().fingerprint(), DtlsRole::kClient);
  ASSERT_TRUE(world.run_until_connected());
  world.exchange_media(1);
  world.run(1s);
  EXPECT_EQ(world.server_media().size(), 1u);
  EXPECT_EQ(world.client_media().size(), 1u);
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

TEST(Peer, ReportsAreConsentWhereNoChecksCome) {
  World world({}, {.consent_timeout = 15s}, {.consent_timeout = 120s});
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  const Path path = *world.server().selected_path();
  world.set_loss(1.0);
  Bytes last;
  for (int i = 0; i < 6; ++i) {
    Bytes report(8 + srtp::kMaxRtcpOverhead);
    report[0] = 0x80;
    report[1] = 200;
    report[3] = 1;
    report.resize(world.client().protect_rtcp(report, 8));
    last = report;
    EXPECT_EQ(world.server().receive(world.now(), path, report).kind, Received::Kind::kRtcp);
    world.run(5s);
  }
  EXPECT_EQ(count(world.server_events(), PeerEvent::Kind::kFailed), 0u);
  // The same again is nobody's.
  for (int i = 0; i < 3; ++i) {
    Bytes again = last;
    EXPECT_EQ(world.server().receive(world.now(), path, again).kind, Received::Kind::kDropped);
    world.run(5s);
  }
  EXPECT_EQ(failure(world.server_events()), FailReason::kConsentExpired);
}

void restart_ice(World& world) {
  const IceCredentials server{"srvNew", "newserverpasswordnewsr"};
  const IceCredentials client{"cliNew", "newclientpasswordnewcl"};
  world.server().restart_ice(world.now(), server);
  world.server().set_remote(world.now(), client, context().fingerprint());
  world.client().restart_ice(world.now(), client);
  world.client().set_remote(world.now(), server, context().fingerprint());
}

TEST(Peer, AfterSilenceAnIceRestartConnectsItAgain) {
  World world({}, {.consent_timeout = 15s}, {.consent_timeout = 60s});
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  world.set_loss(1.0);
  world.run(20s);
  EXPECT_EQ(failure(world.server_events()), FailReason::kConsentExpired);
  EXPECT_EQ(world.server().protect_rtp({}, 0), 0u);
  world.set_loss(0);
  restart_ice(world);
  world.run(5s);
  EXPECT_TRUE(world.connected());
  EXPECT_EQ(count(world.server_events(), PeerEvent::Kind::kConnected), 2u);
  world.exchange_media(1);
  world.run(1s);
  EXPECT_EQ(world.server_media().size(), 1u);
  EXPECT_EQ(world.client_media().size(), 1u);
}

TEST(Peer, AfterSilenceARestartThatBringsNothingFails) {
  World world({}, {.consent_timeout = 15s}, {.consent_timeout = 60s});
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  world.set_loss(1.0);
  world.run(20s);
  restart_ice(world);
  world.run(2min);
  size_t failures = 0;
  for (const PeerEvent& event : world.server_events()) {
    if (event.kind != PeerEvent::Kind::kFailed) continue;
    EXPECT_EQ(event.reason,
              failures++ == 0 ? FailReason::kConsentExpired : FailReason::kConnectTimeout);
  }
  EXPECT_EQ(failures, 2u);
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
