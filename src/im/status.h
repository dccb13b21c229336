#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

#include "base/result.h"

namespace turms::im {

/// The numbers a Turms client is answered with. The domain names its refusals by them because the
/// protocol tells some eighty apart; nothing below `im` knows them.
enum class Code : int32_t {
  kOk = 1000,
  kNoContent = 1001,
  kAlreadyUpToDate = 1002,

  kInvalidRequest = 1100,
  kTooFrequent = 1101,
  kIllegalArgument = 1102,
  kDuplicateKey = 1103,
  kRecordsTooMany = 1104,
  kNonexistentSession = 1105,
  kUnauthorizedRequest = 1106,
  kInternalError = 1200,
  kUnavailable = 1201,
  /// Upstream's answer to who may not change a group's picture.
  kUnauthorized = 1300,

  kUnsupportedClientVersion = 2000,
  kLoginTimeout = 2010,
  kLoginFailed = 2011,
  kLoginUserNotActive = 2012,
  kLoginForbiddenDevice = 2013,
  kSessionDeclined = 2100,
  kSessionNotified = 2101,
  kSessionOffline = 2102,
  kSessionExists = 2103,
  kHeartbeatWithoutSession = 2104,
  kLocationDisabled = 2200,
  kLocationsNearbyDisabled = 2201,
  kProfileOfNonexistentUser = 2300,
  kProfileNotFriend = 2301,
  kProfileBlocked = 2302,
  kRelationshipExists = 2501,
  kBlockOneself = 2502,
  kFriendRequestExists = 2600,
  kFriendRequestBlocked = 2601,
  kRecallFriendRequestNotPending = 2602,
  kRecallFriendRequestDisabled = 2603,
  kRecallFriendRequestNotSender = 2604,
  kReplyFriendRequestNotPending = 2605,
  kReplyFriendRequestNotRecipient = 2606,

  kGroupNonexistent = 3000,
  kGroupInfoOwnerOnly = 3001,
  kGroupInfoOwnerOrManagerOnly = 3002,
  kGroupInfoMemberOnly = 3003,
  kGroupTypeNoPermission = 3100,
  kGroupTypeNonexistent = 3101,
  kGroupTypeUpdateDisabled = 3102,
  kGroupTypeUpdateNotOwner = 3103,
  kGroupTypeUpdateNoPermission = 3104,
  kGroupTypeUpdateNonexistent = 3105,
  kGroupOwnerInactive = 3200,
  kTransferNotOwner = 3201,
  kDeleteGroupNotOwner = 3202,
  kSuccessorNotMember = 3203,
  kOwnerQuitsWithoutSuccessor = 3204,
  kOwnedGroupsLimit = 3205,
  kTransferNonexistentGroup = 3206,

  kCreateQuestionNotManager = 3300,
  kDeleteQuestionNotManager = 3301,
  kUpdateQuestionNotManager = 3302,
  kQueryAnswersNotManager = 3303,
  kCreateQuestionInInactiveGroup = 3304,
  kCreateQuestionJoinRequest = 3305,
  kCreateQuestionInvitation = 3306,
  kCreateQuestionMembershipRequest = 3307,
  kAnswerByBlocked = 3308,
  kAnswerByMember = 3309,
  kAnswerInactiveQuestion = 3310,
  kAnswerToInactiveGroup = 3311,

  kAddMemberNeedsApproval = 3400,
  kAddMemberToInactiveGroup = 3401,
  kAddManagerNotOwner = 3402,
  kAddMemberSizeLimit = 3403,
  kAddBlockedUser = 3404,
  kAddMemberOwnerOnly = 3405,
  kAddMemberOwnerOrManagerOnly = 3406,
  kAddMemberMemberOnly = 3407,
  kRemoveMemberNotManager = 3408,
  kRemoveOwnerOrManager = 3409,
  kUpdateRoleNotOwner = 3410,
  kUpdateRoleOfNonexistentGroup = 3411,
  kMemberInfoOwnerOnly = 3412,
  kMemberInfoOwnerOrManagerOnly = 3413,
  kMemberInfoMemberOnly = 3414,
  kMemberInfoOfNonexistentGroup = 3415,
  kMemberNonexistent = 3416,
  kMuteNotManager = 3417,
  kMuteEqualOrHigher = 3418,
  kMuteInNonexistentGroup = 3419,
  kMuteNonexistentMember = 3420,
  kQueryMembersNotMember = 3421,
  kJoinWithoutInvitation = 3422,
  kJoinWithoutAnswer = 3423,
  kJoinWithoutRequest = 3424,
  kBlockNotManager = 3500,
  kUnblockNotManager = 3501,

