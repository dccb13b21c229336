#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "base/manual_loop.h"
#include "im/ports.h"
#include "im/rights.h"

// What every implementation of im's repositories must do. An implementation's test file includes
// this and instantiates RepositoryConformance with a function that makes an empty one.

namespace turms::im::testing {

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Repositories repositories() = 0;
  virtual ManualLoop& loop() = 0;
};

class RepositoryConformance
    : public ::testing::TestWithParam<std::function<std::unique_ptr<Backend>()>> {
 protected:
  RepositoryConformance() : backend_(GetParam()()), store_(backend_->repositories()) {}

  /// The value; a failed test when the call failed.
  template <class T>
  T ok(Stored<T> call) {
    Result<T> result = backend_->loop().run(std::move(call));
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
    return result ? std::move(*result) : T{};
  }

  template <class Action>
  static Permit<Action> may(Action action) {
    return Rights::administrator(std::move(action));
  }
  static auto may_send(const NewMessage& added) {
    const Message& m = added.message;
    return may(action::SendMessage{m.sender_id, m.group_id, m.recipient_id});
  }

  void add_user(int64_t id, bool active = true) {
    User user;
    user.id = UserId(id);
    user.name = "user " + std::to_string(id);
    user.registration_date = kNow;
    user.last_updated_date = kNow;
    user.active = active;
    EXPECT_TRUE(ok(
        store_.users.create(may(action::CreateUser{user.id}), user, "hash " + std::to_string(id))));
  }

  static GroupMember member(int64_t group, int64_t user,
                            GroupMemberRole role = GroupMemberRole::kMember) {
    GroupMember member;
    member.group_id = GroupId(group);
    member.user_id = UserId(user);
    member.role = role;
    member.join_date = kNow;
    return member;
  }

  static std::vector<UserId> users(std::initializer_list<int64_t> ids) {
    std::vector<UserId> all;
    for (const int64_t id : ids) all.emplace_back(id);
    return all;
  }

  static std::vector<GroupMember> members(int64_t group, std::vector<int64_t> users) {
    std::vector<GroupMember> all;
    for (const int64_t user : users) all.push_back(member(group, user));
    return all;
  }

  /// The first user owns it.
  void add_group(int64_t id, std::vector<int64_t> users) {
    Group group;
    group.id = GroupId(id);
    group.name = "group";
    group.creator_id = UserId(users.front());
    group.owner_id = group.creator_id;
    group.creation_date = kNow;
    group.last_updated_date = kNow;
    auto rows = members(id, users);
    rows.front().role = GroupMemberRole::kOwner;
    ok(store_.groups.create(may(action::CreateGroup{group.creator_id}), group, rows));
  }

  std::vector<int64_t> member_ids(int64_t group) {
    auto loaded = ok(store_.groups.load(GroupId(group)));
    std::vector<int64_t> ids;
    if (loaded) {
      for (const GroupMember& one : loaded->members) ids.push_back(one.user_id.value);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  std::optional<WallTime> version(VersionOf kind, int64_t id) {
    return ok(store_.versions.find(kind, id));
  }

  /// `at`: milliseconds after kNow.
  static int64_t id_at(int64_t at, int64_t sequence = 0) {
    return IdGenerator::first_at({kNow.unix_ms + at}) + sequence;
  }
  static WallTime time_at(int64_t at) { return {kNow.unix_ms + at}; }

  /// Accepted at the time of the id.
  Placed send(int64_t id, int64_t sender, std::optional<int64_t> group, std::optional<int64_t> to,
              bool system = false, std::optional<std::string> key = std::nullopt) {
    NewMessage added;
    added.message.id = MessageId(id);
    added.message.delivery_date = IdGenerator::time_of(id);
    added.sender_key = std::move(key);
    added.message.sender_id = UserId(sender);
    if (group) added.message.group_id = GroupId(*group);
    if (to) added.message.recipient_id = UserId(*to);
    added.message.is_system_message = system;
    added.message.text = "text";
    return ok(store_.messages.append(may_send(added), added));
  }

  std::vector<int64_t> query(const MessageFilter& filter) {
    std::vector<int64_t> ids;
    for (const Message& message : ok(store_.messages.query(filter))) {
      ids.push_back(message.id.value);
    }
    return ids;
  }

  RelationshipRepository::Put relate(int64_t owner, int64_t related, RelationshipChange change) {
    return ok(store_.relationships.update(
        may(action::PutRelationship{UserId(owner), UserId(related)}), std::move(change), kNow));
  }
  /// Of user 1, in these groups or in any.
  std::vector<Relationship> relationships(std::vector<int32_t> groups) {
    RelationshipFilter filter;
    filter.owner_id = UserId(1);
    filter.group_indexes = std::move(groups);
    return ok(store_.relationships.query(filter));
  }
  /// Expires 100 ms later.
  FriendRequestRepository::Created ask_friendship(int64_t id, int64_t requester, int64_t recipient,
                                                  int64_t at, bool again = false) {
    FriendRequest request;
    request.id = FriendRequestId(id);
    request.requester_id = UserId(requester);
    request.recipient_id = UserId(recipient);
    request.creation_date = time_at(at);
    request.expiration_date = time_at(at + 100);
    return ok(store_.friend_requests.create(
        may(action::CreateFriendRequest{request.requester_id, request.recipient_id}), request,
        again));
  }

  static constexpr WallTime kNow{1800000000000};

  std::unique_ptr<Backend> backend_;
  Repositories store_;
};

// ---------------------------------------------------------------------------------------- users

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

TEST_P(RepositoryConformance, ReachabilityKnowsFriendsAndBlocked) {
  add_user(1);
  EXPECT_FALSE(ok(store_.relationships.reachability(UserId(2))).exists_and_active);
  relate(1, 3, {});
  relate(1, 2, {.blocked = true, .name = {}, .join_group = {}, .leave_group = {}});
  auto known = ok(store_.relationships.reachability(UserId(1)));
  EXPECT_TRUE(known.exists_and_active);
  EXPECT_EQ(known.blocked, std::vector<UserId>{UserId(2)});
  EXPECT_EQ(known.friends, std::vector<UserId>{UserId(3)});
  relate(1, 2, {.blocked = false, .name = {}, .join_group = {}, .leave_group = {}});
  known = ok(store_.relationships.reachability(UserId(1)));
  EXPECT_TRUE(known.blocked.empty());
  EXPECT_EQ(known.friends, (std::vector<UserId>{UserId(2), UserId(3)}));
}

TEST_P(RepositoryConformance, ARelationshipKeepsWhatAChangeDoesNotName) {
  using Put = RelationshipRepository::Put;
  add_user(1);
  const auto begun = version(VersionOf::kRelationships, 1);
  ASSERT_TRUE(begun);
  const auto permit = may(action::PutRelationship{UserId(1), UserId(2)});
  EXPECT_EQ(ok(store_.relationships.create(permit, true, "bob", 7, time_at(1))), Put::kDone);
  EXPECT_EQ(ok(store_.relationships.create(permit, false, "x", 0, time_at(2))), Put::kExists);
  auto one = relationships({}).front();
  EXPECT_EQ(one.block_date, time_at(1));
  EXPECT_EQ(one.name, "bob");
  EXPECT_EQ(one.group_index, 7);
  EXPECT_GT(version(VersionOf::kRelationships, 1), begun);

  EXPECT_EQ(relate(1, 2, {.blocked = true, .name = "bob", .join_group = 7, .leave_group = {}}),
            Put::kUnchanged);
  EXPECT_EQ(relate(1, 2, {.blocked = {}, .name = "bobby", .join_group = {}, .leave_group = {}}),
            Put::kDone);
  one = relationships({}).front();
  EXPECT_EQ(one.block_date, time_at(1));
  EXPECT_EQ(one.name, "bobby");
  EXPECT_EQ(one.group_index, 7);
  EXPECT_EQ(one.establishment_date, time_at(1));
}

TEST_P(RepositoryConformance, ARelationshipIsInOneGroupAtLeast) {
  const auto in = [&](int32_t group) { return relationships({group}).size(); };
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = 5, .leave_group = {}});
  EXPECT_EQ(in(5), 1u);
  EXPECT_EQ(in(0), 0u);
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = 6, .leave_group = {}});
  EXPECT_EQ(in(5) + in(6), 2u);
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = 8, .leave_group = 6});
  EXPECT_EQ(in(6), 0u);
  EXPECT_EQ(in(8), 1u);
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = {}, .leave_group = 8});
  EXPECT_EQ(in(0), 0u);
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = {}, .leave_group = 5});
  EXPECT_EQ(in(0), 1u);
  EXPECT_EQ(relate(1, 2, {.blocked = {}, .name = {}, .join_group = {}, .leave_group = 0}),
            RelationshipRepository::Put::kUnchanged);

  const auto remove = [&](std::optional<int32_t> from, std::optional<int32_t> to) {
    return ok(store_.relationships.remove(may(action::RemoveRelationship{UserId(1), UserId(2)}),
                                          from, to, false, kNow));
  };
  EXPECT_FALSE(remove(99, std::nullopt).changed);
  EXPECT_FALSE(remove(0, 9).gone);
  EXPECT_EQ(in(9), 1u);
  EXPECT_TRUE(remove(9, std::nullopt).gone);
  EXPECT_TRUE(relationships({}).empty());
  EXPECT_FALSE(remove(std::nullopt, std::nullopt).changed);
}

