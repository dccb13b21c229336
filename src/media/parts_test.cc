// A room on two real workers: members in turn on the one and on the other.
#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <map>
#include <set>

#include "base/metrics.h"
#include "media/media_testing.h"

namespace turms::media {
namespace {

constexpr RoomId kRoom(1);

int64_t fate(std::string_view name) {
  return metrics::counter("turms_media_packets_total", "", {{"fate", name}}).value();
}

/// Hands notes of members over to the other routers, and counts what comes.
class EchoRouter final : public DataRouter {
 public:
  struct Text final : DataNote {
    explicit Text(std::string t, bool handed_in = false) : text(std::move(t)), handed(handed_in) {}
    std::string text;
    bool handed;
    std::function<void()> run;  // on the worker
  };

  void on_note(TimePoint, const DataNote& note, DataOutlet& out) override {
    const auto& text = static_cast<const Text&>(note);
    if (text.run) return text.run();
    out.tell(std::make_shared<Text>(text.text + (text.handed ? " there" : " here")));
    if (text.handed) return;
    EXPECT_TRUE(out.has_others());
    EXPECT_TRUE(out.tell_others(std::make_shared<Text>(text.text, true)));
  }
  void on_channel_opened(TimePoint, TransportId, rtc::ChannelId, const std::string&,
                         DataOutlet&) override {}
  void on_channel_closed(TimePoint, TransportId, rtc::ChannelId, DataOutlet&) override {}
  void on_message(TimePoint, TransportId, rtc::ChannelId, Bytes, bool, DataOutlet&) override {}
  void on_transport_closed(TimePoint, TransportId, DataOutlet&) override {}
};

struct Events final : EngineEvents {
  void on_transport_connected(TransportId id) override { connected.insert(id); }
  void on_transport_failed(TransportId id, std::string reason) override { failed[id] = reason; }
  void on_transport_closed(TransportId) override {}
  void on_layer_started(TrackId track, int) override { ++layers[track]; }
  void on_speakers(RoomId, std::vector<Speaker> list) override { speakers = std::move(list); }
  void on_statistics(RoomId, std::vector<TrackStatistics> tracks,
                     std::vector<SubscriptionStatistics> subscriptions) override {
    for (const auto& track : tracks) ++told[track.track];
    for (const auto& s : subscriptions) sent[s.subscription] = s.packets;
  }
  void on_data(RoomId, const DataNote& note) override {
    texts.push_back(static_cast<const EchoRouter::Text&>(note).text);
  }

  std::set<TransportId> connected;
  std::map<TransportId, std::string> failed;
  std::map<TrackId, int> layers;
  std::vector<Speaker> speakers;
  std::map<TrackId, int> told;
  std::map<SubscriptionId, uint64_t> sent;
  std::vector<std::string> texts;
};

class PartsTest : public testing::Test {
 protected:
  void start(int workers, size_t members_per_worker) {
    auto engine = start_engine(
        {.workers = workers,
         .bind_address = "127.0.0.1",
         .first_udp_port = 0,
         .members_per_worker = members_per_worker,
         .make_data_router = [](RoomId) { return std::make_unique<EchoRouter>(); }},
        [this](std::function<void()> f) { loop_.post(std::move(f)); }, events_);
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = std::move(*engine);
  }
  bool wait(const std::function<bool()>& done) { return wait_polling(loop_, done); }

  /// Both ends of all that have joined.
  bool wait_connected() {
    return wait([&] {
      return std::all_of(clients_.begin(), clients_.end(), [&](const auto& client) {
        return client->closed ||
               (client->peer->connected() && events_.connected.contains(client->id));
      });
    });
  }

