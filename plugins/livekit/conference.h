#pragma once

#include <boost/container/flat_map.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config.h"
#include "ended_meetings.h"
#include "json.h"
#include "net/loop.h"
#include "room_service.h"
#include "tokens.h"
#include "turms/plugin.h"

namespace turms::livekit_plugin {

/// Meetings as LiveKit rooms: the room's name is the meeting's id, an identity is a user's id, with
/// "#" and more behind it for a further connection of the same user, which is held to the same
/// rights. On the plugin's own thread.
///
/// The server is the truth. A webhook says only that a room should be looked at, so a lost, late or
/// repeated one does no harm: the room is listed soon after it, every second while somebody is in
/// it (LiveKit tells of no mutes by webhook), and all rooms are compared every reconcile interval.
/// What the group decided (who may be in it, as what, who is muted) is told by the host as state,
/// and enforced on each look: also on who is there since before this plugin was started.
///
/// A meeting that is over stays over: LiveKit makes its room anew for whoever comes with a token
/// from before, and such a room is deleted as soon as a webhook or a comparison tells of it. Only
/// meetings that ended here are known by that; other rooms, whatever their names, are not ours.
class Conference {
 public:
  /// Rooms that are looked at in one second; with more of them occupied they take turns.
  static constexpr size_t kLooksPerSecond = 32;
  /// Ended meetings that are asked for in one comparison; with more of them they take turns.
  static constexpr size_t kEndedPerComparison = 64;
  /// A server that says nothing for so long has nobody in its rooms: no ghosts after a crash.
  static constexpr Duration kSilence = std::chrono::seconds(25);

  Conference(net::Loop& loop, const turms_host& host, const Config& config);

  struct Meeting {
    int64_t id = 0;
    int64_t creator_id = 0;
    int64_t group_id = 0;
    std::string name;
    int max_participants = 0;
    /// Of the request that makes it; 0: none.
    uint64_t trace_id = 0;
  };
  void create_meeting(turms_call call, const Meeting& meeting);
  void cancel_meeting(turms_call call, int64_t meeting_id);
  void count_active_meetings(turms_call call, int64_t user_id);
  void accept(turms_call call, const MemberToken& member);
  void list_participants(turms_call call, int64_t meeting_id);

  struct Member {
    turms_role role = TURMS_ROLE_MEMBER;
    Rights rights;
    bool allowed = true;
    bool operator==(const Member&) const = default;
  };
  using Told = std::pair<int64_t, Member>;
  void tell_members(int64_t meeting_id, const std::vector<Told>& members, bool complete);
  /// On all connections of the user; `tracks`: TURMS_TRACK_*.
  void mute(turms_call call, int64_t meeting_id, int64_t user_id, uint32_t tracks);

  struct HttpRequest {
    std::string method;
    std::string path;
    std::string authorization;
    std::string body;
  };
  void serve(turms_call call, const HttpRequest& request);

 private:
  struct Room {
    int64_t creator_id = 0;
    std::string sid;
    /// Rooms that were asked for before this moment know it.
    TimePoint created{};
    bool exists = false;
    /// As they were let in, or as the group has them since.
    boost::container::flat_map<int64_t, Member> members;
    /// Who is not among them may not be in it.
    bool complete = false;
    /// With what they came, of those who were let in by this plugin.
    std::map<int64_t, std::string> devices;
    std::vector<turms_participant> reported;
    /// When the server last said who is in it.
    TimePoint seen{};
    bool looking = false;
    bool look_again = false;
    bool look_soon = false;
  };

  Room* find(int64_t meeting_id);
  void look(int64_t meeting_id);
  void look_soon(int64_t meeting_id);
  void looked(int64_t meeting_id, Result<json::object> answer);
  void mute_tracks(turms_call call, int64_t meeting_id, int64_t user_id, uint32_t tracks,
                   const json::object& list);
  void enforce(int64_t meeting_id, const Room& room, const Participant& participant,
               const Identity& identity);
  /// `metadata` null: unchanged.
  void update_rights(int64_t meeting_id, const std::string& identity, const Member& member,
                     json::value metadata);
  void apply(int64_t meeting_id, Room& room, int64_t user, const Member& member);
  static bool may_be_in(const Room& room, int64_t user);
  void report(int64_t meeting_id, Room& room, std::vector<turms_participant> participants);
  void reconcile();
  void compare(TimePoint asked, const json::object& answer);
  void watch();
  void ended(int64_t meeting_id);
  void delete_room(int64_t meeting_id, RoomService::Handler handler);
  void close_again(int64_t meeting_id);
  void webhook(const json::object& event);
  void respond(turms_call call, int status, std::string_view text);
  void complete(turms_call call, const Result<json::object>& result);
  void log(turms_log_level level, const std::string& message) const;

  net::Loop& loop_;
  const turms_host& host_;
  const Config& config_;
  RoomService service_;
  std::map<int64_t, Room> rooms_;
  EndedMeetings ended_;
  std::set<int64_t> deleting_;
  int64_t last_watched_ = 0;
  bool reconciling_ = false;
  net::Timer reconcile_timer_;
  net::Timer watch_timer_;
};

}  // namespace turms::livekit_plugin