TEST_P(RepositoryConformance, TheOtherSideGoesTooUnlessItIsABlock) {
  const auto remove = [&](int64_t owner, int64_t related) {
    return ok(
        store_.relationships.remove(may(action::RemoveRelationship{UserId(owner), UserId(related)}),
                                    std::nullopt, std::nullopt, true, kNow));
  };
  relate(1, 2, {});
  relate(2, 1, {});
  const auto before = version(VersionOf::kRelationships, 2);
  EXPECT_TRUE(remove(1, 2).other_gone);
  EXPECT_GT(version(VersionOf::kRelationships, 2), before);
  relate(1, 2, {});
  relate(2, 1, {.blocked = true, .name = {}, .join_group = {}, .leave_group = {}});
  EXPECT_FALSE(remove(1, 2).other_gone);
  EXPECT_EQ(ok(store_.relationships.reachability(UserId(2))).blocked.size(), 1u);
}

TEST_P(RepositoryConformance, RelationshipGroupsAreOfTheirOwner) {
  using Put = RelationshipRepository::Put;
  add_user(1);
  const auto permit = may(action::ChangeRelationshipGroups{UserId(1)});
  auto groups = ok(store_.relationships.groups(UserId(1)));
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].index, 0);
  EXPECT_EQ(groups[0].name, "");
  const auto begun = version(VersionOf::kRelationshipGroups, 1);
  EXPECT_EQ(ok(store_.relationships.create_group(permit, {5, "five"}, kNow)), Put::kDone);
  EXPECT_EQ(ok(store_.relationships.create_group(permit, {5, "five"}, kNow)), Put::kExists);
  EXPECT_GT(version(VersionOf::kRelationshipGroups, 1), begun);
  EXPECT_TRUE(ok(store_.relationships.rename_group(permit, {5, "V"}, kNow)));
  EXPECT_FALSE(ok(store_.relationships.rename_group(permit, {5, "V"}, kNow)));
  EXPECT_FALSE(ok(store_.relationships.rename_group(permit, {6, "V"}, kNow)));
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = 5, .leave_group = {}});
  relate(1, 3, {.blocked = {}, .name = {}, .join_group = 5, .leave_group = {}});
  relate(1, 3, {.blocked = {}, .name = {}, .join_group = 6, .leave_group = {}});
  EXPECT_TRUE(ok(store_.relationships.remove_group(permit, 5, 6, kNow)));
  EXPECT_FALSE(ok(store_.relationships.remove_group(permit, 5, 6, kNow)));
  EXPECT_EQ(ok(store_.relationships.groups(UserId(1))).size(), 1u);
  EXPECT_EQ(relationships({6}).size(), 2u);
}

