#include "conference.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace turms::livekit_plugin {

namespace {

// Webhooks come in bursts, and the server's list may lag behind them a little.
constexpr Duration kLookDelay = 40ms;
constexpr Duration kWatchInterval = 1s;
// Servers renew the token of whoever is connected, for so long, and take one so long after its end.
constexpr Duration kRenewedTokenLife = std::chrono::minutes(10);
constexpr Duration kTokenLeeway = std::chrono::minutes(1);

std::string room_name(int64_t meeting_id) {
  return std::to_string(meeting_id);
}

uint32_t track_bits(const Participant& participant) {
  uint32_t bits = 0;
  for (const Track& track : participant.tracks) {
    if (track.muted) continue;
    if (track.source == Source::kMicrophone) bits |= TURMS_TRACK_MICROPHONE;
    if (track.source == Source::kCamera) bits |= TURMS_TRACK_CAMERA;
    if (track.source == Source::kScreen) bits |= TURMS_TRACK_SCREEN;
  }
  return bits;
}

/// Whether a track of this source is one of TURMS_TRACK_*. What is shared is muted with its sound.
bool is_one_of(Source source, uint32_t tracks) {
  switch (source) {
    case Source::kMicrophone:
      return (tracks & TURMS_TRACK_MICROPHONE) != 0;
    case Source::kCamera:
      return (tracks & TURMS_TRACK_CAMERA) != 0;
    case Source::kScreen:
    case Source::kScreenAudio:
      return (tracks & TURMS_TRACK_SCREEN) != 0;
    case Source::kUnknown:
      break;
  }
  return false;
}

constexpr std::array kSources = {Source::kCamera, Source::kMicrophone, Source::kScreen,
                                 Source::kScreenAudio};

bool contains(const std::vector<Source>& sources, Source source) {
  return std::find(sources.begin(), sources.end(), source) != sources.end();
}

/// What the server believes a participant may publish, in the order of kSources.
std::vector<Source> sources_in(const Participant& participant) {
  std::vector<Source> out;
  if (!participant.can_publish) return out;
  for (const Source source : kSources) {
    const auto& named = participant.can_publish_sources;
    if (named.empty() || contains(named, source)) out.push_back(source);
  }
  return out;
}

const char* permission_name(Source source) {
  switch (source) {
    case Source::kCamera:
      return "CAMERA";
    case Source::kMicrophone:
      return "MICROPHONE";
    case Source::kScreen:
      return "SCREEN_SHARE";
    default:
      return "SCREEN_SHARE_AUDIO";
  }
}

json::object permission_of(const Rights& rights, bool subscribe) {
  const std::vector<Source> sources = sources_of(rights);
  json::object permission{{"can_subscribe", subscribe},
                          {"can_publish", !sources.empty()},
                          {"can_publish_data", rights.data}};
  if (!sources.empty() && sources.size() < kSources.size()) {
    json::array names;
    for (const Source source : sources) names.emplace_back(permission_name(source));
    permission["can_publish_sources"] = std::move(names);
  }
  return permission;
}

/// The metadata with this role, when what the participant shows was made for another one. What is
/// not of our making stays.
std::optional<json::value> outdated_metadata(const Participant& participant, turms_role role) {
  const auto shown = parse_object(participant.metadata);
  if (!shown || !shown->contains("role") || text_field(*shown, "role") == role_name(role)) {
    return std::nullopt;
  }
  return json::value(json::string(member_metadata(text_field(*shown, "device"), role)));
}

/// Adds what one connection of a user shows to what their others do.
void add_connection(std::map<int64_t, turms_participant>& present, int64_t user,
                    const Participant& connection) {
  const turms_participant seen{sizeof(turms_participant), user, connection.joined_ms,
                               track_bits(connection)};
  const auto [it, first] = present.emplace(user, seen);
  if (first) return;
  it->second.joined_date = std::min(it->second.joined_date, seen.joined_date);
  it->second.tracks |= seen.tracks;
}

bool same(const std::vector<turms_participant>& a, const std::vector<turms_participant>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const turms_participant& x, const turms_participant& y) {
                      return x.user_id == y.user_id && x.joined_date == y.joined_date &&
                             x.tracks == y.tracks;
                    });
}

