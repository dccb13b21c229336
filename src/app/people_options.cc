#include "app/people_options.h"

#include <array>
#include <chrono>
#include <string>

#include "app/config.h"

namespace turms::app {
namespace {

using People = im::Settings::People;
using Notify = im::Settings::Notify;

constexpr int64_t kMaxSeconds = 3650LL * 24 * 3600;

struct Flag {
  std::string_view key;
  bool People::*field;
  std::string_view help;
};
constexpr auto kFlags = std::to_array<Flag>({
    {"turms.service.user.friend-request.allow-send-request-after-declined-or-ignored-or-expired",
     &People::allow_friend_request_again,
     "A user may ask the same user again after a friend request was declined, ignored or expired."},
    {"turms.service.user.friend-request.allow-recall-pending-friend-request-by-sender",
     &People::allow_friend_request_recall, "A user may recall friend requests that are pending."},
    {"turms.service.user.info.user-defined-attributes.ignore-unknown-attributes-on-upsert",
     &People::ignore_unknown_attributes,
     "Leave out attributes that are not allowed, in place of refusing the request."},
    {"turms.service.user.settings.ignore-unknown-settings-on-upsert",
     &People::ignore_unknown_settings,
     "Leave out settings that are not allowed, in place of refusing the request."},
    {"turms.service.user.respond-offline-if-invisible", &People::show_invisible_as_offline,
     "Show users who are INVISIBLE as OFFLINE."},
    {"turms.service.user.activate-user-when-added", &People::active_when_added,
     "A user who is added may sign in at once."},
    {"turms.service.user.delete-user-logically", &People::delete_logically,
     "Keep the row and the id of a user who is deleted."},
    {"turms.service.user.search-names", &People::search_names,
     "Find users by parts of their names; else that is answered 7100."},
    {"turms.service.user.delete-two-sided-relationships", &People::delete_two_sided_relationships,
     "Deleting a relationship deletes the other user's too, unless that one is a block."},
});

struct Size {
  std::string_view key;
  size_t People::*field;
  int64_t max;
  std::string_view help;
};
constexpr auto kSizes = std::to_array<Size>({
    {"turms.service.user.info.min-password-length", &People::min_password_size, 256,
     "Characters that a password has at least that a user chooses; none is empty. Upstream's -1, "
     "which means that there need not be one, is 0 here."},
    {"turms.service.user.info.max-password-length", &People::max_password_size, 256,
     "Characters of a password that a user chooses."},
    {"turms.service.user.info.max-name-length", &People::max_name_size, 1000,
     "Characters of a user's name."},
    {"turms.service.user.info.max-intro-length", &People::max_intro_size, 10000,
     "Characters of a user's introduction."},
    {"turms.service.user.info.max-profile-picture-length", &People::max_profile_picture_size, 10000,
     "Characters of what a user's profile picture is found by."},
    {"turms.service.user.friend-request.max-content-length",
     &People::max_friend_request_content_size, 10000,
     "Characters of a friend request; 0: no limit but the size of a request."},
    {"turms.service.user.friend-request.max-response-reason-length",
     &People::max_friend_request_reason_size, 10000,
     "Characters of the reason in the answer to one; 0: no limit but the size of a request."},
    {"turms.service.user.relationship.max-name-length", &People::max_relationship_name_size, 1000,
     "Characters of the name that a user gives another. Not a key of upstream's."},
    {"turms.service.user.relationship-group.max-name-length",
     &People::max_relationship_group_name_size, 1000,
     "Characters of a relationship group's name. Not a key of upstream's."},
});

struct Seconds {
  std::string_view key;
  Duration People::*field;
  std::string_view help;
};
constexpr auto kSeconds = std::to_array<Seconds>({
    {"turms.service.user.friend-request.friend-request-expire-after-seconds",
     &People::friend_request_lifetime,
     "A friend request that was not answered expires after so long; 0: never."},
});

struct Names {
  std::string_view key;
  std::vector<std::string> People::*field;
  std::string_view help;
};
constexpr auto kNames = std::to_array<Names>({
    {"turms.service.user.info.user-defined-attributes.allowed-attributes", &People::attributes,
     "Names of the attributes that users may give themselves; others are refused (1102)."},
    {"turms.service.user.settings.allowed-settings", &People::settings,
     "Names of the settings that clients may keep; others are refused (1102). With a '!' behind "
     "the name a setting does not change once it is there."},
});

using Location = im::Settings::Location;
struct Count {
  std::string_view key;
  int32_t Location::*field;
  int64_t max;
  std::string_view help;
};
constexpr std::string_view kLocationEnabled = "turms.location.enabled";
constexpr auto kCounts = std::to_array<Count>({
    {"turms.location.nearby-user-request.default-max-nearby-user-count",
     &Location::default_nearby_count, 1000, "Users that a request finds when it names no number."},
    {"turms.location.nearby-user-request.max-nearby-user-count", &Location::max_nearby_count, 1000,
     "Users that a request may ask for."},
    {"turms.location.nearby-user-request.default-max-distance-meters", &Location::default_distance,
     1000000, "How far a request looks when it names no distance."},
    {"turms.location.nearby-user-request.max-distance-meters", &Location::max_distance, 1000000,
     "How far a request may look."},
});

/// Both keys of a notification; without a name for the second, nobody else is ever told.
struct Told {
  std::string_view own_key;
  std::string_view others_key;
  Notify People::*field;
};
#define TURMS_NOTIFY(name, others, field)                                         \
  {                                                                               \
    "turms.service.notification." name ".notify-requester-other-online-sessions", \
        "turms.service.notification." name "." others, &People::field             \
  }
constexpr auto kTold = std::to_array<Told>({
    TURMS_NOTIFY("user-info-updated", "notify-non-blocked-related-users", user_updated),
    TURMS_NOTIFY("user-online-status-updated", "notify-non-blocked-related-users", status_updated),
    {"turms.service.notification.user-setting-updated.notify-requester-other-online-sessions", "",
     &People::user_settings_updated},
    {"turms.service.notification.user-setting-deleted.notify-requester-other-online-sessions", "",
     &People::user_settings_deleted},
    TURMS_NOTIFY("friend-request-created", "notify-friend-request-recipient",
                 friend_request_created),
    TURMS_NOTIFY("friend-request-recalled", "notify-friend-request-recipient",
                 friend_request_recalled),
    TURMS_NOTIFY("friend-request-replied", "notify-friend-request-sender", friend_request_replied),
    TURMS_NOTIFY("one-sided-relationship-updated", "notify-related-user", relationship_updated),
    TURMS_NOTIFY("one-sided-relationship-group-deleted", "notify-relationship-group-members",
                 relationship_group_deleted),
    TURMS_NOTIFY("one-sided-relationship-group-updated", "notify-relationship-group-members",
                 relationship_group_updated),
    TURMS_NOTIFY("one-sided-relationship-group-member-added",
                 "notify-new-relationship-group-member", relationship_added),
    TURMS_NOTIFY("one-sided-relationship-group-member-removed",
                 "notify-removed-relationship-group-member", relationship_removed),
});
#undef TURMS_NOTIFY

int64_t seconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

}  // namespace

std::vector<Option> people_options() {
  const People defaults;
  std::vector<Option> made;
  for (const Flag& flag : kFlags) {
    made.push_back({flag.key, OptionType::kBool, flag_text(defaults.*flag.field), 0, 0, flag.help});
  }
  for (const Size& size : kSizes) {
    made.push_back({size.key, OptionType::kInt,
                    number_text(static_cast<int64_t>(defaults.*size.field)), 0, size.max,
                    size.help});
  }
  for (const Seconds& seconds : kSeconds) {
    made.push_back({seconds.key, OptionType::kInt, number_text(seconds_of(defaults.*seconds.field)),
                    0, kMaxSeconds, seconds.help});
  }
  for (const Names& names : kNames) {
    made.push_back({names.key, OptionType::kList, "", 0, 200, names.help});
  }
  const Location location;
  made.push_back({kLocationEnabled, OptionType::kBool, flag_text(location.enabled), 0, 0,
                  "Keep where users say they are, in memory, while they are signed in."});
  for (const Count& count : kCounts) {
    made.push_back({count.key, OptionType::kInt,
                    number_text(static_cast<int64_t>(location.*count.field)), 1, count.max,
                    count.help});
  }
  for (const Told& told : kTold) {
    const Notify& notify = defaults.*told.field;
    made.push_back({told.own_key, OptionType::kBool, flag_text(notify.own_sessions), 0, 0,
                    "Tell the other sessions of the user who asked."});
    if (told.others_key.empty()) continue;
    made.push_back({told.others_key, OptionType::kBool, flag_text(notify.others), 0, 0,
                    "Tell the other users whom it concerns."});
  }
  return made;
}

void read_people_options(const Config& config, im::Settings& settings) {
  People& people = settings.people;
  for (const Flag& flag : kFlags) people.*flag.field = config.flag(flag.key);
  for (const Size& size : kSizes) people.*size.field = static_cast<size_t>(config.number(size.key));
  for (const Seconds& one : kSeconds) {
    people.*one.field = std::chrono::seconds(config.number(one.key));
  }
  for (const Names& names : kNames) people.*names.field = config.list(names.key);
  settings.location.enabled = config.flag(kLocationEnabled);
  for (const Count& count : kCounts) {
    settings.location.*count.field = static_cast<int32_t>(config.number(count.key));
  }
  for (const Told& told : kTold) {
    (people.*told.field).own_sessions = config.flag(told.own_key);
    if (!told.others_key.empty()) {
      (people.*told.field).others = config.flag(told.others_key);
    }
  }
}

}  // namespace turms::app
