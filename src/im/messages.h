#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/ports/messages.h"
#include "im/status.h"

namespace turms::im {

struct CreateMessage {
  /// Forward this one instead of writing a new one.
  std::optional<MessageId> message_id;
  std::optional<bool> is_system_message;
  std::optional<GroupId> group_id;
  std::optional<UserId> recipient_id;
  std::optional<std::string> text;
  std::vector<Bytes> records;
  std::optional<int32_t> burn_after;
  /// The one it answers. Not checked: it may be gone by now.
  std::optional<MessageId> pre_message_id;
  /// The sender's own name for it: sent again under the same one, it is not stored again, nobody is
  /// told again, and the answer is the first one's.
  std::optional<std::string> sender_key;
};

struct QueryMessages {
  std::vector<MessageId> ids;
  std::optional<bool> are_group_messages;
  std::optional<bool> are_system_messages;
  /// Senders of private messages; groups of group messages.
  std::vector<int64_t> from_ids;
  std::optional<WallTime> delivery_date_start;
  std::optional<WallTime> delivery_date_end;
  std::optional<int32_t> max_count;
  bool with_total = false;
  bool descending = false;
};

struct MessagesWithTotal {
  int64_t total = 0;
  bool is_group_message = false;
  int64_t from_id = 0;
  std::vector<Message> messages;
};

struct FoundMessages {
  /// Only one of these is filled: the second with QueryMessages::with_total.
  std::vector<Message> messages;
  std::vector<MessagesWithTotal> with_total;
};

struct UpdateMessage {
  MessageId message_id;
  std::optional<std::string> text;
  std::vector<Bytes> records;
  std::optional<WallTime> recall_date;
};

struct SearchMessages {
  std::string query;
  /// Nothing: everywhere.
  std::optional<UserId> user_id;
  std::optional<GroupId> group_id;
  std::optional<int32_t> max_count;
};

/// Of the system message that says that this one was recalled.
std::vector<Bytes> recall_records(MessageId id);

class Messages {
 public:
  /// Each is counted. An answer with totals ends before the first message of one conversation more.
  static constexpr size_t kMaxTotals = 100;
  /// Bytes of CreateMessage::sender_key.
  static constexpr size_t kMaxSenderKey = 64;

  explicit Messages(Context& context) : context_(context) {}

  /// Where the new message stands, once it is durable. `on_ordered` is called when its place among
  /// the messages is certain: what is created after this task has next suspended comes behind it.
  Task<Outcome<Reply<Placed>>> create(Caller caller, CreateMessage command,
                                      std::function<void()> on_ordered = {});
  Task<Outcome<Reply<>>> update(Caller caller, UpdateMessage command);
  Task<Outcome<FoundMessages>> query(Caller caller, QueryMessages query);

  /// Best first. Words are found by their beginning, in scripts without spaces any characters.
  static constexpr int32_t kDefaultFound = 20;
  static constexpr int32_t kMaxFound = 100;
  static constexpr size_t kMaxQuerySize = 200;  // characters
  Task<Outcome<std::vector<FoundText>>> search(Caller caller, SearchMessages query);

  /// How long a group keeps its messages, in hours; nothing: as long as all are kept. Its owner's
  /// to say.
  static constexpr int32_t kMaxRetentionHours = 24 * 365 * 100;
  Task<Outcome<Reply<>>> set_retention(Caller caller, GroupId group, std::optional<int32_t> hours);

  /// Deletes what has expired, and takes what was written into the index. To be called about each
  /// second; does nothing while the last call is under way.
  Task<void> tidy();

  /// The server's own message to a group or a user on behalf of `sender` (a meeting's invitation):
  /// kept with its records, and returned as a push to all concerned.
  Task<Outcome<Push>> create_system_message(UserId sender, std::optional<GroupId> group_id,
                                            std::optional<UserId> recipient_id,
                                            std::vector<Bytes> records);

  /// May `sender` write there? For what follows the same rule (a meeting may be held with whom one
  /// may write to).
  Task<Outcome<None>> check_may_send(UserId sender, std::optional<GroupId> group_id,
                                     std::optional<UserId> recipient_id);

 private:
  /// How long a message is kept that a hook wants to keep, and how many are at once.
  static constexpr Duration kKeptFor = std::chrono::hours(1);
  static constexpr size_t kMaxKept = 10'000;

  /// A piece; true when more is left.
  Task<bool> delete_expired(WallTime now, std::optional<WallTime> keep_from);
  /// The same, but for what a hook wants to keep.
  Task<bool> delete_unless_kept(WallTime now, std::optional<WallTime> keep_from);

  Context& context_;
  bool tidying_ = false;
  /// Until when.
  std::map<MessageId, WallTime> kept_;
};

}  // namespace turms::im
