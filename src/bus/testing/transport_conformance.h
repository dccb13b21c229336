#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "bus/transport.h"

namespace turms::bus {

/// Two nodes of one cluster, and a hand on what connects them. Each implementation of Transport has
/// one and runs the suite below with it.
class TransportFixture {
 public:
  virtual ~TransportFixture() = default;
  virtual Transport& node(int index) = 0;  // 0 or 1
  /// Until nothing that was sent is under way any more.
  virtual void settle() = 0;
  /// Time passes, and nodes that can be reached have renewed what they hold.
  virtual void pass(Duration time) = 0;
  virtual void cut(int index) = 0;
  virtual void heal(int index) = 0;
  virtual bool run(Task<void> task) = 0;  // to its end; false: it never ended
};

/// What it heard, "gap" for a gap.
struct Heard {
  std::vector<std::string> all;
  Transport::Subscriber subscriber() {
    return {[this](ByteView message) { all.emplace_back(as_text(message)); },
            [this] { all.emplace_back("gap"); }};
  }
};

template <class Fixture>
class TransportConformance : public testing::Test {
 protected:
  Transport& a() { return fixture_.node(0); }
  Transport& b() { return fixture_.node(1); }
  static void say(Transport& node, std::string_view text, std::string_view channel = "news") {
    EXPECT_TRUE(node.publish(channel, as_bytes(text))) << text;
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    EXPECT_TRUE(fixture_.run(keep(std::move(task), result)));
    return result ? std::move(*result) : T(fail(ErrorCode::kInternal, "never completed"));
  }
  std::optional<std::string> read(Transport& node, const std::string& key) {
    auto found = run(node.get(key));
    EXPECT_TRUE(found);
    if (!found || !*found) return std::nullopt;
    return std::string(as_text(**found));
  }
  bool write(Transport& node, const std::string& key, std::string_view value, Duration lifetime) {
    const ByteView bytes = as_bytes(value);
    return run(node.put(key, Bytes(bytes.begin(), bytes.end()), lifetime)).has_value();
  }
  /// The epoch, 0 when another one holds it.
  uint64_t take(Transport& node, Lease& lease, int* lost = nullptr) {
    auto won = run(node.acquire("room", std::chrono::seconds(4), [lost] {
      if (lost != nullptr) ++*lost;
    }));
    EXPECT_TRUE(won);
    if (!won || !*won) return 0;
    lease = std::move(**won);
    return lease.epoch;
  }

  Fixture fixture_;

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& out) {
    out.emplace(co_await std::move(task));
  }
};

TYPED_TEST_SUITE_P(TransportConformance);

TYPED_TEST_P(TransportConformance, AllWhoAreSubscribedHearInOrder) {
  Heard near;
  Heard far;
  Heard other;
  auto first = this->a().subscribe("news", near.subscriber());
  auto second = this->b().subscribe("news", far.subscriber());
  auto third = this->b().subscribe("weather", other.subscriber());
  ASSERT_TRUE(first && second && third);
  this->fixture_.settle();
  for (const char* text : {"1", "2", "3", ""}) this->say(this->a(), text);
  EXPECT_TRUE(near.all.empty()) << "never within the call";
  this->fixture_.settle();
  const std::vector<std::string> all{"1", "2", "3", ""};
  EXPECT_EQ(near.all, all);
  EXPECT_EQ(far.all, all);
  EXPECT_TRUE(other.all.empty());
}

TYPED_TEST_P(TransportConformance, NothingFromBeforeAndNothingAfter) {
  Heard heard;
  this->say(this->a(), "before");
  this->fixture_.settle();
  auto hold = this->b().subscribe("news", heard.subscriber());
  ASSERT_TRUE(hold);
  this->fixture_.settle();
  this->say(this->a(), "now");
  this->fixture_.settle();
  this->say(this->a(), "after");
  hold->reset();
  this->fixture_.settle();
  EXPECT_EQ(heard.all, std::vector<std::string>{"now"});
}

TYPED_TEST_P(TransportConformance, BytesAreBytes) {
  Heard heard;
  auto hold = this->b().subscribe("news", heard.subscriber());
  this->fixture_.settle();
  const std::string text("\0\r\n\xFF*1", 6);
  this->say(this->a(), text);
  EXPECT_TRUE(this->a().publish("news", Bytes(Transport::kMaxMessage, 'x')));
  this->fixture_.settle();
  ASSERT_EQ(heard.all.size(), 2u);
  EXPECT_EQ(heard.all[0], text);
  EXPECT_EQ(heard.all[1].size(), Transport::kMaxMessage);
}

