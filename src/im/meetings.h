#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/group_state.h"
#include "im/meeting/event.h"
#include "im/meeting/machine.h"
#include "im/messages.h"
#include "im/ports/changes.h"
#include "im/ports/conference.h"
#include "im/ports/meetings.h"
#include "im/settings.h"
#include "im/status.h"

namespace turms::im {

/// What an operator may decide about meetings, with the upstream defaults.
struct MeetingSettings {
  enum class Password {
    kProhibited,
    kOptional,
    kRequired,
    /// The server makes one where the creator gives none; or always.
    kOptionalOrMade,
    kMade,
  };
  /// UTF-16 code units. A max of 0: no limit but the size of a request.
  struct Size {
    size_t min = 0;
    size_t max = 0;
  };
  Password password = Password::kProhibited;
  Size password_size{6, 6};
  /// Of passwords that the server makes.
  std::string password_characters = "0123456789";
  Size name_size{0, 20};
  Size intro_size{0, 200};
  /// Digits of an id: 9 or 10.
  int id_digits = 9;
  int64_t max_active_meetings_per_user = 1;
  /// How far ahead a meeting may start; its room is made when somebody joins.
  Duration max_start_offset{};
  bool allow_cancel = true;
  /// The creator is one of the others.
  Settings::Notify invitation_updated{true, true};
  int max_participants_of_group_meeting = 100;
  int max_participants_of_private_meeting = 2;
  meeting::Rules rules;
  /// Where clients connect with their token; empty: the origin that serves the page.
  std::string media_url;
};

struct CreateMeeting {
  std::optional<UserId> user_id;
  std::optional<GroupId> group_id;
  std::optional<std::string> name;
  std::optional<std::string> intro;
  std::optional<std::string> password;
  std::optional<WallTime> start_date;
};

struct QueryMeetings {
  std::vector<MeetingId> ids;
  std::vector<UserId> creator_ids;
  std::vector<UserId> user_ids;
  std::vector<GroupId> group_ids;
  std::optional<WallTime> creation_date_start;
  std::optional<WallTime> creation_date_end;
  std::optional<int32_t> skip;
  std::optional<int32_t> limit;
};

struct UpdateMeeting {
  std::optional<MeetingId> id;
  std::optional<std::string> name;
  std::optional<std::string> intro;
  std::optional<std::string> password;
};

struct UpdateMeetingInvitation {
  MeetingId meeting_id;
  std::optional<std::string> password;
  ResponseAction response_action = ResponseAction::kAccept;
};

/// An extension request.
struct ControlMeeting {
  MeetingId meeting_id;
  meeting::Action action = meeting::Action::kRinging;
  /// At most kMaxTargets.
  std::vector<UserId> user_ids;
  bool on = true;
  meeting::Tracks tracks = meeting::kMicrophone;
  uint8_t room = 0;
  std::vector<std::string> names;