turms_status status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return TURMS_ERROR_INVALID_ARGUMENT;
    case ErrorCode::kNotFound:
      return TURMS_ERROR_NOT_FOUND;
    case ErrorCode::kResourceExhausted:
      return TURMS_ERROR_RESOURCE_EXHAUSTED;
    case ErrorCode::kUnavailable:
      return TURMS_ERROR_UNAVAILABLE;
    case ErrorCode::kDeadlineExceeded:
      return TURMS_ERROR_DEADLINE_EXCEEDED;
    // Our key is refused: the operator's fault, not the user's.
    default:
      return TURMS_ERROR_INTERNAL;
  }
}

}  // namespace

Conference::Conference(net::Loop& loop, const turms_host& host, const Config& config)
    : loop_(loop),
      host_(host),
      config_(config),
      service_(loop, config),
      ended_(std::max(config.token_ttl, kRenewedTokenLife) + kTokenLeeway),
      reconcile_timer_(loop),
      watch_timer_(loop) {
  reconcile_timer_.start(config_.reconcile_interval, [this] { reconcile(); });
  watch_timer_.start(kWatchInterval, [this] { watch(); });
}

Conference::Room* Conference::find(int64_t meeting_id) {
  const auto it = rooms_.find(meeting_id);
  return it == rooms_.end() ? nullptr : &it->second;
}

void Conference::log(turms_log_level level, const std::string& message) const {
  host_.log(host_.context, level, message.c_str());
}

void Conference::complete(turms_call call, const Result<json::object>& result) {
  if (result) return host_.complete(host_.context, call, TURMS_OK, nullptr);
  log(TURMS_LOG_WARN, result.error().message);
  host_.complete(host_.context, call, status_of(result.error().code),
                 result.error().message.c_str());
}

// --- calls ---

void Conference::create_meeting(turms_call call, const Meeting& meeting) {
  Room& room = rooms_[meeting.id];
  room.creator_id = meeting.creator_id;
  json::object metadata{{"name", json::string(meeting.name)}};
  if (meeting.group_id != 0) metadata["groupId"] = std::to_string(meeting.group_id);
  service_.create_room(room_name(meeting.id), meeting.max_participants, json::serialize(metadata),
                       meeting.trace_id,
                       [this, call, id = meeting.id](Result<json::object> answer) {
                         if (Room* made = find(id)) {
                           if (answer) {
                             made->exists = true;
                             ended_.remove(id);
                             made->created = loop_.now();
                             made->sid = text_field(*answer, "sid");
                             look(id);  // it may have been there before, with people in it
                           } else if (!made->exists) {
                             rooms_.erase(id);
                           }
                         }
                         complete(call, answer);
                       });
}

void Conference::cancel_meeting(turms_call call, int64_t meeting_id) {
  rooms_.erase(meeting_id);
  ended_.add(loop_.now(), meeting_id);
  delete_room(meeting_id,
              [this, call](const Result<json::object>& answer) { complete(call, answer); });
}

void Conference::delete_room(int64_t meeting_id, RoomService::Handler handler) {
  deleting_.insert(meeting_id);
  service_.delete_room(room_name(meeting_id), [this, meeting_id, handler = std::move(handler)](
                                                  Result<json::object> answer) {
    deleting_.erase(meeting_id);
    if (!answer && answer.error().code == ErrorCode::kNotFound) answer = json::object();
    handler(std::move(answer));
  });
}

void Conference::count_active_meetings(turms_call call, int64_t user_id) {
  const auto count = std::count_if(rooms_.begin(), rooms_.end(), [&](const auto& entry) {
    return entry.second.exists && entry.second.creator_id == user_id;
  });
  host_.complete_with_count(host_.context, call, count);
}

void Conference::accept(turms_call call, const MemberToken& member) {
  Room* room = find(member.meeting_id);
  if (room == nullptr) {
    // This plugin was started after the room was made: the host makes it known again.
    return host_.complete(host_.context, call, TURMS_ERROR_NOT_FOUND, "no such meeting");
  }
  room->members[member.user_id] = {member.role, member.rights, true};
  room->devices[member.user_id] = member.device;
  const std::string token =
      member_token(member, config_.api_key, config_.api_secret, wall_now(), config_.token_ttl);
  host_.complete_with_text(host_.context, call, token.c_str());
}

