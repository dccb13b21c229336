#include <functional>

#include "im/meetings_testing.h"

namespace turms::im {
namespace {

/// A store during whose answers something else happens.
class MeetingsMeanwhile final : public MeetingRepository {
 public:
  explicit MeetingsMeanwhile(MeetingRepository& real) : real_(real) {}

  Stored<std::optional<Meeting>> find(MeetingId id) override { return real_.find(id); }
  Stored<std::vector<Meeting>> query(MeetingFilter filter) override {
    asked = filter;
    auto found = co_await real_.query(std::move(filter));
    if (meanwhile) co_await std::exchange(meanwhile, nullptr)();
    co_return found;
  }
  Stored<bool> create(Permit<action::CreateMeeting> permit, Meeting meeting) override {
    return real_.create(permit, std::move(meeting));
  }
  Stored<bool> update(Permit<action::UpdateMeeting> permit, MeetingChange change) override {
    return real_.update(std::move(permit), std::move(change));
  }
  Stored<bool> cancel(Permit<action::CancelMeeting> permit, WallTime now) override {
    return real_.cancel(permit, now);
  }
  Stored<bool> end(Permit<action::EndMeeting> permit, WallTime now) override {
    return real_.end(permit, now);
  }
  Stored<bool> put_state(Permit<action::PutMeetingState> permit, Bytes state) override {
    return real_.put_state(permit, std::move(state));
  }
  Stored<std::vector<MeetingStateRow>> states(std::vector<MeetingId> ids) override {
    return real_.states(std::move(ids));
  }
  Stored<None> erase(Permit<action::EraseMeeting> permit) override { return real_.erase(permit); }

  std::function<Task<void>()> meanwhile;
  /// The last query.
  MeetingFilter asked;

 private:
  MeetingRepository& real_;
};

class GroupsMeanwhile final : public GroupRepository {
 public:
  explicit GroupsMeanwhile(GroupRepository& real) : real_(real) {}

  Stored<std::optional<GroupSnapshot>> load(GroupId id) override {
    auto found = co_await real_.load(id);
    if (meanwhile) co_await std::exchange(meanwhile, nullptr)();
    if (failing) co_return fail(ErrorCode::kUnavailable, "as told");
    co_return found;
  }
  Stored<std::vector<Group>> find(std::vector<GroupId> ids) override {
    return real_.find(std::move(ids));
  }
  Stored<std::vector<GroupId>> search_names(std::string text) override {
    return real_.search_names(std::move(text));
  }
  Stored<std::vector<Group>> list(GroupId after, int limit) override {
    return real_.list(after, limit);
  }
  Stored<std::vector<GroupId>> joined_by(UserId user) override { return real_.joined_by(user); }
  Stored<std::optional<GroupType>> find_type(int64_t id) override { return real_.find_type(id); }
  Stored<None> put_type(Permit<action::PutGroupType> permit, GroupType type) override {
    return real_.put_type(permit, type);
  }
  Stored<TypeRemoved> remove_type(Permit<action::RemoveGroupType> permit) override {
    return real_.remove_type(permit);
  }
  Stored<Created> create(Permit<action::CreateGroup> permit, Group group,
                         std::vector<GroupMember> members) override {
    return real_.create(permit, std::move(group), std::move(members));
  }
  Stored<bool> update(Permit<action::UpdateGroup> permit, GroupChange change,
                      WallTime now) override {
    return real_.update(permit, std::move(change), now);
  }
  Stored<bool> remove(Permit<action::RemoveGroup> permit, WallTime now) override {
    return real_.remove(permit, now);
  }
  Stored<Added> add_members(Permit<action::AddMembers> permit, std::vector<GroupMember> members,
                            int32_t size_limit, WallTime now) override {
    return real_.add_members(std::move(permit), std::move(members), size_limit, now);
  }
  Stored<std::vector<UserId>> remove_members(Permit<action::RemoveMembers> permit,
                                             WallTime now) override {
    return real_.remove_members(std::move(permit), now);
  }
  Stored<bool> update_member(Permit<action::UpdateMember> permit, MemberChange change,
                             WallTime now) override {
    return real_.update_member(permit, std::move(change), now);
  }
  Stored<Transferred> transfer(Permit<action::TransferGroup> permit, bool quit,
                               WallTime now) override {
    return real_.transfer(permit, quit, now);
  }