TEST_P(RepositoryConformance, AFriendRequestStandsInTheWayOfAnother) {
  using Created = FriendRequestRepository::Created;
  EXPECT_EQ(ask_friendship(100, 1, 2, 0), Created::kDone);
  EXPECT_EQ(ask_friendship(101, 1, 2, 1), Created::kExists);
  EXPECT_EQ(ask_friendship(101, 1, 2, 1, true), Created::kExists);
  EXPECT_EQ(ask_friendship(101, 2, 1, 1), Created::kDone);
  // The first has expired.
  EXPECT_EQ(ask_friendship(102, 1, 2, 1000), Created::kExists);
  EXPECT_EQ(ask_friendship(102, 1, 2, 1000, true), Created::kDone);
  EXPECT_EQ(ok(store_.friend_requests.sent_by(UserId(1))).size(), 2u);
  EXPECT_EQ(ok(store_.friend_requests.received_by(UserId(1))).size(), 1u);
  EXPECT_EQ(ok(store_.friend_requests.find(FriendRequestId(101)))->requester_id, UserId(2));
  EXPECT_FALSE(ok(store_.friend_requests.find(FriendRequestId(999))));
  // One that was recalled is in nobody's way.
  const auto sent = version(VersionOf::kSentFriendRequests, 1);
  const auto received = version(VersionOf::kReceivedFriendRequests, 2);
  const auto recall = may(action::RecallFriendRequest{FriendRequestId(102)});
  EXPECT_TRUE(ok(store_.friend_requests.recall(recall, time_at(1001))));
  EXPECT_FALSE(ok(store_.friend_requests.recall(recall, time_at(1001))));
  EXPECT_GT(version(VersionOf::kSentFriendRequests, 1), sent);
  EXPECT_GT(version(VersionOf::kReceivedFriendRequests, 2), received);
}

TEST_P(RepositoryConformance, AnAcceptedFriendRequestMakesBothFriendsAndKeepsWhatWas) {
  using Outcome = FriendRequestRepository::Replied::Outcome;
  relate(1, 2, {.blocked = true, .name = "old", .join_group = 3, .leave_group = {}});
  ask_friendship(100, 1, 2, 0);
  const auto permit = may(action::ReplyToFriendRequest{FriendRequestId(100)});
  const auto sent = version(VersionOf::kSentFriendRequests, 1);
  const auto replied =
      ok(store_.friend_requests.reply(permit, RequestStatus::kAccepted, "yes", time_at(5)));
  EXPECT_EQ(replied.outcome, Outcome::kDone);
  EXPECT_FALSE(replied.requester_gained);
  EXPECT_TRUE(replied.recipient_gained);
  EXPECT_GT(version(VersionOf::kSentFriendRequests, 1), sent);
  const Relationship kept = relationships({}).front();
  EXPECT_TRUE(kept.block_date);
  EXPECT_EQ(kept.name, "old");
  EXPECT_EQ(kept.group_index, 3);
  EXPECT_EQ(ok(store_.relationships.reachability(UserId(2))).friends.size(), 1u);
  const auto request = ok(store_.friend_requests.find(FriendRequestId(100)));
  EXPECT_EQ(request->status, RequestStatus::kAccepted);
  EXPECT_EQ(request->reason, "yes");
  EXPECT_EQ(ok(store_.friend_requests.reply(permit, RequestStatus::kDeclined, "", kNow)).outcome,
            Outcome::kNotPending);
  // An accepted one is in nobody's way.
  EXPECT_EQ(ask_friendship(101, 1, 2, 1), FriendRequestRepository::Created::kDone);
}

// --------------------------------------------------------------------------------------- groups

TEST_P(RepositoryConformance, AGroupIsLoadedWithItsMembers) {
  add_group(10, {1, 2});
  EXPECT_FALSE(ok(store_.groups.load(GroupId(11))));
  const auto loaded = ok(store_.groups.load(GroupId(10)));
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->group.owner_id, UserId(1));
  EXPECT_EQ(loaded->type.size_limit, 500);
  EXPECT_EQ(loaded->members.size(), 2u);
  EXPECT_EQ(loaded->members_version, version(VersionOf::kGroupMembers, 10));
  EXPECT_EQ(version(VersionOf::kJoinedGroups, 2), kNow);
  EXPECT_FALSE(version(VersionOf::kJoinedGroups, 3));
  EXPECT_EQ(ok(store_.groups.joined_by(UserId(2))), std::vector<GroupId>{GroupId(10)});
}