void Conference::list_participants(turms_call call, int64_t meeting_id) {
  const Room* room = find(meeting_id);
  if (room == nullptr) {
    return host_.complete(host_.context, call, TURMS_ERROR_NOT_FOUND, "no such meeting");
  }
  host_.complete_with_participants(host_.context, call, room->reported.data(),
                                   room->reported.size());
}

void Conference::tell_members(int64_t meeting_id, const std::vector<Told>& members, bool complete) {
  Room* room = find(meeting_id);
  if (room == nullptr) return;
  if (complete) {
    room->members.clear();
    room->members.reserve(members.size());
    for (const auto& [user, member] : members) room->members.emplace(user, member);
    room->complete = true;
    return look(meeting_id);
  }
  bool changed = false;
  for (const auto& [user, member] : members) {
    const auto [it, added] = room->members.emplace(user, member);
    if (!added && it->second == member) continue;
    it->second = member;
    changed = true;
    apply(meeting_id, *room, user, member);
  }
  if (changed) look_soon(meeting_id);
}

void Conference::mute(turms_call call, int64_t meeting_id, int64_t user_id, uint32_t tracks) {
  if (find(meeting_id) == nullptr) {
    return host_.complete(host_.context, call, TURMS_ERROR_NOT_FOUND, "no such meeting");
  }
  service_.list_participants(room_name(meeting_id), [=, this](const Result<json::object>& answer) {
    if (!answer) return complete(call, answer);
    mute_tracks(call, meeting_id, user_id, tracks, *answer);
  });
}

/// Completes with the last answer; a track that is gone meanwhile is no error.
void Conference::mute_tracks(turms_call call, int64_t meeting_id, int64_t user_id, uint32_t tracks,
                             const json::object& list) {
  struct Work {
    size_t left = 1;
    std::optional<Error> error;
  };
  auto work = std::make_shared<Work>();
  const auto answered = [=, this](const Result<json::object>& answer) {
    if (!answer && answer.error().code != ErrorCode::kNotFound) work->error = answer.error();
    if (--work->left > 0) return;
    if (work->error) return complete(call, std::unexpected(*work->error));
    complete(call, json::object());
    look_soon(meeting_id);
  };
  const json::array* participants = array_field(list, "participants");
  for (size_t i = 0; participants != nullptr && i < participants->size(); ++i) {
    const json::object* object = (*participants)[i].if_object();
    if (object == nullptr) continue;
    const Participant participant = read_participant(*object);
    const auto identity = read_identity(participant.identity);
    if (!identity || identity->user != user_id) continue;
    for (const Track& track : participant.tracks) {
      if (track.muted || !is_one_of(track.source, tracks)) continue;
      ++work->left;
      service_.mute_track(room_name(meeting_id), participant.identity, track.sid, answered);
    }
  }
  answered(json::object());
}

/// At once, without a look first, for those who are likely to be there. A failure, somebody with a
/// token who is not there yet, and further connections of theirs are put right by the next look.
void Conference::apply(int64_t meeting_id, Room& room, int64_t user, const Member& member) {
  const auto device = room.devices.find(user);
  const bool listed = std::any_of(room.reported.begin(), room.reported.end(),
                                  [&](const turms_participant& p) { return p.user_id == user; });
  if (!listed && device == room.devices.end()) return;
  if (!member.allowed) {
    room.devices.erase(user);
    return service_.remove_participant(
        room_name(meeting_id), std::to_string(user),
        [this, meeting_id](const Result<json::object>&) { look_soon(meeting_id); });
  }
  json::value metadata;
  if (device != room.devices.end()) {
    metadata = json::string(member_metadata(device->second, member.role));
  }
  update_rights(meeting_id, std::to_string(user), member, std::move(metadata));
}

void Conference::update_rights(int64_t meeting_id, const std::string& identity,
                               const Member& member, json::value metadata) {
  const auto read = read_identity(identity);
  service_.update_participant(
      room_name(meeting_id), identity, permission_of(member.rights, !(read && read->additional)),
      std::move(metadata), [this, meeting_id](const Result<json::object>& answer) {
        if (!answer && answer.error().code != ErrorCode::kNotFound) {
          log(TURMS_LOG_WARN, answer.error().message);
        }
        look_soon(meeting_id);
      });
}

// --- what is there ---

