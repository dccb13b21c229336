#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "im/types.h"
#include "store/sqlite/connection.h"

namespace turms::store {

/// A group, or two users: the columns `low` and `high` of a message.
struct ConversationKey {
  int64_t low = 0;
  int64_t high = 0;

  static ConversationKey of(GroupId group) { return {kGroup, group.value}; }
  static ConversationKey of(UserId one, UserId other) {
    return {std::min(one.value, other.value), std::max(one.value, other.value)};
  }
  static ConversationKey of(const im::Message& message) {
    return message.group_id ? of(*message.group_id) : of(message.sender_id, *message.recipient_id);
  }
  bool operator==(const ConversationKey&) const = default;

 private:
  /// No user has it.
  static constexpr int64_t kGroup = -1;
};

/// The last message of a conversation, or of nothing: sequence 0.
struct Head {
  int64_t sequence = 0;
  WallTime delivery_date;
};

/// As stored, those of deleted messages included.
Head find_head(Connection& connection, ConversationKey key);

/// Remembers in the database where a conversation goes on. Before its last message is deleted.
void keep_head(Connection& connection, ConversationKey key);

/// The sequence of the first message delivered at `date` or later; one past the last when there is
/// none.
int64_t first_sequence_at(Connection& connection, ConversationKey key, WallTime date);

/// Assigns places. Of the writer's connection; what it remembers is forgotten whenever the
/// connection's epoch ends.
class ConversationHeads {
 public:
  /// Conversations remembered; above, all are forgotten and looked up again.
  static constexpr size_t kMaxRemembered = 65536;

  /// The place behind the last message. It is not taken until take(), which concerns the last call
  /// of next().
  ///
  /// Dates ascend within each conversation. While the clock is behind what it once was they ascend
  /// over all conversations, a millisecond each, so that whoever pages by date misses nothing.
  Head next(Connection& connection, ConversationKey key, WallTime now);
  void take(const Head& head) { *asked_ = head; }

 private:
  struct Hash {
    size_t operator()(const ConversationKey& key) const noexcept {
      const auto mixed = static_cast<uint64_t>(key.low) * 0x9E3779B97F4A7C15u;
      return static_cast<size_t>(mixed ^ static_cast<uint64_t>(key.high));
    }
  };
  void forget_former_epoch(Connection& connection);

  std::unordered_map<ConversationKey, Head, Hash> heads_;
  Head* asked_ = nullptr;
  uint64_t epoch_ = 0;
  /// The latest time that a message was accepted at.
  std::optional<WallTime> latest_;
};

}  // namespace turms::store
