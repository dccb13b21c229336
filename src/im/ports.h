#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "im/delivery.h"
#include "im/permit.h"
#include "im/types.h"

// What the domain needs from the outside, one narrow interface per aggregate. All of it is called
// on the control thread and completes there. A changing call has completed only when it is durable.
// Errors: kUnavailable (queue full, storage locked, shutting down), kResourceExhausted (disk full),
// kInternal (everything else); refusals that the domain expects are values, not errors.

namespace turms::im {

template <class T>
using Stored = Task<Result<T>>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
};

/// Memory-hard hashing, off the control thread. kUnavailable when too many wait, or the requester
/// does not any more.
class PasswordHasher {
 public:
  virtual ~PasswordHasher() = default;
  virtual Stored<std::string> hash(std::string password) = 0;
  struct Verdict {
    bool matches = false;
    /// Made with weaker parameters than today's: hash the password anew.
    bool outdated = false;
  };
  virtual Stored<Verdict> verify(std::string password, std::string hash,
                                 HashRequester requester) = 0;
};

// ---------------------------------------------------------------------------------------- users

struct Credentials {
  bool active = false;
  std::string password_hash;
  /// Of this password: each change of anybody's password has a higher one. 0: never changed.
  int64_t password_version = 0;
};

struct PasswordChange {
  UserId user_id;
  int64_t version = 0;
};

class UserRepository {
 public:
  virtual ~UserRepository() = default;
  /// In no particular order; unknown ids are left out.
  virtual Stored<std::vector<User>> find(std::vector<UserId> ids) = 0;
  virtual Stored<std::optional<Credentials>> find_credentials(UserId id) = 0;
  /// By id, ascending, those above `after`.
  virtual Stored<std::vector<User>> list(UserId after, int limit) = 0;
  /// False when the id is taken.
  virtual Stored<bool> create(Permit<action::CreateUser>, User user, std::string password_hash) = 0;
  /// False when there is no such user.
  virtual Stored<bool> change_password(Permit<action::ChangePassword>,
                                       std::string password_hash) = 0;
  /// Another hash of the same password. False when it is no longer the one hashed in `former`.
  virtual Stored<bool> renew_password_hash(Permit<action::RenewPasswordHash>, std::string former,
                                           std::string password_hash) = 0;
  /// By version, ascending, those above `version`; of a user the last change only.
  virtual Stored<std::vector<PasswordChange>> password_changes(int64_t version, int limit) = 0;
  virtual Stored<bool> set_active(Permit<action::SetActive>, bool active, WallTime now) = 0;
};

/// What decides whether a user can be written to.
struct Reachability {
  bool exists_and_active = false;
  /// Sorted.
  std::vector<UserId> blocked;
  /// Sorted: those the user has an unblocked relationship with.
  std::vector<UserId> friends;
};

class RelationshipRepository {
 public:
  virtual ~RelationshipRepository() = default;
  virtual Stored<Reachability> reachability(UserId owner) = 0;
  /// Makes or changes the one-sided relationship. `blocked_date` absent: not blocked.
  virtual Stored<None> put(Permit<action::PutRelationship>, std::optional<WallTime> blocked_date,
                           WallTime now) = 0;
};

/// What a client's last_updated_date is compared with. Changing calls of the repositories move the
/// stamps in the same transaction.
enum class VersionOf : int32_t {
  kJoinedGroups = 1,         // of a user
  kSentInvitations = 2,      // of a user
  kReceivedInvitations = 3,  // of a user
  kGroupMembers = 4,         // of a group
  kGroupInvitations = 5,     // of a group
};

class VersionRepository {
 public:
  virtual ~VersionRepository() = default;
  /// Nothing when nothing of the kind ever happened.
  virtual Stored<std::optional<WallTime>> find(VersionOf kind, int64_t id) = 0;
};

// --------------------------------------------------------------------------------------- groups

/// Everything rights checks need about a group. The group may be inactive (deleted).
struct GroupSnapshot {
  Group group;
  GroupType type;
  std::vector<GroupMember> members;
  std::vector<UserId> blocked;
  /// The stamp (VersionOf::kGroupMembers) that goes with just these members.
  std::optional<WallTime> members_version;
};