  std::function<Task<void>()> meanwhile;
  bool failing = false;

 private:
  GroupRepository& real_;
};

class ResumeTest : public MeetingsTest {
 protected:
  /// What is under way ends while the repositories below are there.
  ~ResumeTest() override { end_what_is_under_way(); }
  /// The server anew, over the store as it is.
  void restart() {
    flush();
    provider_.rooms.clear();
    provider_.calls.clear();
    const Repositories real = store_->repositories();
    // What the earlier one is still reading for comes back to it.
    before_.push_back({std::move(groups_), std::move(stored_), std::move(domain_)});
    retired_.push_back(std::move(meetings_));
    groups_ = std::make_unique<GroupsMeanwhile>(real.groups);
    stored_ = std::make_unique<MeetingsMeanwhile>(real.meetings);
    domain_ = std::make_unique<Domain>(
        settings(),
        Repositories{real.users, real.relationships, real.versions, *groups_, real.group_blocklist,
                     real.invitations, real.join_requests, real.join_questions, real.user_roles,
                     real.messages, real.message_marks, real.conversations,
                     real.conversation_settings, *stored_, real.friend_requests,
                     real.session_tokens, real.blocklist, real.user_settings, real.attachments},
        *bus_, *hasher_, clock_, ids_);
    domain_->delivery.set_encoder(told_);
    make({});
  }
  void resume() {
    run([](Meetings& meetings) -> Task<None> {
      co_await meetings.resume();
      co_return None();
    }(*meetings_));
  }
  std::function<Task<void>()> canceling(int64_t creator, MeetingId id) {
    return [this, creator, id]() -> Task<void> {
      EXPECT_TRUE(co_await meetings_->cancel(caller(creator), id));
    };
  }

  std::unique_ptr<GroupsMeanwhile> groups_;
  std::unique_ptr<MeetingsMeanwhile> stored_;

