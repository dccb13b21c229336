#include "app/people_options.h"

#include <array>
#include <chrono>
#include <deque>
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
    {"turms.service.user.friend-request.max-content-length",
     &People::max_friend_request_content_size, 10000,
     "Characters of a friend request; 0: no limit but the size of a request."},
    {"turms.service.user.friend-request.max-response-reason-length",
     &People::max_friend_request_reason_size, 10000,
     "Characters of the reason in the answer to one; 0: no limit but the size of a request."},
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

std::string_view text_of(bool value) {
  return value ? "true" : "false";
}

/// Lives as long as the options do.
std::string_view text_of(int64_t value) {
  static std::deque<std::string> texts;
  return texts.emplace_back(std::to_string(value));
}

int64_t seconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

}  // namespace

std::vector<Option> people_options() {
  const People defaults;
  std::vector<Option> made;
  for (const Flag& flag : kFlags) {
    made.push_back({flag.key, OptionType::kBool, text_of(defaults.*flag.field), 0, 0, flag.help});
  }
  for (const Size& size : kSizes) {
    made.push_back({size.key, OptionType::kInt, text_of(static_cast<int64_t>(defaults.*size.field)),
                    0, size.max, size.help});
  }
  for (const Seconds& seconds : kSeconds) {
    made.push_back({seconds.key, OptionType::kInt, text_of(seconds_of(defaults.*seconds.field)), 0,
                    kMaxSeconds, seconds.help});
  }
  for (const Told& told : kTold) {
    const Notify& notify = defaults.*told.field;
    made.push_back({told.own_key, OptionType::kBool, text_of(notify.own_sessions), 0, 0,
                    "Tell the other sessions of the user who asked."});
    made.push_back({told.others_key, OptionType::kBool, text_of(notify.others), 0, 0,
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
  for (const Told& told : kTold) {
    (people.*told.field).own_sessions = config.flag(told.own_key);
    (people.*told.field).others = config.flag(told.others_key);
  }
}

}  // namespace turms::app
