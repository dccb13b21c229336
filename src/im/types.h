#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/cancellation.h"
#include "base/ids.h"
#include "base/time.h"

namespace turms::im {

struct None {};

// The numbers of these enumerations are those of the protocol and of the database.

enum class DeviceType : int32_t { kDesktop, kBrowser, kIos, kAndroid, kOthers, kUnknown };
enum class UserStatus : int32_t {
  kAvailable,
  kOffline,
  kInvisible,
  kBusy,
  kDoNotDisturb,
  kAway,
  kBeRightBack
};
enum class GroupMemberRole : int32_t { kOwner, kManager, kMember, kGuest, kAnonymousGuest };
enum class RequestStatus : int32_t {
  kPending,
  kAccepted,
  kAcceptedWithoutConfirm,
  kDeclined,
  kIgnored,
  kExpired,
  kCanceled
};
enum class ResponseAction : int32_t { kAccept, kDecline, kIgnore };
enum class ProfileAccessStrategy : int32_t { kAll, kAllExceptBlockedUsers, kFriends };

inline bool is_known(UserStatus v) {
  return v >= UserStatus::kAvailable && v <= UserStatus::kBeRightBack;
}
inline bool is_known(GroupMemberRole v) {
  return v >= GroupMemberRole::kOwner && v <= GroupMemberRole::kAnonymousGuest;
}
inline bool is_known(ProfileAccessStrategy v) {
  return v >= ProfileAccessStrategy::kAll && v <= ProfileAccessStrategy::kFriends;
}
inline bool is_known(ResponseAction v) {
  return v >= ResponseAction::kAccept && v <= ResponseAction::kIgnore;
}

/// One signed-in session of a user: who asks, and from where.
struct Caller {
  UserId user_id;
  DeviceType device_type = DeviceType::kUnknown;
  /// Unique over all nodes while it lives: the node's number above 32 bits, and below what the
  /// client is told. 0 is nobody's.
  int64_t session_id = 0;
  /// It announced that it knows the extensions of the protocol.
  bool extensions = false;
  /// Of the request that is carried out, for logs and plugins; 0: of none.
  uint64_t trace_id = 0;

  /// UserSession.session_id: positive, 31 bits.
  [[nodiscard]] int64_t client_session_id() const { return session_id & 0x7FFFFFFF; }
};

/// Who waits for a password to be hashed.
struct HashRequester {
  /// Sources take turns. Empty: the server itself.
  std::string source;
  /// Null: always waits.
  std::shared_ptr<Cancellation> cancellation;
};

/// Values of the protocol (Value, encoded) by their names: the domain keeps them and looks into
/// none.
using ValueMap = std::map<std::string, std::string>;

struct User {
  UserId id;
  std::string name;
  std::string intro;
  std::string profile_picture;
  ProfileAccessStrategy profile_access_strategy = ProfileAccessStrategy::kAll;
  WallTime registration_date;
  WallTime last_updated_date;
  bool active = true;
  ValueMap attributes;
};

/// What `owner_id` thinks of `related_user_id`: one-sided. A friend, unless blocked.
struct Relationship {
  UserId owner_id;
  UserId related_user_id;
  std::optional<WallTime> block_date;
  WallTime establishment_date;
  /// The owner's name for the other; empty: none.
  std::string name;
  /// The lowest of the owner's groups that it is in.
  int32_t group_index = 0;
};

/// Every user has the group kDefaultRelationshipGroup.
struct RelationshipGroup {
  int32_t index = 0;
  std::string name;
};
inline constexpr int32_t kDefaultRelationshipGroup = 0;

struct FriendRequest {
  FriendRequestId id;
  UserId requester_id;
  UserId recipient_id;
  std::string content;
  /// As stored: whether a pending one has expired is for the reader to say (see is_pending).
  RequestStatus status = RequestStatus::kPending;
  WallTime creation_date;
  std::optional<WallTime> response_date;
  /// Absent: it never does.
  std::optional<WallTime> expiration_date;
  std::string reason;

  [[nodiscard]] bool is_pending(WallTime now) const {
    return status == RequestStatus::kPending && !(expiration_date && *expiration_date <= now);
  }
};

/// Who may invite; the second half also asks the invitee.
enum class InvitationStrategy : int32_t {
  kAll,
  kOwnerManagerMember,
  kOwnerManager,
  kOwner,
  kAllRequiringApproval,
  kOwnerManagerMemberRequiringApproval,
  kOwnerManagerRequiringApproval,
  kOwnerRequiringApproval
};
enum class JoinStrategy : int32_t { kMembershipRequest, kInvitation, kQuestion, kJoinRequest };
enum class UpdateStrategy : int32_t { kAll, kOwnerManagerMember, kOwnerManager, kOwner };

/// Type 0 always exists and has these values.
struct GroupType {
  int64_t id = 0;
  std::string name = "DEFAULT";
  int32_t size_limit = 500;
  InvitationStrategy invitation_strategy = InvitationStrategy::kOwnerManagerMemberRequiringApproval;
  JoinStrategy join_strategy = JoinStrategy::kInvitation;
  UpdateStrategy info_update_strategy = UpdateStrategy::kOwnerManager;
  UpdateStrategy member_info_update_strategy = UpdateStrategy::kOwnerManager;
  bool guest_speakable = false;
  bool self_info_updatable = true;
  bool read_receipt = true;
  bool message_editable = true;
};

/// How many active groups one user may own.
struct GroupQuota {
  static constexpr int32_t kUnlimited = INT32_MAX;
  int32_t groups = kUnlimited;
  int32_t groups_of_type = kUnlimited;
};

/// What users may have. Role 0 always exists and has these values.
struct UserRole {
  int64_t id = 0;
  std::string name;
  /// Ascending.
  std::vector<int64_t> creatable_group_types = {0};
  int32_t owned_group_limit = GroupQuota::kUnlimited;
  /// Of each type that the next one does not name.
  int32_t owned_group_limit_per_type = GroupQuota::kUnlimited;
  std::map<int64_t, int32_t> group_type_limits;