  TestClient& join(uint64_t id, RoomId room = kRoom) {
    clients_.push_back(std::make_unique<TestClient>(loop_, *engine_, room, TransportId(id), false,
                                                    0, MemberId(id)));
    return *clients_.back();
  }
  void publish(const TestClient& client, rtc::MediaKind kind = rtc::MediaKind::kVideo) {
    ReceiveTrackParameters track{.id = TrackId(client.id.value),
                                 .transport = client.id,
                                 .kind = kind,
                                 .mid = "0",
                                 .codecs = {vp8_codec()},
                                 .encodings = {{.ssrc = source(client.id.value)}}};
    if (kind == rtc::MediaKind::kAudio) {
      track.codecs = {{.codec = rtc::Codec::kOpus, .payload_type = 111, .clock_rate = 48000}};
      track.extensions.set(rtc::Extension::kAudioLevel, 1);
    }
    engine_->add_receive_track(track);
  }
  void subscribe(const TestClient& client, uint64_t to) {
    engine_->add_send_track({.id = subscription(client, to),
                             .transport = client.id,
                             .source = TrackId(to),
                             .mid = std::to_string(to),
                             .ssrc = out(to),
                             .rtx_ssrc = rtc::Ssrc(static_cast<uint32_t>(6000 + to)),
                             .codecs = {vp8_codec()}},
                            {});
  }
  static rtc::Ssrc source(uint64_t id) { return rtc::Ssrc(static_cast<uint32_t>(1000 + id)); }
  static rtc::Ssrc out(uint64_t id) { return rtc::Ssrc(static_cast<uint32_t>(5000 + id)); }
  static SubscriptionId subscription(const TestClient& client, uint64_t to) {
    return SubscriptionId(client.id.value * 100 + to);
  }

