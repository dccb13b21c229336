#include "im/settings_table.h"

namespace turms::im {
namespace {

using Fields = Settings::Message;
using Notify = Settings::Notify;
using config::path;

/// Upstream knows queries without a limit; here an answer is bounded.
constexpr int64_t kMostQueried = 10'000;
constexpr const char* kOwn =
    "Tell the other sessions of the user who asked; in a group they are told as a member's.";

}  // namespace

config::Table<Settings::Message> message_table() {
  config::Table<Fields> table(config::Change::kAtRunTime);
  table
      .flag("turms.service.message.persist-record", &Fields::persist_records,
            "Keep the records of users' messages (those of system messages always are).")
      .flag("turms.service.message.persist-pre-message-id", &Fields::persist_pre_message_id,
            "Tell clients without extensions too which message a queried one answers.")
      .flag("turms.service.message.sequence-id.use-sequence-id-for-group-conversation",
            &Fields::sequence_id_of_groups,
            "Tell them the sequence of queried group messages. There always is one.")
      .at_start()
      .flag("turms.service.message.sequence-id.use-sequence-id-for-private-conversation",
            &Fields::sequence_id_of_private, "The same of private messages.")
      .at_start()
      .flag("turms.service.message.use-conversation-id", &Fields::show_own,
            "Queries of private messages also find what the user has sent. What it costs upstream, "
            "an index of its own, it does not cost here.")
      .at_start()
      .flag("turms.service.message.is-recalled-message-visible", &Fields::show_recalled,
            "Queries find recalled messages too.")
      .flag("turms.service.message.allow-send-messages-to-oneself",
            &Fields::allow_messages_to_oneself, "A user may write to themself.")
      .flag("turms.service.message.allow-send-messages-to-stranger",
            &Fields::allow_messages_to_strangers,
            "A user may write to others who have not blocked them, related or not.")
      .flag("turms.service.message.allow-edit-message-by-sender", &Fields::allow_edit_by_sender,
            "Senders may edit their messages.")
      .flag("turms.service.message.allow-recall-message", &Fields::allow_recall,
            "Senders may recall messages.")
      .number("turms.service.message.max-text-limit", &Fields::max_text_size, 1, 1048576,
              "Characters of a message's text.")
      .number("turms.service.message.max-records-size-bytes", &Fields::max_records_bytes, 0,
              16777216, "Bytes of a message's records.")
      .number("turms.service.message.default-available-messages-number-without-total",
              &Fields::default_query_count, 1, kMostQueried,
              "Messages that a query finds when it names no number.")
      .number("turms.service.message.max-available-messages-number-without-total",
              &Fields::max_query_count, 1, kMostQueried,
              "Messages that a query may ask for; of more it finds so many.")
      .number("turms.service.message.default-available-messages-number-with-total",
              &Fields::default_query_count_with_total, 1, kMostQueried,
              "Messages that a query with totals finds when it names no number.")
      .number("turms.service.message.max-available-messages-number-with-total",
              &Fields::max_query_count_with_total, 1, kMostQueried,
              "Messages that such a query may ask for.")
      .flag("turms.service.notification.message-created.notify-requester-other-online-sessions",
            path(&Fields::created, &Notify::own_sessions), kOwn)
      .flag("turms.service.notification.message-created.notify-message-recipients",
            path(&Fields::created, &Notify::others),
            "Tell the recipient, or the members of the group.")
      .flag("turms.service.notification.message-updated.notify-requester-other-online-sessions",
            path(&Fields::updated, &Notify::own_sessions), kOwn)
      .flag("turms.service.notification.message-updated.notify-message-recipients",
            path(&Fields::updated, &Notify::others),
            "Tell the recipient, or the members of the group.")
      .time("turms.service.message.available-recall-duration-seconds", &Fields::recall_period, 1s,
            0, config::kYearInSeconds, "How long after sending.")
      .time("turms.service.message.message-retention-period-hours", &Fields::retention_period, 1h,
            0, 24LL * 365 * 100, "Messages are deleted so long after their delivery. 0: never.");
  return table;
}

}  // namespace turms::im