  [[nodiscard]] bool may_have(int64_t group_type) const {
    return std::binary_search(creatable_group_types.begin(), creatable_group_types.end(),
                              group_type);
  }
  [[nodiscard]] GroupQuota quota(int64_t group_type) const {
    const auto limit = group_type_limits.find(group_type);
    return {owned_group_limit,
            limit == group_type_limits.end() ? owned_group_limit_per_type : limit->second};
  }
};

struct Group {
  GroupId id;
  int64_t type_id = 0;
  UserId creator_id;
  UserId owner_id;
  std::string name;
  std::string intro;
  std::string announcement;
  int32_t min_score = 0;
  WallTime creation_date;
  WallTime last_updated_date;
  std::optional<WallTime> mute_end_date;
  bool active = true;
  ValueMap attributes;
};

struct GroupMember {
  GroupId group_id;
  UserId user_id;
  std::string name;
  GroupMemberRole role = GroupMemberRole::kMember;
  WallTime join_date;
  std::optional<WallTime> mute_end_date;
};

struct GroupInvitation {
  InvitationId id;
  GroupId group_id;
  UserId inviter_id;
  UserId invitee_id;
  std::string content;
  /// As stored: whether a pending one has expired is for the reader to say (see expiration_date).
  RequestStatus status = RequestStatus::kPending;
  WallTime creation_date;
  std::optional<WallTime> response_date;
  WallTime expiration_date;
  std::string reason;
};

struct GroupJoinRequest {
  JoinRequestId id;
  GroupId group_id;
  UserId requester_id;
  /// Who answered it.
  std::optional<UserId> responder_id;
  std::string content;
  /// As GroupInvitation's.
  RequestStatus status = RequestStatus::kPending;
  WallTime creation_date;
  std::optional<WallTime> response_date;
  WallTime expiration_date;
  std::string reason;
};

/// Whoever answers questions of a group to its minimum score becomes a member.
struct GroupJoinQuestion {
  JoinQuestionId id;
  GroupId group_id;
  std::string question;
  /// Each of them is right.
  std::vector<std::string> answers;
  int32_t score = 0;
};

/// How many reacted to a message in one way.
struct ReactionGroup {
  static constexpr size_t kMaxUsers = 20;

  int32_t type = 0;
  int32_t count = 0;
  /// The first of them.
  std::vector<UserId> users;
};

struct Message {
  /// Unique and made once. It says nothing about the order: `sequence` does.
  MessageId id;
  /// The place in its group, or among what two users write to each other: 1, 2, 3, … without a gap.
  /// Assigned when it is stored.
  int64_t sequence = 0;
  /// For people. Ascends from each message of a conversation to the next, whatever the clock does.
  WallTime delivery_date;
  UserId sender_id;
  /// Exactly one of these two says where it went.
  std::optional<GroupId> group_id;
  std::optional<UserId> recipient_id;
  bool is_system_message = false;
  std::optional<std::string> text;
  std::vector<Bytes> records;
  std::optional<int32_t> burn_after;
  std::optional<WallTime> modification_date;
  std::optional<WallTime> recall_date;
  /// The one it answers.
  std::optional<MessageId> pre_message_id;
  /// Only where messages are shown; by type.
  std::vector<ReactionGroup> reactions;
};

/// First byte of the first record of a system message made by the server.
enum class BuiltinSystemMessage : uint8_t { kRecallMessage = 1, kMeetingInvitation = 2 };

/// A group, or the conversation with another user: exactly one of the two.
struct ConversationRef {
  std::optional<UserId> user_id;
  std::optional<GroupId> group_id;
  bool operator==(const ConversationRef&) const = default;
};

/// How far `owner_id` has read what `target_id` wrote.
struct PrivateConversation {
  UserId owner_id;
  UserId target_id;
  WallTime read_date;
  int64_t read_sequence = 0;
};

struct GroupConversation {
  GroupId group_id;
  struct Read {
    UserId member_id;
    WallTime read_date;
    int64_t read_sequence = 0;
  };
  std::vector<Read> reads;
};

struct Meeting {
  MeetingId id;
  UserId creator_id;
  /// At most one of these two: whom it is held with; neither for a meeting anybody may join.
  std::optional<UserId> user_id;
  std::optional<GroupId> group_id;
  std::string name;
  std::string intro;
  std::optional<std::string> password;
  WallTime creation_date;
  WallTime start_date;
  std::optional<WallTime> end_date;
  std::optional<WallTime> cancel_date;

  [[nodiscard]] bool is_over() const { return end_date || cancel_date; }
};

/// What a meeting room shows of one who is in it.
struct MeetingParticipant {
  UserId user_id;
  WallTime joined_date;
  bool microphone = false;
  bool camera = false;
  bool screen = false;
  /// Filled by the domain, which knows users and groups; providers leave them.
  std::string name;
  std::optional<GroupMemberRole> role;
};

/// Where a user is signed in, and how they want to be seen.
struct Presence {
  UserId user_id;
  UserStatus status = UserStatus::kOffline;
  std::vector<DeviceType> device_types;
};

}  // namespace turms::im
