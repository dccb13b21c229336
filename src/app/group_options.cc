#include "app/group_options.h"

#include <array>
#include <chrono>
#include <string_view>

#include "app/config.h"

namespace turms::app {
namespace {

using Notify = im::Settings::GroupNotify;
using Notifications = im::Settings::GroupNotifications;

/// One key: whether one party hears of one kind of change.
struct Told {
  std::string_view key;
  Notify Notifications::*change;
  bool Notify::*party;
  std::string_view help;
};

#define TURMS_TOLD(change, party, field, who, help) \
  { "turms.service.notification." change "." party, &Notifications::field, &Notify::who, help }
#define TURMS_TOLD_SELF(change, field)                                              \
  TURMS_TOLD(change, "notify-requester-other-online-sessions", field, own_sessions, \
             "Tell the other sessions of the user who asked.")
#define TURMS_TOLD_MEMBERS(change, party, field) \
  TURMS_TOLD(change, party, field, members, "Tell the members of the group.")
#define TURMS_TOLD_MANAGERS(change, field)                               \
  TURMS_TOLD(change, "notify-group-owner-and-managers", field, managers, \
             "Tell the owner and the managers of the group.")

constexpr auto kTold = std::to_array<Told>({
    TURMS_TOLD_SELF("group-created", created),
    TURMS_TOLD_SELF("group-deleted", deleted),
    TURMS_TOLD_MEMBERS("group-deleted", "notify-group-members", deleted),
    TURMS_TOLD_SELF("group-updated", updated),
    TURMS_TOLD_MEMBERS("group-updated", "notify-group-members", updated),

    TURMS_TOLD_SELF("group-member-added", member_added),
    TURMS_TOLD("group-member-added", "notify-added-group-member", member_added, concerned,
               "Tell who was added."),
    TURMS_TOLD_MEMBERS("group-member-added", "notify-other-group-members", member_added),
    TURMS_TOLD_SELF("group-member-removed", member_removed),
    TURMS_TOLD("group-member-removed", "notify-removed-group-member", member_removed, concerned,
               "Tell who was removed."),
    TURMS_TOLD_MEMBERS("group-member-removed", "notify-other-group-members", member_removed),
    TURMS_TOLD_SELF("group-member-info-updated", member_updated),
    TURMS_TOLD("group-member-info-updated", "notify-updated-group-member", member_updated,
               concerned, "Tell the member whom another has changed."),
    TURMS_TOLD_MEMBERS("group-member-info-updated", "notify-other-group-members", member_updated),

    TURMS_TOLD_SELF("group-blocked-user-added", blocked_user_added),
    TURMS_TOLD("group-blocked-user-added", "notify-blocked-user", blocked_user_added, concerned,
               "Tell who was blocked."),
    TURMS_TOLD_MEMBERS("group-blocked-user-added", "notify-group-members", blocked_user_added),
    TURMS_TOLD_SELF("group-blocked-user-removed", blocked_user_removed),
    TURMS_TOLD("group-blocked-user-removed", "notify-unblocked-user", blocked_user_removed,
               concerned, "Tell who is blocked no longer."),
    TURMS_TOLD_MEMBERS("group-blocked-user-removed", "notify-group-members", blocked_user_removed),

    TURMS_TOLD_SELF("group-invitation-added", invitation_added),
    TURMS_TOLD("group-invitation-added", "notify-invitee", invitation_added, concerned,
               "Tell who is invited."),
    TURMS_TOLD_MANAGERS("group-invitation-added", invitation_added),
    TURMS_TOLD_MEMBERS("group-invitation-added", "notify-group-members", invitation_added),
    TURMS_TOLD_SELF("group-invitation-recalled", invitation_recalled),
    TURMS_TOLD("group-invitation-recalled", "notify-invitee", invitation_recalled, concerned,
               "Tell who was invited."),
    TURMS_TOLD_MANAGERS("group-invitation-recalled", invitation_recalled),
    TURMS_TOLD_MEMBERS("group-invitation-recalled", "notify-group-members", invitation_recalled),
    TURMS_TOLD_SELF("group-invitation-replied", invitation_replied),
    TURMS_TOLD("group-invitation-replied", "notify-group-invitation-inviter", invitation_replied,
               concerned, "Tell who had invited."),
    TURMS_TOLD_MANAGERS("group-invitation-replied", invitation_replied),
    TURMS_TOLD_MEMBERS("group-invitation-replied", "notify-group-members", invitation_replied),

    TURMS_TOLD_SELF("group-join-request-created", join_request_created),
    TURMS_TOLD_MANAGERS("group-join-request-created", join_request_created),
    TURMS_TOLD_MEMBERS("group-join-request-created", "notify-group-members", join_request_created),
    TURMS_TOLD_SELF("group-join-request-recalled", join_request_recalled),
    TURMS_TOLD_MANAGERS("group-join-request-recalled", join_request_recalled),
    TURMS_TOLD_MEMBERS("group-join-request-recalled", "notify-group-members",
                       join_request_recalled),
    TURMS_TOLD_SELF("group-join-request-replied", join_request_replied),
    TURMS_TOLD("group-join-request-replied", "notify-group-join-request-sender",
               join_request_replied, concerned, "Tell who had asked to join."),
    TURMS_TOLD_MANAGERS("group-join-request-replied", join_request_replied),
    TURMS_TOLD_MEMBERS("group-join-request-replied", "notify-group-members", join_request_replied),
});

using Group = im::Settings::Group;

struct Flag {
  std::string_view key;
  bool Group::*field;
  std::string_view help;
};
constexpr std::string_view kAttributes =
    "turms.service.group.info.user-defined-attributes.allowed-attributes";

constexpr auto kFlags = std::to_array<Flag>({
    {"turms.service.group.info.user-defined-attributes.ignore-unknown-attributes-on-upsert",
     &Group::ignore_unknown_attributes,
     "Leave out attributes that are not allowed, in place of refusing the request."},
    {"turms.service.group.search-names", &Group::search_names,
     "Find groups by parts of their names; else that is answered 7200."},
    {"turms.service.group.allow-group-owner-change-group-type", &Group::allow_type_change,
     "The owner may give a group another type, of those that the owner's role has."},
    {"turms.service.group.invitation.allow-recall-pending-invitation-by-owner-and-manager",
     &Group::allow_invitation_recall_by_managers,
     "Owner and managers may recall invitations that are pending."},
    {"turms.service.group.invitation.allow-recall-pending-invitation-by-sender",
     &Group::allow_invitation_recall_by_sender,
     "Who invited may recall the invitation while it is pending."},
    {"turms.service.group.join-request.allow-recall-pending-join-request-by-sender",
     &Group::allow_join_request_recall, "A user may recall requests to join that are pending."},
});

struct Size {
  std::string_view key;
  size_t Group::*field;
  int64_t max;
  std::string_view help;
};
constexpr auto kSizes = std::to_array<Size>({
    {"turms.service.group.info.max-name-length", &Group::max_name_size, 1000,
     "Characters of a group's name. Not a key of upstream's."},
    {"turms.service.group.info.max-intro-length", &Group::max_intro_size, 10000,
     "Characters of a group's introduction. Not a key of upstream's."},
    {"turms.service.group.info.max-announcement-length", &Group::max_announcement_size, 16000,
     "Characters of a group's announcement. Not a key of upstream's."},
    {"turms.service.group.member.max-name-length", &Group::max_member_name_size, 1000,
     "Characters of a member's name in a group. Not a key of upstream's."},
    {"turms.service.group.member.max-count-per-request", &Group::max_members_per_request, 1000,
     "Members that one request may add, or remove. Not a key of upstream's."},
    {"turms.service.group.invitation.max-content-length", &Group::max_invitation_content_size,
     10000, "Characters of an invitation; 0: no limit but the size of a request."},
    {"turms.service.group.invitation.max-response-reason-length",
     &Group::max_invitation_reason_size, 10000,
     "Characters of the reason in the answer to one; 0: no limit but the size of a request."},
    {"turms.service.group.join-request.max-content-length", &Group::max_join_request_content_size,
     10000, "Characters of a request to join; 0: no limit but the size of a request."},
    {"turms.service.group.join-request.max-response-reason-length",
     &Group::max_join_request_reason_size, 10000,
     "Characters of the reason in the answer to one; 0: no limit but the size of a request."},
    {"turms.service.group.question.question-content-limit", &Group::max_question_size, 10000,
     "Characters of a join question; 0: no limit but the size of a request."},
    {"turms.service.group.question.answer-content-limit", &Group::max_answer_size, 10000,
     "Characters of an answer; 0: no limit but the size of a request."},
    {"turms.service.group.question.max-answer-count", &Group::max_answers, 1000,
     "Answers of a join question."},
});

struct Seconds {
  std::string_view key;
  Duration Group::*field;
  std::string_view help;
};
constexpr auto kSeconds = std::to_array<Seconds>({
    {"turms.service.group.invitation.expire-after-seconds", &Group::invitation_lifetime,
     "An invitation that was not answered expires after so long; 0: never."},
    {"turms.service.group.join-request.expire-after-seconds", &Group::join_request_lifetime,
     "A request to join that was not answered expires after so long; 0: never."},
});
constexpr int64_t kMaxSeconds = 3650LL * 24 * 3600;

#undef TURMS_TOLD_MANAGERS
#undef TURMS_TOLD_MEMBERS
#undef TURMS_TOLD_SELF
#undef TURMS_TOLD

}  // namespace

std::vector<Option> group_options() {
  const im::Settings defaults;
  std::vector<Option> made;
  made.push_back({kAttributes, OptionType::kList, "", 0, 200,
                  "Names of the attributes that groups may have; others are refused (1102)."});
  for (const Flag& flag : kFlags) {
    made.push_back(
        {flag.key, OptionType::kBool, flag_text(defaults.group.*flag.field), 0, 0, flag.help});
  }
  for (const Size& size : kSizes) {
    made.push_back({size.key, OptionType::kInt,
                    number_text(static_cast<int64_t>(defaults.group.*size.field)), 0, size.max,
                    size.help});
  }
  for (const Seconds& one : kSeconds) {
    made.push_back({one.key, OptionType::kInt, number_text(to_ms(defaults.group.*one.field) / 1000),
                    0, kMaxSeconds, one.help});
  }
  for (const Told& told : kTold) {
    const bool value = (defaults.group_notifications.*told.change).*told.party;
    made.push_back({told.key, OptionType::kBool, flag_text(value), 0, 0, told.help});
  }
  return made;
}

void read_group_options(const Config& config, im::Settings& settings) {
  settings.group.attributes = config.list(kAttributes);
  for (const Flag& flag : kFlags) settings.group.*flag.field = config.flag(flag.key);
  for (const Size& size : kSizes) {
    settings.group.*size.field = static_cast<size_t>(config.number(size.key));
  }
  for (const Seconds& one : kSeconds) {
    settings.group.*one.field = std::chrono::seconds(config.number(one.key));
  }
  for (const Told& told : kTold) {
    (settings.group_notifications.*told.change).*told.party = config.flag(told.key);
  }
}

}  // namespace turms::app
