#include "im/settings_table.h"

namespace turms::im {
namespace {

using Meeting = MeetingSettings;
using config::Word;

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kBoth = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr auto kPolicies = std::to_array<Word<Meeting::Password>>({
    {"PROHIBITED", Meeting::Password::kProhibited},
    {"USER_INPUT_OPTIONAL", Meeting::Password::kOptional},
    {"USER_INPUT_REQUIRED", Meeting::Password::kRequired},
    {"USER_INPUT_OR_SYSTEM_GENERATED", Meeting::Password::kOptionalOrMade},
    {"SYSTEM_GENERATED", Meeting::Password::kMade},
});
constexpr auto kTypes = std::to_array<Word<std::string_view>>({
    {"NUMERIC", kDigits},
    {"ALPHABETIC", kLetters},
    {"ALPHANUMERIC", kBoth},
});
constexpr auto kIdTypes = std::to_array<Word<int>>({{"DIGIT_9", 9}, {"DIGIT_10", 10}});

void add_sizes(config::Table<Meeting>& table) {
  struct Of {
    const char* key;
    Meeting::Size Meeting::*field;
    int64_t min;
    int64_t max;
    const char* min_help;
    const char* max_help;
  };
  for (const Of& of : {
           Of{"name", &Meeting::name_size, 0, 1000,
              "Characters that a meeting's name has at least.",
              "Characters of a meeting's name; 0: no limit but the size of a request."},
           Of{"intro", &Meeting::intro_size, 0, 10000,
              "Characters that a meeting's introduction has at least.",
              "Characters of a meeting's introduction; 0: no limit but the size of a request."},
           Of{"password", &Meeting::password_size, 1, 64,
              "Characters that a meeting's password has at least.",
              "Characters of a meeting's password, and of one that the server makes."},
       }) {
    const std::string prefix = std::string("turms.service.conference.meeting.") + of.key;
    table
        .number(prefix + ".min-length", config::path(of.field, &Meeting::Size::min), of.min, of.max,
                of.min_help)
        .at_most_unless_zero(prefix + ".max-length")
        .number(prefix + ".max-length", config::path(of.field, &Meeting::Size::max), of.min, of.max,
                of.max_help);
  }
}

struct RightWord {
  std::string_view word;
  meeting::RightSet right;
};
constexpr auto kRights = std::to_array<RightWord>({
    {"SPEAK", meeting::kMaySpeak},
    {"SHOW", meeting::kMayShow},
    {"SHARE", meeting::kMayShare},
    {"CHAT", meeting::kMayChat},
    {"RECORD", meeting::kMayRecord},
    {"ADMIT", meeting::kMayAdmit},
});

const RightWord* find_right(std::string_view word) {
  const auto found = std::ranges::find(kRights, word, &RightWord::word);
  return found == kRights.end() ? nullptr : &*found;
}

Status check_right(std::string_view key, std::string_view value) {
  if (find_right(value) != nullptr) return {};
  return config::must_be(key, "of SPEAK, SHOW, SHARE, CHAT, RECORD and ADMIT", value);
}

/// What each role may do.
void add_rights(config::Table<Meeting>& table) {
  struct Of {
    const char* role;
    const char* help;
  };
  // In the order of meeting::Role.
  constexpr Of kOf[] = {
      {"host",
       "What the host of a meeting may do: SPEAK, SHOW (a camera), SHARE (a screen), CHAT "
       "(send data), RECORD, ADMIT (from the lobby)."},
      {"co-host", "What co-hosts may do; owner and managers of the group are such."},
      {"participant", "What members of the group may do."},
      {"viewer", "What guests of the group may do."},
      {"guest", "What those may do who come by a link, without an account."},
  };
  for (size_t role = 0; role < meeting::kRoles; ++role) {
    std::string fallback;
    for (const RightWord& one : kRights) {
      if ((Meeting().rules.rights[role] & one.right) == 0) continue;
      fallback += (fallback.empty() ? "" : ",") + std::string(one.word);
    }
    table.add(config::list(std::string("turms.service.conference.meeting.rights.") + kOf[role].role,
                           std::move(fallback), kOf[role].help, check_right),
              [role](Meeting& settings, const config::Value& value) {
                meeting::RightSet& rights = settings.rules.rights[role];
                rights = 0;
                for (const std::string& word : value.list) rights |= find_right(word)->right;
              });
  }
}

config::Table<Meeting> make_table() {
  config::Table<Meeting> table(config::Change::kAtRunTime);
  table
      .word("turms.service.conference.meeting.password.policy", &Meeting::password, kPolicies,
            "Whether who creates a meeting gives it a password: PROHIBITED, USER_INPUT_OPTIONAL, "
            "USER_INPUT_REQUIRED, USER_INPUT_OR_SYSTEM_GENERATED (the server makes one where the "
            "creator gives none) or SYSTEM_GENERATED.")
      .word("turms.service.conference.meeting.password.type", &Meeting::password_characters, kTypes,
            "What passwords are made of that the server makes: NUMERIC, ALPHABETIC or "
            "ALPHANUMERIC.")
      .word("turms.service.conference.meeting.id.type", &Meeting::id_digits, kIdTypes,
            "Digits of a meeting's id: DIGIT_9 or DIGIT_10.")
      .number("turms.service.conference.meeting.quota.max-active-meeting-count-per-user",
              &Meeting::max_active_meetings_per_user, 0, 10000,
              "Meetings a user may have created that are going on.")
      .time("turms.service.conference.meeting.scheduling.max-allowed-start-date-offset-seconds",
            &Meeting::max_start_offset, 1s, 0, config::kYearInSeconds,
            "How far ahead a meeting may start.")
      .time("turms.service.conference.meeting.scheduling.reminder-seconds",
            config::path(&Meeting::rules, &meeting::Rules::reminder), 1s, 0, 86400,
            "How long before its start everybody is reminded of a meeting; 0: nobody is.")
      .time("turms.service.conference.meeting.ring-seconds",
            config::path(&Meeting::rules, &meeting::Rules::ring), 1s, 5, 600,
            "How long a meeting rings. A call between two that nobody takes is over then.")
      .flag("turms.service.conference.meeting.scheduling.allow-cancel", &Meeting::allow_cancel,
            "Who created a meeting may end it.")
      .flag(
          "turms.service.notification.meeting-invitation-updated."
          "notify-requester-other-online-sessions",
          config::path(&Meeting::invitation_updated, &Settings::Notify::own_sessions),
          "Tell the other sessions of the user who answered.")
      .flag("turms.service.notification.meeting-invitation-updated.notify-meeting-participants",
            config::path(&Meeting::invitation_updated, &Settings::Notify::others),
            "Tell those with whom the meeting is held.");
  add_sizes(table);
  add_rights(table);
  return table;
}

}  // namespace

const config::Table<MeetingSettings>& meeting_table() {
  static const config::Table<MeetingSettings> table = make_table();
  return table;
}

}  // namespace turms::im
