#include "im/group_audience.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class GroupAudienceTest : public DomainTest {
 protected:
  std::string told(Settings::GroupNotify notify, std::initializer_list<int64_t> concerned,
                   int64_t caller) {
    return audience(group_audience(notify, group_.get(), users(concerned), UserId(caller)));
  }
  GroupPtr make() {
    const GroupId id = make_group(1, {2, 3});
    set_role(id, 2, GroupMemberRole::kManager);
    return group(id);
  }
  GroupPtr group_ = make();
};

TEST_F(GroupAudienceTest, EachPartyIsToldOrNot) {
  EXPECT_EQ(told({}, {5}, 1), "+other");
  EXPECT_EQ(told({.own_sessions = false}, {5}, 1), "");
  EXPECT_EQ(told({.concerned = true}, {5}, 1), "5 +other");
  EXPECT_EQ(told({.concerned = true, .managers = true}, {5}, 1), "2 5 +other");
  EXPECT_EQ(told({.managers = true}, {5}, 3), "1 2 +other");
  EXPECT_EQ(told({.managers = true}, {2}, 3), "1 +other") << "about oneself one is told or not";
  EXPECT_EQ(told({.members = true}, {5}, 1), "1 2 3 +other");
  EXPECT_EQ(told({.concerned = true, .members = true}, {5}, 1), "1 2 3 5 +other");
  EXPECT_EQ(told({.members = true}, {3}, 1), "1 2 +other");
}

TEST_F(GroupAudienceTest, ACallerAmongThoseToldHearsOnOtherDevices) {
  EXPECT_EQ(told({.own_sessions = false, .managers = true}, {}, 1), "2 +other");
  EXPECT_EQ(told({.own_sessions = false, .managers = true}, {}, 3), "1 2");
  EXPECT_EQ(told({.own_sessions = false, .members = true}, {}, 3), "1 2 3 +other");
}

TEST_F(GroupAudienceTest, TheListOfMembersIsShared) {
  const Settings::GroupNotify notify{.concerned = true, .members = true};
  const std::vector<UserId> removed = users({3});
  EXPECT_EQ(group_audience(notify, group_.get(), {}, UserId(1)).recipients, group_->member_ids);
  EXPECT_EQ(group_audience(notify, group_.get(), removed, UserId(1)).recipients,
            group_->member_ids);
}

TEST_F(GroupAudienceTest, WithoutAGroupOnlyTheConcernedAreLeft) {
  group_ = nullptr;
  EXPECT_EQ(told({.concerned = true, .managers = true, .members = true}, {5}, 1), "5 +other");
}

}  // namespace
}  // namespace turms::im
