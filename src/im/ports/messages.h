#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

struct MessageFilter {
  bool of_groups = false;
  /// Empty: any.
  std::vector<MessageId> ids;
  /// Private: who received them. Unused for groups.
  UserId recipient_id;
  /// Private: also what that user wrote to the senders.
  bool own_too = false;
  bool recalled_too = false;
  /// Private: senders, empty for any. Groups: the groups, never empty.
  std::vector<UserId> sender_ids;
  std::vector<GroupId> group_ids;
  std::optional<bool> are_system_messages;
  std::optional<WallTime> delivery_date_start;  // inclusive
  std::optional<WallTime> delivery_date_end;    // exclusive
  int32_t max_count = 0;
  bool descending = false;
};

/// What of a message is written; records only where they are kept.
struct NewMessage {
  /// Without a sequence; delivery_date is the time at which it was accepted.
  Message message;
  bool keep_records = false;
  /// The sender has read what came before.
  bool move_read_date = true;
  /// The sender's own name for it, so that one that is sent again is not stored again.
  std::optional<std::string> sender_key;
};

/// A stored message's place in its conversation, assigned in the transaction that stored it.
struct Placed {
  MessageId id;
  int64_t sequence = 0;
  WallTime delivery_date;
  /// It was there already: the sender had sent this key before. All else is of that message.
  bool repeated = false;
};

/// A message in which somebody's words were found, and where: UTF-16 code units of its text.
struct FoundText {
  Message message;
  struct Highlight {
    int32_t start = 0;
    int32_t length = 0;
    bool operator==(const Highlight&) const = default;
  };
  std::vector<Highlight> highlights;
};

struct TextSearch {
  /// Only what they may see.
  UserId reader;
  std::string query;
  /// Nothing: in all conversations of the reader.
  std::optional<ConversationRef> conversation;
  int32_t max_count = 0;
};

struct Expired {
  std::vector<Message> messages;
  bool more = false;
};

class MessageRepository {
 public:
  virtual ~MessageRepository() = default;
  /// In the order of the calls.
  virtual Stored<Placed> append(Permit<action::SendMessage>, NewMessage message) = 0;
  /// Recalled ones too.
  virtual Stored<std::optional<Message>> find(MessageId id) = 0;
  /// By delivery date, which within a conversation is by sequence.
  virtual Stored<std::vector<Message>> query(MessageFilter filter) = 0;
  /// How many the filter matches, without max_count.
  virtual Stored<int64_t> count(MessageFilter filter) = 0;
  /// False when it does not exist or was recalled.
  virtual Stored<bool> edit(Permit<action::EditMessage>, std::optional<std::string> text,
                            std::optional<std::vector<Bytes>> records, WallTime now) = 0;
  /// Marks it recalled and appends `notice` in one transaction. Nothing when it does not exist or
  /// was recalled before. It keeps its sequence.
  virtual Stored<std::optional<Placed>> recall(Permit<action::RecallMessage>, WallTime recall_date,
                                               NewMessage notice) = 0;

  /// Takes a further piece of what was written into the full-text index; true when more is left.
  virtual Stored<bool> index_text() = 0;
  /// The best ones of the newest kMaxRanked that match, best first.
  static constexpr int32_t kMaxRanked = 1000;
  virtual Stored<std::vector<FoundText>> search(TextSearch search) = 0;
  /// How long the group keeps its messages; nothing: as long as all are kept.
  virtual Stored<None> set_retention(Permit<action::SetRetention>,
                                     std::optional<int32_t> hours) = 0;
  /// Deletes some of what has burnt, of what groups do not keep any longer, and of what was
  /// delivered before `keep_from`; true when more is left. A private message burns from when its
  /// recipient has read it, one of a group from its delivery.
  virtual Stored<bool> delete_expired(Permit<action::DeleteExpiredMessages>, WallTime now,
                                      std::optional<WallTime> keep_from) = 0;
  /// What delete_expired() would delete, but for those of `kept`, which are ascending.
  virtual Stored<Expired> find_expired(WallTime now, std::optional<WallTime> keep_from,
                                       std::vector<MessageId> kept) = 0;
  virtual Stored<None> erase(Permit<action::DeleteExpiredMessages>, std::vector<MessageId> ids) = 0;
};

}  // namespace turms::im
