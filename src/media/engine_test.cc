#include "media/engine.h"

#include <gtest/gtest.h>

#include <latch>
#include <set>

#include "base/metrics.h"
#include "base/random.h"
#include "media/commands.h"
#include "media/mailbox.h"
#include "media/media_testing.h"
#include "net/interfaces.h"
#include "rtc/stun/message.h"

namespace turms::media {
namespace {

constexpr RoomId kRoom(1);
constexpr TrackId kTrack(10);
constexpr rtc::Ssrc kSourceSsrc(1111);

int64_t dropped(std::string_view reason) {
  return metrics::counter("turms_udp_datagrams_dropped_total", "", {{"reason", reason}}).value();
}

class EngineTest : public testing::Test {
 protected:
  void start(int workers = 1, size_t members_per_worker = 0) {
    auto engine = start_engine(
        {.workers = workers,
         .bind_address = "127.0.0.1",
         .first_udp_port = 0,
         .members_per_worker = members_per_worker,
         .make_data_router = MilestoneRouter::make},
        [this](std::function<void()> f) { loop_.post(std::move(f)); }, events_);
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = std::move(*engine);
  }
  bool wait(const std::function<bool()>& done) { return loop_.run_until(done, kTestLimit); }

  std::unique_ptr<TestClient> join(RoomId room, uint64_t id) {
    return std::make_unique<TestClient>(loop_, *engine_, room, TransportId(id));
  }
  bool wait_connected(const std::vector<TestClient*>& clients) {
    return wait([&] {
      return std::all_of(clients.begin(), clients.end(), [&](const TestClient* client) {
        return client->peer->connected() && events_.connected.contains(client->id);
      });
    });
  }
  void publish(TestClient& client, TrackId track = kTrack) { publish_by(client.id, track); }
  void publish_by(TransportId transport, TrackId track) {
    engine_->add_receive_track({.id = track,
                                .transport = transport,
                                .kind = rtc::MediaKind::kVideo,
                                .mid = "0",
                                .codecs = {vp8_codec()},
                                .encodings = {{.ssrc = kSourceSsrc}}});
  }
  void subscribe(TestClient& client, uint64_t id, TrackId track = kTrack) {
    engine_->add_send_track({.id = SubscriptionId(id),
                             .transport = client.id,
                             .source = track,
                             .mid = "0",
                             .ssrc = rtc::Ssrc(static_cast<uint32_t>(5000 + id)),
                             .rtx_ssrc = rtc::Ssrc(static_cast<uint32_t>(6000 + id)),
                             .codecs = {vp8_codec()}},
                            {});
  }
  /// A room with a publisher and a subscriber through whom media flows.
  void connect_pair() {
    start();
    // Its receivers report nothing: everything is sent.
    engine_->create_room(kRoom, {.follows_bandwidth = false});
    publisher_ = join(kRoom, 1);
    subscriber_ = join(kRoom, 2);
    ASSERT_TRUE(wait_connected({publisher_.get(), subscriber_.get()}));
    publish(*publisher_);
    subscribe(*subscriber_, 20);
    subscriber_->on_rtp = [this](ByteView packet) {
      const auto view = rtc::rtp::PacketView::parse(packet);
      ASSERT_TRUE(view);
      if (view->payload().empty()) return;  // padding, with which a stream begins
      received_.push_back({view->ssrc().value, view->payload_type(), view->sequence().value,
                           Bytes(view->payload().begin(), view->payload().end())});
    };
    ASSERT_TRUE(commands_done(loop_, *engine_, kRoom));
    publisher_->send_rtp(vp8_packet(kSourceSsrc, 0, 1000));
    ASSERT_TRUE(wait([&] { return !received_.empty(); }));
  }

  /// So many packets of 1000 bytes that the server reads at once.
  void send_burst(uint32_t first, uint32_t count) {
    constexpr uint32_t kPerMessage = 40;
    Bytes burst;
    for (uint32_t i = 0; i < count; ++i) {
      std::array<uint8_t, 1200> packet;
      const Bytes plain = vp8_packet(kSourceSsrc, first + i, 1000);
      std::copy(plain.begin(), plain.end(), packet.begin());
      const size_t size = publisher_->peer->protect_rtp(packet, plain.size());
      burst.insert(burst.end(), packet.begin(), packet.begin() + static_cast<ptrdiff_t>(size));
    }
    const size_t each = burst.size() / count;
    std::vector<net::OutgoingDatagrams> messages;
    for (uint32_t i = 0; i < count; i += kPerMessage) {
      messages.push_back(
          {.destination = publisher_->server,
           .data = ByteView(burst).subspan(i * each, std::min(kPerMessage, count - i) * each),
           .segment_size = static_cast<uint16_t>(each)});
    }
    publisher_->socket.send_batch(messages);
  }

