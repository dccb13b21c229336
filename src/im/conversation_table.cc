#include "im/settings_table.h"

namespace turms::im {
namespace {

using Fields = Settings::Conversation;
using Notify = Settings::Notify;
using config::path;

constexpr const char* kOwn = "Tell the other sessions of the user who asked.";

}  // namespace

config::Table<Settings::Conversation> conversation_table() {
  config::Table<Fields> table(config::Change::kAtRunTime);
  table
      .flag("turms.service.conversation.read-receipt.enabled", &Fields::read_receipts,
            "Keep how far users have read (update_conversation).")
      .flag("turms.service.conversation.read-receipt.allow-move-read-date-forward",
            &Fields::allow_moving_back, "Let them move it back as well.")
      .flag("turms.service.conversation.read-receipt.use-server-time", &Fields::use_server_time,
            "Take the server's time for the read date, in place of the request's.")
      .flag("turms.service.conversation.read-receipt.update-read-date-after-message-sent",
            &Fields::read_by_writing, "Who writes has read what was there.")
      .flag("turms.service.conversation.read-receipt.update-read-date-when-user-querying-message",
            &Fields::read_by_querying,
            "Who queries messages has read the conversations that some are found of.")
      .flag("turms.service.conversation.typing-status.enabled", &Fields::typing_status,
            "Relay update_typing_status; else it is answered 4100.")
      .flag(
          "turms.service.notification.private-conversation-setting-updated.notify-requester-other-"
          "online-sessions",
          &Fields::tell_private_setting_updated, kOwn)
      .flag(
          "turms.service.notification.private-conversation-setting-deleted.notify-requester-other-"
          "online-sessions",
          &Fields::tell_private_setting_deleted, kOwn)
      .flag(
          "turms.service.notification.group-conversation-setting-updated.notify-requester-other-"
          "online-sessions",
          &Fields::tell_group_setting_updated, kOwn)
      .flag(
          "turms.service.notification.group-conversation-setting-deleted.notify-requester-other-"
          "online-sessions",
          &Fields::tell_group_setting_deleted, kOwn)
      .flag(
          "turms.service.notification.private-conversation-read-date-updated.notify-requester-"
          "other-online-sessions",
          path(&Fields::private_read, &Notify::own_sessions), kOwn)
      .flag("turms.service.notification.private-conversation-read-date-updated.notify-contact",
            path(&Fields::private_read, &Notify::others), "Tell the user whose messages were read.")
      .flag(
          "turms.service.notification.group-conversation-read-date-updated.notify-requester-other-"
          "online-sessions",
          path(&Fields::group_read, &Notify::own_sessions), kOwn)
      .flag(
          "turms.service.notification.group-conversation-read-date-updated.notify-other-group-"
          "members",
          path(&Fields::group_read, &Notify::others), "Tell the members of the group.")
      .list("turms.service.conversation.settings.allowed-settings", &Fields::settings,
            "Names of the settings of a conversation that clients may keep; others are refused "
            "(1102). With a '!' behind the name a setting does not change once it is there.")
      .longest(kLongestName);
  return table;
}

}  // namespace turms::im