/// Absent: unchanged.
struct GroupChange {
  std::optional<std::string> name;
  std::optional<std::string> intro;
  std::optional<std::string> announcement;
  std::optional<int32_t> min_score;
  std::optional<int64_t> type_id;
  /// The epoch or any past date unmutes.
  std::optional<WallTime> mute_end_date;
};

struct MemberChange {
  std::optional<std::string> name;
  std::optional<GroupMemberRole> role;
  std::optional<WallTime> mute_end_date;
};

class GroupRepository {
 public:
  virtual ~GroupRepository() = default;
  virtual Stored<std::optional<GroupSnapshot>> load(GroupId id) = 0;
  /// Active ones only, in the order of `ids`.
  virtual Stored<std::vector<Group>> find(std::vector<GroupId> ids) = 0;
  virtual Stored<std::vector<Group>> list(GroupId after, int limit) = 0;
  /// Active groups the user is a member of, ascending.
  virtual Stored<std::vector<GroupId>> joined_by(UserId user) = 0;
  virtual Stored<std::optional<GroupType>> find_type(int64_t id) = 0;
  virtual Stored<None> put_type(Permit<action::PutGroupType>, GroupType type) = 0;

  virtual Stored<None> create(Permit<action::CreateGroup>, Group group,
                              std::vector<GroupMember> members) = 0;
  /// False when it does not exist or is deleted.
  virtual Stored<bool> update(Permit<action::UpdateGroup>, GroupChange change, WallTime now) = 0;
  /// Logical: keeps the row, drops members, blocklist, invitations. False when already gone.
  virtual Stored<bool> remove(Permit<action::RemoveGroup>, WallTime now) = 0;

  enum class Added { kDone, kDuplicate, kFull, kGroupGone };
  /// All or none.
  virtual Stored<Added> add_members(Permit<action::AddMembers>, std::vector<GroupMember> members,
                                    int32_t size_limit, WallTime now) = 0;
  /// Those that were members and no owner, and so were removed.
  virtual Stored<std::vector<UserId>> remove_members(Permit<action::RemoveMembers>,
                                                     WallTime now) = 0;
  virtual Stored<bool> update_member(Permit<action::UpdateMember>, MemberChange change,
                                     WallTime now) = 0;
  enum class Transferred { kDone, kNotOwner, kSuccessorNotMember };
  /// The successor becomes owner, in the group and in the members; the old owner a plain member,
  /// or no member at all with `quit`.
  virtual Stored<Transferred> transfer(Permit<action::TransferGroup>, bool quit, WallTime now) = 0;
  /// Blocking removes a member. False when the block was there already.
  virtual Stored<bool> block_user(Permit<action::BlockInGroup>, UserId requester, WallTime now) = 0;
};

struct InvitationFilter {
  std::optional<GroupId> group_id;
  std::optional<UserId> inviter_id;
  std::optional<UserId> invitee_id;
};

class InvitationRepository {
 public:
  virtual ~InvitationRepository() = default;
  virtual Stored<std::optional<GroupInvitation>> find(InvitationId id) = 0;
  /// By id, ascending.
  virtual Stored<std::vector<GroupInvitation>> query(InvitationFilter filter) = 0;
  virtual Stored<None> create(Permit<action::Invite>, GroupInvitation invitation) = 0;
  enum class Replied { kDone, kAlreadyMember, kNotPending, kFull, kBlocked, kGroupGone };
  /// Settles a pending invitation; with `member`, adds it in the same transaction. kAlreadyMember:
  /// settled, nothing to add. The last four: nothing changed.
  virtual Stored<Replied> reply(Permit<action::ReplyToInvitation>, RequestStatus status,
                                std::string reason, std::optional<GroupMember> member,
                                int32_t size_limit, WallTime now) = 0;
};

// ------------------------------------------------------------------------------------- messages

struct MessageFilter {
  bool of_groups = false;
  /// Empty: any.
  std::vector<MessageId> ids;
  /// Private: who received them. Unused for groups.
  UserId recipient_id;
  /// Private: senders, empty for any. Groups: the groups, never empty.
  std::vector<UserId> sender_ids;
  std::vector<GroupId> group_ids;
  std::optional<bool> are_system_messages;
  std::optional<WallTime> delivery_date_start;  // inclusive
  std::optional<WallTime> delivery_date_end;    // exclusive
  int32_t max_count = 0;
  bool descending = false;
};

