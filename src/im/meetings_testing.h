#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "im/domain_testing.h"
#include "im/meetings.h"

namespace turms::im {

/// A media server that does as it is told.
class FakeProvider final : public ConferenceProvider {
 public:
  bool available() const override { return running; }
  Stored<None> create_meeting(Meeting meeting, int max_participants, uint64_t) override {
    calls.push_back("create " + std::to_string(max_participants));
    if (create_error) co_return std::unexpected(*create_error);
    rooms.push_back(meeting.id);
    co_return None();
  }
  Stored<None> cancel_meeting(MeetingId id) override {
    calls.emplace_back("cancel");
    std::erase(rooms, id);
    co_return None();
  }
  Stored<int64_t> count_active_meetings(UserId) override { co_return active; }
  Stored<std::string> accept(Admission admission) override {
    admissions.push_back(admission);
    if (std::find(rooms.begin(), rooms.end(), admission.meeting_id) == rooms.end()) {
      co_return fail(ErrorCode::kNotFound, "no such room");
    }
    co_return "token of " + std::to_string(admission.user_id.value);
  }
  Stored<std::vector<MeetingParticipant>> participants(MeetingId) override {
    co_return std::vector<MeetingParticipant>();
  }
  void tell_members(MeetingId id, std::vector<MeetingMember> told, bool complete) override {
    for (const MeetingMember& m : told) {
      if (complete) break;
      calls.push_back((!m.allowed ? "removed "
                       : m.muted  ? "muted "
                                  : "unmuted ") +
                      std::to_string(m.user_id.value));
    }
    if (complete) members[id].clear();
    if (complete) ++told_complete;
    for (const MeetingMember& m : told) members[id][m.user_id] = m;
  }

  Stored<None> mute(MeetingId id, UserId user, meeting::Tracks tracks) override {
    silenced.push_back(std::to_string(id.value) + " " + std::to_string(user.value) + " " +
                       std::to_string(tracks));
    co_return None();
  }

  bool running = true;
  /// Meeting, user and tracks of each mute().
  std::vector<std::string> silenced;
  std::optional<Error> create_error;
  int64_t active = 0;
  std::vector<MeetingId> rooms;
  /// Of single members it was told.
  std::vector<std::string> calls;
  /// As it was told last.
  std::map<MeetingId, std::map<UserId, MeetingMember>> members;
  int told_complete = 0;
  std::vector<Admission> admissions;
};

class MeetingsTest : public DomainTest {
 protected:
  MeetingsTest() {
    make({});
    group_ = make_group(1, {2, 3});
  }
  /// What is under way ends while its meetings are there.
  ~MeetingsTest() override { end_what_is_under_way(); }
  void end_what_is_under_way() {
    store_->close();
    loop_.run_posted();
  }
  /// What meetings are writing is written.
  void flush() {
    for (int round = 0; round < 4; ++round) {
      EXPECT_TRUE(run(store_->repositories().meetings.put_state(
          Rights::server(action::PutMeetingState{MeetingId(1)}), Bytes(1))));
      loop_.run_posted();
    }
  }
  void make(MeetingSettings settings) {
    if (meetings_ != nullptr) {
      flush();
      retired_.push_back(std::move(meetings_));
    }
    settings.media_url = "wss://media";
    meetings_ = std::make_unique<Meetings>(
        domain_->context(), domain_->messages, domain_->delivery, provider_,
        [](const Meeting& meeting) { return Bytes(1, static_cast<uint8_t>(meeting.id.value)); },
        std::move(settings));
    domain_->context().group_subscribers = {&domain_->context().groups, meetings_.get()};
    domain_->context().relationship_subscribers = {&domain_->context().reachability,
                                                   meetings_.get()};
    domain_->context().meeting_subscribers = {meetings_.get()};
  }

  CreateMeeting in_group() {
    CreateMeeting command;
    command.group_id = group_;
    return command;
  }
  static CreateMeeting with_user(int64_t id) {
    CreateMeeting command;
    command.user_id = UserId(id);
    return command;
  }
  MeetingId create(int64_t creator, CreateMeeting command) {
    return ok(meetings_->create(caller(creator), std::move(command))).data;
  }
  UpdateMeetingInvitation reply(MeetingId id, ResponseAction action = ResponseAction::kAccept,
                                std::optional<std::string> password = std::nullopt) {
    return {id, std::move(password), action};
  }
  int accept_code(int64_t user, MeetingId id) {
    return code(meetings_->reply_to_invitation(caller(user), reply(id)));
  }
  std::vector<int64_t> found(int64_t user, QueryMeetings query) {
    std::vector<int64_t> ids;
    for (const Meeting& meeting : ok(meetings_->query(caller(user), std::move(query)))) {
      ids.push_back(meeting.id.value);
    }
    return ids;
  }
  Meeting stored(MeetingId id) {
    auto meeting = run(store_->repositories().meetings.find(id));
    EXPECT_TRUE(meeting && *meeting);
    return **meeting;
  }
  static MeetingParticipant participant(int64_t user, int64_t joined, bool microphone = false) {
    MeetingParticipant p;
    p.user_id = UserId(user);
    p.joined_date = WallTime{joined};
    p.microphone = microphone;
    return p;
  }
  /// The states pushed so far, oldest first.
  std::vector<MeetingStateChanged> states() {
    std::vector<MeetingStateChanged> out;
    for (const Event& event : told_.events) {
      if (const auto* state = std::get_if<MeetingStateChanged>(&event)) out.push_back(*state);
    }
    return out;
  }
  /// Until this is what the provider was told last.
  void until_call(const std::string& call) {
    loop_.run_until([&] { return !provider_.calls.empty() && provider_.calls.back() == call; });
    EXPECT_EQ(provider_.calls.empty() ? "" : provider_.calls.back(), call);
  }
  const MeetingMember& told(MeetingId id, int64_t user) {
    return provider_.members[id][UserId(user)];
  }
  void until_states(size_t count) {
    loop_.run_until([&] { return states().size() >= count; });
  }

  FakeProvider provider_;
  std::unique_ptr<Meetings> meetings_;
  /// Of before a restart: something of theirs may be under way.
  std::vector<std::unique_ptr<Meetings>> retired_;
  GroupId group_;
};

}  // namespace turms::im
