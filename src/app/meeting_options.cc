#include "app/meeting_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "app/config.h"

namespace turms::app {
namespace {

using Meeting = im::MeetingSettings;

constexpr std::string_view kPolicy = "turms.service.conference.meeting.password.policy";
constexpr std::string_view kCharacters = "turms.service.conference.meeting.password.type";
constexpr std::string_view kIdType = "turms.service.conference.meeting.id.type";
constexpr std::string_view kQuota =
    "turms.service.conference.meeting.quota.max-active-meeting-count-per-user";
constexpr std::string_view kStartOffset =
    "turms.service.conference.meeting.scheduling.max-allowed-start-date-offset-seconds";
constexpr std::string_view kAllowCancel =
    "turms.service.conference.meeting.scheduling.allow-cancel";
constexpr std::string_view kTellOwn =
    "turms.service.notification.meeting-invitation-updated.notify-requester-other-online-sessions";
constexpr std::string_view kTellOthers =
    "turms.service.notification.meeting-invitation-updated.notify-meeting-participants";

/// One of upstream's words.
template <class Value>
struct Word {
  std::string_view word;
  Value value;
};
constexpr auto kPolicies = std::to_array<Word<Meeting::Password>>({
    {"PROHIBITED", Meeting::Password::kProhibited},
    {"USER_INPUT_OPTIONAL", Meeting::Password::kOptional},
    {"USER_INPUT_REQUIRED", Meeting::Password::kRequired},
    {"USER_INPUT_OR_SYSTEM_GENERATED", Meeting::Password::kOptionalOrMade},
    {"SYSTEM_GENERATED", Meeting::Password::kMade},
});
constexpr auto kTypes = std::to_array<Word<std::string_view>>({
    {"NUMERIC", "0123456789"},
    {"ALPHABETIC", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
    {"ALPHANUMERIC", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
});
constexpr auto kIdTypes = std::to_array<Word<int>>({{"DIGIT_9", 9}, {"DIGIT_10", 10}});

template <class Words>
Status check_word(const Words& words, std::string_view key, std::string_view value) {
  std::string known;
  for (const auto& word : words) {
    if (word.word == value) return {};
    known += known.empty() ? "" : ", ";
    known += word.word;
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} must be one of {}, not '{}'", key, known, value));
}
Status check_policy(std::string_view key, std::string_view value) {
  return check_word(kPolicies, key, value);
}
Status check_type(std::string_view key, std::string_view value) {
  return check_word(kTypes, key, value);
}
Status check_id_type(std::string_view key, std::string_view value) {
  return check_word(kIdTypes, key, value);
}

/// Of a word that was checked.
template <class Words>
auto value_of(const Words& words, std::string_view word) {
  return std::ranges::find(words, word, [](const auto& one) { return one.word; })->value;
}

struct Size {
  std::string_view min_key;
  std::string_view max_key;
  Meeting::Size Meeting::*field;
  int64_t min;
  int64_t max;
  std::string_view min_help;
  std::string_view max_help;
};
constexpr auto kSizes = std::to_array<Size>({
    {"turms.service.conference.meeting.name.min-length",
     "turms.service.conference.meeting.name.max-length", &Meeting::name_size, 0, 1000,
     "Characters that a meeting's name has at least.",
     "Characters of a meeting's name; 0: no limit but the size of a request."},
    {"turms.service.conference.meeting.intro.min-length",
     "turms.service.conference.meeting.intro.max-length", &Meeting::intro_size, 0, 10000,
     "Characters that a meeting's introduction has at least.",
     "Characters of a meeting's introduction; 0: no limit but the size of a request."},
    {"turms.service.conference.meeting.password.min-length",
     "turms.service.conference.meeting.password.max-length", &Meeting::password_size, 1, 64,
     "Characters that a meeting's password has at least.",
     "Characters of a meeting's password, and of one that the server makes."},
});

Option word(std::string_view key, std::string_view fallback, std::string_view help,
            Status (*check)(std::string_view, std::string_view)) {
  Option made{key, OptionType::kText, fallback, 0, 200, help};
  made.check = check;
  return made;
}

}  // namespace

std::vector<Option> meeting_options() {
  const Meeting defaults;
  std::vector<Option> made;
  made.push_back(word(kPolicy, "PROHIBITED",
                      "Whether who creates a meeting gives it a password: PROHIBITED, "
                      "USER_INPUT_OPTIONAL, USER_INPUT_REQUIRED, USER_INPUT_OR_SYSTEM_GENERATED "
                      "(the server makes one where the creator gives none) or SYSTEM_GENERATED.",
                      check_policy));
  made.push_back(word(kCharacters, "NUMERIC",
                      "What passwords are made of that the server makes: NUMERIC, ALPHABETIC or "
                      "ALPHANUMERIC.",
                      check_type));
  made.push_back(
      word(kIdType, "DIGIT_9", "Digits of a meeting's id: DIGIT_9 or DIGIT_10.", check_id_type));
  for (const Size& size : kSizes) {
    const Meeting::Size& fallback = defaults.*size.field;
    made.push_back({size.min_key, OptionType::kInt, number_text(static_cast<int64_t>(fallback.min)),
                    size.min, size.max, size.min_help});
    made.push_back({size.max_key, OptionType::kInt, number_text(static_cast<int64_t>(fallback.max)),
                    size.min, size.max, size.max_help});
  }
  made.push_back({kQuota, OptionType::kInt, "1", 0, 10000,
                  "Meetings a user may have created that are going on."});
  made.push_back({kStartOffset, OptionType::kInt, "0", 0, 365LL * 24 * 3600,
                  "How far ahead a meeting may start."});
  made.push_back(
      {kAllowCancel, OptionType::kBool, "true", 0, 0, "Who created a meeting may end it."});
  made.push_back({kTellOwn, OptionType::kBool, "true", 0, 0,
                  "Tell the other sessions of the user who answered."});
  made.push_back(
      {kTellOthers, OptionType::kBool, "true", 0, 0, "Tell those with whom the meeting is held."});
  return made;
}

void read_meeting_options(const Config& config, Meeting& settings) {
  settings.password = value_of(kPolicies, config.text(kPolicy));
  settings.password_characters = value_of(kTypes, config.text(kCharacters));
  settings.id_digits = value_of(kIdTypes, config.text(kIdType));
  for (const Size& size : kSizes) {
    (settings.*size.field).min = static_cast<size_t>(config.number(size.min_key));
    (settings.*size.field).max = static_cast<size_t>(config.number(size.max_key));
  }
  settings.max_active_meetings_per_user = config.number(kQuota);
  settings.max_start_offset = std::chrono::seconds(config.number(kStartOffset));
  settings.allow_cancel = config.flag(kAllowCancel);
  settings.invitation_updated = {config.flag(kTellOwn), config.flag(kTellOthers)};
}

}  // namespace turms::app
