#include "im/sample_data.h"

#include <string>
#include <utility>

#include "im/context.h"
#include "im/enrollment.h"
#include "im/ports/friend_requests.h"
#include "im/ports/group_blocklist.h"
#include "im/ports/groups.h"
#include "im/ports/invitations.h"
#include "im/ports/join_questions.h"
#include "im/ports/join_requests.h"
#include "im/ports/messages.h"
#include "im/ports/password_hasher.h"
#include "im/ports/relationships.h"
#include "im/ports/users.h"
#include "im/rights.h"

namespace turms::im {
namespace {

constexpr UserId kFirst(1);
constexpr GroupId kGroup(1);

// What upstream gives each tenth of the users to do.
struct Tenths {
  int size;

  explicit Tenths(int users) : size(users / 10) {}
  /// The first and the last id of the nth tenth, from 0.
  [[nodiscard]] std::pair<int, int> nth(int n) const { return {1 + size * n, size * (n + 1)}; }
};
constexpr int kFriends = 0, kAsked = 1, kAsking = 7, kInvited = 8, kBlocked = 9;

template <class T>
Result<None> done(const Result<T>& result) {
  if (!result) return std::unexpected(result.error());
  return None{};
}

}  // namespace

Task<Result<bool>> SampleData::write(int users) {
  auto existing = co_await context_.store.users.list(UserId(INT64_MIN), 1);
  if (!existing) co_return std::unexpected(existing.error());
  if (!existing->empty()) co_return false;
  now_ = context_.now();
  auto written = co_await write_users(users);
  if (written) written = co_await write_group(users);
  if (written) written = co_await write_messages();
  if (written) written = co_await write_relationships(users);
  if (!written) co_return std::unexpected(written.error());
  co_return true;
}

Task<Result<None>> SampleData::write_users(int users) {
  // One hash for all: each of its own would take longer than everything else.
  const auto hash = co_await context_.hasher.hash("123");
  if (!hash) co_return std::unexpected(hash.error());
  for (int id = 1; id <= users; ++id) {
    User user;
    user.id = UserId(id);
    user.name = "user " + std::to_string(id);
    user.intro = "my-intro";
    user.registration_date = user.last_updated_date = now_;
    auto made = done(co_await context_.store.users.create(
        Rights::administrator(action::CreateUser{user.id}), user, *hash));
    if (!made) co_return made;
  }
  co_return None{};
}

Task<Result<None>> SampleData::write_group(int users) {
  const Tenths tenths(users);
  GroupType type;
  type.id = 1;
  type.name = "test";
  type.size_limit = 1000;
  type.invitation_strategy = InvitationStrategy::kAll;
  type.join_strategy = JoinStrategy::kMembershipRequest;
  type.info_update_strategy = UpdateStrategy::kOwnerManager;
  type.member_info_update_strategy = UpdateStrategy::kOwnerManagerMember;
  type.guest_speakable = true;
  auto made = done(co_await context_.store.groups.put_type(
      Rights::administrator(action::PutGroupType{type.id}), type));
  if (!made) co_return made;

  Group group;
  group.id = kGroup;
  group.creator_id = group.owner_id = kFirst;
  group.name = "Turms Developers Group";
  group.intro = "A group for developers";
  group.creation_date = group.last_updated_date = now_;
  std::vector<GroupMember> members;
  for (auto [id, last] = tenths.nth(kFriends); id <= last; ++id) {
    GroupMember member;
    member.group_id = kGroup;
    member.user_id = UserId(id);
    member.name = "test-name";
    member.role = id == 1 ? GroupMemberRole::kOwner : GroupMemberRole::kMember;
    member.join_date = now_;
    members.push_back(std::move(member));
  }
  made = done(co_await context_.store.groups.create(
      Rights::administrator(action::CreateGroup{kFirst}), group, std::move(members)));
  if (!made) co_return made;

  GroupJoinQuestion question;
  question.id = context_.next_id<JoinQuestionId>(now_);
  question.group_id = kGroup;
  question.question = "test-question";
  question.answers = {"a", "b", "c"};
  question.score = 20;
  std::vector<GroupJoinQuestion> questions(1, std::move(question));
  made = done(co_await context_.store.join_questions.create(
      Rights::administrator(action::ChangeJoinQuestions{kGroup}), std::move(questions), now_));
  if (!made) co_return made;

  for (auto [id, last] = tenths.nth(kAsking); id <= last; ++id) {
    GroupJoinRequest request;
    request.id = context_.next_id<JoinRequestId>(now_);
    request.group_id = kGroup;
    request.requester_id = UserId(id);
    request.content = "test-content";
    request.creation_date = now_;
    request.expiration_date = expiration(now_, context_.settings.group.join_request_lifetime);
    made = done(co_await context_.store.join_requests.create(
        Rights::administrator(action::AskToJoin{kGroup, request.requester_id}), request));
    if (!made) co_return made;
  }
  for (auto [id, last] = tenths.nth(kInvited); id <= last; ++id) {
    GroupInvitation invitation;
    invitation.id = context_.next_id<InvitationId>(now_);
    invitation.group_id = kGroup;
    invitation.inviter_id = kFirst;
    invitation.invitee_id = UserId(id);
    invitation.content = "test-content";
    invitation.creation_date = now_;
    invitation.expiration_date = expiration(now_, context_.settings.group.invitation_lifetime);
    made = done(co_await context_.store.invitations.create(
        Rights::administrator(action::Invite{kGroup, kFirst, invitation.invitee_id}), invitation));
    if (!made) co_return made;
  }
  for (auto [id, last] = tenths.nth(kBlocked); id <= last; ++id) {
    made = done(co_await context_.store.group_blocklist.block(
        Rights::administrator(action::BlockInGroup{kGroup, UserId(id)}), kFirst, now_));
    if (!made) co_return made;
  }
  context_.publish({.group_id = kGroup});
  co_return None{};
}

Task<Result<None>> SampleData::write_messages() {
  const auto append = [this](UserId sender, std::optional<UserId> recipient,
                             std::string text) -> Task<Result<None>> {
    NewMessage added;
    Message& message = added.message;
    message.id = context_.next_id<MessageId>(now_);
    message.delivery_date = now_;
    message.sender_id = sender;
    message.recipient_id = recipient;
    if (!recipient) message.group_id = kGroup;
    message.text = std::move(text);
    // What others wrote stays unread.
    added.move_read_date = false;
    const action::SendMessage sent{sender, message.group_id, recipient};
    co_return done(
        co_await context_.store.messages.append(Rights::administrator(sent), std::move(added)));
  };
  for (int i = 1; i <= 100; ++i) {
    const UserId other(2 + i % 9);
    const std::string number = std::to_string(i);
    auto sent = co_await append(kFirst, other, "private-message-text " + number);
    if (sent) sent = co_await append(other, kFirst, "private-message-text " + number);
    if (sent) sent = co_await append(kFirst, std::nullopt, "group-message-text " + number);
    if (!sent) co_return sent;
  }
  co_return None{};
}

Task<Result<None>> SampleData::write_relationships(int users) {
  const Tenths tenths(users);
  for (auto [id, last] = tenths.nth(kFriends); id <= last; ++id) {
    if (UserId(id) == kFirst) continue;
    auto made = done(co_await context_.store.relationships.create(
        Rights::administrator(action::PutRelationship{kFirst, UserId(id)}), false, "", 0, now_));
    if (!made) co_return made;
    made = done(co_await context_.store.relationships.create(
        Rights::administrator(action::PutRelationship{UserId(id), kFirst}), false, "", 0, now_));
    if (!made) co_return made;
  }
  for (auto [id, last] = tenths.nth(kAsked); id <= last; ++id) {
    FriendRequest request;
    request.id = context_.next_id<FriendRequestId>(now_);
    request.requester_id = kFirst;
    request.recipient_id = UserId(id);
    request.content = "test-request";
    request.creation_date = now_;
    auto made = done(co_await context_.store.friend_requests.create(
        Rights::administrator(action::CreateFriendRequest{kFirst, request.recipient_id}), request,
        true));
    if (!made) co_return made;
  }
  co_return None{};
}

}  // namespace turms::im