 private:
  struct Before {
    std::unique_ptr<GroupsMeanwhile> groups;
    std::unique_ptr<MeetingsMeanwhile> stored;
    std::unique_ptr<Domain> domain;
  };
  std::vector<Before> before_;
};

TEST_F(ResumeTest, ResumesAfterARestart) {
  const MeetingId id = create(1, in_group());
  restart();
  EXPECT_EQ(meetings_->active(), 0u);
  resume();
  EXPECT_EQ(meetings_->active(), 1u);
  EXPECT_EQ(provider_.calls, std::vector<std::string>{"create 100"});
  EXPECT_EQ(accept_code(2, id), 1000);

  // The provider alone was restarted, and knows nothing any more.
  provider_.rooms.clear();
  EXPECT_EQ(accept_code(2, id), 1000);
  EXPECT_EQ(provider_.rooms, std::vector<MeetingId>{id});
}

TEST_F(ResumeTest, TellsTheProviderWhoMayBeInAgain) {
  const MeetingId id = create(1, in_group());
  UpdateGroupMember mute;
  mute.group_id = group_;
  mute.member_id = UserId(2);
  mute.mute_end_date = WallTime{clock_.time.unix_ms + 60'000};
  ok(domain_->group_members.update(caller(1), mute));
  until_call("muted 2");
  DeleteGroupMembers leave;
  leave.group_id = group_;
  leave.member_ids = users({3});
  ok(domain_->group_members.remove(caller(1), leave));

  restart();
  provider_.members.clear();
  resume();
  ASSERT_EQ(provider_.members[id].size(), 2u);
  EXPECT_TRUE(told(id, 2).muted);

  // The provider alone was started again.
  provider_.members.clear();
  meetings_->provider_started();
  loop_.run_until([&] { return provider_.members[id].size() == 2; });
  EXPECT_TRUE(told(id, 2).muted);

  // The mute that is from before the restart ends.
  pass(1min);
  meetings_->tick();
  until_call("unmuted 2");
}

TEST_F(ResumeTest, AGroupThatCannotBeReadIsToldLater) {
  const MeetingId id = create(1, in_group());
  restart();
  provider_.members.clear();
  groups_->failing = true;
  resume();
  EXPECT_TRUE(provider_.members[id].empty());
  groups_->failing = false;
  meetings_->tick();
  loop_.run_until([&] { return provider_.members[id].size() == 3; });
  EXPECT_EQ(provider_.members[id].size(), 3u);
}

TEST_F(ResumeTest, AMeetingThatIsCanceledWhileItIsReadStaysOver) {
  const MeetingId id = create(1, in_group());
  restart();
  stored_->meanwhile = canceling(1, id);
  resume();
  EXPECT_EQ(meetings_->active(), 0u);
  EXPECT_TRUE(provider_.rooms.empty());
  EXPECT_EQ(accept_code(2, id), 8201);

  // What ended then is not held against another that is resumed later.
  const MeetingId other = create(1, in_group());
  resume();
  EXPECT_EQ(meetings_->active(), 1u);
  EXPECT_EQ(accept_code(2, other), 1000);
}

TEST_F(ResumeTest, AMeetingThatIsCanceledWhileGroupsAreLoadedStaysOver) {
  const MeetingId first = create(1, in_group());
  pass(1s);
  const MeetingId last = create(2, with_user(3));
  restart();
  groups_->meanwhile = canceling(2, last);
  resume();
  EXPECT_EQ(meetings_->active(), 1u);
  EXPECT_EQ(accept_code(3, last), 8201);
  EXPECT_EQ(accept_code(2, first), 1000);

  restart();
  groups_->meanwhile = canceling(1, first);
  resume();
  EXPECT_EQ(meetings_->active(), 0u);
  EXPECT_EQ(accept_code(2, first), 8201);
}

TEST_F(ResumeTest, WhatIsKnownAlreadyIsNotReadOver) {
  const MeetingId id = create(1, in_group());
  restart();
  stored_->meanwhile = [this, id]() -> Task<void> {
    co_await meetings_->resume();
    UpdateMeeting command;
    command.id = id;
    command.name = "newer";
    EXPECT_TRUE(co_await meetings_->update(caller(1), command));
  };
  resume();
  QueryMeetingState query;
  query.meeting_id = id;
  EXPECT_EQ(ok(meetings_->query_state(caller(1), query)).front().meeting.name, "newer");
}

TEST_F(ResumeTest, TheStoreIsAskedForNoMoreThanIsWanted) {
  restart();
  EXPECT_TRUE(found(1, {}).empty());
  EXPECT_EQ(stored_->asked.limit, Meetings::kMaxQueried);
  QueryMeetings page;
  page.skip = 4;
  page.limit = 2;
  EXPECT_TRUE(found(1, page).empty());
  EXPECT_EQ(stored_->asked.skip, 4);
  EXPECT_EQ(stored_->asked.limit, 2);
  page.limit = 1'000'000;
  EXPECT_TRUE(found(1, page).empty());
  EXPECT_EQ(stored_->asked.limit, Meetings::kMaxQueried);
}

TEST_F(MeetingsTest, WhoIsBlockedLeavesTheMeetingOfTheTwo) {
  const MeetingId meeting = create(1, with_user(2));
  ASSERT_EQ(accept_code(2, meeting), 1000);
  create(2, with_user(3));
  provider_.calls.clear();
  CreateRelationship block;
  block.user_id = UserId(2);
  block.blocked = true;
  ok(domain_->relationships.create(caller(1), block));
  EXPECT_EQ(provider_.calls, std::vector<std::string>{"removed 2"});
  EXPECT_EQ(accept_code(2, meeting), 8205);
  EXPECT_EQ(accept_code(1, meeting), 1000);
  UpdateRelationship unblock;
  unblock.user_id = UserId(2);
  unblock.blocked = false;
  ok(domain_->relationships.update(caller(1), unblock));
  EXPECT_EQ(accept_code(2, meeting), 1000);
}

}  // namespace
}  // namespace turms::im
