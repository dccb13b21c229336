#include "bus/node_bus.h"

#include <gtest/gtest.h>

#include "bus/local_cluster.h"

namespace turms::bus {
namespace {

using im::DeviceType;
using im::UserStatus;

class TestClock final : public im::Clock {
 public:
  WallTime now() const override { return time; }
  WallTime time{1'800'000'000'000};
};

struct Subscriber final : im::BusSubscriber {
  void on_envelope(const im::Envelope& envelope) override { heard.push_back(*envelope.payload); }
  void on_disconnect(const im::DisconnectOrder& order) override {
    heard.push_back("close " + std::to_string(order.user_id.value));
  }
  std::vector<std::string> heard;
};

/// Two nodes, each with its subscriber.
class NodeBusTest : public testing::Test {
 protected:
  struct Node {
    std::unique_ptr<Transport> transport;
    std::unique_ptr<NodeBus> bus;
    Subscriber subscriber;
    int gaps = 0;
  };

  NodeBusTest() {
    start(a_, 1, 100);
    start(b_, 2, 200);
    pass(NodeBus::kHelloInterval);
  }

  void start(Node& node, int32_t number, uint64_t incarnation) {
    node.bus.reset();
    node.transport = cluster_.join();
    node.bus = std::make_unique<NodeBus>(
        Membership{*node.transport, clock_, {number, incarnation}, [&node] { ++node.gaps; }});
    node.bus->subscribe(node.subscriber);
    node.subscriber.heard.clear();
  }

  void settle() {
    while (cluster_.next() <= now_) cluster_.advance(now_);
  }
  void pass(Duration time) {
    for (const TimePoint end = now_ + time; now_ < end;) {
      now_ = std::min(end, now_ + std::chrono::seconds(1));
      cluster_.advance(now_);
      for (Node* node : {&a_, &b_}) {
        if (node->bus) node->bus->tick(now_);
      }
      settle();
    }
  }

  static im::Caller session(int64_t user, int64_t id, DeviceType device = DeviceType::kDesktop) {
    im::Caller caller;
    caller.user_id = UserId(user);
    caller.session_id = id;
    caller.device_type = device;
    return caller;
  }
  static im::Envelope envelope(const char* text) {
    im::Envelope made;
    made.recipients = im::recipients_of({UserId(1)});
    made.payload = std::make_shared<const std::string>(text);
    return made;
  }
  /// "3: 1 0,2" is status 3 and devices; "offline"; "unavailable".
  static std::string presence(NodeBus& bus, int64_t user) {
    std::string text = "never";
    spawn([](NodeBus& asked, UserId id, std::string& out) -> Task<void> {
      std::vector<UserId> users(1, id);
      const auto found = co_await asked.presence(std::move(users));
      if (!found) {
        out = "unavailable";
      } else if (found->front().device_types.empty()) {
        out = "offline";
      } else {
        out = std::to_string(static_cast<int>(found->front().status)) + ":";
        for (const DeviceType type : found->front().device_types) {
          out += " " + std::to_string(static_cast<int>(type));
        }
      }
    }(bus, UserId(user), text));
    return text;
  }

