#include "im/meetings.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/log.h"
#include "im/context.h"
#include "im/ports/groups.h"
#include "im/rights.h"

namespace turms::im {
namespace {

constexpr int kIdDraws = 32;

// Few decimal digits, so that people can say them; the first is not 0.
MeetingId draw_id(int digits) {
  int64_t first = 1;
  for (int i = 1; i < digits; ++i) first *= 10;
  uint8_t bytes[8];
  secure_random(bytes);
  // 2^63 is no multiple of the range; the bias of 10^-9 is no matter here.
  const auto number = static_cast<int64_t>(load_be64(bytes) >> 1);
  return MeetingId(first + number % (first * 9));
}

// As long as it may be.
std::string make_password(const MeetingSettings& settings) {
  const std::string& characters = settings.password_characters;
  const size_t length = std::max(settings.password_size.min, settings.password_size.max);
  // Beyond it the first characters would come more often.
  const size_t end = 256 - 256 % characters.size();
  std::string password;
  while (password.size() < length) {
    uint8_t byte = 0;
    secure_random(MutableByteView(&byte, 1));
    if (byte < end) password += characters[byte % characters.size()];
  }
  return password;
}

bool fits(const std::optional<std::string>& text, const MeetingSettings::Size& size) {
  return (!text || text_length(*text) >= size.min) && (size.max == 0 || !exceeds(text, size.max));
}

std::optional<Failure> check_texts(const MeetingSettings& settings,
                                   const std::optional<std::string>& name,
                                   const std::optional<std::string>& intro,
                                   const std::optional<std::string>& password) {
  const auto illegal = [](std::string reason) {
    return Failure{Code::kIllegalArgument, std::move(reason)};
  };
  using Password = MeetingSettings::Password;
  if (!fits(name, settings.name_size)) return illegal("the name is too long or too short");
  if (!fits(intro, settings.intro_size)) return illegal("the intro is too long or too short");
  if (password && settings.password == Password::kProhibited) {
    return illegal("meetings have no password here");
  }
  if (password && settings.password == Password::kMade) {
    return illegal("passwords are made by the server");
  }
  if (password && password->empty()) return illegal("the password must not be empty");
  if (!fits(password, settings.password_size)) {
    return illegal("the password is too long or too short");
  }
  return std::nullopt;
}

std::optional<Failure> check(const MeetingSettings& settings, const CreateMeeting& command,
                             WallTime now) {
  const auto illegal = [](std::string reason) {
    return Failure{Code::kIllegalArgument, std::move(reason)};
  };
  if (command.user_id.has_value() == command.group_id.has_value()) {
    return illegal("exactly one of user_id and group_id must be given");
  }
  if (auto failure = check_texts(settings, command.name, command.intro, command.password)) {
    return failure;
  }
  if (settings.password == MeetingSettings::Password::kRequired && !command.password) {
    return illegal("a password is required");
  }
  if (command.start_date &&
      command.start_date->unix_ms > now.unix_ms + to_ms(settings.max_start_offset)) {
    return illegal("the start date is too far in the future");
  }
  return std::nullopt;
}

/// Counts a meeting of a user while it lives.
template <class Counts>
class BeingMade {
 public:
  BeingMade(Counts& counts, UserId user) : counts_(counts), user_(user) { ++counts_[user_].count; }
  BeingMade(const BeingMade&) = delete;
  BeingMade& operator=(const BeingMade&) = delete;
  ~BeingMade() {
    auto& making = counts_[user_];
    ++making.ended;
    if (--making.count == 0) counts_.erase(user_);
  }