void Conference::look_soon(int64_t meeting_id) {
  Room* room = find(meeting_id);
  if (room == nullptr || room->look_soon) return;
  room->look_soon = true;
  loop_.after(kLookDelay, [this, meeting_id] {
    if (Room* later = find(meeting_id)) {
      later->look_soon = false;
      look(meeting_id);
    }
  });
}

void Conference::look(int64_t meeting_id) {
  Room* room = find(meeting_id);
  if (room == nullptr) return;
  if (room->looking) {
    room->look_again = true;  // what is under way may have been answered before the change
    return;
  }
  room->looking = true;
  service_.list_participants(
      room_name(meeting_id),
      [this, meeting_id](Result<json::object> answer) { looked(meeting_id, std::move(answer)); });
}

void Conference::looked(int64_t meeting_id, Result<json::object> answer) {
  Room* room = find(meeting_id);
  if (room == nullptr) return;
  room->looking = false;
  if (room->look_again) {
    room->look_again = false;
    look_soon(meeting_id);
  }
  if (!answer) {
    // The next look comes by itself.
    if (!room->reported.empty() && loop_.now() - room->seen >= kSilence) {
      report(meeting_id, *room, {});
    }
    return;
  }
  room->seen = loop_.now();
  std::map<int64_t, turms_participant> present;
  const json::array* list = array_field(*answer, "participants");
  for (size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const json::object* object = (*list)[i].if_object();
    if (object == nullptr) continue;
    const Participant participant = read_participant(*object);
    const auto identity = read_identity(participant.identity);
    // Recorders and agents have no number: they come with the operator's key, which is above us.
    if (!identity) continue;
    enforce(meeting_id, *room, participant, *identity);
    if (!participant.present || !may_be_in(*room, identity->user)) continue;
    add_connection(present, identity->user, participant);
  }
  std::vector<turms_participant> participants;
  for (const auto& [user, participant] : present) participants.push_back(participant);
  report(meeting_id, *room, std::move(participants));
}

bool Conference::may_be_in(const Room& room, int64_t user) {
  const auto member = room.members.find(user);
  return member == room.members.end() ? !room.complete : member->second.allowed;
}

void Conference::enforce(int64_t meeting_id, const Room& room, const Participant& participant,
                         const Identity& identity) {
  const auto quietly = [](const Result<json::object>&) {};
  if (!may_be_in(room, identity.user)) {
    return service_.remove_participant(room_name(meeting_id), participant.identity, quietly);
  }
  const auto member = room.members.find(identity.user);
  if (member == room.members.end() || !participant.present) return;
  if (!participant.has_permission) return;
  const Rights& rights = member->second.rights;
  const std::vector<Source> wanted = sources_of(rights);
  const std::vector<Source> has = sources_in(participant);
  for (const Track& track : participant.tracks) {
    if (track.muted || track.source == Source::kUnknown || contains(wanted, track.source)) continue;
    service_.mute_track(room_name(meeting_id), participant.identity, track.sid, quietly);
  }
  const std::optional<json::value> metadata = outdated_metadata(participant, member->second.role);
  const bool none_too_many =
      std::all_of(has.begin(), has.end(), [&](Source source) { return contains(wanted, source); });
  // A token of a muted member lets nothing be published, which is right until the mute ends.
  const bool as_muted = rights.muted && has.empty() && !participant.can_publish_data;
  const bool as_wanted = !metadata && (as_muted || (none_too_many && has.size() == wanted.size() &&
                                                    participant.can_publish_data == rights.data));
  if (as_wanted) return;
  update_rights(meeting_id, participant.identity, member->second, metadata.value_or(json::value()));
}

void Conference::report(int64_t meeting_id, Room& room,
                        std::vector<turms_participant> participants) {
  std::sort(participants.begin(), participants.end(),
            [](const turms_participant& a, const turms_participant& b) {
              return std::pair(a.joined_date, a.user_id) < std::pair(b.joined_date, b.user_id);
            });
  if (same(room.reported, participants)) return;
  room.reported = std::move(participants);
  host_.meeting_changed(host_.context, meeting_id, room.reported.data(), room.reported.size());
}