/// What of a message is written; records only where they are kept.
struct NewMessage {
  Message message;
  bool keep_records = false;
  /// The sender has read what came before.
  bool move_read_date = true;
};

class MessageRepository {
 public:
  virtual ~MessageRepository() = default;
  /// Ids ascend from call to call.
  virtual Stored<None> append(Permit<action::SendMessage>, NewMessage message) = 0;
  /// Recalled ones too.
  virtual Stored<std::optional<Message>> find(MessageId id) = 0;
  /// In order of acceptance. Recalled ones are left out.
  virtual Stored<std::vector<Message>> query(MessageFilter filter) = 0;
  /// How many the filter matches, without max_count.
  virtual Stored<int64_t> count(MessageFilter filter) = 0;
  /// False when it does not exist or was recalled.
  virtual Stored<bool> edit(Permit<action::EditMessage>, std::optional<std::string> text,
                            std::optional<std::vector<Bytes>> records, WallTime now) = 0;
  /// Marks it recalled and appends `notice` in one transaction. False when it does not exist or was
  /// recalled before.
  virtual Stored<bool> recall(Permit<action::RecallMessage>, WallTime recall_date,
                              NewMessage notice) = 0;
};

class ConversationRepository {
 public:
  virtual ~ConversationRepository() = default;
  /// owner × targets, those that exist.
  virtual Stored<std::vector<PrivateConversation>> find_private(std::vector<UserId> owners,
                                                                UserId target) = 0;
  virtual Stored<std::vector<GroupConversation>> find_group(std::vector<GroupId> ids) = 0;
  enum class Moved { kDone, kBackwards };
  virtual Stored<Moved> move_private(Permit<action::MovePrivateReadDate>, WallTime read_date) = 0;
  virtual Stored<Moved> move_group(Permit<action::MoveGroupReadDate>, WallTime read_date) = 0;
};

// ------------------------------------------------------------------------------------- meetings

struct MeetingFilter {
  /// Only meetings that this user made, or was asked to, or that are held in one of the groups.
  struct Concerned {
    UserId user_id;
    std::vector<GroupId> group_ids;
  };
  std::optional<Concerned> concerned;
  /// Each empty list: any.
  std::vector<MeetingId> ids;
  std::vector<UserId> creator_ids;
  std::vector<UserId> user_ids;
  std::vector<GroupId> group_ids;
  std::optional<WallTime> creation_date_start;  // inclusive
  std::optional<WallTime> creation_date_end;    // inclusive
  /// Not ended and not canceled.
  bool active_only = false;
  int32_t skip = 0;
  int32_t limit = 0;  // 0: no limit
};

struct MeetingChange {
  std::optional<std::string> name;
  std::optional<std::string> intro;
  std::optional<std::string> password;
};

class MeetingRepository {
 public:
  virtual ~MeetingRepository() = default;
  virtual Stored<std::optional<Meeting>> find(MeetingId id) = 0;
  /// By creation date, then id, ascending.
  virtual Stored<std::vector<Meeting>> query(MeetingFilter filter) = 0;
  /// False when the id is taken: draw another.
  virtual Stored<bool> create(Permit<action::CreateMeeting>, Meeting meeting) = 0;
  virtual Stored<bool> update(Permit<action::UpdateMeeting>, MeetingChange change) = 0;
  /// Each false when it is already ended or canceled, or does not exist.
  virtual Stored<bool> cancel(Permit<action::CancelMeeting>, WallTime now) = 0;
  virtual Stored<bool> end(Permit<action::EndMeeting>, WallTime now) = 0;
  /// Takes back a meeting whose room could not be made.
  virtual Stored<None> erase(Permit<action::EraseMeeting>) = 0;
};

/// Whom a conference provider lets in, and as what.
struct Admission {
  MeetingId meeting_id;
  UserId user_id;
  std::string user_name;
  DeviceType device_type = DeviceType::kUnknown;
  /// Of the group; owner for the creator of a meeting without one.
  GroupMemberRole role = GroupMemberRole::kMember;
  bool muted = false;
};