 private:
  Counts& counts_;
  UserId user_;
};

}  // namespace

Meetings::Meetings(Context& context, Messages& messages, Delivery& delivery,
                   ConferenceProvider& provider, EncodeRecord encode_record,
                   MeetingSettings settings)
    : context_(context),
      messages_(messages),
      delivery_(delivery),
      provider_(provider),
      encode_record_(std::move(encode_record)),
      settings_(std::move(settings)) {}

// --- who it is held with ---

Task<Result<bool>> Meetings::may_see(const Meeting& meeting, UserId user) {
  if (!meeting.group_id) co_return meeting.creator_id == user || meeting.user_id == user;
  auto group = co_await context_.groups.get(*meeting.group_id);
  if (!group) co_return std::unexpected(group.error());
  co_return *group != nullptr && (*group)->find(user) != nullptr;
}

Task<Result<Meetings::Seen>> Meetings::see(MeetingId id, UserId user) {
  auto found = co_await context_.store.meetings.find(id);
  if (!found) co_return std::unexpected(found.error());
  Seen seen{std::move(*found), false};
  if (seen.found) {
    auto sees = co_await may_see(*seen.found, user);
    if (!sees) co_return std::unexpected(sees.error());
    seen.visible = *sees;
  }
  co_return seen;
}

Task<Result<Recipients>> Meetings::audience_of(const Meeting& meeting) {
  if (!meeting.group_id) {
    std::vector<UserId> both;
    both.push_back(meeting.creator_id);
    if (meeting.user_id) both.push_back(*meeting.user_id);
    sort_unique(both);
    co_return recipients_of(std::move(both));
  }
  auto group = co_await context_.groups.get(*meeting.group_id);
  if (!group) co_return std::unexpected(group.error());
  if (*group == nullptr) co_return Recipients();
  co_return (*group)->member_ids;
}

Meetings::Live& Meetings::keep(Meeting meeting, const meeting::State* life) {
  const MeetingId id = meeting.id;
  Live& live = live_[id];
  live.life = life != nullptr ? *life
                              : meeting::make(meeting.creator_id, meeting.group_id.has_value(),
                                              meeting.start_date, context_.now());
  live.next = meeting::next_deadline(live.life, settings_.rules);
  live.meeting = std::move(meeting);
  live.version = next_version(live.version);
  return live;
}

int64_t Meetings::next_version(int64_t last) const {
  // Grows also over a restart.
  return std::max(last + 1, context_.now().unix_ms);
}

MeetingStateChanged Meetings::state_of(const Live& live) const {
  return {live.meeting, live.participants, live.version, settings_.media_url,
          std::make_shared<const meeting::State>(live.life)};
}

// --- creating ---

Task<Outcome<Reply<MeetingId>>> Meetings::create(Caller caller, CreateMeeting command) {
  if (!provider_.available()) co_return refuse(Code::kConferenceNotImplemented);
  const WallTime now = context_.now();
  using Password = MeetingSettings::Password;
  // As upstream does it, a password that the creator gives is then left out.
  if (settings_.password == Password::kMade) command.password.reset();
  if (auto failure = check(settings_, command, now)) co_return std::unexpected(*failure);
  if (live_.size() >= kMaxActive) co_return refuse(Code::kUnavailable, "too many meetings");
  auto may_send =
      co_await messages_.check_may_send(caller.user_id, command.group_id, command.user_id);
  if (!may_send) co_return std::unexpected(may_send.error());

  Meeting meeting;
  meeting.creator_id = caller.user_id;
  meeting.user_id = command.user_id;
  meeting.group_id = command.group_id;
  meeting.name = command.name.value_or("");
  meeting.intro = command.intro.value_or("");
  meeting.password = std::move(command.password);
  if (settings_.password == Password::kMade ||
      (settings_.password == Password::kOptionalOrMade && !meeting.password)) {
    meeting.password = make_password(settings_);
  }
  meeting.creation_date = now;
  meeting.start_date = std::max(command.start_date.value_or(now), now);

  auto opened = co_await open(meeting, caller.trace_id);
  if (!opened) co_return std::unexpected(opened.error());

  Reply<MeetingId> reply;
  reply.data = meeting.id;
  reply.effects.relay.audience.other_sessions_of_caller = true;
  reply.effects.relay.amendments.created_id = meeting.id.value;
  reply.effects.relay.amendments.clear_password = true;
  reply.effects.pushes.push_back(std::move(*opened));
  if (meeting.start_date <= meeting.creation_date) {
    const Answering answering{meeting.creator_id, reply.effects.pushes};
    co_await call_everybody(meeting.id, meeting.creator_id, &answering);
  }
  if (auto state = co_await state_push(meeting.id)) {
    reply.effects.pushes.push_back(std::move(*state));
  }
  co_return reply;
}

/// Makes the row, the room and the invitation, or none of them.
Task<Outcome<Push>> Meetings::open(Meeting& meeting, uint64_t trace_id) {
  std::optional<BeingMade<decltype(being_made_)>> being_made(std::in_place, being_made_,
                                                             meeting.creator_id);
  const Making& making = being_made_[meeting.creator_id];
  MeetingFilter mine;
  mine.creator_ids.push_back(meeting.creator_id);
  mine.active_only = true;
  mine.limit = static_cast<int32_t>(std::clamp<int64_t>(settings_.max_active_meetings_per_user, 1,
                                                        static_cast<int64_t>(kMaxActive)));
  int64_t known = 0;
  uint64_t ended = 0;
  do {
    // What is made meanwhile may be in neither count: they are taken again then.
    ended = making.ended;
    auto stored = co_await context_.store.meetings.query(mine);
    if (!stored) co_return refuse(stored.error());
    auto counted = co_await provider_.count_active_meetings(meeting.creator_id);
    if (!counted) co_return refuse(counted.error());
    // A media server may hold meetings that this store does not know.
    known = std::max(static_cast<int64_t>(stored->size()), *counted);
  } while (making.ended != ended);
  // Those being made are in being_made_ until they are in the store, this one too.
  const int64_t others = making.count - 1;
  auto permit = Rights::create_meeting(settings_, meeting.creator_id, known + others);
  if (!permit) co_return std::unexpected(permit.error());

  bool made = false;
  for (int draws = 0; draws < kIdDraws && !made; ++draws) {
    meeting.id = draw_id(settings_.id_digits);
    auto created = co_await context_.store.meetings.create(*permit, meeting);
    if (!created) co_return refuse(created.error());
    made = *created;
  }
  if (!made) co_return refuse(Code::kInternalError, "no free meeting id");
  being_made.reset();

  const bool starts_now = meeting.start_date <= meeting.creation_date;
  Failure failure;
  context_.publish(MeetingChanged{meeting});
  if (starts_now) {
    // From here on the provider may report.
    if (const auto it = live_.find(meeting.id); it != live_.end()) it->second.has_room = true;
    auto room = co_await make_room(meeting, trace_id);
    if (!room) failure = refuse(room.error()).error();
    made = room.has_value();
  }
  if (made) {
    std::vector<Bytes> records;
    records.push_back(Bytes(1, static_cast<uint8_t>(BuiltinSystemMessage::kMeetingInvitation)));
    records.push_back(encode_record_(meeting));
    auto invitation = co_await messages_.create_system_message(meeting.creator_id, meeting.group_id,
                                                               meeting.user_id, std::move(records));
    if (invitation) co_return std::move(*invitation);
    failure = invitation.error();
  }
  (void)co_await context_.store.meetings.erase(Rights::server(action::EraseMeeting{meeting.id}));
  context_.publish(MeetingChanged{meeting, true});
  co_return std::unexpected(std::move(failure));
}

/// The same room again is no error to a provider. It may hold people from before.
Stored<None> Meetings::make_room(const Meeting& meeting, uint64_t trace_id) {
  const MeetingId id = meeting.id;
  const int limit = meeting.group_id ? settings_.max_participants_of_group_meeting
                                     : settings_.max_participants_of_private_meeting;
  auto made = co_await provider_.create_meeting(meeting, limit, trace_id);
  if (made) co_await settle_meeting(id);
  co_return made;
}

// --- ending ---

Task<Outcome<Reply<>>> Meetings::cancel(Caller caller, std::optional<MeetingId> id) {
  if (!id) co_return refuse(Code::kIllegalArgument, "the id is missing");
  auto seen = co_await see(*id, caller.user_id);
  if (!seen) co_return refuse(seen.error());
  const Meeting* meeting = seen->meeting();
  auto permit = Rights::cancel_meeting(settings_, meeting, seen->visible, caller.user_id);
  if (!permit) co_return std::unexpected(permit.error());
  if (meeting->is_over()) co_return Reply<>();
  const WallTime now = context_.now();
  auto canceled = co_await context_.store.meetings.cancel(*permit, now);
  if (!canceled) co_return refuse(canceled.error());
  if (!*canceled) co_return Reply<>();  // ended meanwhile, and was told by that

  Meeting over = *meeting;
  over.cancel_date = now;
  over.end_date = now;
  Reply<> reply;
  reply.effects.relay.audience.other_sessions_of_caller = true;
  reply.effects.pushes = co_await farewell(over);
  for (const Push& push : reply.effects.pushes) {
    // What others learn from MeetingFinished is here the request itself, relayed.
    reply.effects.relay.audience.recipients = push.audience.recipients;
  }
  std::erase_if(reply.effects.pushes, [](const Push& push) {
    return std::holds_alternative<MeetingFinished>(push.event);
  });
  co_return reply;
}

Task<Result<bool>> Meetings::end_by_administrator(MeetingId id) {
  auto found = co_await context_.store.meetings.find(id);
  if (!found) co_return std::unexpected(found.error());
  if (!*found || (*found)->is_over()) co_return false;
  const WallTime now = context_.now();
  auto canceled = co_await context_.store.meetings.cancel(
      Rights::administrator(action::CancelMeeting{id}), now);
  if (!canceled || !*canceled) co_return canceled;
  Meeting over = **found;
  over.cancel_date = now;
  over.end_date = now;
  auto pushes = co_await farewell(std::move(over));
  for (const Push& push : pushes) delivery_.push(push);
  co_return true;
}

void Meetings::on_meeting_changed(const MeetingChanged& change) {
  const MeetingId id = change.meeting.id;
  if (!change.over()) {
    const auto it = live_.find(id);
    if (it == live_.end()) {
      keep(change.meeting);
    } else {
      it->second.meeting = change.meeting;
    }
    return;
  }
  const bool had_room = forget(id).has_room;
  // What ended by itself has no room any more; after a restart it may have one all the same.
  if (change.erased ? had_room : change.meeting.cancel_date.has_value()) spawn(close_room(id));
}

/// The room closes behind the answer: a media server that does not answer keeps nobody from ending
/// a meeting, since no token is given for it any more.
Task<void> Meetings::close_room(MeetingId id) {
  if (!provider_.available()) co_return;
  auto closed = co_await provider_.cancel_meeting(id);
  if (!closed) log::warn("meeting {}: room not closed: {}", id, closed.error().message);
}

Task<std::vector<Push>> Meetings::farewell(Meeting meeting) {
  auto ended = happen(meeting.id, meeting::Over{});
  do_effects(meeting.id, ended.effects);
  spawn(save_last(meeting.id));
  const auto it = live_.find(meeting.id);
  Live last = it == live_.end() ? Live() : it->second;
  context_.publish(MeetingChanged{meeting});
  last.meeting = std::move(meeting);
  last.participants.clear();
  last.version = next_version(last.version);
  auto audience = co_await audience_of(last.meeting);
  if (audience && *audience != nullptr) last.audience = std::move(*audience);
  std::vector<Push> pushes;
  if (last.audience == nullptr) co_return pushes;
  pushes.push_back({Audience{.recipients = last.audience}, MeetingFinished{last.meeting}});
  pushes.push_back(
      {Audience{.recipients = last.audience, .calling_session = true, .extensions_only = true},
       state_of(last)});
  co_return pushes;
}

void Meetings::meeting_ended(MeetingId id, WallTime when) {
  if (live_.contains(id)) spawn(end(id, when));
}

Task<void> Meetings::end(MeetingId id, WallTime when) {
  auto ended = co_await context_.store.meetings.end(Rights::server(action::EndMeeting{id}), when);
  if (!ended) {
    log::warn("meeting {}: end not stored: {}", id, ended.error().message);
    co_return;
  }
  const auto it = live_.find(id);
  if (it == live_.end()) co_return;
  Meeting meeting = it->second.meeting;
  meeting.end_date = when;
  auto pushes = co_await farewell(std::move(meeting));
  for (const Push& push : pushes) delivery_.push(push);
}

Task<void> Meetings::end_all(GroupId id) {
  const WallTime now = context_.now();
  for (const MeetingId meeting_id : meetings_of(id)) {
    auto canceled = co_await context_.store.meetings.cancel(
        Rights::server(action::CancelMeeting{meeting_id}), now);
    const auto it = live_.find(meeting_id);
    if (!canceled || !*canceled || it == live_.end()) continue;
    Meeting meeting = it->second.meeting;
    meeting.cancel_date = now;
    meeting.end_date = now;
    auto pushes = co_await farewell(std::move(meeting));
    for (const Push& push : pushes) delivery_.push(push);
  }
}

// --- querying and changing ---

Task<Outcome<std::vector<Meeting>>> Meetings::query(Caller caller, QueryMeetings query) {
  if (query.skip.value_or(0) < 0 || query.limit.value_or(0) < 0) {
    co_return refuse(Code::kIllegalArgument, "skip and limit must not be negative");
  }
  MeetingFilter filter;
  filter.skip = query.skip.value_or(0);
  filter.limit = std::min(query.limit.value_or(kMaxQueried), kMaxQueried);
  if (filter.limit == 0) co_return std::vector<Meeting>();
  // Without any condition only what concerns the user personally is asked for. Meetings with a user
  // are in no group.
  const bool any = query.ids.empty() && query.creator_ids.empty() && query.user_ids.empty() &&
                   query.group_ids.empty();
  filter.concerned = MeetingFilter::Concerned{caller.user_id, {}};
  if (!any && query.user_ids.empty()) {
    auto joined = co_await context_.store.groups.joined_by(caller.user_id);
    if (!joined) co_return refuse(joined.error());
    filter.concerned->group_ids = std::move(*joined);
  }
  filter.ids = std::move(query.ids);
  filter.creator_ids = std::move(query.creator_ids);
  filter.user_ids = std::move(query.user_ids);
  filter.group_ids = std::move(query.group_ids);
  filter.creation_date_start = query.creation_date_start;
  filter.creation_date_end = query.creation_date_end;
  auto found = co_await context_.store.meetings.query(std::move(filter));
  if (!found) co_return refuse(found.error());
  for (Meeting& meeting : *found) {
    if (meeting.creator_id != caller.user_id) meeting.password.reset();
  }
  co_return std::move(*found);
}

Task<Outcome<Reply<>>> Meetings::update(Caller caller, UpdateMeeting command) {
  if (!command.id) co_return refuse(Code::kIllegalArgument, "the id is missing");
  if (auto failure = check_texts(settings_, command.name, command.intro, command.password)) {
    co_return std::unexpected(*failure);
  }
  auto seen = co_await see(*command.id, caller.user_id);
  if (!seen) co_return refuse(seen.error());
  auto permit = Rights::update_meeting(seen->meeting(), seen->visible, caller.user_id,
                                       command.password.has_value());
  if (!permit) co_return std::unexpected(permit.error());
  if (!command.name && !command.intro && !command.password) co_return Reply<>();
  MeetingChange change{command.name, command.intro, command.password};
  auto updated = co_await context_.store.meetings.update(*permit, std::move(change));
  if (!updated) co_return refuse(updated.error());
  if (!*updated) co_return refuse(Code::kUpdateMeetingNonexistent);

  if (const auto it = live_.find(*command.id); it != live_.end()) {
    Meeting now = it->second.meeting;
    if (command.name) now.name = *command.name;
    if (command.intro) now.intro = *command.intro;
    if (command.password) now.password = command.password;
    context_.publish(MeetingChanged{std::move(now)});
  }
  Reply<> reply;
  if (command.name) {
    if (auto state = co_await state_push(*command.id)) {
      reply.effects.pushes.push_back(std::move(*state));
    }
  }
  // As upstream does it, an update is relayed to nobody: whoever cares takes the state.
  co_return reply;
}

}  // namespace turms::im
