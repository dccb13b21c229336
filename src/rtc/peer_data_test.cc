#include <gtest/gtest.h>

#include <deque>

#include "rtc/peer.h"
#include "rtc/peer_testing.h"

namespace turms::rtc {
namespace {

using testing_world::World;

SharedBytes bytes(std::string text) {
  return SharedBytes::of(std::move(text));
}

bool take(Peer& peer, std::deque<DataEvent>& events) {
  while (auto event = peer.poll_data()) events.push_back(std::move(*event));
  return !events.empty();
}

TEST(PeerDataTest, ChannelsWorkBothWaysOverALossyNetwork) {
  for (const DtlsRole role : {DtlsRole::kServer, DtlsRole::kClient}) {
    PeerConfig server;
    server.dtls_role = role;
    World world({.seed = 3, .loss = 0.1, .jitter = 20ms, .duplication = 0.1}, server);
    std::deque<DataEvent> at_server;
    std::deque<DataEvent> at_client;
    world.client().open_data(world.now(), {});
    world.server().open_data(world.now(), {});
    const auto ours = world.server().open_channel(world.now(), {.label = "_reliable"});
    const auto theirs = world.client().open_channel(world.now(), {.label = "mine"});
    ASSERT_TRUE(ours && theirs);
    EXPECT_EQ(ours->value % 2, role == DtlsRole::kServer ? 1 : 0);
    world.signal();
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(world.server().send_data(world.now(), *ours, bytes(std::to_string(i)), true),
                DataSendStatus::kQueued);
    }
    ASSERT_TRUE(world.run(60s, [&] {
      take(world.server(), at_server);
      take(world.client(), at_client);
      return at_client.size() >= 52 && at_server.size() >= 2;
    }));
    EXPECT_EQ(at_client.front().kind, DataEvent::Kind::kOpened);
    EXPECT_EQ(at_client.front().label, "_reliable");
    int next = 0;
    for (const DataEvent& event : at_client) {
      if (event.kind != DataEvent::Kind::kMessage) continue;
      EXPECT_EQ(as_text(event.payload), std::to_string(next++));
    }
    EXPECT_EQ(next, 50);
    // Datagrams written by the caller are the same as those of poll_transmit().
    world.client().send_data(world.now(), *theirs, bytes("direct"), false);
    std::array<uint8_t, Peer::kMaxDataDatagram> buffer;
    const size_t size = world.client().write_data(world.now(), buffer);
    ASSERT_GT(size, 0u);
    at_server.clear();
    world.inject(true, {testing_world::kServerAddress, testing_world::kClientAddress},
                 Bytes(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size)));
    ASSERT_TRUE(take(world.server(), at_server));
    EXPECT_EQ(as_text(at_server.back().payload), "direct");
    EXPECT_FALSE(at_server.back().binary);
  }
}

TEST(PeerDataTest, AnAssociationThatTheRemoteSideStartsIsAccepted) {
  World world;
  world.client().open_data(world.now(), {});
  const auto channel = world.client().open_channel(world.now(), {.label = "c"});
  ASSERT_TRUE(channel);
  world.signal();
  std::deque<DataEvent> events;
  ASSERT_TRUE(world.run(10s, [&] { return take(world.server(), events); }));
  EXPECT_EQ(events.front().kind, DataEvent::Kind::kOpened);
  EXPECT_EQ(world.server().send_data(world.now(), events.front().channel, bytes("x"), true),
            DataSendStatus::kQueued);
}

TEST(PeerDataTest, MessagesTooLongForTheRemoteSideAreRefused) {
  World world;
  world.server().open_data(world.now(), {.max_message_size = 100});
  const auto channel = world.server().open_channel(world.now(), {.label = "c"});
  EXPECT_EQ(world.server().send_data(world.now(), *channel, bytes(std::string(101, 'x')), true),
            DataSendStatus::kTooLong);
  EXPECT_EQ(world.server().send_data(world.now(), *channel, bytes(std::string(100, 'x')), true),
            DataSendStatus::kQueued);
}

TEST(PeerDataTest, NothingIsDoneForAPeerWithoutData) {
  World world;
  world.signal();
  ASSERT_TRUE(world.run_until_connected());
  EXPECT_FALSE(world.server().open_channel(world.now(), {.label = "c"}));
  EXPECT_EQ(world.server().send_data(world.now(), ChannelId(1), bytes("x"), true),
            DataSendStatus::kClosed);
  EXPECT_FALSE(world.server().poll_data());
}

}  // namespace
}  // namespace turms::rtc
