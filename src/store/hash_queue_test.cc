#include "store/hash_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace turms::store {
namespace {

constexpr TimePoint kStart{1h};

class HashQueueTest : public testing::Test {
 protected:
  HashQueue::Id add(const std::string& source, int number, TimePoint now = kStart) {
    auto added = queue_.add(now, source,
                            {.run = [this, number] { ran_.push_back(number); },
                             .give_up = [this, number] { gave_up_.push_back(number); }});
    if (added.displaced) added.displaced->give_up();
    return added.id;
  }
  void run(TimePoint now = kStart) {
    while (const auto job = queue_.take(now)) job->run();
  }

  HashQueue queue_;
  std::vector<int> ran_;
  std::vector<int> gave_up_;
};

TEST_F(HashQueueTest, WithinPatienceWhoCameFirstIsFirst) {
  for (int i = 0; i < 4; ++i) add("a", i);
  run(kStart + HashQueue::kPatience);
  EXPECT_EQ(ran_, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_FALSE(queue_.take(kStart));
}

TEST_F(HashQueueTest, UnderOverloadWhoCameLastIsFirst) {
  for (int i = 0; i < 4; ++i) add("a", i);
  run(kStart + HashQueue::kPatience + 1us);
  EXPECT_EQ(ran_, (std::vector<int>{3, 2, 1, 0}));
}

TEST_F(HashQueueTest, SourcesTakeTurns) {
  for (int i = 0; i < 5; ++i) add("guesser", i);
  add("b", 10);
  add("c", 20);
  add("c", 21);
  run();
  EXPECT_EQ(ran_, (std::vector<int>{0, 10, 20, 1, 21, 2, 3, 4}));
  // One that comes back has one turn, not two.
  ran_.clear();
  add("b", 1);
  run();
  add("b", 2);
  add("b", 3);
  add("c", 4);
  run();
  EXPECT_EQ(ran_, (std::vector<int>{1, 2, 4, 3}));
}

TEST_F(HashQueueTest, WhatNobodyWaitsForIsNotRun) {
  add("a", 0);
  const auto id = add("a", 1);
  add("b", 2);
  const auto job = queue_.remove(id);
  ASSERT_TRUE(job);
  job->give_up();
  EXPECT_FALSE(queue_.remove(id));
  EXPECT_EQ(queue_.size(), 2u);
  run();
  EXPECT_EQ(ran_, (std::vector<int>{0, 2}));
  EXPECT_EQ(gave_up_, std::vector<int>{1});
  EXPECT_FALSE(queue_.remove(id));
}

TEST_F(HashQueueTest, OneMoreThanFitsDisplacesTheOldestOfWhoHasMost) {
  add("quiet", -1);
  for (int i = 0; i < static_cast<int>(HashQueue::kMaxWaiting) - 1; ++i) add("loud", i);
  EXPECT_TRUE(gave_up_.empty());
  add("quiet", -2);
  EXPECT_EQ(gave_up_, std::vector<int>{0});
  add("loud", 9999);
  EXPECT_EQ(gave_up_, (std::vector<int>{0, 1}));
  EXPECT_EQ(queue_.size(), HashQueue::kMaxWaiting);
}

// 2,000 clients come within 5 s, give up after 3 s and come again at once; 80 passwords are checked
// in a second, so that it takes 25 s of hashing. First come, first served would serve nobody: who
// has waited longest gives up while the password is checked.
TEST_F(HashQueueTest, AStormOfClientsThatGiveUpIsServedInLittleMoreThanItsHashes) {
  constexpr size_t kClients = 2000;
  constexpr Duration kEach = 12'500us;
  constexpr Duration kBetween = 2'500us;
  constexpr Duration kGivesUp = 3s;
  struct Client {
    HashQueue::Id id = 0;
    TimePoint since;
    bool done = false;
  };
  std::vector<Client> clients(kClients);
  TimePoint now = kStart;
  size_t checked = 0;
  const auto come = [&](size_t i) {
    clients[i].since = now;
    auto added = queue_.add(now, "one proxy", {.run = [&checked, i] { checked = i; }});
    clients[i].id = added.id;
    ASSERT_FALSE(added.displaced);
  };
  size_t came = 0;
  size_t done = 0;
  size_t hashes = 0;
  for (; done < kClients && hashes < 10 * kClients; ++hashes) {
    for (; came < kClients && now - kStart >= came * kBetween; ++came) come(came);
    const auto job = queue_.take(now);
    if (job) job->run();
    now += kEach;
    for (size_t i = 0; i < came; ++i) {
      Client& client = clients[i];
      if (client.done) continue;
      if (now - client.since < kGivesUp) {
        client.done = job && checked == i;
        if (client.done) ++done;
      } else {
        (void)queue_.remove(client.id);
        come(i);
      }
    }
  }
  EXPECT_EQ(done, kClients);
  EXPECT_LE(hashes, kClients * 13 / 10);
}

}  // namespace
}  // namespace turms::store
