#include "rtc/sctp/data_channels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace turms::rtc::sctp {
namespace {

using Kind = DataEvent::Kind;

TEST(DcepTest, ParametersSurviveTheWire) {
  ChannelParameters lossy{.label = "_lossy", .protocol = "p", .ordered = false};
  lossy.max_retransmits = 0;
  const auto parsed = parse_open(serialize_open(lossy));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->label, "_lossy");
  EXPECT_EQ(parsed->protocol, "p");
  EXPECT_FALSE(parsed->ordered);
  EXPECT_EQ(parsed->max_retransmits, 0);
  EXPECT_FALSE(parsed->lifetime);
  ChannelParameters timed{.label = "t"};
  timed.lifetime = 250ms;
  EXPECT_EQ(parse_open(serialize_open(timed))->lifetime, Duration(250ms));
}

TEST(DcepTest, BrokenOpensAreRefused) {
  const Bytes good = serialize_open({.label = "label"});
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_open(ByteView(good).first(size))) << size;
  }
  Bytes unknown = good;
  unknown[1] = 7;
  EXPECT_FALSE(parse_open(unknown)) << "channel type";
}

/// Two sides that exchange packets at once, of which every `lose`-th is lost.
class DataChannelsTest : public ::testing::Test {
 protected:
  void run(Duration time = 10s) {
    const TimePoint end = now_ + time;
    while (true) {
      bool idle = true;
      for (const bool from_client : {true, false}) {
        DataChannels& from = from_client ? client_ : server_;
        std::array<uint8_t, 1200> buffer;
        while (const size_t size = from.write_packet(now_, buffer)) {
          idle = false;
          if (lose_ != 0 && ++packets_ % lose_ == 0) continue;
          (from_client ? server_ : client_).receive(now_, ByteView(buffer).first(size));
        }
      }
      drain(client_, client_events_);
      drain(server_, server_events_);
      if (!idle) continue;
      const TimePoint next = std::min(client_.next_timeout(), server_.next_timeout());
      if (next > end) break;
      now_ = next;
      if (client_.next_timeout() <= now_) client_.handle_timeout(now_);
      if (server_.next_timeout() <= now_) server_.handle_timeout(now_);
    }
    now_ = end;
  }
  static void drain(DataChannels& from, std::deque<DataEvent>& events) {
    while (auto event = from.poll_event()) events.push_back(std::move(*event));
  }
  static SharedBytes bytes(std::string text) { return SharedBytes::of(std::move(text)); }

  TimePoint now_{1000s};
  Rng rng_{7};
  DataChannels client_{{}, DtlsRole::kClient, rng_};
  DataChannels server_{{}, DtlsRole::kServer, rng_};
  std::deque<DataEvent> client_events_;
  std::deque<DataEvent> server_events_;
  int lose_ = 0;
  int packets_ = 0;
};

TEST_F(DataChannelsTest, BothSidesOpenChannelsWithNumbersOfTheirOwn) {
  lose_ = 4;
  const auto ours = server_.open(now_, {.label = "from server"});
  const auto theirs = client_.open(now_, {.label = "from client"});
  ASSERT_TRUE(ours && theirs);
  EXPECT_EQ(ours->value % 2, 1);
  EXPECT_EQ(theirs->value % 2, 0);
  server_.send(now_, *ours, bytes("early"), false);
  client_.connect(now_);
  server_.connect(now_);
  run();
  ASSERT_EQ(client_events_.size(), 3u);
  EXPECT_EQ(server_events_.size(), 2u);
  const auto message = std::find_if(client_events_.begin(), client_events_.end(),
                                    [](const auto& e) { return e.kind == Kind::kMessage; });
  ASSERT_NE(message, client_events_.end());
  EXPECT_EQ(as_text(message->payload), "early");
  EXPECT_FALSE(message->binary);
  EXPECT_EQ(message->channel, *ours);
}

TEST_F(DataChannelsTest, EmptyMessagesArriveEmpty) {
  const auto channel = client_.open(now_, {.label = "c"});
  client_.connect(now_);
  run();
  server_events_.clear();
  client_.send(now_, *channel, {}, true);
  client_.send(now_, *channel, {}, false);
  run();
  ASSERT_EQ(server_events_.size(), 2u);
  for (const DataEvent& event : server_events_) EXPECT_TRUE(event.payload.empty());
  EXPECT_TRUE(server_events_[0].binary);
  EXPECT_FALSE(server_events_[1].binary);
}

TEST_F(DataChannelsTest, AClosedChannelIsClosedOnBothSidesAndItsNumberIsFree) {
  lose_ = 5;
  client_.connect(now_);
  for (int round = 0; round < 3; ++round) {
    const auto channel = client_.open(now_, {.label = "c"});
    ASSERT_TRUE(channel);
    EXPECT_EQ(channel->value, 0) << "used again";
    client_.send(now_, *channel, bytes("last words"), true);
    run();
    server_events_.clear();
    client_events_.clear();
    (round == 1 ? server_ : client_).close(now_, *channel);
    run(60s);
    auto& other = round == 1 ? client_events_ : server_events_;
    ASSERT_FALSE(other.empty());
    EXPECT_EQ(other.back().kind, Kind::kClosed);
    EXPECT_EQ(client_.send(now_, *channel, bytes("x"), true), DataSendStatus::kClosed);
  }
}

TEST_F(DataChannelsTest, OneChannelTooManyIsRefused) {
  client_.connect(now_);
  for (size_t i = 0; i < DataChannels::kMaxChannels; ++i) {
    ASSERT_TRUE(client_.open(now_, {.label = "c"}));
  }
  EXPECT_FALSE(client_.open(now_, {.label = "c"}));
  run();
  EXPECT_FALSE(server_.open(now_, {.label = "s"}));
}

TEST_F(DataChannelsTest, TheEndOfTheAssociationIsToldOnce) {
  client_.connect(now_);
  run();
  client_.abort(now_, "over");
  run();
  ASSERT_EQ(server_events_.size(), 1u);
  EXPECT_EQ(server_events_[0].kind, Kind::kEnded);
  EXPECT_FALSE(server_.open(now_, {.label = "s"}));
}

}  // namespace
}  // namespace turms::rtc::sctp