/// Who holds the meetings: the plugin that drives a media server. The plugin host implements it.
class ConferenceProvider {
 public:
  virtual ~ConferenceProvider() = default;
  /// False: requests about meetings answer kConferenceNotImplemented.
  virtual bool available() const = 0;
  virtual Stored<None> create_meeting(Meeting meeting, int max_participants) = 0;
  virtual Stored<None> cancel_meeting(MeetingId id) = 0;
  /// Meetings a user has made that are still going on.
  virtual Stored<int64_t> count_active_meetings(UserId user) = 0;
  /// The access token.
  virtual Stored<std::string> accept(Admission admission) = 0;
  virtual Stored<std::vector<MeetingParticipant>> participants(MeetingId id) = 0;

  // Told, not asked: a member of the group that holds the meeting changed.
  virtual void member_removed(MeetingId id, UserId user) = 0;
  virtual void member_muted(MeetingId id, UserId user, bool muted) = 0;
  virtual void member_role_changed(MeetingId id, UserId user, GroupMemberRole role) = 0;
};

/// What the provider reports. Implemented by the domain's meetings.
class ConferenceListener {
 public:
  virtual ~ConferenceListener() = default;
  virtual void participants_changed(MeetingId id, std::vector<MeetingParticipant> participants) = 0;
  virtual void meeting_ended(MeetingId id, WallTime when) = 0;
};

/// What a change did to a group, as a value that can go to other nodes too. Without particulars it
/// says that something may have changed: a commit whose outcome is not known.
struct GroupChanged {
  /// Absent: unchanged.
  struct Member {
    UserId user_id;
    std::optional<GroupMemberRole> role;
    /// The epoch or any past date unmutes.
    std::optional<WallTime> mute_end_date;
  };

  GroupId group_id;
  std::vector<UserId> joined;
  std::vector<Member> changed;
  std::vector<UserId> left;
  /// Of all members.
  std::optional<WallTime> mute_end_date;
  bool deleted = false;
};

/// Hears of changes in groups, in order, after they are durable and before anybody is told.
class GroupSubscriber {
 public:
  virtual ~GroupSubscriber() = default;
  virtual void on_group_changed(const GroupChanged& change) = 0;
};

// ------------------------------------------------------------------------------------------ bus

/// Close sessions of a user, on whatever node they are.
struct DisconnectOrder {
  UserId user_id;
  /// Empty: all.
  std::vector<DeviceType> device_types;
  /// This one stays (the one that is signing in).
  std::optional<Caller> except;
  /// Those that signed in with this password, or a later one, stay.
  std::optional<int64_t> password_version;
  int32_t close_status = 0;
  std::optional<int32_t> code;
};

/// The gateway of this node.
class BusSubscriber {
 public:
  virtual ~BusSubscriber() = default;
  virtual void on_envelope(const Envelope& envelope) = 0;
  virtual void on_disconnect(const DisconnectOrder& order) = 0;
};

/// Connects the nodes; a single node is a cluster of one. Publishing calls this node's subscriber
/// before it returns, and other nodes' soon after; in order per publisher.
class Bus {
 public:
  virtual ~Bus() = default;
  virtual void subscribe(BusSubscriber& subscriber) = 0;
  virtual void publish(const Envelope& envelope) = 0;
  virtual void publish(const DisconnectOrder& order) = 0;

  // Presence. The gateway says who is here; one entry per session.
  virtual void signed_in(const Caller& session, UserStatus status) = 0;
  virtual void signed_out(const Caller& session) = 0;
  /// The status of a user, as all their sessions show it.
  virtual void set_status(UserId user, UserStatus status) = 0;
  /// In the order of `users`; who is nowhere is kOffline without devices.
  virtual Stored<std::vector<Presence>> presence(std::vector<UserId> users) = 0;

  /// At most one node holds a lease by this name at a time. False when another one does.
  virtual Stored<bool> acquire_lease(std::string name, Duration lifetime) = 0;
  virtual void release_lease(std::string_view name) = 0;
};

/// Where everything lives. Owned by the app, outlives the domain.
struct Repositories {
  UserRepository& users;
  RelationshipRepository& relationships;
  VersionRepository& versions;
  GroupRepository& groups;
  InvitationRepository& invitations;
  MessageRepository& messages;
  ConversationRepository& conversations;
  MeetingRepository& meetings;
};

}  // namespace turms::im