  struct ReceivedPacket {
    uint32_t ssrc;
    uint8_t payload_type;
    uint16_t sequence;
    Bytes payload;
  };

  net::Loop loop_;
  RecordedEvents events_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<TestClient> publisher_;
  std::unique_ptr<TestClient> subscriber_;
  std::vector<ReceivedPacket> received_;
};

TEST_F(EngineTest, ARoomOnTwoWorkersIsToldInTwoParts) {
  start(2, 1);
  engine_->create_room(kRoom, {});
  for (const uint64_t id : {1, 2}) {
    const MemberId member(id);
    engine_->create_transport(
        {.id = TransportId(id),
         .room = kRoom,
         .member = member,
         .local_ice = {engine_->ufrag_prefix(kRoom, member) + "ufrag" + std::to_string(id),
                       "password-of-22-letters"}});
    publish_by(TransportId(id), TrackId(10 + id));
  }
  const auto told = [&](std::vector<TransportId> transports, size_t parts) {
    const SnapshotTicket asked = engine_->request_snapshot(kRoom, std::move(transports));
    EXPECT_EQ(asked.parts, parts);
    EXPECT_TRUE(wait([&] { return events_.snapshots[asked.ticket].size() == parts; }));
    std::set<TrackId> tracks;
    for (const RoomSnapshot& part : events_.snapshots[asked.ticket]) {
      for (const auto& track : part.tracks) tracks.insert(track.track);
    }
    return tracks;
  };
  EXPECT_EQ(told({}, 2), (std::set{TrackId(11), TrackId(12)}));
  EXPECT_EQ(told({TransportId(2)}, 1), std::set{TrackId(12)});
}

TEST_F(EngineTest, TellsWhatFlowsAndWhyWhenAsked) {
  connect_pair();
  const auto ask = [&](std::vector<TransportId> transports) {
    const SnapshotTicket asked = engine_->request_snapshot(kRoom, std::move(transports));
    EXPECT_EQ(asked.parts, 1u);
    EXPECT_TRUE(wait([&] { return events_.snapshots[asked.ticket].size() == asked.parts; }));
    return events_.snapshots[asked.ticket].front();
  };
  const RoomSnapshot all = ask({});
  ASSERT_EQ(all.tracks.size(), 1u);
  EXPECT_EQ(all.tracks[0].track, kTrack);
  EXPECT_EQ(all.tracks[0].active_layers, 1);
  ASSERT_EQ(all.subscriptions.size(), 1u);
  EXPECT_EQ(all.subscriptions[0].subscription, SubscriptionId(20));
  EXPECT_EQ(all.subscriptions[0].source, kTrack);
  EXPECT_EQ(all.subscriptions[0].current_spatial, 0);
  EXPECT_EQ(all.subscriptions[0].limit, LayerLimit::kNone);
  EXPECT_TRUE(all.paths.empty()) << "this room follows no bandwidth";

  const RoomSnapshot publisher = ask({publisher_->id});
  EXPECT_EQ(publisher.tracks.size(), 1u);
  EXPECT_TRUE(publisher.subscriptions.empty());
  EXPECT_EQ(engine_->request_snapshot(kRoom, {TransportId(999)}).parts, 0u);
  EXPECT_EQ(engine_->request_snapshot(RoomId(999), {}).parts, 0u);
}

TEST_F(EngineTest, MediaArrivesRewritten) {
  connect_pair();
  const size_t before = received_.size();
  const uint16_t first = received_.back().sequence;
  for (uint32_t i = 1; i < 200; ++i) publisher_->send_rtp(vp8_packet(kSourceSsrc, i, 1000));
  ASSERT_TRUE(wait([&] { return received_.size() >= before + 199; }));
  for (size_t i = 0; i < 199; ++i) {
    const ReceivedPacket& packet = received_[before + i];
    EXPECT_EQ(packet.ssrc, 5020u);
    EXPECT_EQ(packet.payload_type, kVp8PayloadType);
    EXPECT_EQ(packet.sequence, static_cast<uint16_t>(first + 1 + i));
    EXPECT_EQ(packet.payload.size(), 1000u);
    EXPECT_EQ(packet.payload.back(), static_cast<uint8_t>(i + 1));
  }
  EXPECT_EQ(events_.layers, (std::vector<std::pair<TrackId, int>>{{kTrack, 0}}));
  ASSERT_TRUE(wait([&] {
    return events_.track_packets.contains(kTrack) &&
           events_.subscription_packets.contains(SubscriptionId(20));
  }));
  EXPECT_EQ(publisher_->dropped + subscriber_->dropped, 0u);
}

TEST_F(EngineTest, OldAndNewCiphersTogether) {
  connect_pair();
  std::vector<std::unique_ptr<TestClient>> others;
  for (uint64_t i = 0; i < 6; ++i) {
    others.push_back(
        std::make_unique<TestClient>(loop_, *engine_, kRoom, TransportId(40 + i), i % 2 == 0));
    subscribe(*others.back(), 40 + i);
  }
  ASSERT_TRUE(wait([&] { return events_.connected.size() == 8; }));
  uint32_t sequence = 1;
  ASSERT_TRUE(wait([&] {
    publisher_->send_rtp(vp8_packet(kSourceSsrc, sequence++, 300));
    loop_.post([] {});
    return std::all_of(others.begin(), others.end(),
                       [](const auto& client) { return client->rtp_count > 0; });
  }));
  for (const auto& client : others) {
    const bool aead = rtc::srtp::is_aead(client->peer->srtp()->profile());
    EXPECT_EQ(aead, (client->id.value - 40) % 2 == 1);
  }
  std::vector<uint64_t> before;
  for (const auto& client : others) before.push_back(client->rtp_count);
  for (int i = 0; i < 100; ++i) publisher_->send_rtp(vp8_packet(kSourceSsrc, sequence++, 900));
  EXPECT_TRUE(wait([&] {
    bool all = true;
    for (size_t i = 0; i < others.size(); ++i) {
      all = all && others[i]->rtp_count >= before[i] + 100;
    }
    return all;
  }));
  for (const auto& client : others) EXPECT_EQ(client->dropped, 0u);
}

TEST_F(EngineTest, ALostPacketIsAskedForAndALostOneSentAgain) {
  connect_pair();
  // 3 is lost on the way in: the publisher is asked for it.
  for (const uint32_t i : {1u, 2u, 4u, 5u}) publisher_->send_rtp(vp8_packet(kSourceSsrc, i, 500));
  ASSERT_TRUE(wait([&] { return !publisher_->nacked.empty(); }));
  EXPECT_EQ(publisher_->nacked.front(), 3);

  // One that the subscriber says it lost comes again over RTX.
  ASSERT_TRUE(wait([&] { return received_.size() >= 5; }));
  const uint16_t wanted = received_.back().sequence;
  std::array<uint8_t, 128> buffer;
  rtc::rtcp::Writer writer(buffer);
  const rtc::rtp::SeqNum lost[] = {rtc::rtp::SeqNum(wanted)};
  ASSERT_TRUE(writer.nack(rtc::Ssrc(1), rtc::Ssrc(5020), lost));
  subscriber_->send_rtcp(writer.written());
  const auto again = [&] {
    return std::find_if(received_.begin(), received_.end(),
                        [](const auto& packet) { return packet.ssrc == 6020; });
  };
  ASSERT_TRUE(wait([&] { return again() != received_.end(); }));
  EXPECT_EQ(again()->payload_type, kRtxPayloadType);
  EXPECT_EQ(load_be16(again()->payload.data()), wanted);
}

TEST_F(EngineTest, KeyFramesAreAskedForOnBehalfOfSubscribers) {
  connect_pair();
  const int before = publisher_->feedback[rtc::rtcp::Kind::kPli];
  ASSERT_TRUE(wait([&] {
    // Requests are throttled: ask until one goes through.
    std::array<uint8_t, 64> buffer;
    rtc::rtcp::Writer writer(buffer);
    (void)writer.pli(rtc::Ssrc(1), rtc::Ssrc(5020));
    subscriber_->send_rtcp(writer.written());
    loop_.post([] {});
    return publisher_->feedback[rtc::rtcp::Kind::kPli] > before;
  }));
}

TEST_F(EngineTest, ClosingATransportAndARoomSaysGoodbye) {
  connect_pair();
  engine_->close_transport(subscriber_->id);
  ASSERT_TRUE(wait([&] { return subscriber_->closed; }));
  EXPECT_FALSE(publisher_->closed);
  engine_->close_room(kRoom);
  ASSERT_TRUE(wait([&] { return publisher_->closed; }));
  EXPECT_TRUE(engine_->candidates(publisher_->id).empty());
  ASSERT_TRUE(wait([&] {
    loop_.post([] {});
    return metrics::gauge("turms_media_transports", "").value() == 0 &&
           metrics::gauge("turms_media_rooms", "").value() == 0;
  }));
  // What is still on its way for them names nothing any more.
  engine_->set_receive_muted(kTrack, true);
  engine_->remove_send_track(SubscriptionId(20));
  engine_->close_transport(publisher_->id);
  engine_->create_room(kRoom);
  auto again = join(kRoom, 30);
  EXPECT_TRUE(wait_connected({again.get()}));
}

TEST_F(EngineTest, APeerThatLeavesIsReportedAndDidNotFail) {
  connect_pair();
  publisher_->peer->close(loop_.now());
  publisher_->settle();
  ASSERT_TRUE(wait([&] { return events_.closed.contains(publisher_->id); }));
  EXPECT_TRUE(events_.failed.empty());
  EXPECT_FALSE(events_.closed.contains(subscriber_->id));
}

TEST_F(EngineTest, AnotherCertificateFailsTheTransport) {
  connect_pair();
  engine_->set_remote(publisher_->id, {{"other", "otherpasswordotherpassword"}, {}});
  ASSERT_TRUE(wait([&] { return events_.failed.contains(publisher_->id); }));
  EXPECT_EQ(events_.failed[publisher_->id], "fingerprint_mismatch");
  EXPECT_FALSE(events_.failed.contains(subscriber_->id));
}

TEST_F(EngineTest, IceRestartKeepsMediaFlowing) {
  connect_pair();
  const rtc::IceCredentials fresh{"freshServer", "freshpasswordfreshpassword"};
  engine_->restart_ice(subscriber_->id, fresh);
  subscriber_->restart_ice(fresh, engine_->fingerprint());
  uint32_t sequence = 1;
  const auto flows = [&] {
    const size_t had = received_.size();
    return wait([&] {
      publisher_->send_rtp(vp8_packet(kSourceSsrc, sequence++, 300));
      loop_.post([] {});
      return received_.size() > had;
    });
  };
  EXPECT_TRUE(flows());
  // A check with the new name has been answered.
  ASSERT_TRUE(wait([&] { return subscriber_->checks_answered > 0; }));
  EXPECT_TRUE(flows());
}

TEST_F(EngineTest, MutedTracksAreDroppedAtTheDoor) {
  connect_pair();
  Metric& muted = metrics::counter("turms_media_packets_total", "", {{"fate", "muted"}});
  const int64_t before = muted.value();
  engine_->set_receive_muted(kTrack, true);
  uint32_t sequence = 1;
  ASSERT_TRUE(wait([&] {
    publisher_->send_rtp(vp8_packet(kSourceSsrc, sequence++, 300));
    loop_.post([] {});
    return muted.value() > before;
  }));
  engine_->set_receive_muted(kTrack, false);
  const size_t had = received_.size();
  ASSERT_TRUE(wait([&] {
    publisher_->send_rtp(vp8_packet(kSourceSsrc, sequence++, 300));
    loop_.post([] {});
    return received_.size() > had;
  }));
}

TEST_F(EngineTest, AllAddressesItTellsLeadToIt) {
  start();
  engine_->create_room(kRoom);
  engine_->create_transport({.id = TransportId(100), .room = kRoom, .local_ice = {"x", "y"}});
  const std::vector<LocalCandidate> addresses = engine_->candidates(TransportId(100));
  EXPECT_EQ(addresses.at(0),
            (LocalCandidate{rtc::Protocol::kUdp, "127.0.0.1", engine_->udp_ports()[0]}));
  // Where there is a network, its address serves browsers that avoid the loopback address.
  EXPECT_EQ(addresses.size(), net::machine_address(true).is_loopback() ? 1u : 2u);
  std::vector<std::unique_ptr<TestClient>> clients;
  std::vector<TestClient*> all;
  for (size_t i = 0; i < addresses.size(); ++i) {
    all.push_back(clients
                      .emplace_back(std::make_unique<TestClient>(loop_, *engine_, kRoom,
                                                                 TransportId(1 + i), false, i))
                      .get());
  }
  ASSERT_TRUE(wait_connected(all));
}

TEST_F(EngineTest, RoomsSpreadOverWorkersAndStayOnTheirs) {
  start(3);
  const std::vector<uint16_t> ports = engine_->udp_ports();
  ASSERT_EQ(ports.size(), 3u);
  std::vector<std::unique_ptr<TestClient>> clients;
  std::set<uint16_t> used;
  for (uint64_t room = 1; room <= 6; ++room) {
    engine_->create_room(RoomId(room));
    for (uint64_t i = 0; i < 2; ++i) clients.push_back(join(RoomId(room), room * 10 + i));
    used.insert(engine_->candidates(clients.back()->id).at(0).port);
  }
  EXPECT_EQ(used, std::set<uint16_t>(ports.begin(), ports.end()));
  ASSERT_TRUE(wait([&] { return events_.connected.size() == 12; }));
  for (size_t i = 0; i < clients.size(); i += 2) {
    const TrackId track(100 + i);
    publish(*clients[i], track);
    subscribe(*clients[i + 1], 200 + i, track);
    ASSERT_TRUE(commands_done(loop_, *engine_, RoomId(1 + i / 2)));
    clients[i]->send_rtp(vp8_packet(kSourceSsrc, 0, 900));
  }
  EXPECT_TRUE(wait([&] {
    return std::ranges::all_of(clients, [](const auto& client) {
      return client->rtp_count > 0 || client->id.value % 10 == 0;
    });
  }));
}

TEST_F(EngineTest, HostileDatagramsAreCountedAndHarmless) {
  connect_pair();
  const std::map<std::string_view, int64_t> before = {
      {"unknown_source", dropped("unknown_source")},
      {"unknown_ufrag", dropped("unknown_ufrag")},
      {"srtp_authentication", dropped("srtp_authentication")},
      {"unknown_protocol", dropped("unknown_protocol")},
      {"too_long", dropped("too_long")},
  };
  auto stranger = std::move(*net::UdpSocket::bind(net::Address::v4({127, 0, 0, 1}, 0)));
  Rng rng(3);
  for (int i = 0; i < 2000; ++i) {
    Bytes noise(1 + rng.below(1500));
    rng.fill(noise);
    const net::OutgoingDatagrams message{.destination = publisher_->server, .data = noise};
    stranger.send_batch({&message, 1});
    if (i % 4 != 0) continue;
    // The same from the publisher's own address: it must not break its transport.
    noise[0] = static_cast<uint8_t>(i % 8 == 0 ? 0x80 : 0xff);
    publisher_->send(noise);
    (void)loop_.run_until([] { return true; }, 0ms);
  }
  // A check for a name that nobody has.
  std::array<uint8_t, rtc::stun::kMaxBuiltSize> buffer;
  rtc::stun::Builder builder(buffer, rtc::stun::Class::kRequest, {});
  const ByteView check = builder.username("nobody", "me").priority(1).finish("password");
  const Bytes long_datagram(3000, 0x80);
  const net::OutgoingDatagrams messages[] = {
      {.destination = publisher_->server, .data = check},
      {.destination = publisher_->server, .data = long_datagram}};
  stranger.send_batch(messages);
  for (const auto& [reason, count] : before) {
    EXPECT_TRUE(wait([&, r = reason, c = count] {
      loop_.post([] {});
      return dropped(r) > c;
    })) << reason;
  }
  const size_t had = received_.size();
  uint32_t sequence = 1;
  EXPECT_TRUE(wait([&] {
    publisher_->send_rtp(vp8_packet(kSourceSsrc, sequence++, 300));
    loop_.post([] {});
    return received_.size() > had;
  }));
  EXPECT_TRUE(events_.failed.empty());
}

TEST_F(EngineTest, AnIdleMeetingSleeps) {
  connect_pair();
  Metric& turns = metrics::counter("turms_media_turns_total", "");
  const auto turns_of_a_second = [&] {
    const int64_t before = turns.value();
    bool over = false;
    loop_.after(1000ms, [&] { over = true; });
    EXPECT_TRUE(wait([&] { return over; }));
    return turns.value() - before;
  };
  // Two connected transports with tracks: checks of consent, reports, a tick. The reports that
  // follow the first packets die down first, sooner or later.
  const TimePoint limit = loop_.now() + kTestLimit;
  int64_t busy = turns_of_a_second();
  while (busy > 20 && loop_.now() < limit) busy = turns_of_a_second();
  EXPECT_LE(busy, 20);
}

TEST_F(EngineTest, BurstsBeyondASendBufferArriveWhole) {
  connect_pair();
  const size_t before = received_.size();
  send_burst(1, 200);  // 200 kB for one destination
  EXPECT_TRUE(wait([&] { return received_.size() >= before + 200; })) << received_.size();
}

TEST_F(EngineTest, WhatLeavesBeforeTheEndOfATurnKeepsItsOrder) {
  connect_pair();
  // 40 packets to nine more subscribers are 400 kB: several times what is held back.
  constexpr size_t kMore = 9;
  constexpr uint32_t kPackets = 40;
  std::vector<std::unique_ptr<TestClient>> clients;
  std::vector<TestClient*> all;
  std::array<std::vector<uint16_t>, kMore> sequences;
  for (size_t i = 0; i < kMore; ++i) {
    clients.push_back(join(kRoom, 10 + i));
    all.push_back(clients.back().get());
  }
  ASSERT_TRUE(wait_connected(all));
  for (size_t i = 0; i < kMore; ++i) {
    subscribe(*clients[i], 30 + i);
    clients[i]->on_rtp = [&sequences, i](ByteView packet) {
      const auto view = rtc::rtp::PacketView::parse(packet);
      if (view) sequences[i].push_back(view->sequence().value);
    };
  }
  uint32_t next = 1;  // every 200th begins a key frame
  ASSERT_TRUE(wait([&] {
    publisher_->send_rtp(vp8_packet(kSourceSsrc, next++, 100));
    return std::ranges::none_of(sequences, [](const auto& s) { return s.empty(); }) ||
           (loop_.post([] {}), false);
  }));
  std::array<size_t, kMore> before{};
  for (size_t i = 0; i < kMore; ++i) before[i] = sequences[i].size();
  send_burst(next, kPackets);
  ASSERT_TRUE(wait([&] {
    return std::ranges::all_of(sequences, [&](const auto& s) {
      return s.size() >= before[static_cast<size_t>(&s - sequences.data())] + kPackets;
    });
  }));
  for (const auto& numbers : sequences) {
    for (size_t n = 1; n < numbers.size(); ++n) {
      ASSERT_EQ(numbers[n], static_cast<uint16_t>(numbers[n - 1] + 1));
    }
  }
  EXPECT_GE(
      metrics::counter("turms_media_forwarding_delay_seconds_bucket", "", {{"le", "+Inf"}}).value(),
      static_cast<int64_t>(kPackets * kMore));
}

/// Wakes the test's loop, which reads.
struct QueueReader {
  explicit QueueReader(net::Loop& loop)
      : queue(std::make_shared<PacketQueue>(256 * 1024, [&loop] { loop.post([] {}); })) {}
  void read() {
    while (const auto packet = queue->read()) {
      if (packet->kind != sfu::PacketKind::kRtp) continue;
      const auto view = rtc::rtp::PacketView::parse(packet->data);
      ASSERT_TRUE(view);
      EXPECT_EQ(view->ssrc(), rtc::Ssrc(5077));
      EXPECT_LE(packet->time, monotonic_now());
      if (view->payload().empty()) continue;  // padding
      payloads.emplace_back(view->payload().begin(), view->payload().end());
    }
  }
  std::shared_ptr<PacketQueue> queue;
  std::vector<Bytes> payloads;
};

TEST_F(EngineTest, AQueueGetsPlainPacketsAsASubscriberDoes) {
  connect_pair();
  QueueReader reader(loop_);
  const TransportId id(77);
  engine_->create_queue({.id = id, .room = kRoom, .queue = reader.queue});
  engine_->add_send_track({.id = SubscriptionId(77),
                           .transport = id,
                           .source = kTrack,
                           .mid = "0",
                           .ssrc = rtc::Ssrc(5077),
                           .codecs = {vp8_codec()}},
                          {});
  received_.clear();
  // From the next key frame on, for it waits for one.
  constexpr uint32_t kKeyFrame = 200;
  uint32_t sequence = 1;
  ASSERT_TRUE(wait([&] {
    reader.read();
    if (sequence < kKeyFrame + 40) {
      publisher_->send_rtp(vp8_packet(kSourceSsrc, sequence++, 300));
    }
    loop_.post([] {});
    return reader.payloads.size() >= 40;
  }));
  for (size_t i = 0; i < 40; ++i) {
    ASSERT_EQ(reader.payloads[i].size(), 300u) << i;
    EXPECT_EQ(reader.payloads[i].back(), static_cast<uint8_t>(kKeyFrame + i));
  }
  // Closed like any other: the room sends it nothing more, and the subscriber goes on.
  engine_->close_transport(id);
  ASSERT_TRUE(wait([&] {
    loop_.post([] {});
    return metrics::gauge("turms_media_transports", "").value() == 2;
  }));
  reader.read();
  const size_t had = reader.payloads.size();
  const size_t subscriber_had = received_.size();
  ASSERT_TRUE(wait([&] {
    publisher_->send_rtp(vp8_packet(kSourceSsrc, sequence++, 300));
    loop_.post([] {});
    return received_.size() > subscriber_had + 10;
  }));
  reader.read();
  EXPECT_EQ(reader.payloads.size(), had);
}

TEST_F(EngineTest, AStuckWorkerFailsTransportsAndNeverHoldsItsCallerBack) {
  connect_pair();
  // The reader's wake runs on the worker's thread: it stays there until it is let go.
  std::latch stuck(1);
  std::latch go_on(1);
  const auto queue = std::make_shared<PacketQueue>(0, [&, first = true]() mutable {
    if (!std::exchange(first, false)) return;
    stuck.count_down();
    go_on.wait();
  });
  const TransportId id(77);
  engine_->create_queue({.id = id, .room = kRoom, .queue = queue});
  engine_->add_send_track({.id = SubscriptionId(77),
                           .transport = id,
                           .source = kTrack,
                           .mid = "0",
                           .ssrc = rtc::Ssrc(5077),
                           .codecs = {vp8_codec()}},
                          {});
  ASSERT_TRUE(commands_done(loop_, *engine_, kRoom));
  publisher_->send_rtp(vp8_packet(kSourceSsrc, 200, 300));
  ASSERT_TRUE(wait_polling(loop_, [&] { return stuck.try_wait(); }));
  for (size_t i = 0; i < Mailbox<Command>::kCapacity; ++i) {
    engine_->set_layer_request(SubscriptionId(77), {});
  }
  EXPECT_TRUE(events_.failed.empty());
  engine_->set_layer_request(SubscriptionId(20), {});
  engine_->set_layer_request(SubscriptionId(20), {});
  engine_->create_room(RoomId(9));
  engine_->create_transport({.id = TransportId(90), .room = RoomId(9), .local_ice = {"x", "y"}});
  ASSERT_TRUE(wait([&] { return events_.failed.size() == 2; }));
  EXPECT_EQ(events_.failed[subscriber_->id], "mailbox_full");
  EXPECT_EQ(events_.failed[TransportId(90)], "mailbox_full");
  engine_->close_transport(TransportId(90));
  engine_->close_room(RoomId(9));
  go_on.count_down();
  // It was closed on the worker too, and what comes later gets in.
  ASSERT_TRUE(wait([&] { return subscriber_->closed; }));
  engine_->close_transport(subscriber_->id);
  auto again = join(kRoom, 3);
  EXPECT_TRUE(wait_connected({again.get()}));
}

TEST(Engine, TakenPortAndBadAddressAreReported) {
  RecordedEvents events;
  const auto post = [](std::function<void()>) {};
  auto first = start_engine({.bind_address = "127.0.0.1", .first_udp_port = 0}, post, events);
  ASSERT_TRUE(first);
  const auto taken = start_engine(
      {.bind_address = "127.0.0.1", .first_udp_port = (*first)->udp_ports()[0]}, post, events);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(start_engine({.bind_address = "nowhere"}, post, events));
  EXPECT_FALSE(start_engine({.workers = 0}, post, events));
}

}  // namespace
}  // namespace turms::media