TEST_P(RepositoryConformance, MembersAreAddedAllOrNone) {
  using Added = GroupRepository::Added;
  add_group(10, {1, 2});
  EXPECT_EQ(ok(store_.groups.add_members(may(action::AddMembers{GroupId(10), users({3, 2})}),
                                         members(10, {3, 2}), 500, kNow)),
            Added::kDuplicate);
  EXPECT_EQ(ok(store_.groups.add_members(may(action::AddMembers{GroupId(10), users({3, 4})}),
                                         members(10, {3, 4}), 3, kNow)),
            Added::kFull);
  EXPECT_EQ(member_ids(10), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(ok(store_.groups.add_members(may(action::AddMembers{GroupId(10), users({3, 4})}),
                                         members(10, {3, 4}), 4, kNow)),
            Added::kDone);
  EXPECT_EQ(member_ids(10), (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(ok(store_.groups.add_members(may(action::AddMembers{GroupId(11), users({3})}),
                                         members(11, {3}), 4, kNow)),
            Added::kGroupGone);
}

TEST_P(RepositoryConformance, EachChangeMovesTheVersionEvenInOneMillisecond) {
  add_group(10, {1});
  const auto first = version(VersionOf::kGroupMembers, 10);
  ok(store_.groups.add_members(may(action::AddMembers{GroupId(10), users({2})}), members(10, {2}),
                               500, kNow));
  const auto second = version(VersionOf::kGroupMembers, 10);
  ok(store_.groups.add_members(may(action::AddMembers{GroupId(10), users({3})}), members(10, {3}),
                               500, kNow));
  const auto third = version(VersionOf::kGroupMembers, 10);
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST_P(RepositoryConformance, MembersAreRemovedButTheOwnerStays) {
  add_group(10, {1, 2, 3});
  EXPECT_EQ(ok(store_.groups.remove_members(
                may(action::RemoveMembers{GroupId(10), users({1, 2, 7})}), time_at(5))),
            std::vector<UserId>{UserId(2)});
  EXPECT_EQ(member_ids(10), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(version(VersionOf::kJoinedGroups, 2), time_at(5));
  EXPECT_TRUE(ok(store_.groups.joined_by(UserId(2))).empty());
}

TEST_P(RepositoryConformance, AGroupAndItsMembersAreChanged) {
  add_group(10, {1, 2});
  GroupChange change;
  change.attributes = {{"color", "red"}, {"size", "9"}};
  EXPECT_TRUE(ok(store_.groups.update(may(action::UpdateGroup{GroupId(10)}), change, time_at(6))));
  change.name = "new";
  change.mute_end_date = time_at(100);
  change.attributes = {{"color", "blue"}};
  EXPECT_TRUE(ok(store_.groups.update(may(action::UpdateGroup{GroupId(10)}), change, time_at(7))));
  EXPECT_FALSE(ok(store_.groups.update(may(action::UpdateGroup{GroupId(11)}), change, time_at(7))));
  MemberChange member_change;
  member_change.role = GroupMemberRole::kManager;
  EXPECT_TRUE(ok(store_.groups.update_member(may(action::UpdateMember{GroupId(10), UserId(2)}),
                                             member_change, time_at(7))));
  EXPECT_FALSE(ok(store_.groups.update_member(may(action::UpdateMember{GroupId(10), UserId(3)}),
                                              member_change, time_at(7))));
  const auto loaded = ok(store_.groups.load(GroupId(10)));
  EXPECT_EQ(loaded->group.name, "new");
  EXPECT_EQ(loaded->group.attributes, (ValueMap{{"color", "blue"}, {"size", "9"}}));
  EXPECT_EQ(ok(store_.groups.find({GroupId(10)})).at(0).attributes, loaded->group.attributes);
  EXPECT_EQ(ok(store_.groups.search_names("EW")), std::vector<GroupId>{GroupId(10)});
  EXPECT_EQ(loaded->group.mute_end_date, time_at(100));
  EXPECT_EQ(loaded->group.last_updated_date, time_at(7));
  EXPECT_EQ(loaded->members[1].role, GroupMemberRole::kManager);
  EXPECT_EQ(version(VersionOf::kJoinedGroups, 2), time_at(7));
}

TEST_P(RepositoryConformance, OwnershipMovesInGroupAndMembers) {
  using Transferred = GroupRepository::Transferred;
  add_group(10, {1, 2, 3});
  const auto transfer = [&](int64_t from, int64_t to, bool quit) {
    return ok(store_.groups.transfer(
        may(action::TransferGroup{GroupId(10), UserId(from), UserId(to)}), quit, kNow));
  };
  EXPECT_EQ(transfer(2, 3, false), Transferred::kNotOwner);
  EXPECT_EQ(transfer(1, 9, false), Transferred::kSuccessorNotMember);
  EXPECT_EQ(transfer(1, 2, false), Transferred::kDone);
  auto loaded = ok(store_.groups.load(GroupId(10)));
  EXPECT_EQ(loaded->group.owner_id, UserId(2));
  EXPECT_EQ(loaded->members[0].role, GroupMemberRole::kMember);
  EXPECT_EQ(loaded->members[1].role, GroupMemberRole::kOwner);
  EXPECT_EQ(transfer(2, 3, true), Transferred::kDone);
  EXPECT_EQ(member_ids(10), (std::vector<int64_t>{1, 3}));
}

TEST_P(RepositoryConformance, ADeletedGroupKeepsNothingButItself) {
  add_group(10, {1, 2});
  GroupChange change;
  change.name = "name";
  change.attributes = {{"color", "red"}};
  EXPECT_TRUE(ok(store_.groups.update(may(action::UpdateGroup{GroupId(10)}), change, time_at(2))));
  EXPECT_TRUE(ok(store_.groups.remove(may(action::RemoveGroup{GroupId(10)}), time_at(3))));
  EXPECT_FALSE(ok(store_.groups.remove(may(action::RemoveGroup{GroupId(10)}), time_at(3))));
  EXPECT_TRUE(ok(store_.groups.find({GroupId(10)})).empty());
  EXPECT_TRUE(ok(store_.groups.list(GroupId(0), 10)).empty());
  EXPECT_TRUE(ok(store_.groups.joined_by(UserId(2))).empty());
  const auto loaded = ok(store_.groups.load(GroupId(10)));
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(loaded->group.active);
  EXPECT_TRUE(loaded->group.attributes.empty());
  EXPECT_TRUE(loaded->members.empty());
  EXPECT_TRUE(ok(store_.groups.search_names("name")).empty());
  EXPECT_EQ(version(VersionOf::kJoinedGroups, 2), time_at(3));
}

TEST_P(RepositoryConformance, GroupTypesAreKept) {
  EXPECT_EQ(ok(store_.groups.find_type(0))->name, "DEFAULT");
  EXPECT_FALSE(ok(store_.groups.find_type(4)));
  GroupType type;
  type.id = 4;
  type.join_strategy = JoinStrategy::kQuestion;
  type.guest_speakable = true;
  ok(store_.groups.put_type(may(action::PutGroupType{type.id}), type));
  const auto found = ok(store_.groups.find_type(4));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->join_strategy, JoinStrategy::kQuestion);
  EXPECT_TRUE(found->guest_speakable);
}

// ---------------------------------------------------------------------------------- invitations

TEST_P(RepositoryConformance, AnInvitationIsSettledOnce) {
  using Replied = InvitationRepository::Replied;
  add_group(10, {1});
  GroupInvitation invitation;
  invitation.id = InvitationId(50);
  invitation.group_id = GroupId(10);
  invitation.inviter_id = UserId(1);
  invitation.invitee_id = UserId(2);
  invitation.content = "come";
  invitation.creation_date = kNow;
  invitation.expiration_date = time_at(1000);
  ok(store_.invitations.create(
      may(action::Invite{invitation.group_id, invitation.inviter_id, invitation.invitee_id}),
      invitation));
  EXPECT_EQ(version(VersionOf::kReceivedInvitations, 2), kNow);

  const auto accept = [&](int32_t limit, int64_t at) {
    return ok(store_.invitations.reply(may(action::ReplyToInvitation{InvitationId(50)}),
                                       RequestStatus::kAccepted, "yes", member(10, 2), limit,
                                       time_at(at)));
  };
  EXPECT_EQ(accept(500, 1000), Replied::kNotPending) << "expired";
  EXPECT_EQ(accept(1, 5), Replied::kFull);
  EXPECT_EQ(ok(store_.invitations.find(InvitationId(50)))->status, RequestStatus::kPending);
  EXPECT_EQ(accept(500, 5), Replied::kDone);
  EXPECT_EQ(accept(500, 5), Replied::kNotPending);
  EXPECT_EQ(member_ids(10), (std::vector<int64_t>{1, 2}));
  const auto settled = ok(store_.invitations.find(InvitationId(50)));
  EXPECT_EQ(settled->status, RequestStatus::kAccepted);
  EXPECT_EQ(settled->reason, "yes");
  EXPECT_EQ(settled->response_date, time_at(5));

  invitation.id = InvitationId(51);
  ok(store_.invitations.create(
      may(action::Invite{invitation.group_id, invitation.inviter_id, invitation.invitee_id}),
      invitation));
  EXPECT_EQ(ok(store_.invitations.reply(may(action::ReplyToInvitation{InvitationId(51)}),
                                        RequestStatus::kAccepted, "", member(10, 2), 500, kNow)),
            Replied::kAlreadyMember);
  EXPECT_EQ(ok(store_.invitations.query({.group_id = GroupId(10)})).size(), 2u);
  EXPECT_EQ(ok(store_.invitations.query({.inviter_id = UserId(1)})).size(), 2u);
  EXPECT_EQ(ok(store_.invitations.query({.invitee_id = UserId(2)})).size(), 2u);
  EXPECT_TRUE(ok(store_.invitations.query({.invitee_id = UserId(1)})).empty());
}

// ------------------------------------------------------------------------------------- messages

TEST_P(RepositoryConformance, AMessageIsKeptAsWritten) {
  NewMessage added;
  added.message.id = MessageId(id_at(0));
  added.message.delivery_date = kNow;
  added.message.pre_message_id = MessageId(3);
  added.message.sender_id = UserId(1);
  added.message.recipient_id = UserId(2);
  added.message.text = "caf\xC3\xA9";
  added.message.records = {Bytes{1, 2}, Bytes{}, Bytes{3}};
  added.message.burn_after = 9;
  ok(store_.messages.append(may_send(added), added));
  const auto plain = ok(store_.messages.find(added.message.id));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->text, "caf\xC3\xA9");
  EXPECT_EQ(plain->burn_after, 9);
  EXPECT_EQ(plain->recipient_id, UserId(2));
  EXPECT_FALSE(plain->group_id);
  EXPECT_TRUE(plain->records.empty()) << "records are kept only where it is said";
  EXPECT_EQ(plain->delivery_date, kNow);
  EXPECT_EQ(plain->sequence, 1);
  EXPECT_EQ(plain->pre_message_id, MessageId(3));

  added.message.id = MessageId(id_at(1));
  added.keep_records = true;
  ok(store_.messages.append(may_send(added), added));
  EXPECT_EQ(ok(store_.messages.find(added.message.id))->records, added.message.records);
  EXPECT_FALSE(ok(store_.messages.find(MessageId(1))));
}

TEST_P(RepositoryConformance, PrivateMessagesAreThoseReceived) {
  send(id_at(0), 1, std::nullopt, 2);
  send(id_at(1), 2, std::nullopt, 1);
  send(id_at(2), 3, std::nullopt, 2);
  send(id_at(2, 1), 1, std::nullopt, 2);
  send(id_at(3), 1, std::nullopt, 2, true);
  MessageFilter filter;
  filter.recipient_id = UserId(2);
  filter.max_count = 10;
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(0), id_at(2), id_at(2, 1), id_at(3)}));
  filter.sender_ids = {UserId(1)};
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(0), id_at(2, 1), id_at(3)}));
  filter.are_system_messages = false;
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(0), id_at(2, 1)}));
  filter.descending = true;
  filter.max_count = 1;
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(2, 1)}));
  EXPECT_EQ(ok(store_.messages.count(filter)), 2);
}

