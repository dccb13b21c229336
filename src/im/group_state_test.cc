#include "im/group_state.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

TEST(LruCache, ForgetsWhatWasUsedLongestAgo) {
  LruCache<int, int> cache(10);
  cache.put(1, 10, 4);
  cache.put(2, 20, 4);
  EXPECT_NE(cache.find(1), nullptr);
  cache.put(3, 30, 4);
  EXPECT_EQ(cache.find(2), nullptr);
  ASSERT_NE(cache.find(1), nullptr);
  EXPECT_EQ(*cache.find(3), 30);
  EXPECT_EQ(cache.weight(), 8u);
  cache.put(1, 11, 10);
  EXPECT_EQ(*cache.find(1), 11);
  EXPECT_EQ(cache.weight(), 10u);
  cache.put(4, 40, 11);
  EXPECT_EQ(cache.find(4), nullptr) << "too heavy to keep";
  EXPECT_EQ(cache.weight(), 0u);
}

class GroupCacheTest : public DomainTest {
 protected:
  Task<void> load(GroupId id, bool& done) {
    (void)co_await domain_->context().groups.get(id);
    done = true;
  }
};

TEST_F(GroupCacheTest, KeepsWhatItLoadedUntilItChanges) {
  GroupCache& cache = domain_->context().groups;
  const GroupId id = make_group(1, {2});
  EXPECT_EQ(cache.find(id), nullptr);
  const GroupPtr loaded = group(id);
  EXPECT_EQ(cache.find(id), loaded);
  EXPECT_EQ(*loaded->member_ids, users({1, 2}));
  DeleteGroupMembers remove;
  remove.group_id = id;
  remove.member_ids = users({2});
  ok(domain_->group_members.remove(caller(1), remove));
  EXPECT_EQ(cache.find(id), nullptr);
  EXPECT_EQ(*group(id)->member_ids, users({1}));
}

TEST_F(GroupCacheTest, DoesNotKeepWhatChangedWhileItWasLoaded) {
  GroupCache& cache = domain_->context().groups;
  const GroupId id = make_group(1, {2});
  bool done = false;
  spawn(load(id, done));
  cache.on_group_changed({.group_id = id});
  loop_.run_until([&] { return done; });
  EXPECT_EQ(cache.find(id), nullptr);
}

TEST_F(GroupCacheTest, ForgetsWhenAnotherProgramWrote) {
  const GroupId id = make_group(1, {2});
  group(id);
  domain_->forget_cached();
  EXPECT_EQ(domain_->context().groups.find(id), nullptr);
}

TEST_F(GroupCacheTest, UnknownGroupsAreAskedForAgain) {
  EXPECT_EQ(group(GroupId(5)), nullptr);
  EXPECT_EQ(domain_->context().groups.find(GroupId(5)), nullptr);
}

}  // namespace
}  // namespace turms::im
