#include "app/message_options.h"

#include <array>
#include <chrono>
#include <string_view>

#include "app/config.h"

namespace turms::app {
namespace {

using Message = im::Settings::Message;
using Notify = im::Settings::Notify;

constexpr std::string_view kRecallPeriod =
    "turms.service.message.available-recall-duration-seconds";
constexpr std::string_view kRetention = "turms.service.message.message-retention-period-hours";

struct Flag {
  std::string_view key;
  bool Message::*field;
  std::string_view help;
};
constexpr auto kFlags = std::to_array<Flag>({
    {"turms.service.message.persist-record", &Message::persist_records,
     "Keep the records of users' messages (those of system messages always are)."},
    {"turms.service.message.persist-pre-message-id", &Message::persist_pre_message_id,
     "Tell clients without extensions too which message a queried one answers."},
    {"turms.service.message.sequence-id.use-sequence-id-for-group-conversation",
     &Message::sequence_id_of_groups,
     "Tell them the sequence of queried group messages. There always is one."},
    {"turms.service.message.sequence-id.use-sequence-id-for-private-conversation",
     &Message::sequence_id_of_private, "The same of private messages."},
    {"turms.service.message.use-conversation-id", &Message::show_own,
     "Queries of private messages also find what the user has sent. What it costs upstream, an "
     "index of its own, it does not cost here."},
    {"turms.service.message.is-recalled-message-visible", &Message::show_recalled,
     "Queries find recalled messages too."},
    {"turms.service.message.allow-send-messages-to-oneself", &Message::allow_messages_to_oneself,
     "A user may write to themself."},
    {"turms.service.message.allow-send-messages-to-stranger", &Message::allow_messages_to_strangers,
     "A user may write to others who have not blocked them, related or not."},
    {"turms.service.message.allow-edit-message-by-sender", &Message::allow_edit_by_sender,
     "Senders may edit their messages."},
    {"turms.service.message.allow-recall-message", &Message::allow_recall,
     "Senders may recall messages."},
});

struct Size {
  std::string_view key;
  size_t Message::*field;
  int64_t min;
  int64_t max;
  std::string_view help;
};
constexpr auto kSizes = std::to_array<Size>({
    {"turms.service.message.max-text-limit", &Message::max_text_size, 1, 1048576,
     "Characters of a message's text."},
    {"turms.service.message.max-records-size-bytes", &Message::max_records_bytes, 0, 16777216,
     "Bytes of a message's records."},
});

struct Count {
  std::string_view key;
  int32_t Message::*field;
  std::string_view help;
};
/// Upstream knows queries without a limit; here an answer is bounded.
constexpr int64_t kMostQueried = 10'000;
constexpr auto kCounts = std::to_array<Count>({
    {"turms.service.message.default-available-messages-number-without-total",
     &Message::default_query_count, "Messages that a query finds when it names no number."},
    {"turms.service.message.max-available-messages-number-without-total", &Message::max_query_count,
     "Messages that a query may ask for; of more it finds so many."},
    {"turms.service.message.default-available-messages-number-with-total",
     &Message::default_query_count_with_total,
     "Messages that a query with totals finds when it names no number."},
    {"turms.service.message.max-available-messages-number-with-total",
     &Message::max_query_count_with_total, "Messages that such a query may ask for."},
});

struct Told {
  std::string_view key;
  Notify Message::*change;
  bool Notify::*party;
  std::string_view help;
};
constexpr std::string_view kOwn =
    "Tell the other sessions of the user who asked; in a group they are told as a member's.";
constexpr auto kTold = std::to_array<Told>({
    {"turms.service.notification.message-created.notify-requester-other-online-sessions",
     &Message::created, &Notify::own_sessions, kOwn},
    {"turms.service.notification.message-created.notify-message-recipients", &Message::created,
     &Notify::others, "Tell the recipient, or the members of the group."},
    {"turms.service.notification.message-updated.notify-requester-other-online-sessions",
     &Message::updated, &Notify::own_sessions, kOwn},
    {"turms.service.notification.message-updated.notify-message-recipients", &Message::updated,
     &Notify::others, "Tell the recipient, or the members of the group."},
});

}  // namespace

std::vector<Option> message_options() {
  const Message defaults;
  std::vector<Option> made;
  for (const Flag& flag : kFlags) {
    made.push_back({flag.key, OptionType::kBool, flag_text(defaults.*flag.field), 0, 0, flag.help});
  }
  for (const Size& size : kSizes) {
    made.push_back({size.key, OptionType::kInt,
                    number_text(static_cast<int64_t>(defaults.*size.field)), size.min, size.max,
                    size.help});
  }
  for (const Count& count : kCounts) {
    made.push_back({count.key, OptionType::kInt,
                    number_text(static_cast<int64_t>(defaults.*count.field)), 1, kMostQueried,
                    count.help});
  }
  for (const Told& told : kTold) {
    const bool value = (defaults.*told.change).*told.party;
    made.push_back({told.key, OptionType::kBool, flag_text(value), 0, 0, told.help});
  }
  made.push_back({kRecallPeriod, OptionType::kInt,
                  number_text(to_ms(defaults.recall_period) / 1000), 0, 365LL * 24 * 3600,
                  "How long after sending."});
  made.push_back({kRetention, OptionType::kInt, "0", 0, 24LL * 365 * 100,
                  "Messages are deleted so long after their delivery. 0: never."});
  return made;
}

void read_message_options(const Config& config, im::Settings& settings) {
  Message& message = settings.message;
  for (const Flag& flag : kFlags) message.*flag.field = config.flag(flag.key);
  for (const Size& size : kSizes) {
    message.*size.field = static_cast<size_t>(config.number(size.key));
  }
  for (const Count& count : kCounts) {
    message.*count.field = static_cast<int32_t>(config.number(count.key));
  }
  for (const Told& told : kTold) (message.*told.change).*told.party = config.flag(told.key);
  message.recall_period = std::chrono::seconds(config.number(kRecallPeriod));
  message.retention_period = std::chrono::hours(config.number(kRetention));
}

}  // namespace turms::app