TEST_P(RepositoryConformance, DatesIncludeTheStartAndExcludeTheEnd) {
  for (int64_t at = 0; at < 5; ++at) send(id_at(at), 1, std::nullopt, 2);
  MessageFilter filter;
  filter.recipient_id = UserId(2);
  filter.max_count = 10;
  filter.delivery_date_start = time_at(1);
  filter.delivery_date_end = time_at(3);
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(1), id_at(2)}));
  EXPECT_EQ(ok(store_.messages.count(filter)), 2);
  filter.delivery_date_start = WallTime{0};
  filter.delivery_date_end = WallTime{std::numeric_limits<int64_t>::max()};
  EXPECT_EQ(query(filter).size(), 5u);
}

TEST_P(RepositoryConformance, MessagesOfSeveralGroupsAreInOneOrder) {
  for (int64_t at = 0; at < 12; ++at) send(id_at(at), 1, 10 + at % 3, std::nullopt);
  MessageFilter filter;
  filter.of_groups = true;
  filter.group_ids = {GroupId(10), GroupId(12)};
  filter.max_count = 5;
  EXPECT_EQ(query(filter),
            (std::vector<int64_t>{id_at(0), id_at(2), id_at(3), id_at(5), id_at(6)}));
  filter.descending = true;
  filter.max_count = 3;
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(11), id_at(9), id_at(8)}));
  EXPECT_EQ(ok(store_.messages.count(filter)), 8);
}

TEST_P(RepositoryConformance, MessagesOfManyGroupsAreInOneOrder) {
  // Each group has its turn, and the last ones have the first message and the last.
  constexpr int64_t kGroups = 50;
  MessageFilter filter;
  filter.of_groups = true;
  std::vector<int64_t> all;
  for (int64_t at = 0; at < 4 * kGroups; ++at) {
    send(id_at(at), 1, 10 + (at * 7 + kGroups - 1) % kGroups, std::nullopt);
    all.push_back(id_at(at));
  }
  for (int64_t group = 0; group < kGroups; ++group) filter.group_ids.emplace_back(10 + group);
  for (const int32_t count : {1, 3, 49, 120, 1000}) {
    SCOPED_TRACE(count);
    const auto size = std::min(all.size(), static_cast<size_t>(count));
    filter.max_count = count;
    filter.descending = false;
    EXPECT_EQ(query(filter), std::vector<int64_t>(all.begin(), all.begin() + size));
    filter.descending = true;
    EXPECT_EQ(query(filter), std::vector<int64_t>(all.rbegin(), all.rbegin() + size));
  }
}

TEST_P(RepositoryConformance, IdsAreShownOnlyWhereTheFilterAllows) {
  send(id_at(0), 1, std::nullopt, 2);
  send(id_at(1), 1, 10, std::nullopt);
  send(id_at(2), 1, std::nullopt, 3);
  MessageFilter filter;
  filter.ids = {MessageId(id_at(2)), MessageId(id_at(1)), MessageId(id_at(0)), MessageId(7)};
  filter.max_count = 10;
  filter.recipient_id = UserId(2);
  EXPECT_EQ(query(filter), std::vector<int64_t>{id_at(0)});
  filter.of_groups = true;
  filter.group_ids = {GroupId(10)};
  EXPECT_EQ(query(filter), std::vector<int64_t>{id_at(1)});
  EXPECT_EQ(ok(store_.messages.count(filter)), 1);
  filter.group_ids = {GroupId(11)};
  EXPECT_TRUE(query(filter).empty());
}

