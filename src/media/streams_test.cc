#include "media/streams.h"

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "media/engine.h"
#include "media/stream_testing.h"
#include "rtc/stun/message.h"

namespace turms::media {
namespace {

constexpr RoomId kRoom(1);
constexpr TrackId kTrack(10);
constexpr rtc::Ssrc kSourceSsrc(1111);

int64_t gauge(const char* name) {
  return metrics::gauge(name, "").value();
}
int64_t dropped(std::string_view reason) {
  return metrics::counter("turms_udp_datagrams_dropped_total", "", {{"reason", reason}}).value();
}

class StreamsTest : public testing::Test {
 protected:
  void start(int workers = 1) {
    auto engine = start_engine(
        {.workers = workers,
         .bind_address = "127.0.0.1",
         .first_udp_port = 0,
         .advertised_addresses = {"127.0.0.1"},
         .tcp_ports = {7881},
         .make_data_router = MilestoneRouter::make,
         .turn = {.enabled = true, .first_udp_port = uint16_t{0}}},
        [this](std::function<void()> f) { loop_.post(std::move(f)); }, events_);
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = std::move(*engine);
    engine_->create_room(kRoom);
  }
  bool wait(const std::function<bool()>& done) { return wait_polling(loop_, done); }
  std::unique_ptr<StreamClient> join(uint64_t id, Way way, RoomId room = kRoom) {
    return std::make_unique<StreamClient>(loop_, *engine_, room, TransportId(id), way);
  }
  bool wait_connected(const StreamClient& client) {
    return wait([&] { return client.peer->connected() && events_.connected.contains(client.id); });
  }
  void publish(TransportId transport) {
    engine_->add_receive_track({.id = kTrack,
                                .transport = transport,
                                .kind = rtc::MediaKind::kVideo,
                                .mid = "0",
                                .codecs = {vp8_codec()},
                                .encodings = {{.ssrc = kSourceSsrc}}});
  }
  void subscribe(TransportId transport) {
    engine_->add_send_track({.id = SubscriptionId(transport.value),
                             .transport = transport,
                             .source = kTrack,
                             .mid = "0",
                             .ssrc = rtc::Ssrc(static_cast<uint32_t>(5000 + transport.value)),
                             .codecs = {vp8_codec()}},
                            {});
  }
  /// Media from one client to the other, whatever way they have.
  void expect_media(StreamClient& from, StreamClient& to) {
    publish(from.id);
    subscribe(to.id);
    std::vector<Bytes> received;
    to.on_rtp = [&](ByteView packet) {
      const auto view = rtc::rtp::PacketView::parse(packet);
      ASSERT_TRUE(view);
      if (!view->payload().empty()) {
        received.emplace_back(view->payload().begin(), view->payload().end());
      }
    };
    ASSERT_TRUE(commands_done(loop_, *engine_, kRoom));
    // Each once, no faster than they arrive. From here on none may be lost.
    uint32_t sequence = 0;
    ASSERT_TRUE(wait([&] {
      for (; sequence < received.size() + 8; ++sequence) {
        from.send_rtp(vp8_packet(kSourceSsrc, sequence, 1000 + sequence % 3));
      }
      return received.size() >= 80;
    }));
    for (size_t i = 0; i < 80; ++i) EXPECT_EQ(received[i].back(), static_cast<uint8_t>(i));
    to.on_rtp = nullptr;
  }

