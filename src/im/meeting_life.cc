// The life of meetings: what im/meeting decides is stored, done and told.
#include <algorithm>

#include "base/log.h"
#include "im/context.h"
#include "im/meeting/codec.h"
#include "im/meetings.h"
#include "im/ports/meetings.h"
#include "im/rights.h"

namespace turms::im {
namespace {

using meeting::Action;
using meeting::Effect;

/// What is refused, in the words of the protocol.
std::unexpected<Failure> refusal(meeting::Answer answer) {
  switch (answer) {
    case meeting::Answer::kWaits:
      return refuse(Code::kMeetingWaits, "in the lobby: ask again until somebody admits you");
    case meeting::Answer::kLocked:
      return refuse(Code::kMeetingLocked, "the meeting is locked");
    case meeting::Answer::kHeldOut:
      return refuse(Code::kMeetingHeldOut, "held out of this meeting");
    case meeting::Answer::kDenied:
      return refuse(Code::kMeetingDenied, "denied: ask again later");
    case meeting::Answer::kFull:
      return refuse(Code::kMeetingFull, "too many people");
    case meeting::Answer::kOver:
      return refuse(Code::kMeetingEnded);
    case meeting::Answer::kNotAllowed:
      return refuse(Code::kMeetingNotAllowed, "your role in the meeting does not allow it");
    case meeting::Answer::kNotThere:
      return refuse(Code::kMeetingNobody, "nobody there to whom this could be done");
    case meeting::Answer::kIllegal:
    case meeting::Answer::kDone:
      break;
  }
  return refuse(Code::kIllegalArgument, "not possible now, or out of bounds");
}

/// What of it is said to the user that it is about.
std::optional<MeetingSignal::Kind> kind_of(Effect::Kind kind) {
  switch (kind) {
    case Effect::Kind::kRing:
      return MeetingSignal::Kind::kRing;
    case Effect::Kind::kRingOver:
      return MeetingSignal::Kind::kRingOver;
    case Effect::Kind::kAdmitted:
      return MeetingSignal::Kind::kAdmitted;
    case Effect::Kind::kDenied:
      return MeetingSignal::Kind::kDenied;
    case Effect::Kind::kRemoved:
      return MeetingSignal::Kind::kRemoved;
    case Effect::Kind::kHeldOut:
      return MeetingSignal::Kind::kHeldOut;
    case Effect::Kind::kUnmuteAsked:
      return MeetingSignal::Kind::kUnmuteAsked;
    case Effect::Kind::kMoved:
      return MeetingSignal::Kind::kMoved;
    default:
      return std::nullopt;
  }
}

/// Whether others than those of `people` are concerned: whoever is not known to the meeting.
bool opens_or_closes(const meeting::State& before, const meeting::State& after) {
  return before.locked != after.locked || before.lobby != after.lobby;
}

}  // namespace

void Meetings::set_settings(MeetingSettings settings) {
  const bool other_rights = settings.rules.rights != settings_.rules.rights;
  settings_ = std::move(settings);
  for (auto& [id, live] : live_) live.next = meeting::next_deadline(live.life, settings_.rules);
  if (!other_rights) return;
  std::vector<MeetingId> all;
  for (const auto& [id, live] : live_) all.push_back(id);
  for (const MeetingId id : all) spawn(settle_meeting(id));
}

// --- what happens ---

meeting::Step Meetings::happen(MeetingId id, const meeting::Event& event) {
  const auto it = live_.find(id);
  if (it == live_.end()) return {.state = {}, .answer = meeting::Answer::kOver, .effects = {}};
  Live& live = it->second;
  meeting::Step step = meeting::advance(live.life, event, context_.now(), settings_.rules);
  if (step.state == live.life) return step;
  live.life = step.state;
  live.next = meeting::next_deadline(live.life, settings_.rules);
  live.unsaved = true;
  if (!live.saving) spawn(save(id));
  return step;
}

meeting::Answer Meetings::carry_out(MeetingId id, const meeting::Event& event) {
  const auto it = live_.find(id);
  if (it == live_.end()) return meeting::Answer::kOver;
  const meeting::State before = it->second.life;
  meeting::Step step = happen(id, event);
  do_effects(id, step.effects);
  if (opens_or_closes(before, step.state)) spawn(settle_meeting(id));
  if (step.state != before && step.state.phase != meeting::Phase::kEnded) spawn(push_state(id));
  return step.answer;
}

/// One write at a time; what changes meanwhile is in the next one.
Task<void> Meetings::save(MeetingId id) {
  const auto it = live_.find(id);
  if (it == live_.end() || it->second.saving) co_return;
  it->second.saving = true;
  while (true) {
    const auto live = live_.find(id);
    if (live == live_.end()) co_return;
    if (!live->second.unsaved) {
      live->second.saving = false;
      co_return;
    }
    live->second.unsaved = false;
    auto permit = Rights::server(action::PutMeetingState{id});
    Bytes state = meeting::encode(live->second.life);
    auto stored = co_await context_.store.meetings.put_state(permit, std::move(state));
    if (!stored) log::warn("meeting {}: state not stored: {}", id, stored.error().message);
  }
}

/// What was decided is durable when this is done. Writes are in the order they were begun.
Task<Result<None>> Meetings::save_now(MeetingId id) {
  const auto it = live_.find(id);
  if (it == live_.end()) co_return None();
  auto permit = Rights::server(action::PutMeetingState{id});
  Bytes state = meeting::encode(it->second.life);
  auto stored = co_await context_.store.meetings.put_state(permit, std::move(state));
  if (!stored) co_return std::unexpected(stored.error());
  co_return None();
}

Task<void> Meetings::save_last(MeetingId id) {
  auto saved = co_await save_now(id);
  if (!saved) log::warn("meeting {}: last state not stored: {}", id, saved.error().message);
}

Task<Result<std::map<MeetingId, meeting::State>>> Meetings::stored_lives(
    const std::vector<Meeting>& of) {
  std::vector<MeetingId> ids;
  for (const Meeting& meeting : of) ids.push_back(meeting.id);
  std::map<MeetingId, meeting::State> lives;
  auto rows = co_await context_.store.meetings.states(std::move(ids));
  if (!rows) co_return std::unexpected(rows.error());
  for (const MeetingStateRow& row : *rows) {
    auto life = meeting::decode_state(row.state);
    if (life) {
      lives.emplace(row.id, std::move(*life));
    } else {
      log::warn("meeting {}: {}", row.id, life.error().message);
    }
  }
  co_return lives;
}

// --- what is to be done ---

void Meetings::signal(const Meeting& meeting, MeetingSignal::Kind kind, const Effect& effect,
                      const Answering* answer) {
  // A guest has no session, and asks.
  if (meeting::is_guest(effect.user)) return;
  MeetingSignal signal;
  signal.meeting = meeting;
  signal.kind = kind;
  signal.user_id = effect.user;
  signal.by = effect.by;
  signal.until = effect.until;
  signal.call = static_cast<uint8_t>(effect.call);
  signal.tracks = effect.tracks;
  signal.room = effect.room;
  // What is said to others is not said to the caller.
  Push push{Audience{.recipients = recipient(effect.user),
                     .calling_session = answer != nullptr && effect.user == answer->caller,
                     .extensions_only = true},
            std::move(signal)};
  if (answer != nullptr) {
    answer->pushes.push_back(std::move(push));
  } else {
    delivery_.push(push);
  }
}

void Meetings::do_effects(MeetingId id, const std::vector<Effect>& effects,
                          const Answering* answer) {
  std::vector<UserId> changed;
  for (const Effect& effect : effects) {
    const auto it = live_.find(id);
    if (it == live_.end()) return;
    if (effect.kind == Effect::Kind::kMember) {
      changed.push_back(effect.user);
    } else {
      do_effect(it->second, effect, answer);
    }
  }
  sort_unique(changed);
  if (!changed.empty()) spawn(settle_people(id, std::move(changed)));
}

void Meetings::do_effect(const Live& live, const Effect& effect, const Answering* answer) {
  const MeetingId id = live.meeting.id;
  if (const auto kind = kind_of(effect.kind)) return signal(live.meeting, *kind, effect, answer);
  switch (effect.kind) {
    case Effect::Kind::kSilence:
      spawn(silence(id, effect.user, effect.tracks));
      return;
    case Effect::Kind::kRemind:
      spawn(remind(id));
      return;
    case Effect::Kind::kBegin:
      spawn(call_everybody(id, live.meeting.creator_id, nullptr));
      return;
    case Effect::Kind::kOpenRoom:
      spawn(open_breakout(id, effect.room));
      return;
    case Effect::Kind::kCloseRoom:
      spawn(close_breakout(id, effect.room));
      return;
    case Effect::Kind::kEnd:
      spawn(end_for_all(id));
      return;
    default:
      return;
  }
}

Task<void> Meetings::silence(MeetingId id, UserId user, meeting::Tracks tracks) {
  if (!provider_.available()) co_return;
  const auto it = live_.find(id);
  const meeting::Person* person = it == live_.end() ? nullptr : it->second.life.find(user);
  if (person == nullptr) co_return;
  const MeetingId room = person->seen_in == 0 ? id : breakout_id(id, person->seen_in);
  auto muted = co_await provider_.mute(room, user, tracks);
  if (!muted) log::warn("meeting {}: {} not muted: {}", id, user, muted.error().message);
}

/// Everybody left, or a host said so. When it ended otherwise meanwhile this does nothing.
Task<void> Meetings::end_for_all(MeetingId id) {
  const WallTime now = context_.now();
  auto ended = co_await context_.store.meetings.end(Rights::server(action::EndMeeting{id}), now);
  if (!ended || !*ended) {
    if (!ended) log::warn("meeting {}: end not stored: {}", id, ended.error().message);
    co_return;
  }
  const auto it = live_.find(id);
  if (it == live_.end()) co_return;
  Meeting meeting = it->second.meeting;
  meeting.end_date = now;
  auto pushes = co_await farewell(std::move(meeting));
  for (const Push& push : pushes) delivery_.push(push);
  co_await close_room(id);
}

Task<void> Meetings::remind(MeetingId id) {
  const auto it = live_.find(id);
  if (it == live_.end()) co_return;
  MeetingSignal reminder;
  reminder.meeting = it->second.meeting;
  reminder.kind = MeetingSignal::Kind::kReminder;
  reminder.until = it->second.meeting.start_date;
  auto audience = co_await audience_of(reminder.meeting);
  if (!audience || *audience == nullptr) co_return;
  delivery_.push({Audience{.recipients = *audience, .extensions_only = true}, reminder});
}

Task<void> Meetings::call_everybody(MeetingId id, UserId by, const Answering* answer) {
  const auto it = live_.find(id);
  if (it == live_.end()) co_return;
  const Meeting meeting = it->second.meeting;
  auto group = co_await group_of(meeting);
  auto audience = co_await audience_of(meeting);
  if (!group || !audience || *audience == nullptr) co_return;
  meeting::Called called{by, {}};
  if ((*audience)->size() <= meeting::State::kMaxCalled) {
    for (const UserId user : **audience) called.users.push_back(subject(meeting, *group, user));
  }
  if (answer == nullptr) {
    carry_out(id, called);
    co_return;
  }
  // Who asked tells the state.
  const meeting::Step step = happen(id, called);
  do_effects(id, step.effects, answer);
}

// --- breakout rooms ---

Task<void> Meetings::open_breakout(MeetingId id, uint8_t room) {
  const auto it = live_.find(id);
  if (it == live_.end() || room > it->second.life.breakouts.size()) co_return;
  Meeting part = it->second.meeting;
  part.id = breakout_id(id, room);
  part.name = it->second.life.breakouts[room - 1u];
  const int limit = part.group_id ? settings_.max_participants_of_group_meeting
                                  : settings_.max_participants_of_private_meeting;
  if (!provider_.available()) co_return;
  auto made = co_await provider_.create_meeting(std::move(part), limit, 0);
  if (!made) log::warn("meeting {}: room {} not made: {}", id, room, made.error().message);
  if (made) co_await tell_breakout(id, room);
}

/// All who may be in it.
Task<void> Meetings::tell_breakout(MeetingId id, uint8_t room) {
  const auto it = live_.find(id);
  if (it == live_.end()) co_return;
  auto group = co_await group_of(it->second.meeting);
  const auto live = live_.find(id);
  if (!group || live == live_.end() || !provider_.available()) co_return;
  std::vector<MeetingMember> members;
  for (const auto& [user, person] : live->second.life.people) {
    if (person.room != room || !belongs(live->second.meeting, *group, user)) continue;
    MeetingMember member{.user_id = user, .role = person.standing};
    if (*group != nullptr) member = member_now(**group, user);
    constrain(live->second, member, room);
    members.push_back(member);
  }
  provider_.tell_members(breakout_id(id, room), std::move(members), true);
}

Task<void> Meetings::close_breakout(MeetingId id, uint8_t room) {
  if (const auto it = live_.find(id); it != live_.end()) it->second.rooms.erase(room);
  co_await close_room(breakout_id(id, room));
}

// --- who it is held with ---

Task<Result<GroupPtr>> Meetings::group_of(const Meeting& meeting) {
  if (!meeting.group_id) co_return GroupPtr();
  auto group = co_await context_.groups.get(*meeting.group_id);
  co_return group;
}

bool Meetings::belongs(const Meeting& meeting, const GroupPtr& group, UserId user) {
  if (meeting::is_guest(user)) return true;
  if (!meeting.group_id) return user == meeting.creator_id || user == meeting.user_id;
  return group != nullptr && group->find(user) != nullptr;
}

meeting::Subject Meetings::subject(const Meeting& meeting, const GroupPtr& group, UserId user) {
  meeting::Subject out{user};
  if (meeting::is_guest(user)) {
    out.standing = GroupMemberRole::kAnonymousGuest;
  } else if (!meeting.group_id) {
    out.standing = user == meeting.creator_id ? GroupMemberRole::kOwner : GroupMemberRole::kMember;
  } else if (const GroupMember* member = group == nullptr ? nullptr : group->find(user)) {
    out.standing = member->role;
  }
  return out;
}

void Meetings::constrain(const Live& live, MeetingMember& member, uint8_t room) const {
  member.allowed = member.allowed && meeting::may_be_in(live.life, member.user_id, room);
  const meeting::Person* known = live.life.find(member.user_id);
  meeting::Person person = known == nullptr ? meeting::Person() : *known;
  if (!meeting::is_guest(member.user_id)) person.standing = member.role;
  if (known == nullptr && live.life.muted) person.stopped = meeting::kMicrophone;
  const meeting::RightSet rights =
      meeting::rights_of(live.life, member.user_id, person, settings_.rules);
  member.tracks = 0;
  if ((rights & meeting::kMaySpeak) != 0) member.tracks |= meeting::kMicrophone;
  if ((rights & meeting::kMayShow) != 0) member.tracks |= meeting::kCamera;
  if ((rights & meeting::kMayShare) != 0) member.tracks |= meeting::kScreen;
  member.data = (rights & meeting::kMayChat) != 0;
}

/// Tells the provider of these people as they are now, in whatever rooms they may be.
Task<void> Meetings::settle_people(MeetingId id, std::vector<UserId> users) {
  const auto it = live_.find(id);
  if (it == live_.end()) co_return;
  auto group = co_await group_of(it->second.meeting);
  const auto found = live_.find(id);
  if (found == live_.end() || !provider_.available()) co_return;
  if (!group) {
    unsettled_.insert(id);  // the next tick asks again
    co_return;
  }
  const Live& live = found->second;
  std::vector<MeetingMember> members;
  for (const UserId user : users) {
    MeetingMember member{.user_id = user, .role = subject(live.meeting, *group, user).standing};
    if (*group != nullptr && !meeting::is_guest(user)) member = member_now(**group, user);
    member.allowed = belongs(live.meeting, *group, user);
    members.push_back(member);
  }
  const size_t breakouts = live.life.breakouts_open ? live.life.breakouts.size() : 0;
  for (size_t room = 0; room <= breakouts; ++room) {
    std::vector<MeetingMember> here = members;
    for (MeetingMember& member : here) constrain(live, member, static_cast<uint8_t>(room));
    const MeetingId where = room == 0 ? id : breakout_id(id, static_cast<uint8_t>(room));
    provider_.tell_members(where, std::move(here), false);
  }
}

/// The provider has said who is in a room.
Task<void> Meetings::seen(MeetingId id, uint8_t room) {
  const auto it = live_.find(id);
  if (it == live_.end()) co_return;
  auto group = co_await group_of(it->second.meeting);
  const auto found = live_.find(id);
  if (found == live_.end()) co_return;
  Live& live = found->second;
  meeting::Seen event;
  event.room = room;
  const GroupPtr known = group ? *group : nullptr;
  for (const MeetingParticipant& one : live.rooms[room]) {
    // Of a group that cannot be read now, what was known of them holds.
    if (group && !belongs(live.meeting, known, one.user_id)) continue;
    meeting::Subject who = subject(live.meeting, known, one.user_id);
    const meeting::Person* person = live.life.find(one.user_id);
    if (!group && person != nullptr) who.standing = person->standing;
    event.present.push_back({std::move(who), one.joined_date});
  }
  meeting::Step step = happen(id, event);
  live.participants.clear();
  for (const auto& [number, list] : live.rooms) {
    for (const MeetingParticipant& one : list) {
      const meeting::Person* person = live.life.find(one.user_id);
      const bool in = person != nullptr && person->place == meeting::Place::kIn;
      // Strangers are shown until they are out, as before.
      if ((in && person->seen_in == number) || person == nullptr) live.participants.push_back(one);
    }
  }
  do_effects(id, step.effects);
  co_await push_state(id);
}

// --- what people want ---

Outcome<None> Meetings::ask_to_join(const Caller& caller, const Meeting& meeting,
                                    GroupMemberRole role, Admission& admission) {
  meeting::Asked asked;
  asked.who = {caller.user_id, role};
  const meeting::Answer answer = carry_out(meeting.id, asked);
  if (answer != meeting::Answer::kDone) return refusal(answer);
  const auto it = live_.find(meeting.id);
  if (it == live_.end()) return refuse(Code::kMeetingEnded);
  const meeting::Person* person = it->second.life.find(caller.user_id);
  const uint8_t room = person != nullptr && it->second.life.breakouts_open ? person->room : 0;
  MeetingMember member{.user_id = caller.user_id, .role = role};
  constrain(it->second, member, room);
  admission.tracks = member.tracks;
  admission.data = member.data;
  if (room != 0) admission.meeting_id = breakout_id(meeting.id, room);
  return None();
}

Task<Outcome<Reply<>>> Meetings::control(Caller caller, ControlMeeting command) {
  if (command.user_ids.size() > ControlMeeting::kMaxTargets) {
    co_return refuse(Code::kIllegalArgument, "too many users at once");
  }
  auto sees = co_await see(command.meeting_id, caller.user_id);
  if (!sees) co_return refuse(sees.error());
  auto visible = Rights::reply_to_meeting(sees->meeting(), sees->visible);
  if (!visible) co_return std::unexpected(visible.error());
  const Meeting meeting = *sees->meeting();
  if (meeting.is_over() || !live_.contains(meeting.id)) co_return refuse(Code::kMeetingEnded);
  auto group = co_await group_of(meeting);
  if (!group) co_return refuse(group.error());

  meeting::Command wanted;
  wanted.by = subject(meeting, *group, caller.user_id);
  wanted.device = static_cast<uint8_t>(caller.device_type);
  wanted.action = command.action;
  wanted.on = command.on;
  wanted.tracks = command.tracks;
  wanted.room = command.room;
  wanted.names = std::move(command.names);
  for (const UserId user : command.user_ids) {
    if (!belongs(meeting, *group, user)) continue;
    wanted.targets.push_back(subject(meeting, *group, user));
  }
  // Without targets it would be done to all.
  if (wanted.targets.empty() && !command.user_ids.empty()) {
    co_return refusal(meeting::Answer::kNotThere);
  }
  const auto it = live_.find(meeting.id);
  if (it == live_.end()) co_return refuse(Code::kMeetingEnded);
  const meeting::State before = it->second.life;
  meeting::Step step = happen(meeting.id, wanted);
  if (step.answer != meeting::Answer::kDone) co_return refusal(step.answer);
  if (step.state != before) {
    auto stored = co_await save_now(meeting.id);
    if (!stored) co_return refuse(stored.error());
  }
  Reply<> reply;
  const Answering answering{caller.user_id, reply.effects.pushes};
  do_effects(meeting.id, step.effects, &answering);
  if (opens_or_closes(before, step.state)) spawn(settle_meeting(meeting.id));
  if (step.state != before && step.state.phase != meeting::Phase::kEnded) {
    if (auto state = co_await state_push(meeting.id)) {
      reply.effects.pushes.push_back(std::move(*state));
    }
  }
  co_return reply;
}

}  // namespace turms::im