TEST_P(RepositoryConformance, AMessageIsEdited) {
  send(id_at(0), 1, std::nullopt, 2);
  EXPECT_TRUE(ok(store_.messages.edit(may(action::EditMessage{MessageId(id_at(0))}), "new",
                                      std::nullopt, time_at(9))));
  EXPECT_FALSE(ok(store_.messages.edit(may(action::EditMessage{MessageId(1)}), "new", std::nullopt,
                                       time_at(9))));
  const auto message = ok(store_.messages.find(MessageId(id_at(0))));
  EXPECT_EQ(message->text, "new");
  EXPECT_EQ(message->modification_date, time_at(9));
}

TEST_P(RepositoryConformance, ARecalledMessageIsHiddenAndANoticeKept) {
  send(id_at(0), 1, std::nullopt, 2);
  send(id_at(1), 1, std::nullopt, 2);
  NewMessage notice;
  notice.message.id = MessageId(id_at(5));
  notice.message.delivery_date = time_at(5);
  notice.message.sender_id = UserId(1);
  notice.message.recipient_id = UserId(2);
  notice.message.is_system_message = true;
  notice.message.records = {Bytes{1}};
  notice.keep_records = true;
  const auto placed = ok(
      store_.messages.recall(may(action::RecallMessage{MessageId(id_at(0))}), time_at(5), notice));
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->sequence, 3);
  EXPECT_EQ(placed->delivery_date, time_at(5));
  notice.message.id = MessageId(id_at(6));
  EXPECT_FALSE(ok(
      store_.messages.recall(may(action::RecallMessage{MessageId(id_at(0))}), time_at(6), notice)));
  EXPECT_FALSE(ok(store_.messages.edit(may(action::EditMessage{MessageId(id_at(0))}), "x",
                                       std::nullopt, time_at(6))));
  MessageFilter filter;
  filter.recipient_id = UserId(2);
  filter.max_count = 10;
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(1), id_at(5)}));
  filter.ids = {MessageId(id_at(0))};
  EXPECT_TRUE(query(filter).empty());
  const auto recalled = ok(store_.messages.find(MessageId(id_at(0))));
  EXPECT_EQ(recalled->recall_date, time_at(5));
  EXPECT_EQ(recalled->sequence, 1) << "it keeps its place";
  EXPECT_EQ(send(id_at(7), 2, std::nullopt, 1).sequence, 4);
}

TEST_P(RepositoryConformance, SequencesHaveNoGap) {
  EXPECT_EQ(send(id_at(0), 1, std::nullopt, 2).sequence, 1);
  EXPECT_EQ(send(id_at(1), 2, std::nullopt, 1).sequence, 2) << "the two sides have one sequence";
  EXPECT_EQ(send(id_at(2), 1, 2, std::nullopt).sequence, 1) << "a group of the number of a user";
  EXPECT_EQ(send(id_at(3), 1, std::nullopt, 3).sequence, 1);
  // An id that is taken: nothing is stored, and its place is given to the next.
  NewMessage again;
  again.message.id = MessageId(id_at(1));
  again.message.delivery_date = time_at(4);
  again.message.sender_id = UserId(1);
  again.message.recipient_id = UserId(2);
  EXPECT_FALSE(backend_->loop().run(store_.messages.append(may_send(again), again)));
  EXPECT_EQ(send(id_at(5), 1, std::nullopt, 2).sequence, 3);
  EXPECT_EQ(send(id_at(6), 3, 2, std::nullopt).sequence, 2);
}

TEST_P(RepositoryConformance, DatesAscendWhateverTheClockDoes) {
  EXPECT_EQ(send(id_at(1000), 1, std::nullopt, 2).delivery_date, time_at(1000));
  EXPECT_EQ(send(id_at(1000, 1), 1, std::nullopt, 2).delivery_date, time_at(1001));
  EXPECT_EQ(send(id_at(1000, 2), 1, 10, std::nullopt).delivery_date, time_at(1000));
  // A second back: what is sent to anybody is behind what had been sent to anybody.
  EXPECT_EQ(send(id_at(0), 1, 10, std::nullopt).delivery_date, time_at(1001));
  EXPECT_EQ(send(id_at(1), 1, 11, std::nullopt).delivery_date, time_at(1002));
  EXPECT_EQ(send(id_at(2), 1, 10, std::nullopt).delivery_date, time_at(1003));
  EXPECT_EQ(send(id_at(3), 1, std::nullopt, 2).delivery_date, time_at(1004));
  // And there again.
  EXPECT_EQ(send(id_at(2000), 1, 10, std::nullopt).delivery_date, time_at(2000));

  MessageFilter filter;
  filter.of_groups = true;
  filter.group_ids = {GroupId(10), GroupId(11)};
  filter.max_count = 2;
  filter.delivery_date_start = time_at(0);
  std::vector<int64_t> paged;
  for (;;) {
    const auto page = ok(store_.messages.query(filter));
    if (page.empty()) break;
    for (const Message& message : page) paged.push_back(message.id.value);
    filter.delivery_date_start = WallTime{page.back().delivery_date.unix_ms + 1};
  }
  EXPECT_EQ(paged,
            (std::vector<int64_t>{id_at(1000, 2), id_at(0), id_at(1), id_at(2), id_at(2000)}));
}

TEST_P(RepositoryConformance, WhatIsSentAgainIsStoredOnce) {
  const Placed first = send(id_at(0), 1, std::nullopt, 2, false, "a");
  EXPECT_FALSE(first.repeated);
  send(id_at(1), 1, std::nullopt, 2, false, "b");
  const Placed again = send(id_at(2), 1, std::nullopt, 2, false, "a");
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.sequence, 1);
  EXPECT_EQ(again.delivery_date, first.delivery_date);
  const Placed theirs = send(id_at(3), 2, std::nullopt, 1, false, "a");
  EXPECT_FALSE(theirs.repeated) << "another sender's key";
  EXPECT_EQ(theirs.sequence, 3) << "what was not stored took no place";
}

// -------------------------------------------------------------------------------- conversations