  net::Loop loop_;
  RecordedEvents events_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(StreamsTest, CandidatesNameTheTcpPortBehindUdpAsThePolicyAllows) {
  start();
  engine_->create_transport({.id = TransportId(1), .room = kRoom, .local_ice = {"x", "y"}});
  const LocalCandidate udp{rtc::Protocol::kUdp, "127.0.0.1", engine_->udp_ports()[0]};
  const LocalCandidate tcp{rtc::Protocol::kTcp, "127.0.0.1", 7881};
  EXPECT_EQ(engine_->candidates(TransportId(1)), (std::vector{udp, tcp}));
  engine_->set_candidate_policy(TransportId(1), {.udp = false});
  EXPECT_EQ(engine_->candidates(TransportId(1)), std::vector{tcp});
  engine_->set_candidate_policy(TransportId(1), {.tcp = false});
  EXPECT_EQ(engine_->candidates(TransportId(1)), std::vector{udp});
}

TEST_F(StreamsTest, MediaOverTcp) {
  start();
  auto publisher = join(1, Way::kTcp);
  auto subscriber = join(2, Way::kTcp);
  ASSERT_TRUE(wait_connected(*publisher));
  ASSERT_TRUE(wait_connected(*subscriber));
  expect_media(*publisher, *subscriber);
  EXPECT_EQ(gauge("turms_media_streams"), 2);
  // Closed by us: the goodbye arrives before the end of the stream.
  engine_->close_transport(subscriber->id);
  ASSERT_TRUE(wait([&] { return subscriber->ended; }));
  EXPECT_TRUE(subscriber->closed);
  // Closed by the client.
  publisher->peer->close(loop_.now());
  publisher->settle();
  ASSERT_TRUE(wait([&] { return events_.closed.contains(publisher->id); }));
  publisher->close();
  EXPECT_TRUE(wait([&] { return gauge("turms_media_streams") == 0; }));
}

TEST_F(StreamsTest, AStreamThatBreaksIsReplacedByAnother) {
  start();
  auto publisher = join(1, Way::kTcp);
  auto subscriber = join(2, Way::kTcp);
  ASSERT_TRUE(wait_connected(*publisher));
  ASSERT_TRUE(wait_connected(*subscriber));
  subscriber->reconnect();
  ASSERT_TRUE(wait([&] { return gauge("turms_media_streams") == 1; }));
  // The next check of the client opens it, and brings the path back.
  ASSERT_TRUE(wait([&] { return gauge("turms_media_streams") == 2; }));
  expect_media(*publisher, *subscriber);
  EXPECT_EQ(gauge("turms_media_streams"), 2);
  EXPECT_TRUE(events_.failed.empty());
}

TEST_F(StreamsTest, ASlowReceiverLosesPacketsAndTakesNoMoreMemory) {
  start();
  auto publisher = join(1, Way::kTcp);
  auto subscriber = join(2, Way::kTcp);
  ASSERT_TRUE(wait_connected(*publisher));
  ASSERT_TRUE(wait_connected(*subscriber));
  expect_media(*publisher, *subscriber);
  subscriber->reading = false;
  const int64_t before = dropped("stream_full");
  uint32_t sequence = 101;
  ASSERT_TRUE(wait([&] {
    publisher->send_rtp(vp8_packet(kSourceSsrc, sequence++, 1000));
    return dropped("stream_full") > before + 100;
  }));
  // Nobody else noticed.
  EXPECT_TRUE(publisher->peer->connected());
  EXPECT_TRUE(events_.failed.empty());
}

TEST_F(StreamsTest, HostileStreamsAreClosed) {
  start();
  auto client = join(1, Way::kTcp);
  ASSERT_TRUE(wait_connected(*client));
  // Not framed: a length of more than a datagram.
  const int64_t broken = dropped("broken_stream");
  client->send_bytes(Bytes{0xff, 0xff, 1, 2, 3});
  ASSERT_TRUE(wait([&] { return client->ended; }));
  EXPECT_EQ(dropped("broken_stream"), broken + 1);

  const auto offer = [&](std::string_view ufrag) {
    std::array<uint8_t, rtc::stun::kMaxBuiltSize> buffer;
    rtc::stun::Builder builder(buffer, rtc::stun::Class::kRequest, {1, 2, 3});
    const ByteView check = builder.username(ufrag, "me").priority(1).finish("whatever");
    Bytes frame(2);
    store_be16(frame.data(), static_cast<uint16_t>(check.size()));
    frame.insert(frame.end(), check.begin(), check.end());
    int pair[2];
    TURMS_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    const bool taken = engine_->adopt_stream({.kind = AdoptedStream::Kind::kIce,
                                              .stream = std::make_unique<SocketPairStream>(pair[1]),
                                              .received = frame});
    return std::pair(taken, pair[0]);
  };
  const auto is_closed = [&](int fd) {
    char byte;
    return ::recv(fd, &byte, 1, 0) == 0;
  };
  // The ufrag names no worker; then a worker, but nobody there.
  const auto [no_worker, first] = offer("Zzzz");
  EXPECT_FALSE(no_worker);
  EXPECT_TRUE(is_closed(first));
  const auto [no_peer, second] = offer("Azzz");
  EXPECT_TRUE(no_peer);
  const int second_fd = second;
  EXPECT_TRUE(wait([&] { return is_closed(second_fd); }));
  // A known name without the password: refused by ICE, and at most so many at a time.
  std::vector<int> fds;
  for (size_t i = 0; i < PeerMember::kMaxStreams + 1; ++i) fds.push_back(offer("Aserver1").second);
  EXPECT_TRUE(wait([&] { return is_closed(fds.back()); }));
  EXPECT_FALSE(is_closed(fds.front()));
  // Other first bytes.
  EXPECT_FALSE(engine_->adopt_stream({.kind = AdoptedStream::Kind::kIce,
                                      .stream = std::make_unique<SocketPairStream>(::dup(first)),
                                      .received = Bytes{0, 3, 'a', 'b', 'c'}}));
  for (const int fd : {first, second}) ::close(fd);
  for (const int fd : fds) ::close(fd);
  EXPECT_TRUE(wait([&] { return gauge("turms_media_streams") == 0; }));
}

TEST_F(StreamsTest, StreamsFindTheirWorker) {
  start(3);
  std::vector<std::unique_ptr<StreamClient>> clients;
  std::set<std::string> prefixes;
  for (uint64_t room = 2; room < 8; ++room) {
    engine_->create_room(RoomId(room));
    prefixes.insert(engine_->ufrag_prefix(RoomId(room), {}));
    clients.push_back(join(room * 10, Way::kTcp, RoomId(room)));
    clients.push_back(join(room * 10 + 1, Way::kTurnTcp, RoomId(room)));
    clients.push_back(join(room * 10 + 2, Way::kTurnUdp, RoomId(room)));
  }
  EXPECT_EQ(prefixes.size(), 3u);
  for (const auto& client : clients) ASSERT_TRUE(wait_connected(*client)) << client->id.value;
}

TEST_F(StreamsTest, MediaThroughTheEmbeddedTurnServer) {
  start();
  auto publisher = join(1, Way::kTurnUdp);
  auto subscriber = join(2, Way::kTurnTcp);
  ASSERT_TRUE(wait_connected(*publisher));
  ASSERT_TRUE(wait_connected(*subscriber));
  expect_media(*publisher, *subscriber);
  EXPECT_EQ(gauge("turms_turn_allocations"), 2);
  // The allocation of a stream ends with it.
  subscriber->close();
  EXPECT_TRUE(wait([&] { return gauge("turms_turn_allocations") == 1; }));
}

TEST_F(StreamsTest, WithoutTurnItsStreamsAreRefused) {
  auto engine = start_engine(
      {.bind_address = "127.0.0.1", .first_udp_port = 0},
      [this](std::function<void()> f) { loop_.post(std::move(f)); }, events_);
  ASSERT_TRUE(engine);
  (*engine)->create_room(kRoom);
  EXPECT_FALSE((*engine)->turn_access(kRoom, {}, "PA_1", 300s));
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  EXPECT_FALSE((*engine)->adopt_stream(
      {.kind = AdoptedStream::Kind::kTurn, .stream = std::make_unique<SocketPairStream>(pair[1])}));
  ::close(pair[0]);
}

}  // namespace
}  // namespace turms::media