  net::Loop loop_;
  Events events_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

TEST_F(PartsTest, MembersGoToWorkersAndTheirTransportsStayTogether) {
  start(3, 2);
  engine_->create_room(kRoom);
  std::map<std::string, int> workers;
  for (uint64_t member = 1; member <= 6; ++member) {
    const std::string prefix = engine_->ufrag_prefix(kRoom, MemberId(member));
    ++workers[prefix];
    engine_->create_transport({.id = TransportId(member * 10),
                               .room = kRoom,
                               .member = MemberId(member),
                               .local_ice = {prefix + "x", "passwordpasswordpassword"}});
    const uint16_t port = engine_->candidates(TransportId(member * 10)).at(0).port;
    EXPECT_EQ(port, engine_->udp_ports()[static_cast<size_t>(prefix[0] - 'A')]);
  }
  EXPECT_EQ(workers, (std::map<std::string, int>{{"A", 2}, {"B", 2}, {"C", 2}}));
  // Who has a place keeps it, and what is nobody's is where the room began.
  EXPECT_EQ(engine_->ufrag_prefix(kRoom, MemberId(3)), engine_->ufrag_prefix(kRoom, MemberId(4)));
  EXPECT_EQ(engine_->ufrag_prefix(kRoom, {}), engine_->ufrag_prefix(kRoom, MemberId(1)));
  // A place that was left is taken before others fill up.
  const std::string left = engine_->ufrag_prefix(kRoom, MemberId(5));
  engine_->release_member(kRoom, MemberId(5));
  engine_->release_member(kRoom, MemberId(6));
  EXPECT_EQ(engine_->ufrag_prefix(kRoom, MemberId(7)), left);
  EXPECT_EQ(engine_->ufrag_prefix(RoomId(9), MemberId(1)), "");
}

TEST_F(PartsTest, ARoomStaysOnOneWorkerUnlessToldOtherwise) {
  start(2, 0);
  engine_->create_room(kRoom);
  for (uint64_t member = 1; member < 100; ++member) {
    ASSERT_EQ(engine_->ufrag_prefix(kRoom, MemberId(member)), "A");
  }
}

TEST_F(PartsTest, EveryoneSeesEveryone) {
  constexpr uint64_t kMembers = 4;
  start(2, 1);
  // Receivers of this test report nothing: everything is sent.
  engine_->create_room(kRoom, {.follows_bandwidth = false});
  std::set<uint16_t> ports;
  for (uint64_t i = 1; i <= kMembers; ++i) ports.insert(join(i).server.port());
  EXPECT_EQ(ports.size(), 2U);
  ASSERT_TRUE(wait_connected());
  const int64_t dropped = fate("handover_dropped");
  for (const auto& client : clients_) publish(*client);
  std::map<std::pair<uint64_t, uint32_t>, std::vector<Bytes>> seen;  // by whom, of whom
  for (const auto& client : clients_) {
    for (uint64_t i = 1; i <= kMembers; ++i) {
      if (i != client->id.value) subscribe(*client, i);
    }
    client->on_rtp = [&seen, id = client->id.value](ByteView packet) {
      const auto view = rtc::rtp::PacketView::parse(packet);
      ASSERT_TRUE(view);
      if (view->payload().empty()) return;
      seen[{id, view->ssrc().value}].emplace_back(view->payload().begin(), view->payload().end());
    };
  }
  // Key frames, until each has seen one of everyone.
  uint32_t next = 0;
  ASSERT_TRUE(wait([&] {
    for (const auto& client : clients_) {
      client->send_rtp(vp8_packet(source(client->id.value), next, 500));
    }
    next += 200;
    return seen.size() == kMembers * (kMembers - 1);
  }));
  std::map<std::pair<uint64_t, uint32_t>, size_t> before;
  for (const auto& [who, packets] : seen) before[who] = packets.size();
  constexpr size_t kPackets = 200;
  uint32_t base = next;
  for (uint32_t i = 0; i < kPackets; ++i) {
    for (const auto& client : clients_) {
      client->send_rtp(vp8_packet(source(client->id.value), base + i, 500));
    }
    if (i % 20 == 19) loop_.run_until([] { return true; }, kTestLimit);
  }
  const auto last = static_cast<uint8_t>(base + kPackets - 1);
  EXPECT_TRUE(wait([&] {
    return std::all_of(seen.begin(), seen.end(), [&](const auto& entry) {
      return entry.second.size() >= before[entry.first] + kPackets &&
             entry.second.back().back() == last;
    });
  }));
  EXPECT_EQ(fate("handover_dropped"), dropped);
  for (const auto& client : clients_) EXPECT_EQ(client->dropped, 0U);
  // Each track is told of once, by the worker of its publisher.
  for (uint64_t i = 1; i <= kMembers; ++i) EXPECT_EQ(events_.layers[TrackId(i)], 1) << i;
  // A request for a key frame reaches the publisher on the other worker.
  std::array<uint8_t, 64> buffer;
  rtc::rtcp::Writer writer(buffer);
  ASSERT_TRUE(writer.pli(rtc::Ssrc(1), out(1)));
  const int plis = clients_[0]->feedback[rtc::rtcp::Kind::kPli];
  clients_[1]->send_rtcp(writer.written());
  EXPECT_TRUE(wait([&] { return clients_[0]->feedback[rtc::rtcp::Kind::kPli] > plis; }));
  // Whoever leaves is gone on both.
  engine_->close_transport(TransportId(1));
  engine_->release_member(kRoom, MemberId(1));
  clients_[1]->send_rtp(vp8_packet(source(2), base + kPackets, 500));
  EXPECT_TRUE(wait([&] { return clients_[0]->closed; }));
  engine_->close_room(kRoom);
  EXPECT_TRUE(
      wait([&] { return clients_[1]->closed && clients_[2]->closed && clients_[3]->closed; }));
  EXPECT_TRUE(events_.failed.empty());
}

TEST_F(PartsTest, WhoSpeaksIsToldWhereverItIs) {
  start(2, 1);
  engine_->create_room(kRoom);
  join(1);
  TestClient& speaker = join(2);
  ASSERT_NE(clients_[0]->server.port(), speaker.server.port());
  ASSERT_TRUE(wait_connected());
  publish(speaker, rtc::MediaKind::kAudio);
  uint16_t next = 0;
  EXPECT_TRUE(wait([&] {
    std::array<uint8_t, 200> packet;
    const rtc::rtp::Header header{.marker = false,
                                  .payload_type = 111,
                                  .sequence = rtc::rtp::SeqNum(next),
                                  .timestamp = rtc::rtp::RtpTime(uint32_t{next} * 960),
                                  .ssrc = source(2)};
    ++next;
    const Bytes level{20};
    const size_t size = rtc::rtp::write_packet(
        packet, header, std::vector<rtc::rtp::ExtensionValue>{{1, level}}, Bytes{1, 2, 3});
    speaker.send_rtp(ByteView(packet).first(size));
    return !events_.speakers.empty();
  }));
  EXPECT_EQ(events_.speakers.at(0).track, TrackId(2));
}

TEST_F(PartsTest, DataGoesFromRouterToRouter) {
  start(2, 1);
  engine_->create_room(kRoom);
  join(1);
  join(2);
  const auto say = [&](uint64_t member, std::string text) {
    return engine_->tell_member_data(kRoom, MemberId(member),
                                     std::make_shared<EchoRouter::Text>(std::move(text)));
  };
  EXPECT_TRUE(say(1, "one"));
  EXPECT_TRUE(say(2, "two"));
  ASSERT_TRUE(wait([&] { return events_.texts.size() == 4; }));
  std::sort(events_.texts.begin(), events_.texts.end());
  EXPECT_EQ(events_.texts,
            (std::vector<std::string>{"one here", "one there", "two here", "two there"}));
  // From above: to both.
  events_.texts.clear();
  EXPECT_TRUE(engine_->tell_data(kRoom, std::make_shared<EchoRouter::Text>("all", true)));
  ASSERT_TRUE(wait([&] { return events_.texts.size() == 2; }));
}

TEST_F(PartsTest, AWorkerThatIsStuckHoldsUpNobodyElse) {
  start(2, 1);
  engine_->create_room(kRoom, {.follows_bandwidth = false});
  TestClient& publisher = join(1);
  join(2);
  TestClient& viewer = join(3);  // on the publisher's worker
  ASSERT_EQ(viewer.server.port(), publisher.server.port());
  ASSERT_TRUE(wait_connected());
  std::latch stuck(1);
  std::latch go_on(1);
  const auto blocking = std::make_shared<EchoRouter::Text>("");
  blocking->run = [&] {
    stuck.count_down();
    go_on.wait();
  };
  ASSERT_TRUE(engine_->tell_member_data(kRoom, MemberId(2), blocking));
  ASSERT_TRUE(wait([&] { return stuck.try_wait(); }));
  const auto nothing = std::make_shared<EchoRouter::Text>("");
  nothing->run = [] {};
  while (engine_->tell_member_data(kRoom, MemberId(2), nothing)) {
  }
  // A track that it cannot be told of costs those who are there, and nobody else.
  publish(publisher);
  subscribe(viewer, 1);
  ASSERT_TRUE(wait([&] { return !events_.failed.empty(); }));
  EXPECT_EQ(events_.failed, (std::map<TransportId, std::string>{{TransportId(2), "mailbox_full"}}));
  uint32_t next = 0;
  EXPECT_TRUE(wait([&] {
    publisher.send_rtp(vp8_packet(source(1), next, 500));
    next += 200;
    return viewer.rtp_count > 0;
  }));
  go_on.count_down();
  EXPECT_TRUE(wait([&] { return clients_[1]->closed; }));
  // Whoever comes back there has that track and later ones.
  engine_->close_transport(TransportId(2));
  engine_->release_member(kRoom, MemberId(2));
  TestClient& again = join(4);
  EXPECT_NE(again.server.port(), publisher.server.port());
  ASSERT_TRUE(wait_connected());
  publish(viewer);
  subscribe(again, 1);
  subscribe(again, 3);
  std::set<uint32_t> seen;
  again.on_rtp = [&](ByteView packet) {
    seen.insert(rtc::rtp::PacketView::parse(packet)->ssrc().value);
  };
  EXPECT_TRUE(wait([&] {
    publisher.send_rtp(vp8_packet(source(1), next, 500));
    viewer.send_rtp(vp8_packet(source(3), next, 500));
    next += 200;
    return seen.size() == 2;
  }));
}

TEST_F(PartsTest, RoomsThatComeAndGoLeaveNothing) {
  start(2, 1);
  for (uint64_t round = 1; round <= 20; ++round) {
    const RoomId room(round);
    engine_->create_room(room);
    TestClient& publisher = join(round * 10 + 1, room);
    TestClient& subscriber = join(round * 10 + 2, room);
    publish(publisher);
    subscribe(subscriber, publisher.id.value);
    if (round % 2 == 0) engine_->close_transport(publisher.id);
    if (round % 3 == 0) engine_->remove_receive_track(TrackId(publisher.id.value));
    engine_->close_room(room);
  }
  const Metric& rooms = metrics::gauge("turms_media_rooms", "");
  EXPECT_TRUE(wait([&] { return rooms.value() == 0; }));
  EXPECT_TRUE(events_.failed.empty());
}

}  // namespace
}  // namespace turms::media