TEST_P(RepositoryConformance, ReadDatesDoNotMoveBackwards) {
  const auto move = [&](int64_t at) {
    return ok(store_.conversations.move_private(
        may(action::MovePrivateReadDate{UserId(1), UserId(2)}), {.now = time_at(at)}));
  };
  EXPECT_TRUE(move(5).done);
  EXPECT_TRUE(move(5).done);
  const ReadMoved behind = move(4);
  EXPECT_TRUE(behind.done) << "the clock is no reason to refuse";
  EXPECT_EQ(behind.read_date, time_at(5));
  EXPECT_TRUE(move(6).done);
  auto found = ok(store_.conversations.find_private({UserId(1), UserId(3)}, UserId(2)));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].read_date, time_at(6));

  const auto until = [&](int64_t at, bool backwards = false) {
    return ok(store_.conversations.move_group(
        may(action::MoveGroupReadDate{GroupId(10), UserId(1)}),
        {.now = time_at(9), .until = time_at(at), .backwards = backwards}));
  };
  EXPECT_TRUE(until(3).done);
  EXPECT_FALSE(until(2).done);
  EXPECT_TRUE(until(2, true).done);
  const auto groups = ok(store_.conversations.find_group({GroupId(10), GroupId(11)}));
  ASSERT_EQ(groups.size(), 1u);
  ASSERT_EQ(groups[0].reads.size(), 1u);
  EXPECT_EQ(groups[0].reads[0].read_date, time_at(2));
}

TEST_P(RepositoryConformance, WritingMovesTheWritersReadDate) {
  send(id_at(4), 1, std::nullopt, 2);
  auto found = ok(store_.conversations.find_private({UserId(1)}, UserId(2)));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].read_date, time_at(4));
  EXPECT_TRUE(ok(store_.conversations.find_private({UserId(2)}, UserId(1))).empty());
  send(id_at(6), 1, 10, std::nullopt);
  EXPECT_EQ(ok(store_.conversations.find_group({GroupId(10)}))[0].reads[0].read_date, time_at(6));
}

TEST_P(RepositoryConformance, ReadPositionsAreSequences) {
  for (int64_t at = 1; at <= 5; ++at) send(id_at(at), 1, 10, std::nullopt);
  const auto read = [&](ReadMove move) {
    move.now = time_at(100);
    return ok(store_.conversations.move_group(
        may(action::MoveGroupReadDate{GroupId(10), UserId(2)}), move));
  };
  EXPECT_EQ(read({.until = time_at(2)}).read_sequence, 2);
  EXPECT_EQ(read({.sequence = 4}).read_sequence, 4);
  EXPECT_FALSE(read({.sequence = 3}).done);
  EXPECT_EQ(read({.sequence = 3}).read_sequence, 4);
  EXPECT_EQ(read({.sequence = 9}).read_sequence, 5) << "no further than there is";
  send(id_at(6), 1, 10, std::nullopt);
  EXPECT_EQ(read({}).read_sequence, 6);
  send(id_at(7), 2, 10, std::nullopt);
  const auto found = ok(store_.conversations.find_group({GroupId(10)}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].reads.at(0).read_sequence, 6) << "up to what they wrote";
  EXPECT_EQ(found[0].reads.at(1).read_sequence, 7);
}

// ------------------------------------------------------------------------------------- meetings

TEST_P(RepositoryConformance, MeetingsAreFoundByWhatTheyAre) {
  Meeting meeting;
  meeting.id = MeetingId(100);
  meeting.creator_id = UserId(1);
  meeting.group_id = GroupId(10);
  meeting.name = "plan";
  meeting.password = "123456";
  meeting.creation_date = kNow;
  meeting.start_date = kNow;
  EXPECT_TRUE(ok(store_.meetings.create(may(action::CreateMeeting{meeting.creator_id}), meeting)));
  EXPECT_FALSE(ok(store_.meetings.create(may(action::CreateMeeting{meeting.creator_id}), meeting)));
  meeting.id = MeetingId(101);
  meeting.group_id.reset();
  meeting.user_id = UserId(2);
  meeting.creation_date = time_at(10);
  EXPECT_TRUE(ok(store_.meetings.create(may(action::CreateMeeting{meeting.creator_id}), meeting)));

  const auto concerning = [](int64_t user, std::vector<GroupId> groups) {
    return MeetingFilter::Concerned{UserId(user), std::move(groups)};
  };
  const auto ids = [&](const MeetingFilter& filter) {
    std::vector<int64_t> found;
    for (const Meeting& one : ok(store_.meetings.query(filter))) found.push_back(one.id.value);
    return found;
  };
  EXPECT_EQ(ids({}), (std::vector<int64_t>{100, 101}));
  EXPECT_EQ(ids({.group_ids = {GroupId(10)}}), std::vector<int64_t>{100});
  EXPECT_EQ(ids({.user_ids = {UserId(2), UserId(3)}}), std::vector<int64_t>{101});
  EXPECT_EQ(ids({.ids = {MeetingId(101)}, .creator_ids = {UserId(1)}}), std::vector<int64_t>{101});
  EXPECT_TRUE(ids({.creator_ids = {UserId(2)}}).empty());
  EXPECT_EQ(ids({.creation_date_start = time_at(10)}), std::vector<int64_t>{101});
  EXPECT_EQ(ids({.creation_date_end = time_at(9)}), std::vector<int64_t>{100});
  EXPECT_EQ(ids({.skip = 1, .limit = 5}), std::vector<int64_t>{101});
  EXPECT_EQ(ids({.concerned = concerning(1, {})}), (std::vector<int64_t>{100, 101}));
  EXPECT_EQ(ids({.concerned = concerning(2, {})}), std::vector<int64_t>{101});
  EXPECT_EQ(ids({.concerned = concerning(2, {GroupId(10)})}), (std::vector<int64_t>{100, 101}));
  EXPECT_EQ(ids({.concerned = concerning(2, {GroupId(10)}), .skip = 1, .limit = 1}),
            std::vector<int64_t>{101});
  EXPECT_EQ(ids({.concerned = concerning(3, {GroupId(10), GroupId(11)})}),
            std::vector<int64_t>{100});
  EXPECT_EQ(ids({.concerned = concerning(2, {GroupId(10)}), .user_ids = {UserId(2)}}),
            std::vector<int64_t>{101});
  EXPECT_TRUE(ids({.concerned = concerning(3, {GroupId(11)})}).empty());
  EXPECT_EQ(ok(store_.meetings.find(MeetingId(100)))->password, "123456");

  MeetingChange change;
  change.name = "other";
  EXPECT_TRUE(ok(store_.meetings.update(may(action::UpdateMeeting{MeetingId(100)}), change)));
  EXPECT_EQ(ok(store_.meetings.find(MeetingId(100)))->name, "other");
  EXPECT_TRUE(ok(store_.meetings.end(may(action::EndMeeting{MeetingId(100)}), time_at(20))));
  EXPECT_FALSE(ok(store_.meetings.end(may(action::EndMeeting{MeetingId(100)}), time_at(21))));
  EXPECT_FALSE(ok(store_.meetings.cancel(may(action::CancelMeeting{MeetingId(100)}), time_at(21))));
  EXPECT_FALSE(ok(store_.meetings.update(may(action::UpdateMeeting{MeetingId(100)}), change)));
  EXPECT_EQ(ids({.active_only = true}), std::vector<int64_t>{101});
  EXPECT_TRUE(ok(store_.meetings.cancel(may(action::CancelMeeting{MeetingId(101)}), time_at(22))));
  EXPECT_TRUE(ids({.active_only = true}).empty());
  ok(store_.meetings.erase(may(action::EraseMeeting{MeetingId(101)})));
  EXPECT_FALSE(ok(store_.meetings.find(MeetingId(101))));
}