void Conference::watch() {
  watch_timer_.start(kWatchInterval, [this] { watch(); });
  std::vector<int64_t> occupied;
  // In turns: on from where the last second stopped.
  auto it = rooms_.upper_bound(last_watched_);
  for (size_t n = 0; n < rooms_.size() && occupied.size() < kLooksPerSecond; ++n, ++it) {
    if (it == rooms_.end()) it = rooms_.begin();
    if (!it->second.reported.empty()) occupied.push_back(it->first);
  }
  for (const int64_t id : occupied) {
    last_watched_ = id;
    if (!rooms_[id].looking) look(id);
  }
}

void Conference::reconcile() {
  reconcile_timer_.start(config_.reconcile_interval, [this] { reconcile(); });
  if (reconciling_) return;
  std::vector<std::string> names;
  for (const auto& [id, room] : rooms_) {
    if (room.exists) names.push_back(room_name(id));
  }
  for (const int64_t id : ended_.next(loop_.now(), kEndedPerComparison)) {
    if (find(id) == nullptr) names.push_back(room_name(id));
  }
  if (names.empty()) return;
  reconciling_ = true;
  service_.list_rooms(names, [this, asked = loop_.now()](Result<json::object> answer) {
    reconciling_ = false;
    if (answer) {
      compare(asked, *answer);
    } else {
      log(TURMS_LOG_WARN, answer.error().message);
    }
  });
}

void Conference::compare(TimePoint asked, const json::object& answer) {
  std::set<int64_t> there;
  const json::array* list = array_field(answer, "rooms");
  for (size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const json::object* object = (*list)[i].if_object();
    if (object == nullptr) continue;
    if (auto id = decimal(text_field(*object, "name"))) there.insert(*id);
  }
  std::vector<int64_t> gone;
  for (auto& [id, room] : rooms_) {
    if (!room.exists) continue;
    if (!there.contains(id)) {
      if (room.created < asked) gone.push_back(id);
    } else if (!room.looking) {
      look(id);
    }
  }
  for (const int64_t id : gone) ended(id);
  for (const int64_t id : there) close_again(id);
}

void Conference::ended(int64_t meeting_id) {
  rooms_.erase(meeting_id);
  ended_.add(loop_.now(), meeting_id);
  host_.meeting_ended(host_.context, meeting_id, wall_now().unix_ms);
}

void Conference::close_again(int64_t meeting_id) {
  if (find(meeting_id) != nullptr || !ended_.contains(loop_.now(), meeting_id)) return;
  if (deleting_.contains(meeting_id)) return;
  // Whoever came has been given a fresh token by the server.
  ended_.add(loop_.now(), meeting_id);
  // A failure heals with a comparison, which finds the room again.
  delete_room(meeting_id, [this](const Result<json::object>& answer) {
    if (!answer) log(TURMS_LOG_WARN, answer.error().message);
  });
}

// --- webhooks ---

void Conference::respond(turms_call call, int status, std::string_view text) {
  turms_http_response response{};
  response.struct_size = sizeof response;
  response.status = status;
  response.body = reinterpret_cast<const uint8_t*>(text.data());
  response.body_size = text.size();
  host_.http_respond(host_.context, call, &response);
}

void Conference::serve(turms_call call, const HttpRequest& request) {
  if (request.path != "/webhook") return respond(call, 404, "not found\n");
  if (request.method != "POST") return respond(call, 405, "POST only\n");
  auto verified = verify_webhook(request.authorization, request.body, config_.api_key,
                                 config_.api_secret, wall_now());
  if (!verified) return respond(call, 401, "not signed by the media server\n");
  auto event = parse_object(request.body);
  if (!event) return respond(call, 400, "no JSON object\n");
  respond(call, 200, "");
  webhook(*event);
}

void Conference::webhook(const json::object& event) {
  const json::object* room = object_field(event, "room");
  if (room == nullptr) return;
  const auto id = decimal(text_field(*room, "name"));
  if (!id) return;
  const std::string what = text_field(event, "event");
  const Room* known = find(*id);
  if (known == nullptr) {
    // Other events may still come from the room's end.
    if (what == "room_started" || what == "participant_joined") close_again(*id);
    return;
  }
  if (what != "room_finished") return look_soon(*id);
  // A late one may speak of a room by this name that was there before.
  const std::string sid = text_field(*room, "sid");
  if (!known->sid.empty() && sid == known->sid) {
    ended(*id);
  } else {
    reconcile();
  }
}

}  // namespace turms::livekit_plugin