TYPED_TEST_P(TransportConformance, BoundsAreHeld) {
  const std::string name(Transport::kMaxName + 1, 'n');
  EXPECT_EQ(this->a().publish("news", Bytes(Transport::kMaxMessage + 1)).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(this->a().publish("", {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(this->a().publish(name, {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(this->a().subscribe(name, {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(this->run(this->a().get(name)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(this->run(this->a().acquire("", Duration(1), {})).error().code,
            ErrorCode::kInvalidArgument);
}

TYPED_TEST_P(TransportConformance, WhoeverWasCutOffHearsOfTheGapBeforeWhatFollows) {
  Heard heard;
  auto hold = this->b().subscribe("news", heard.subscriber());
  this->fixture_.settle();
  this->say(this->a(), "1");
  this->fixture_.settle();
  this->fixture_.cut(1);
  (void)this->a().publish("news", as_bytes("2"));
  this->fixture_.settle();
  this->fixture_.heal(1);
  this->fixture_.settle();
  this->say(this->a(), "3");
  this->fixture_.settle();
  EXPECT_EQ(heard.all, (std::vector<std::string>{"1", "gap", "3"}));
}

TYPED_TEST_P(TransportConformance, WhoeverIsCutOffIsTold) {
  this->fixture_.cut(0);
  EXPECT_EQ(this->a().publish("news", as_bytes("1")).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(this->run(this->a().get("key")).error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(this->write(this->a(), "key", "x", std::chrono::seconds(1)));
  EXPECT_EQ(this->run(this->a().acquire("room", std::chrono::seconds(1), {})).error().code,
            ErrorCode::kUnavailable);
  this->fixture_.heal(0);
  this->fixture_.settle();
  EXPECT_TRUE(this->write(this->a(), "key", "x", std::chrono::seconds(1)));
}

TYPED_TEST_P(TransportConformance, KeysAreSharedAndExpire) {
  EXPECT_EQ(this->read(this->a(), "key"), std::nullopt);
  ASSERT_TRUE(this->write(this->a(), "key", "one", std::chrono::seconds(10)));
  EXPECT_EQ(this->read(this->b(), "key"), "one");
  this->fixture_.pass(std::chrono::seconds(6));
  ASSERT_TRUE(this->write(this->b(), "key", "two", std::chrono::seconds(10)));
  this->fixture_.pass(std::chrono::seconds(6));
  EXPECT_EQ(this->read(this->a(), "key"), "two") << "counted anew";
  this->fixture_.pass(std::chrono::seconds(5));
  EXPECT_EQ(this->read(this->a(), "key"), std::nullopt);
  ASSERT_TRUE(this->write(this->a(), "key", "", std::chrono::seconds(10)));
  EXPECT_EQ(this->read(this->b(), "key"), "") << "empty is not absent";
  EXPECT_TRUE(this->run(this->b().erase("key")));
  EXPECT_EQ(this->read(this->a(), "key"), std::nullopt);
  EXPECT_TRUE(this->run(this->b().erase("key"))) << "gone already";
}

TYPED_TEST_P(TransportConformance, OneHoldsALeaseAtATimeAndEpochsGrow) {
  Lease first;
  Lease second;
  const uint64_t epoch = this->take(this->a(), first);
  EXPECT_GT(epoch, 0u);
  EXPECT_EQ(this->take(this->b(), second), 0u);
  EXPECT_EQ(this->take(this->a(), second), 0u) << "nor the holder once more";
  this->fixture_.pass(std::chrono::seconds(60));
  EXPECT_EQ(this->take(this->b(), second), 0u) << "it is renewed";
  first.hold.reset();
  this->fixture_.settle();
  EXPECT_GT(this->take(this->b(), second), epoch);
}

TYPED_TEST_P(TransportConformance, AHolderThatIsCutOffLosesItBeforeAnotherHasIt) {
  int lost = 0;
  Lease first;
  Lease second;
  const uint64_t epoch = this->take(this->a(), first, &lost);
  this->fixture_.cut(0);
  this->fixture_.pass(std::chrono::seconds(2));
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(this->take(this->b(), second), 0u);
  this->fixture_.pass(std::chrono::seconds(3));
  EXPECT_EQ(lost, 1);
  const uint64_t later = this->take(this->b(), second);
  EXPECT_GT(later, epoch);
  // What the former holder drops is not the new one's.
  this->fixture_.heal(0);
  first.hold.reset();
  this->fixture_.settle();
  Lease third;
  EXPECT_EQ(this->take(this->a(), third), 0u);
  EXPECT_EQ(lost, 1);
}

TYPED_TEST_P(TransportConformance, AShortCutLosesNoLease) {
  int lost = 0;
  Lease lease;
  ASSERT_GT(this->take(this->a(), lease, &lost), 0u);
  this->fixture_.cut(0);
  this->fixture_.pass(std::chrono::seconds(2));
  this->fixture_.heal(0);
  this->fixture_.pass(std::chrono::seconds(60));
  EXPECT_EQ(lost, 0);
  Lease other;
  EXPECT_EQ(this->take(this->b(), other), 0u);
}

REGISTER_TYPED_TEST_SUITE_P(TransportConformance, AllWhoAreSubscribedHearInOrder,
                            NothingFromBeforeAndNothingAfter, BytesAreBytes, BoundsAreHeld,
                            WhoeverWasCutOffHearsOfTheGapBeforeWhatFollows, WhoeverIsCutOffIsTold,
                            KeysAreSharedAndExpire, OneHoldsALeaseAtATimeAndEpochsGrow,
                            AHolderThatIsCutOffLosesItBeforeAnotherHasIt, AShortCutLosesNoLease);

}  // namespace turms::bus