TEST_P(RepositoryConformance, AttachmentsAreSharedQueriedAndErased) {
  const auto add = [&](int64_t id, int64_t uploader, std::optional<GroupId> group,
                       std::optional<UserId> recipient, int64_t max_count = 0) {
    Attachment attachment;
    attachment.id = AttachmentId(id);
    attachment.name = "a.png";
    attachment.media_type = "image/png";
    attachment.uploader_id = UserId(uploader);
    attachment.creation_date = time_at(static_cast<int>(id));
    return ok(store_.attachments.create(
        may(action::CreateAttachment{attachment.uploader_id, group, recipient}), attachment,
        max_count));
  };
  const auto ids = [&](AttachmentFilter filter) {
    if (filter.limit == 0) filter.limit = 100;
    std::vector<int64_t> found;
    for (const Attachment& one : ok(store_.attachments.query(filter))) {
      found.push_back(one.id.value);
    }
    return found;
  };
  EXPECT_TRUE(add(1, 1, GroupId(10), std::nullopt));
  EXPECT_TRUE(add(2, 1, std::nullopt, UserId(2)));
  EXPECT_TRUE(add(3, 2, std::nullopt, UserId(1)));
  EXPECT_TRUE(add(4, 2, GroupId(10), std::nullopt, 2));
  EXPECT_FALSE(add(5, 2, GroupId(10), std::nullopt, 2));
  EXPECT_EQ(ok(store_.attachments.find(AttachmentId(1)))->name, "a.png");
  EXPECT_EQ(ok(store_.attachments.find(AttachmentId(1)))->size, std::nullopt);
  EXPECT_FALSE(ok(store_.attachments.find(AttachmentId(5))));

  EXPECT_EQ(ids({.uploader_ids = {UserId(1)}}), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(ids({.uploader_ids = {UserId(1)}, .limit = 1}), std::vector<int64_t>{2});
  EXPECT_EQ(ids({.uploader_ids = {UserId(1)}, .creation_date_start = time_at(2)}),
            std::vector<int64_t>{2});
  EXPECT_EQ(ids({.uploader_ids = {UserId(1)}, .creation_date_end = time_at(2)}),
            std::vector<int64_t>{1});
  EXPECT_EQ(ids({.shared_with_groups = {GroupId(10)}}), (std::vector<int64_t>{1, 4}));
  EXPECT_EQ(ids({.uploader_ids = {UserId(2)}, .shared_with_groups = {GroupId(10)}}),
            std::vector<int64_t>{4});
  const auto between = [](std::vector<UserId> others, std::optional<bool> by_user) {
    return AttachmentFilter{.between =
                                AttachmentFilter::Between{UserId(1), std::move(others), by_user}};
  };
  EXPECT_EQ(ids(between({}, std::nullopt)), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(ids(between({UserId(2)}, true)), std::vector<int64_t>{2});
  EXPECT_EQ(ids(between({UserId(2)}, false)), std::vector<int64_t>{3});
  EXPECT_TRUE(ids(between({UserId(3)}, std::nullopt)).empty());

  const action::ShareAttachment with_group{AttachmentId(2), GroupId(11), std::nullopt};
  EXPECT_TRUE(ok(store_.attachments.share(may(with_group), 3)));
  EXPECT_TRUE(ok(store_.attachments.share(may(with_group), 3)));
  EXPECT_FALSE(ok(store_.attachments.share(
      may(action::ShareAttachment{AttachmentId(2), GroupId(12), std::nullopt}), 2)));
  EXPECT_FALSE(ok(store_.attachments.share(
      may(action::ShareAttachment{AttachmentId(9), GroupId(11), std::nullopt}), 3)));
  EXPECT_EQ(ok(store_.attachments.shares(AttachmentId(2))).group_ids, std::vector{GroupId(11)});
  EXPECT_EQ(ok(store_.attachments.shares(AttachmentId(2))).user_ids, std::vector{UserId(2)});
  EXPECT_TRUE(ok(store_.attachments.unshare(
      may(action::UnshareAttachment{AttachmentId(2), std::nullopt, UserId(2)}))));
  EXPECT_TRUE(ok(store_.attachments.shares(AttachmentId(2))).user_ids.empty());

  ok(store_.attachments.set_size(may(action::SettleAttachment{AttachmentId(1)}), 77));
  EXPECT_EQ(ok(store_.attachments.find(AttachmentId(1)))->size, 77);
  EXPECT_EQ(ok(store_.attachments.unsettled(time_at(3), 10)).size(), 1U);

  const action::DeleteAttachment remove{AttachmentId(3)};
  EXPECT_TRUE(ok(store_.attachments.remove(may(remove), time_at(9))));
  EXPECT_FALSE(ok(store_.attachments.remove(may(remove), time_at(9))));
  EXPECT_FALSE(ok(store_.attachments.find(AttachmentId(3))));
  EXPECT_EQ(ok(store_.attachments.to_erase(std::nullopt, time_at(9), 10)),
            std::vector{AttachmentId(3)});
  EXPECT_TRUE(ok(store_.attachments.to_erase(std::nullopt, time_at(3), 10)).empty());
  EXPECT_EQ(ok(store_.attachments.to_erase(time_at(2), time_at(9), 10)),
            (std::vector{AttachmentId(1), AttachmentId(3)}));
  ok(store_.attachments.erase(may(action::SettleAttachment{AttachmentId(3)})));
  EXPECT_TRUE(ok(store_.attachments.to_erase(std::nullopt, time_at(9), 10)).empty());
}

}  // namespace turms::im::testing
