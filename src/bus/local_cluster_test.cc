#include "bus/local_cluster.h"

#include <array>

#include "bus/testing/transport_conformance.h"

namespace turms::bus {
namespace {

class LocalFixture final : public TransportFixture {
 public:
  LocalFixture() : nodes_{cluster_.join(), cluster_.join()} { cluster_.advance(now_); }

  Transport& node(int index) override { return *nodes_[static_cast<size_t>(index)]; }
  void settle() override {
    while (cluster_.next() <= now_) cluster_.advance(now_);
  }
  void pass(Duration time) override {
    now_ += time;
    cluster_.advance(now_);
    settle();
  }
  void cut(int index) override { cluster_.cut(node(index)); }
  void heal(int index) override { cluster_.heal(node(index)); }
  bool run(Task<void> task) override {
    bool ended = false;
    spawn([](Task<void> inner, bool& out) -> Task<void> {
      co_await std::move(inner);
      out = true;
    }(std::move(task), ended));
    return ended;  // nothing of it waits
  }

 private:
  LocalCluster cluster_;
  TimePoint now_ = TimePoint() + std::chrono::hours(1);
  std::array<std::unique_ptr<Transport>, 2> nodes_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Local, TransportConformance, LocalFixture);

TEST(LocalCluster, ASubscriberThatCannotKeepUpHearsOfAGap) {
  LocalCluster cluster;
  auto node = cluster.join();
  Heard heard;
  auto hold = node->subscribe("news", heard.subscriber());
  for (size_t i = 0; i <= LocalCluster::kMaxWaiting; ++i) {
    ASSERT_TRUE(node->publish("news", as_bytes("x")));
  }
  cluster.advance(TimePoint());
  ASSERT_FALSE(heard.all.empty());
  EXPECT_EQ(heard.all.front(), "gap");
  EXPECT_LT(heard.all.size(), 10u);
}

TEST(LocalCluster, ANodeThatLeavesGivesBackWhatItHeld) {
  LocalCluster cluster;
  auto one = cluster.join();
  auto two = cluster.join();
  std::optional<Lease> first;
  std::optional<Lease> second;
  const auto take = [](Transport& node, std::optional<Lease>& out) -> Task<void> {
    auto won = co_await node.acquire("room", std::chrono::seconds(1), {});
    if (won && *won) out = std::move(**won);
  };
  spawn(take(*one, first));
  ASSERT_TRUE(first);
  one.reset();
  spawn(take(*two, second));
  ASSERT_TRUE(second);
  EXPECT_GT(second->epoch, first->epoch);
}

}  // namespace
}  // namespace turms::bus
