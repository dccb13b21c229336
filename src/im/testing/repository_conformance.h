#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "base/manual_loop.h"
#include "im/ports.h"
#include "im/rights.h"

// What the suites of the single repositories share (repositories_conformance.h has all of them).

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

}  // namespace turms::im::testing
