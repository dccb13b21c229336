#pragma once

#include "im/testing/repository_conformance.h"

// What every implementation of the repository of meetings must do.

namespace turms::im::testing {

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

  EXPECT_TRUE(ok(store_.meetings.states({MeetingId(100), MeetingId(101)})).empty());
  const auto put = [&](int64_t id, Bytes state) {
    return ok(store_.meetings.put_state(may(action::PutMeetingState{MeetingId(id)}), state));
  };
  EXPECT_TRUE(put(100, {1})) << "also of one that is over";
  EXPECT_TRUE(put(100, {0, 2}));
  EXPECT_FALSE(put(102, {3}));
  const auto states = ok(store_.meetings.states({MeetingId(100), MeetingId(101)}));
  ASSERT_EQ(states.size(), 1u);
  EXPECT_EQ(states[0].id, MeetingId(100));
  EXPECT_EQ(states[0].state, (Bytes{0, 2}));

  ok(store_.meetings.erase(may(action::EraseMeeting{MeetingId(101)})));
  EXPECT_FALSE(ok(store_.meetings.find(MeetingId(101))));
}

}  // namespace turms::im::testing
