#include "im/domain_testing.h"
#include "im/users.h"

namespace turms::im {
namespace {

class UserProfilesTest : public DomainTest {
 protected:
  Users& them() { return domain_->users; }
  Settings::People& people() { return domain_->context().settings.people; }

  static UpdateUser named(std::string name) {
    UpdateUser command;
    command.name = std::move(name);
    return command;
  }
  void rename(int64_t user, std::string name) {
    ok(them().update(caller(user), named(std::move(name))));
  }
  User profile(int64_t user) {
    QueryUserProfiles query;
    query.user_ids = users({user});
    return ok(them().query_profiles(caller(1), query)).at(0);
  }
  static QueryUserProfiles by_name(std::string name) {
    QueryUserProfiles query;
    query.name = std::move(name);
    return query;
  }
  std::string found(const QueryUserProfiles& query) {
    std::string text;
    for (const User& user : ok(them().query_profiles(caller(1), query))) {
      text += (text.empty() ? "" : " ") + std::to_string(user.id.value);
    }
    return text;
  }
};

TEST_F(UserProfilesTest, WhatAnUpdateDoesNotNameStays) {
  UpdateUser command = named("dora");
  command.intro = "hi";
  command.profile_picture = "p";
  command.profile_access_strategy = ProfileAccessStrategy::kFriends;
  const WallTime before = profile(1).last_updated_date;
  pass(std::chrono::milliseconds(5));
  auto reply = ok(them().update(caller(1), command));
  EXPECT_EQ(relayed_to(reply), "+other");
  EXPECT_TRUE(reply.effects.relay.amendments.clear_password);
  EXPECT_GT(profile(1).last_updated_date, before);
  rename(1, "emil");
  const User user = profile(1);
  EXPECT_EQ(user.name, "emil");
  EXPECT_EQ(user.intro, "hi");
  EXPECT_EQ(user.profile_picture, "p");
  EXPECT_EQ(user.profile_access_strategy, ProfileAccessStrategy::kFriends);
  EXPECT_EQ(relayed_to(ok(them().update(caller(1), {}))), "");
}

TEST_F(UserProfilesTest, ANameThatOneUserHasNamesThem) {
  rename(1, "Dora");
  rename(2, "Dorabella");
  const auto named = [&](std::string name) {
    const auto found = ok(them().find_named(std::move(name)));
    return found ? found->value : 0;
  };
  EXPECT_EQ(named("Dora"), 1);
  EXPECT_EQ(named("ＤＯＲＡ"), 1);
  EXPECT_EQ(named("Dorabella"), 2);
  EXPECT_EQ(named("Dor"), 0);
  EXPECT_EQ(named(""), 0);
  EXPECT_EQ(named(std::string(513, 'x')), 0);
  // Whom of the two it means cannot be known.
  rename(3, "dora");
  EXPECT_EQ(named("Dora"), 0);
  EXPECT_EQ(named("Dorabella"), 2);
}

TEST_F(UserProfilesTest, LimitsAreThoseOfTheOperator) {
  EXPECT_EQ(code(them().update(caller(1), named(std::string(21, 'x')))), 1102);
  EXPECT_EQ(code(them().update(caller(1), named(std::string(20, 'x')))), 1000);
  const auto with = [&](auto field, auto value) {
    UpdateUser command;
    command.*field = value;
    return code(them().update(caller(1), command));
  };
  EXPECT_EQ(with(&UpdateUser::intro, std::string(101, 'x')), 1102);
  EXPECT_EQ(with(&UpdateUser::profile_picture, std::string(101, 'x')), 1102);
  EXPECT_EQ(with(&UpdateUser::password, std::string(17, 'x')), 1102);
  EXPECT_EQ(with(&UpdateUser::password, std::string()), 1102);
  people().min_password_size = 3;
  EXPECT_EQ(with(&UpdateUser::password, std::string("xx")), 1102);
  EXPECT_EQ(with(&UpdateUser::password, std::string("xxx")), 1000);
  EXPECT_EQ(with(&UpdateUser::profile_access_strategy, static_cast<ProfileAccessStrategy>(9)),
            1102);
}

TEST_F(UserProfilesTest, AttributesMustBeAllowed) {
  UpdateUser command;
  command.attributes = {{"city", "v"}};
  EXPECT_EQ(code(them().update(caller(1), command)), 1102);
  people().attributes = {"city", "pet"};
  EXPECT_EQ(code(them().update(caller(1), command)), 1000);
  command.attributes = {{"pet", "cat"}};
  ok(them().update(caller(1), command));
  EXPECT_EQ(profile(1).attributes, (ValueMap{{"city", "v"}, {"pet", "cat"}}));
  command.attributes = {{"other", "x"}};
  EXPECT_EQ(code(them().update(caller(1), command)), 1102);
  people().ignore_unknown_attributes = true;
  EXPECT_EQ(code(them().update(caller(1), command)), 1000);
}

TEST_F(UserProfilesTest, ANewPasswordEndsNoSession) {
  UpdateUser command;
  command.password = "new";
  ok(them().update(caller(1), command));
  SignIn sign_in;
  sign_in.version = 1;
  sign_in.user_id = UserId(1);
  sign_in.password = "new";
  EXPECT_EQ(code(them().authenticate(sign_in)), 1000);
  ASSERT_TRUE(run(domain_->administration.set_password(UserId(2), "other")));
  domain_->changed_elsewhere();
  loop_.run_until([&] { return !told_.orders.empty(); });
  ASSERT_EQ(told_.orders.size(), 1u);
  EXPECT_EQ(told_.orders[0].user_id, UserId(2));
}

TEST_F(UserProfilesTest, FriendsAreToldWhenConfigured) {
  people().user_updated = {false, true};
  relate(1, 2, false);
  relate(1, 3, true);
  EXPECT_EQ(relayed_to(ok(them().update(caller(1), named("x")))), "2");
}

TEST_F(UserProfilesTest, NamesAreFoundByTheirParts) {
  rename(1, "Alice Liddell");
  rename(2, "alice");
  rename(3, "Malice");
  rename(4, "王小明");
  rename(5, "小明");
  rename(6, "ＡＬ");
  rename(9, "alice");  // inactive
  EXPECT_EQ(found(by_name("alice")), "2 1 3");
  EXPECT_EQ(found(by_name("ALICE l")), "1");
  EXPECT_EQ(found(by_name("al")), "6 1 2 3");
  EXPECT_EQ(found(by_name("明")), "4 5");
  EXPECT_EQ(found(by_name("小明")), "5 4");
  EXPECT_EQ(found(by_name("小王")), "");
  EXPECT_EQ(found(by_name("\xe2\x80\x8b")), "");
  rename(2, "bob");
  EXPECT_EQ(found(by_name("alice")), "1 3");

  QueryUserProfiles query = by_name("al");
  query.page.skip = 1;
  query.page.limit = 1;
  EXPECT_EQ(found(query), "1");
  query.page.skip = 99;
  EXPECT_EQ(found(query), "");
  query.page.skip = -1;
  EXPECT_EQ(code(them().query_profiles(caller(1), query)), 1102);
  query = by_name("al");
  query.user_ids = users({3, 4});
  EXPECT_EQ(found(query), "3");
  query = by_name("LICE");
  query.highlight_name = true;
  EXPECT_EQ(ok(them().query_profiles(caller(1), query)).at(0).name, "A\x02lice\x03 Liddell");
  people().search_names = false;
  EXPECT_EQ(code(them().query_profiles(caller(1), query)), 7100);
}

TEST_F(UserProfilesTest, AStatusIsOfTheUser) {
  bus_->signed_in({UserId(2), DeviceType::kIos, 5}, UserStatus::kAvailable);
  EXPECT_EQ(code(them().query_online_statuses(caller(1), {})), 1001);
  UpdateOnlineStatus command;
  command.status = UserStatus::kInvisible;
  EXPECT_EQ(relayed_to(ok(them().update_online_status(caller(2), command))), "+other");
  auto statuses = ok(them().query_online_statuses(caller(1), users({2, 3})));
  ASSERT_EQ(statuses.size(), 2u);
  EXPECT_EQ(statuses[0].status, UserStatus::kInvisible);
  EXPECT_EQ(statuses[0].device_types, std::vector<DeviceType>{DeviceType::kIos});
  EXPECT_EQ(statuses[1].status, UserStatus::kOffline);
  people().show_invisible_as_offline = true;
  statuses = ok(them().query_online_statuses(caller(1), users({2})));
  EXPECT_EQ(statuses[0].status, UserStatus::kOffline);
  EXPECT_TRUE(statuses[0].device_types.empty());
  command.status = static_cast<UserStatus>(77);
  EXPECT_EQ(code(them().update_online_status(caller(2), command)), 1102);
  EXPECT_TRUE(told_.orders.empty());
  command.status = UserStatus::kOffline;
  command.device_types = {DeviceType::kIos};
  ok(them().update_online_status(caller(2), command));
  ASSERT_EQ(told_.orders.size(), 1u);
  EXPECT_EQ(told_.orders[0].close_status, 501);
  EXPECT_EQ(told_.orders[0].device_types, command.device_types);
}

}  // namespace
}  // namespace turms::im
