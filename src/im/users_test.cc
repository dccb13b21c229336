#include "im/users.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class UsersTest : public DomainTest {
 protected:
  SignIn sign_in(int64_t id, std::optional<std::string> password) {
    SignIn command;
    command.version = 1;
    command.user_id = UserId(id);
    command.password = std::move(password);
    return command;
  }

  void look_for_changed_passwords() {
    run([](Users& users) -> Task<None> {
      co_await users.end_outdated_sessions();
      co_return None{};
    }(domain_->users));
  }
};

TEST_F(UsersTest, AuthenticationAnswersAsTheProtocolDefines) {
  ASSERT_TRUE(run(domain_->administration.add_user(UserId(20), "dora", "secret")));
  SignIn other_version = sign_in(20, "secret");
  other_version.version = 2;
  SignIn offline = sign_in(20, "secret");
  offline.status = UserStatus::kOffline;
  SignIn unknown_status = sign_in(20, "secret");
  unknown_status.status = static_cast<UserStatus>(77);
  const std::pair<SignIn, int> cases[] = {
      {sign_in(20, "secret"), 1000},
      {other_version, 2000},
      {sign_in(0, "secret"), 2011},
      {sign_in(-1, "secret"), 2011},
      {sign_in(21, "secret"), 2012},
      {sign_in(9, "secret"), 2012},
      {sign_in(20, "Secret"), 2011},
      {sign_in(20, ""), 2011},
      {sign_in(20, std::nullopt), 2011},
      {sign_in(20, std::string(100'000, 'x')), 2011},
      {offline, 1102},
      {unknown_status, 1102},
  };
  for (const auto& [command, expected] : cases) {
    EXPECT_EQ(code(domain_->users.authenticate(command)), expected)
        << "user " << command.user_id.value;
  }
  EXPECT_EQ(ok(domain_->users.authenticate(sign_in(20, "secret"))).user.name, "dora");
  ASSERT_TRUE(run(domain_->administration.set_password(UserId(20), "new")));
  EXPECT_EQ(code(domain_->users.authenticate(sign_in(20, "secret"))), 2011);
  EXPECT_EQ(code(domain_->users.authenticate(sign_in(20, "new"))), 1000);
}

TEST_F(UsersTest, AChangedPasswordEndsTheSessionsFromBeforeItOnce) {
  Administration& administration = domain_->administration;
  ASSERT_TRUE(run(administration.add_user(UserId(20), "dora", "secret")));
  ASSERT_TRUE(run(administration.set_password(UserId(20), "new")));
  ASSERT_TRUE(run(administration.add_user(UserId(21), "emil", "secret")));
  domain_->changed_elsewhere();
  loop_.run_until([&] { return !told_.orders.empty(); });
  const int64_t version = ok(domain_->users.authenticate(sign_in(20, "new"))).password_version;
  ASSERT_EQ(told_.orders.size(), 1u);
  EXPECT_EQ(told_.orders[0].user_id, UserId(20));
  EXPECT_TRUE(told_.orders[0].device_types.empty());
  EXPECT_EQ(told_.orders[0].close_status, 600);
  EXPECT_EQ(told_.orders[0].password_version, version);

  look_for_changed_passwords();
  EXPECT_EQ(told_.orders.size(), 1u);
  ASSERT_TRUE(run(administration.set_password(UserId(21), "new")));
  look_for_changed_passwords();
  ASSERT_EQ(told_.orders.size(), 2u);
  EXPECT_EQ(told_.orders[1].user_id, UserId(21));
}

TEST_F(UsersTest, ProfilesOfAnybodyAreShown) {
  QueryUserProfiles query;
  EXPECT_TRUE(ok(domain_->users.query_profiles(caller(1), query)).empty());
  query.user_ids = users({2, 2, 3, 99});
  EXPECT_EQ(ok(domain_->users.query_profiles(caller(1), query)).size(), 2u);
  query.last_updated_date = clock_.time;
  EXPECT_TRUE(ok(domain_->users.query_profiles(caller(1), query)).empty());
}

TEST_F(UsersTest, AnOperatorAddsUsersAndGroups) {
  Administration& administration = domain_->administration;
  EXPECT_EQ(run(administration.add_user(UserId(1), "x", "y")).error().code,
            ErrorCode::kAlreadyExists);
  EXPECT_EQ(run(administration.add_user(UserId(0), "x", "y")).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(run(administration.add_user(UserId(50), "x", "")).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(run(administration.add_user(UserId(50), std::string(21, 'x'), "y")).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(run(administration.add_user(UserId(50), "\u200b", "y")).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(run(administration.set_password(UserId(50), "y")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(run(administration.list_users(UserId(0), 100))->size(), 9u);
  EXPECT_EQ(run(administration.add_group("g", UserId(50), {})).error().code, ErrorCode::kNotFound);
  const auto made = run(administration.add_group("g", UserId(1), users({2})));
  ASSERT_TRUE(made);
  EXPECT_EQ(role(*made, 1), GroupMemberRole::kOwner);
  EXPECT_EQ(role(*made, 2), GroupMemberRole::kMember);
  EXPECT_EQ(run(administration.list_groups(GroupId(0), 10))->size(), 1u);
}

TEST_F(UsersTest, AnOperatorChangesAndDeletesUsers) {
  Administration& administration = domain_->administration;
  ASSERT_TRUE(run(administration.add_user(UserId(20), "dora", "secret")));
  AdminUserChange change;
  change.name = " do\u200bris ";
  change.intro = "hi";
  change.password = "new";
  ASSERT_TRUE(run(administration.update_user(UserId(20), change)));
  EXPECT_EQ(ok(domain_->users.authenticate(sign_in(20, "new"))).user.name, "doris");
  change = {};
  change.name = std::string(21, 'x');
  EXPECT_EQ(run(administration.update_user(UserId(20), change)).error().code,
            ErrorCode::kInvalidArgument);
  change.name = "x";
  EXPECT_EQ(run(administration.update_user(UserId(99), change)).error().code, ErrorCode::kNotFound);

  // Cached, so that it must be forgotten.
  CreateMessage message;
  message.recipient_id = UserId(20);
  message.text = "x";
  EXPECT_EQ(code(domain_->messages.create(caller(1), message)), 1000);
  told_.orders.clear();
  ASSERT_TRUE(run(administration.set_active(UserId(20), false)));
  ASSERT_EQ(told_.orders.size(), 1u);
  EXPECT_EQ(told_.orders[0].user_id, UserId(20));
  EXPECT_EQ(told_.orders[0].close_status, 700);
  EXPECT_EQ(code(domain_->users.authenticate(sign_in(20, "new"))), 2012);
  EXPECT_EQ(code(domain_->messages.create(caller(1), message)), 5000);
  ASSERT_TRUE(run(administration.set_active(UserId(20), true)));
  EXPECT_EQ(code(domain_->users.authenticate(sign_in(20, "new"))), 1000);

  ASSERT_TRUE(run(administration.remove_user(UserId(20), std::nullopt)));
  EXPECT_EQ(told_.orders.back().close_status, 700);
  EXPECT_EQ(code(domain_->users.authenticate(sign_in(20, "new"))), 2012);
  EXPECT_EQ(run(administration.remove_user(UserId(20), std::nullopt)).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(run(administration.set_active(UserId(20), true)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(run(administration.add_user(UserId(20), "x", "y")).error().code,
            ErrorCode::kAlreadyExists);
  ASSERT_TRUE(run(administration.add_user(UserId(21), "x", "y")));
  ASSERT_TRUE(run(administration.remove_user(UserId(21), false)));
  EXPECT_TRUE(run(administration.add_user(UserId(21), "x", "y")));
  UserFilter filter;
  filter.ids = users({1, 20, 21});
  EXPECT_EQ(run(administration.query_users(filter))->size(), 2u);
  EXPECT_EQ(*run(administration.count_users(filter)), 2);
}

TEST_F(UsersTest, DemoAccountsAreNotMadeOverExistingOnes) {
  ASSERT_TRUE(run(domain_->administration.seed_demo()));
  EXPECT_TRUE(run(domain_->administration.list_groups(GroupId(0), 10))->empty());
}

}  // namespace
}  // namespace turms::im