  LocalCluster cluster_;
  TestClock clock_;
  TimePoint now_ = TimePoint() + std::chrono::hours(1);
  Node a_;
  Node b_;
};

TEST_F(NodeBusTest, WhatIsPublishedIsHeardHereAtOnceAndThereOnce) {
  a_.bus->publish(envelope("hello"));
  EXPECT_EQ(a_.subscriber.heard, std::vector<std::string>{"hello"});
  a_.bus->publish(im::DisconnectOrder{.user_id = UserId(4)});
  settle();
  const std::vector<std::string> both = {"hello", "close 4"};
  EXPECT_EQ(a_.subscriber.heard, both);
  EXPECT_EQ(b_.subscriber.heard, both);
}

TEST_F(NodeBusTest, SessionsOfAllNodesMakeAUsersPresence) {
  a_.bus->signed_in(session(5, 1, DeviceType::kIos), UserStatus::kBusy);
  clock_.time.unix_ms += 1;
  b_.bus->signed_in(session(5, 2, DeviceType::kDesktop), UserStatus::kAway);
  EXPECT_EQ(presence(*a_.bus, 5), "5: 0 2");
  EXPECT_EQ(presence(*b_.bus, 5), "5: 0 2");
  // What was set last counts, whichever node it was set on.
  clock_.time.unix_ms += 1;
  a_.bus->set_status(UserId(5), UserStatus::kInvisible);
  EXPECT_EQ(presence(*b_.bus, 5), "2: 0 2");
  a_.bus->signed_out(session(5, 1));
  EXPECT_EQ(presence(*a_.bus, 5), "5: 0");
  b_.bus->signed_out(session(5, 2));
  EXPECT_EQ(presence(*a_.bus, 5), "offline");
}

TEST_F(NodeBusTest, WhoWasThereBeforeAnotherNodeCameIsSeenByIt) {
  b_.bus.reset();
  b_.transport.reset();
  pass(NodeBus::kGone + NodeBus::kHelloInterval);
  EXPECT_EQ(a_.bus->peers(), 0u);
  a_.bus->signed_in(session(5, 1), UserStatus::kAvailable);
  start(b_, 2, 201);
  pass(NodeBus::kHelloInterval);
  EXPECT_EQ(presence(*b_.bus, 5), "0: 0");
}

TEST_F(NodeBusTest, WhatANodeLeftBehindDoesNotCount) {
  b_.bus->signed_in(session(5, 2), UserStatus::kAvailable);
  EXPECT_EQ(presence(*a_.bus, 5), "0: 0");
  b_.bus.reset();  // killed: nobody signs its users out
  pass(NodeBus::kGone + NodeBus::kHelloInterval);
  EXPECT_EQ(presence(*a_.bus, 5), "offline");
  start(b_, 2, 201);
  pass(NodeBus::kHelloInterval);
  EXPECT_EQ(presence(*a_.bus, 5), "offline");
}

TEST_F(NodeBusTest, WhoSignedOutWhileAloneIsNotBroughtBack) {
  a_.bus->signed_in(session(5, 1), UserStatus::kAvailable);
  b_.bus.reset();
  pass(NodeBus::kGone + NodeBus::kHelloInterval);
  a_.bus->signed_out(session(5, 1));
  start(b_, 2, 201);
  pass(NodeBus::kHelloInterval);
  EXPECT_EQ(presence(*b_.bus, 5), "offline");
}

TEST_F(NodeBusTest, ACutIsToldAndMadeUpFor) {
  cluster_.cut(*a_.transport);
  a_.bus->publish(envelope("lost"));
  EXPECT_EQ(a_.subscriber.heard, std::vector<std::string>{"lost"});
  EXPECT_EQ(a_.bus->untold(), 1);
  a_.bus->signed_in(session(5, 1), UserStatus::kAvailable);
  EXPECT_EQ(presence(*a_.bus, 5), "unavailable");
  EXPECT_EQ(presence(*b_.bus, 5), "offline");
  cluster_.heal(*a_.transport);
  pass(NodeBus::kHelloInterval);
  EXPECT_EQ(presence(*b_.bus, 5), "0: 0");
  EXPECT_GT(a_.gaps, 0);
  EXPECT_TRUE(b_.subscriber.heard.empty());
}

TEST_F(NodeBusTest, WhatIsTooLargeForTheOthersIsCounted) {
  im::Envelope large = envelope("");
  large.payload = std::make_shared<const std::string>(Transport::kMaxMessage, 'x');
  a_.bus->publish(large);
  settle();
  EXPECT_EQ(a_.subscriber.heard.size(), 1u);
  EXPECT_TRUE(b_.subscriber.heard.empty());
  EXPECT_EQ(a_.bus->untold(), 1);
}

TEST_F(NodeBusTest, KeysAreWrittenAgainBeforeTheyExpire) {
  a_.bus->signed_in(session(5, 1), UserStatus::kAvailable);
  pass(NodeBus::kPresenceLifetime + std::chrono::seconds(10));
  EXPECT_EQ(presence(*b_.bus, 5), "0: 0");
}

TEST(NodeBusAlone, KnowsItsOwnSessions) {
  NodeBus bus;
  Subscriber subscriber;
  bus.subscribe(subscriber);
  im::DisconnectOrder order;
  order.user_id = UserId(3);
  bus.publish(order);
  EXPECT_EQ(subscriber.heard, std::vector<std::string>{"close 3"});
  EXPECT_EQ(bus.next(), kNever);
}

}  // namespace
}  // namespace turms::bus
