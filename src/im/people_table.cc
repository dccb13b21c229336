#include "im/settings_table.h"

namespace turms::im {
namespace {

using People = Settings::People;
using Location = Settings::Location;
using Notify = Settings::Notify;

constexpr int64_t kTenYears = 10 * config::kYearInSeconds;

/// Both keys of a notification; without a name for the second, nobody else is ever told.
void tell(config::Table<People>& table, const std::string& change, const std::string& others,
          Notify People::*field) {
  const std::string prefix = "turms.service.notification." + change + ".";
  table.flag(prefix + "notify-requester-other-online-sessions",
             config::path(field, &Notify::own_sessions),
             "Tell the other sessions of the user who asked.");
  if (others.empty()) return;
  table.flag(prefix + others, config::path(field, &Notify::others),
             "Tell the other users whom it concerns.");
}

}  // namespace

config::Table<Settings::People> people_table() {
  config::Table<People> table(config::Change::kAtRunTime);
  table
      .flag(
          "turms.service.user.friend-request.allow-send-request-after-declined-or-ignored-or-"
          "expired",
          &People::allow_friend_request_again,
          "A user may ask the same user again after a friend request was declined, ignored or "
          "expired.")
      .flag("turms.service.user.friend-request.allow-recall-pending-friend-request-by-sender",
            &People::allow_friend_request_recall,
            "A user may recall friend requests that are pending.")
      .flag("turms.service.user.info.user-defined-attributes.ignore-unknown-attributes-on-upsert",
            &People::ignore_unknown_attributes,
            "Leave out attributes that are not allowed, in place of refusing the request.")
      .flag("turms.service.user.settings.ignore-unknown-settings-on-upsert",
            &People::ignore_unknown_settings,
            "Leave out settings that are not allowed, in place of refusing the request.")
      .flag("turms.service.user.respond-offline-if-invisible", &People::show_invisible_as_offline,
            "Show users who are INVISIBLE as OFFLINE.")
      .flag("turms.service.user.activate-user-when-added", &People::active_when_added,
            "A user who is added may sign in at once.")
      .flag("turms.service.user.delete-user-logically", &People::delete_logically,
            "Keep the row and the id of a user who is deleted.")
      .flag("turms.service.user.search-names", &People::search_names,
            "Find users by parts of their names; else that is answered 7100.")
      .flag("turms.service.user.delete-two-sided-relationships",
            &People::delete_two_sided_relationships,
            "Deleting a relationship deletes the other user's too, unless that one is a block.")
      .number("turms.service.user.info.min-password-length", &People::min_password_size, 0, 256,
              "Characters that a password has at least that a user chooses; none is empty. "
              "Upstream's -1, which means that there need not be one, is 0 here.")
      .at_most("turms.service.user.info.max-password-length")
      .number("turms.service.user.info.max-password-length", &People::max_password_size, 0, 256,
              "Characters of a password that a user chooses.")
      .number("turms.service.user.info.max-name-length", &People::max_name_size, 0, 1000,
              "Characters of a user's name.")
      .number("turms.service.user.info.max-intro-length", &People::max_intro_size, 0, 10000,
              "Characters of a user's introduction.")
      .number("turms.service.user.info.max-profile-picture-length",
              &People::max_profile_picture_size, 0, 10000,
              "Characters of what a user's profile picture is found by.")
      .number("turms.service.user.friend-request.max-content-length",
              &People::max_friend_request_content_size, 0, 10000,
              "Characters of a friend request; 0: no limit but the size of a request.")
      .number(
          "turms.service.user.friend-request.max-response-reason-length",
          &People::max_friend_request_reason_size, 0, 10000,
          "Characters of the reason in the answer to one; 0: no limit but the size of a request.")
      .number("turms.service.user.relationship.max-name-length",
              &People::max_relationship_name_size, 0, 1000,
              "Characters of the name that a user gives another. Not a key of upstream's.")
      .number("turms.service.user.relationship-group.max-name-length",
              &People::max_relationship_group_name_size, 0, 1000,
              "Characters of a relationship group's name. Not a key of upstream's.")
      .time("turms.service.user.friend-request.friend-request-expire-after-seconds",
            &People::friend_request_lifetime, 1s, 0, kTenYears,
            "A friend request that was not answered expires after so long; 0: never.")
      .list("turms.service.user.info.user-defined-attributes.allowed-attributes",
            &People::attributes,
            "Names of the attributes that users may give themselves; others are refused (1102).")
      .longest(kLongestName)
      .list("turms.service.user.settings.allowed-settings", &People::settings,
            "Names of the settings that clients may keep; others are refused (1102). With a '!' "
            "behind the name a setting does not change once it is there.")
      .longest(kLongestName);
  tell(table, "user-info-updated", "notify-non-blocked-related-users", &People::user_updated);
  tell(table, "user-online-status-updated", "notify-non-blocked-related-users",
       &People::status_updated);
  tell(table, "user-setting-updated", "", &People::user_settings_updated);
  tell(table, "user-setting-deleted", "", &People::user_settings_deleted);
  tell(table, "friend-request-created", "notify-friend-request-recipient",
       &People::friend_request_created);
  tell(table, "friend-request-recalled", "notify-friend-request-recipient",
       &People::friend_request_recalled);
  tell(table, "friend-request-replied", "notify-friend-request-sender",
       &People::friend_request_replied);
  tell(table, "one-sided-relationship-updated", "notify-related-user",
       &People::relationship_updated);
  tell(table, "one-sided-relationship-group-deleted", "notify-relationship-group-members",
       &People::relationship_group_deleted);
  tell(table, "one-sided-relationship-group-updated", "notify-relationship-group-members",
       &People::relationship_group_updated);
  tell(table, "one-sided-relationship-group-member-added", "notify-new-relationship-group-member",
       &People::relationship_added);
  tell(table, "one-sided-relationship-group-member-removed",
       "notify-removed-relationship-group-member", &People::relationship_removed);
  return table;
}

config::Table<Settings::Location> location_table() {
  config::Table<Location> table(config::Change::kAtRunTime);
  table
      .flag("turms.location.enabled", &Location::enabled,
            "Keep where users say they are, in memory, while they are signed in.")
      .at_start()
      .number("turms.location.nearby-user-request.default-max-nearby-user-count",
              &Location::default_nearby_count, 1, 1000,
              "Users that a request finds when it names no number.")
      .number("turms.location.nearby-user-request.max-nearby-user-count",
              &Location::max_nearby_count, 1, 1000, "Users that a request may ask for.")
      .number("turms.location.nearby-user-request.default-max-distance-meters",
              &Location::default_distance, 1, 1000000,
              "How far a request looks when it names no distance.")
      .number("turms.location.nearby-user-request.max-distance-meters", &Location::max_distance, 1,
              1000000, "How far a request may look.");
  return table;
}

}  // namespace turms::im
