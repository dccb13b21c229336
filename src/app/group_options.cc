#include "app/group_options.h"

#include <array>
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

#undef TURMS_TOLD_MANAGERS
#undef TURMS_TOLD_MEMBERS
#undef TURMS_TOLD_SELF
#undef TURMS_TOLD

}  // namespace

std::vector<Option> group_options() {
  const im::Settings defaults;
  std::vector<Option> made;
  for (const Told& told : kTold) {
    const bool value = (defaults.group_notifications.*told.change).*told.party;
    made.push_back({told.key, OptionType::kBool, value ? "true" : "false", 0, 0, told.help});
  }
  return made;
}

void read_group_options(const Config& config, im::Settings& settings) {
  for (const Told& told : kTold) {
    (settings.group_notifications.*told.change).*told.party = config.flag(told.key);
  }
}

}  // namespace turms::app