  kJoinRequestByBlocked = 3600,
  kJoinRequestByMember = 3601,
  kRecallJoinRequestNotSender = 3602,
  kQueryJoinRequestsNotManager = 3603,
  kRecallJoinRequestNotPending = 3604,
  kJoinRequestToInactiveGroup = 3605,
  kJoinRequestNotNeeded = 3606,
  kJoinRequestWithoutInvitation = 3607,
  kJoinRequestWithoutAnswer = 3608,
  kRecallJoinRequestDisabled = 3609,
  kReplyJoinRequestNotPending = 3610,
  kReplyJoinRequestNotManager = 3611,

  kInviteMember = 3700,
  kInviteBlockedUser = 3701,
  kInviteNeedsNoApproval = 3702,
  kInviteOwnerOnly = 3703,
  kInviteOwnerOrManagerOnly = 3704,
  kInviteMemberOnly = 3705,
  kRecallInvitationDisabled = 3706,
  kRecallInvitationNotManager = 3707,
  kRecallInvitationNotManagerOrSender = 3708,
  kRecallInvitationNotPending = 3709,
  kReplyInvitationNotPending = 3710,
  kReplyInvitationNotInvitee = 3711,
  kQueryInvitationsNotManager = 3712,

  kReadDateDisabled = 4000,
  kReadDateDisabledByGroup = 4001,
  kReadDateOfNonexistentGroup = 4002,
  kReadDateNotMember = 4003,
  kReadDateMovesBackwards = 4004,
  kTypingDisabled = 4100,
  kTypingNotMember = 4101,
  kTypingNotFriend = 4102,
  kSettingNotRelated = 4200,
  kSettingNotMember = 4201,

  kRecipientInactive = 5000,
  kSendNotFriend = 5001,
  kSendBlocked = 5002,
  kSendBlockedInGroup = 5003,
  kSendToInactiveGroup = 5004,
  kSendToMutedGroup = 5005,
  kSendToNonexistentGroup = 5006,
  kSendToOneself = 5007,
  kSendMutedMember = 5008,
  kSendNotSpeakable = 5009,
  kSendIllegal = 5010,
  kForwardNotAllowed = 5011,
  kEditDisabled = 5100,
  kEditNotSender = 5101,
  kEditInNonexistentGroup = 5102,
  kEditDisabledByGroup = 5103,
  kRecallDisabled = 5201,
  kRecallNotSender = 5202,
  kRecallInNonexistentGroup = 5203,
  kRecallTimeout = 5204,
  kQueryMessagesNotMember = 5300,

  kStorageNotImplemented = 6000,
  kUploadNotFriend = 6100,
  kUploadNotMember = 6101,
  kShareNotUploader = 6102,
  kUnshareNotUploaderOrManager = 6103,
  kUnshareNotUploader = 6104,
  kDeleteNotUploaderOrManager = 6105,
  kDeleteNotUploader = 6106,
  kDownloadNotShared = 6107,
  kAttachmentInfosNotFriend = 6130,
  kAttachmentInfosNotMember = 6131,
  kUserSearchDisabled = 7100,
  kGroupSearchDisabled = 7200,

  kConferenceNotImplemented = 8000,
  kMeetingQuota = 8100,
  kCancelMeetingNotCreator = 8101,
  kCancelMeetingDisabled = 8102,
  kCancelMeetingNonexistent = 8103,
  kMeetingPasswordNotCreator = 8104,
  kUpdateMeetingNonexistent = 8105,
  kMeetingWrongPassword = 8200,
  kMeetingCanceled = 8201,
  kMeetingEnded = 8202,
  kMeetingExpired = 8203,
  kMeetingPending = 8204,
  kMeetingInvitationNonexistent = 8205,

  // Ours: upstream has no such refusals.
  kMeetingWaits = 8250,
  kMeetingLocked = 8251,
  kMeetingHeldOut = 8252,
  kMeetingDenied = 8253,
  kMeetingFull = 8254,
  kMeetingNotAllowed = 8255,
  kMeetingNobody = 8256,
};

/// The close_status of sessions that an administrator's doing ends.
inline constexpr int32_t kDisconnectedByAdministrator = 600;
inline constexpr int32_t kUserIsBlocked = 701;
inline constexpr int32_t kUserDeletedOrInactive = 700;

/// An answer without data: a refusal, or kNoContent and kAlreadyUpToDate. `reason` is for the
/// person who writes the client; empty when the code says it all.
struct Failure {
  Code code = Code::kInternalError;
  std::string reason;
};

template <class T>
using Outcome = std::expected<T, Failure>;

[[nodiscard]] inline std::unexpected<Failure> refuse(Code code, std::string reason = {}) {
  return std::unexpected(Failure{code, std::move(reason)});
}

/// What the client is told when storage, a provider or another node failed us.
[[nodiscard]] std::unexpected<Failure> refuse(const Error& error);

}  // namespace turms::im
