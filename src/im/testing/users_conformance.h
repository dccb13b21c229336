#pragma once

#include "im/testing/repository_conformance.h"

// What every implementation of the repository of users must do.

namespace turms::im::testing {

TEST_P(RepositoryConformance, UsersAreFoundAndListed) {
  add_user(5);
  add_user(2, false);
  add_user(9);
  EXPECT_EQ(ok(store_.users.find({UserId(5), UserId(4)})).size(), 1u);
  const auto users = ok(store_.users.list(UserId(2), 10));
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(users[0].id, UserId(5));
  EXPECT_EQ(users[0].name, "user 5");
  EXPECT_EQ(users[0].registration_date, kNow);
  EXPECT_EQ(users[1].id, UserId(9));
  EXPECT_EQ(ok(store_.users.list(UserId(0), 1)).size(), 1u);

  EXPECT_FALSE(ok(store_.users.find_credentials(UserId(4))));
  const auto credentials = ok(store_.users.find_credentials(UserId(2)));
  ASSERT_TRUE(credentials);
  EXPECT_FALSE(credentials->active);
  EXPECT_EQ(credentials->password_hash, "hash 2");
}

TEST_P(RepositoryConformance, AnIdIsGivenToOneUser) {
  add_user(5);
  User other;
  other.id = UserId(5);
  other.name = "other";
  EXPECT_FALSE(ok(store_.users.create(may(action::CreateUser{other.id}), other, "x")));
  EXPECT_EQ(ok(store_.users.find({UserId(5)})).front().name, "user 5");
  EXPECT_TRUE(ok(store_.users.set_active(may(action::SetActive{UserId(5)}), false, kNow)));
  EXPECT_FALSE(ok(store_.users.find_credentials(UserId(5)))->active);
}

TEST_P(RepositoryConformance, ChangesOfPasswordsAreCounted) {
  for (const int64_t id : {4, 5, 6}) add_user(id);
  EXPECT_TRUE(ok(store_.users.password_changes(0, 10)).empty());
  EXPECT_TRUE(ok(store_.users.change_password(may(action::ChangePassword{UserId(5)}), "new")));
  EXPECT_TRUE(ok(store_.users.change_password(may(action::ChangePassword{UserId(4)}), "new")));
  EXPECT_TRUE(ok(store_.users.change_password(may(action::ChangePassword{UserId(5)}), "newest")));
  EXPECT_FALSE(ok(store_.users.change_password(may(action::ChangePassword{UserId(7)}), "new")));
  EXPECT_EQ(ok(store_.users.find_credentials(UserId(6)))->password_version, 0);

  const auto credentials = ok(store_.users.find_credentials(UserId(5)));
  EXPECT_EQ(credentials->password_hash, "newest");
  const auto changes = ok(store_.users.password_changes(0, 10));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].user_id, UserId(4));
  EXPECT_EQ(changes[1].user_id, UserId(5));
  EXPECT_GT(changes[1].version, changes[0].version);
  EXPECT_EQ(changes[1].version, credentials->password_version);
  EXPECT_EQ(ok(store_.users.password_changes(0, 1)).size(), 1u);
  EXPECT_EQ(ok(store_.users.password_changes(changes[0].version, 10)).size(), 1u);
  EXPECT_TRUE(ok(store_.users.password_changes(changes[1].version, 10)).empty());

  // Another hash of the same password is no change, and none of a former password comes back.
  EXPECT_TRUE(ok(store_.users.renew_password_hash(may(action::RenewPasswordHash{UserId(5)}),
                                                  "newest", "stronger")));
  EXPECT_FALSE(
      ok(store_.users.renew_password_hash(may(action::RenewPasswordHash{UserId(5)}), "new", "x")));
  EXPECT_EQ(ok(store_.users.find_credentials(UserId(5)))->password_hash, "stronger");
  EXPECT_TRUE(ok(store_.users.password_changes(changes[1].version, 10)).empty());
}

TEST_P(RepositoryConformance, UsersAreFoundByWhatTheyAre) {
  for (const int64_t id : {1, 2, 3}) add_user(id, id != 2);
  const auto found = [&](UserFilter filter) {
    std::string text;
    for (const User& user : ok(store_.users.query(std::move(filter)))) {
      text += std::to_string(user.id.value);
    }
    return text;
  };
  EXPECT_EQ(found({}), "123");
  UserFilter filter;
  filter.active = true;
  EXPECT_EQ(found(filter), "13");
  EXPECT_EQ(ok(store_.users.count(filter)), 2);
  filter = {};
  filter.ids = users({2, 3, 9});
  EXPECT_EQ(found(filter), "23");
  filter = {};
  filter.skip = 1;
  filter.limit = 1;
  EXPECT_EQ(found(filter), "2");
  EXPECT_EQ(ok(store_.users.count(filter)), 3);
  filter = {};
  filter.registration_date_start = time_at(1);
  EXPECT_EQ(found(filter), "");
  filter = {};
  filter.registration_date_end = time_at(1);
  EXPECT_EQ(found(filter), "123");
}

TEST_P(RepositoryConformance, ADeletedUserIsNotFound) {
  for (const int64_t id : {1, 2}) add_user(id);
  relate(1, 2, {});
  ask_friendship(100, 2, 1, 0);
  const auto permit = may(action::RemoveUser{UserId(2)});
  EXPECT_TRUE(ok(store_.users.remove(permit, true, kNow)));
  EXPECT_FALSE(ok(store_.users.remove(permit, true, kNow)));
  EXPECT_TRUE(ok(store_.users.find(users({2}))).empty());
  EXPECT_FALSE(ok(store_.users.find_credentials(UserId(2))));
  EXPECT_FALSE(ok(store_.relationships.reachability(UserId(2))).exists_and_active);
  EXPECT_EQ(ok(store_.users.list(UserId(0), 10)).size(), 1u);
  EXPECT_EQ(ok(store_.users.count({})), 1);
  EXPECT_TRUE(ok(store_.users.search_names("user 2")).empty());
  EXPECT_FALSE(ok(store_.users.update(may(action::UpdateUser{UserId(2)}), {}, kNow)));
  EXPECT_FALSE(ok(store_.users.change_password(may(action::ChangePassword{UserId(2)}), "x")));
  // The id stays taken, and what others have of the user.
  User again;
  again.id = UserId(2);
  EXPECT_FALSE(ok(store_.users.create(may(action::CreateUser{again.id}), again, "x")));
  EXPECT_EQ(relationships({}).size(), 1u);
}

TEST_P(RepositoryConformance, AUserIsDeletedWithAllThatIsTheirs) {
  for (const int64_t id : {1, 2}) add_user(id);
  relate(1, 2, {});
  relate(2, 1, {});
  ask_friendship(100, 2, 1, 0);
  EXPECT_TRUE(ok(store_.users.remove(may(action::RemoveUser{UserId(2)}), false, kNow)));
  EXPECT_TRUE(relationships({}).empty());
  EXPECT_TRUE(ok(store_.friend_requests.received_by(UserId(1))).empty());
  EXPECT_FALSE(version(VersionOf::kRelationships, 2));
  EXPECT_TRUE(ok(store_.relationships.groups(UserId(2))).empty());
  add_user(2);
  EXPECT_EQ(ok(store_.users.search_names("user 2")).size(), 1u);
}

}  // namespace turms::im::testing