  static constexpr size_t kMaxTargets = 1000;
};

/// Exactly one of the two.
struct QueryMeetingState {
  std::optional<MeetingId> meeting_id;
  std::optional<GroupId> group_id;
};

/// Meetings of groups and between two users: who may hold, see, join and end them. What becomes of
/// one is decided by im/meeting, a pure function: this stores its state, does what it says is to be
/// done, and tells everybody. The media is a ConferenceProvider's (a plugin's). Lives on the
/// control thread; what it is made from outlives it.
///
/// What forbids something is stored before it is answered, so it holds after kill -9 too. Who is in
/// is stored soon; after a restart the provider says it anew, and whoever is not seen for
/// meeting::Rules::absence is out.
///
/// A breakout room is a meeting of its own to the provider (breakout_id).
///
/// Told to everybody concerned (the members of the group; both sides of a private meeting):
///   created    an invitation message (system message, records [0x02] and the encoded Meeting), and
///              the state to sessions with extensions;
///   changed    the state, whenever somebody comes, goes, or (un)publishes;
///   over       MeetingFinished (a relayed delete_meeting) and the last state with its end date.
class Meetings final : public ConferenceListener,
                       public GroupSubscriber,
                       public MeetingSubscriber,
                       public RelationshipSubscriber {
 public:
  /// Bounds of one query, and of meetings going on at once.
  static constexpr int32_t kMaxQueried = 1000;
  static constexpr size_t kMaxActive = 100'000;

  /// Makes the second record of an invitation message (gateway::encode_meeting_record).
  using EncodeRecord = std::function<Bytes(const Meeting&)>;

  Meetings(Context& context, Messages& messages, Delivery& delivery, ConferenceProvider& provider,
           EncodeRecord encode_record, MeetingSettings settings = {});

  /// From now on; what is under way may see some of both. What roles may do changes for those who
  /// are in, too.
  void set_settings(MeetingSettings settings);

  /// At the start: takes up the meetings that were going on when the server stopped. Their rooms
  /// are made again if they are gone; a room that stays empty then ends in time. Whoever is in one
  /// is put right by the members as they are now. Again when a provider starts. Requests may come
  /// meanwhile.
  Task<void> resume();
  /// The provider's number of a breakout room (1 to State::kMaxBreakouts): longer than any
  /// meeting's.
  static MeetingId breakout_id(MeetingId id, uint8_t room) {
    return MeetingId(id.value * 100 + room);
  }
  /// About every second: mutes that ran out, and what is due in meetings.
  void tick();

  // What a client asks. Without a running provider everything but queries is refused with
  // kConferenceNotImplemented.

  /// The new meeting's id (data.long). kIllegalArgument unless exactly one of user and group is
  /// given. The invitation message is among the effects.
  Task<Outcome<Reply<MeetingId>>> create(Caller caller, CreateMeeting command);
  /// By its creator only. A meeting that is over stays as it is, which is no error.
  Task<Outcome<Reply<>>> cancel(Caller caller, std::optional<MeetingId> id);
  /// Those the caller may see, the creator with the password; the list may be empty (answered 1000
  /// with an empty list).
  Task<Outcome<std::vector<Meeting>>> query(Caller caller, QueryMeetings query);
  Task<Outcome<Reply<>>> update(Caller caller, UpdateMeeting command);
  /// The access token (data.string) when accepted; nothing when declined or ignored.
  Task<Outcome<Reply<std::optional<std::string>>>> reply_to_invitation(
      Caller caller, UpdateMeetingInvitation command);
  /// What a device that is called answers, and what people want of a meeting; each checked against
  /// their role at this moment. The state is among the effects.
  Task<Outcome<Reply<>>> control(Caller caller, ControlMeeting command);
  /// kNoContent when there is none that the caller may see. An extension request.
  Task<Outcome<std::vector<MeetingStateChanged>>> query_state(Caller caller,
                                                              QueryMeetingState query);

  /// What an administrator does: ends it for all who are in it. False: it was over, or never was.
  Task<Result<bool>> end_by_administrator(MeetingId id);

  // ConferenceListener: what the provider reports.
  void participants_changed(MeetingId id, std::vector<MeetingParticipant> participants) override;
  void meeting_ended(MeetingId id, WallTime when) override;
  void provider_started() override;

  /// Who must leave, fall silent, or may more.
  void on_group_changed(const GroupChanged& change) override;
  /// Who is blocked must leave a meeting between the two.
  void on_relationship_changed(const RelationshipChanged& change) override;
  /// Which meetings go on, and which rooms are to close.
  void on_meeting_changed(const MeetingChanged& change) override;

  /// Meetings that are neither over nor canceled.
  [[nodiscard]] size_t active() const { return live_.size(); }

 private:
  /// A meeting that goes on.
  /// Of one user.
  struct Making {
    int64_t count = 0;   // meetings being made
    uint64_t ended = 0;  // that were made, or given up
  };
  struct Live {
    Meeting meeting;
    /// As the provider said last, of each room.
    std::map<uint8_t, std::vector<MeetingParticipant>> rooms;
    /// Of all rooms, those who may be in.
    std::vector<MeetingParticipant> participants;
    int64_t version = 0;
    meeting::State life;
    std::optional<WallTime> next;  // deadline of `life`
    bool saving = false;
    bool unsaved = false;
    /// Whom it was last told to: all there is left of a group that was deleted.
    Recipients audience;
    bool has_room = false;
  };

  /// A meeting as one user finds it.
  struct Seen {
    std::optional<Meeting> found;
    /// The user is one of those it is held with.
    bool visible = false;
    [[nodiscard]] const Meeting* meeting() const { return found ? &*found : nullptr; }
  };
  Task<Result<Seen>> see(MeetingId id, UserId user);

  // meeting_life.cc
  /// What becomes of it: the state is the new one at once, and is stored soon. Nothing of one that
  /// does not go on.
  meeting::Step happen(MeetingId id, const meeting::Event& event);
  /// A request that is being answered: what people are told goes there, to be told after that.
  struct Answering {
    UserId caller;
    std::vector<Push>& pushes;
  };
  void do_effects(MeetingId id, const std::vector<meeting::Effect>& effects,
                  const Answering* answer = nullptr);
  void do_effect(const Live& live, const meeting::Effect& effect, const Answering* answer);
  void signal(const Meeting& meeting, MeetingSignal::Kind kind, const meeting::Effect& effect,
              const Answering* answer);
  /// happen() and do_effects(), and tells the state when it has changed.
  meeting::Answer carry_out(MeetingId id, const meeting::Event& event);
  Task<void> save(MeetingId id);
  Task<Result<None>> save_now(MeetingId id);
  Task<void> save_last(MeetingId id);
  Task<void> silence(MeetingId id, UserId user, meeting::Tracks tracks);
  Task<void> end_for_all(MeetingId id);
  Task<void> remind(MeetingId id);
  Task<void> call_everybody(MeetingId id, UserId by, const Answering* answer);
  Task<void> open_breakout(MeetingId id, uint8_t room);
  Task<void> close_breakout(MeetingId id, uint8_t room);
  Task<void> tell_breakout(MeetingId id, uint8_t room);
  Task<void> settle_people(MeetingId id, std::vector<UserId> users);
  Task<void> seen(MeetingId id, uint8_t room);
  Task<Result<GroupPtr>> group_of(const Meeting& meeting);
  static meeting::Subject subject(const Meeting& meeting, const GroupPtr& group, UserId user);
  static bool belongs(const Meeting& meeting, const GroupPtr& group, UserId user);
  /// What the meeting says of a member of whom the group has spoken.
  void constrain(const Live& live, MeetingMember& member, uint8_t room = 0) const;
  Task<Result<std::map<MeetingId, meeting::State>>> stored_lives(const std::vector<Meeting>& of);
  /// Refuses, or lets in.
  Outcome<None> ask_to_join(const Caller& caller, const Meeting& meeting, GroupMemberRole role,
                            Admission& admission);

  // `trace_id`: of the request, 0: of none.
  Task<Outcome<Push>> open(Meeting& meeting, uint64_t trace_id);
  Stored<None> make_room(const Meeting& meeting, uint64_t trace_id);
  Task<void> make_rooms(std::vector<Meeting> meetings);
  Task<Result<bool>> may_see(const Meeting& meeting, UserId user);
  Task<Result<Recipients>> audience_of(const Meeting& meeting);
  Task<Outcome<Admission>> admission(const Caller& caller, const Meeting& meeting);
  /// Publishes that it is over; returns what its audience is told.
  Task<std::vector<Push>> farewell(Meeting meeting);
  Task<void> close_room(MeetingId id);
  Task<void> end_all(GroupId id);
  void members_removed(GroupId id, const std::vector<UserId>& users);
  /// Tells the provider of these members as they are now, and remembers when their mutes end.
  Task<void> settle(GroupId id, std::vector<UserId> users);
  Task<void> settle_all(GroupId id);
  /// Everybody of one meeting.
  Task<void> settle_meeting(MeetingId id);
  Task<std::vector<MeetingMember>> both_sides(Meeting meeting);
  MeetingMember member_now(const GroupState& group, UserId user);
  void role_changed(GroupId id, UserId user);
  /// The state as it is now, for all who may see it; nothing when the meeting is over.
  Task<std::optional<Push>> state_push(MeetingId id);
  Task<void> push_state(MeetingId id);
  Task<void> end(MeetingId id, WallTime when);
  Task<Result<None>> name_participants(Live& live);
  Live& keep(Meeting meeting, const meeting::State* life = nullptr);
  Live forget(MeetingId id);
  [[nodiscard]] std::vector<MeetingId> meetings_of(GroupId id) const;
  MeetingStateChanged state_of(const Live& live) const;
  int64_t next_version(int64_t last) const;

  Context& context_;
  Messages& messages_;
  Delivery& delivery_;
  ConferenceProvider& provider_;
  EncodeRecord encode_record_;
  MeetingSettings settings_;
  std::map<MeetingId, Live> live_;
  bool resumed_ = false;
  /// How many resume() read the store, and which meetings ended since the first of them began.
  int resuming_ = 0;
  std::set<MeetingId> over_while_resuming_;
  /// Meetings being made, so that two requests of one user at once count as two.
  std::map<UserId, Making> being_made_;
  /// Members whose mute ends by itself; the epoch when their group could not be loaded.
  std::map<std::pair<GroupId, UserId>, WallTime> muted_until_;
  /// Meetings whose members could not be told to the provider yet.
  std::set<MeetingId> unsettled_;
};

}  // namespace turms::im
