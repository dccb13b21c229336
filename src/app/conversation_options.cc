#include "app/conversation_options.h"

#include <array>
#include <string_view>

#include "app/config.h"

namespace turms::app {
namespace {

using Conversation = im::Settings::Conversation;
using Notify = im::Settings::Notify;

struct Flag {
  std::string_view key;
  bool Conversation::*field;
  std::string_view help;
};

constexpr std::string_view kOwn = "Tell the other sessions of the user who asked.";

#define TURMS_TOLD(name) \
  "turms.service.notification." name ".notify-requester-other-online-sessions"

constexpr auto kFlags = std::to_array<Flag>({
    {"turms.service.conversation.read-receipt.enabled", &Conversation::read_receipts,
     "Keep how far users have read (update_conversation)."},
    {"turms.service.conversation.read-receipt.allow-move-read-date-forward",
     &Conversation::allow_moving_back, "Let them move it back as well."},
    {"turms.service.conversation.read-receipt.use-server-time", &Conversation::use_server_time,
     "Take the server's time for the read date, in place of the request's."},
    {"turms.service.conversation.read-receipt.update-read-date-after-message-sent",
     &Conversation::read_by_writing, "Who writes has read what was there."},
    {"turms.service.conversation.read-receipt.update-read-date-when-user-querying-message",
     &Conversation::read_by_querying,
     "Who queries messages has read the conversations that some are found of."},
    {"turms.service.conversation.typing-status.enabled", &Conversation::typing_status,
     "Relay update_typing_status; else it is answered 4100."},
    {TURMS_TOLD("private-conversation-setting-updated"),
     &Conversation::tell_private_setting_updated, kOwn},
    {TURMS_TOLD("private-conversation-setting-deleted"),
     &Conversation::tell_private_setting_deleted, kOwn},
    {TURMS_TOLD("group-conversation-setting-updated"), &Conversation::tell_group_setting_updated,
     kOwn},
    {TURMS_TOLD("group-conversation-setting-deleted"), &Conversation::tell_group_setting_deleted,
     kOwn},
});

struct Told {
  std::string_view key;
  Notify Conversation::*change;
  bool Notify::*party;
  std::string_view help;
};
constexpr auto kTold = std::to_array<Told>({
    {TURMS_TOLD("private-conversation-read-date-updated"), &Conversation::private_read,
     &Notify::own_sessions, kOwn},
    {"turms.service.notification.private-conversation-read-date-updated.notify-contact",
     &Conversation::private_read, &Notify::others, "Tell the user whose messages were read."},
    {TURMS_TOLD("group-conversation-read-date-updated"), &Conversation::group_read,
     &Notify::own_sessions, kOwn},
    {"turms.service.notification.group-conversation-read-date-updated.notify-other-group-members",
     &Conversation::group_read, &Notify::others, "Tell the members of the group."},
});

#undef TURMS_TOLD

constexpr std::string_view kAllowed = "turms.service.conversation.settings.allowed-settings";

}  // namespace

std::vector<Option> conversation_options() {
  const Conversation defaults;
  std::vector<Option> made;
  for (const Flag& flag : kFlags) {
    made.push_back({flag.key, OptionType::kBool, flag_text(defaults.*flag.field), 0, 0, flag.help});
  }
  for (const Told& told : kTold) {
    const bool value = (defaults.*told.change).*told.party;
    made.push_back({told.key, OptionType::kBool, flag_text(value), 0, 0, told.help});
  }
  made.push_back(
      {kAllowed, OptionType::kList, "", 0, 200,
       "Names of the settings of a conversation that clients may keep; others are refused "
       "(1102). With a '!' behind the name a setting does not change once it is there."});
  return made;
}

void read_conversation_options(const Config& config, im::Settings& settings) {
  for (const Flag& flag : kFlags) settings.conversation.*flag.field = config.flag(flag.key);
  for (const Told& told : kTold) {
    (settings.conversation.*told.change).*told.party = config.flag(told.key);
  }
  settings.conversation.settings = config.list(kAllowed);
}

}  // namespace turms::app
