#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// How far somebody has read: everything there is at present, unless one of the two says less.
struct ReadMove {
  WallTime now;
  /// What was delivered until then.
  std::optional<WallTime> until;
  /// Up to this message.
  std::optional<int64_t> sequence;
  /// Also to what was read before.
  bool backwards = false;
};

struct ReadMoved {
  /// False: it would have gone backwards, and nothing changed.
  bool done = false;
  /// As they are now. The date never goes back because of the clock.
  WallTime read_date;
  int64_t read_sequence = 0;
};

/// A conversation as its list shows it.
struct ConversationSummary {
  /// As many are counted.
  static constexpr int32_t kMaxUnread = 1000;

  ConversationRef conversation;
  int64_t last_sequence = 0;
  /// Not a recalled one.
  std::optional<Message> last_message;
  int64_t read_sequence = 0;
  WallTime read_date;
  /// Private: how far the other one has read.
  int64_t their_read_sequence = 0;
  /// What others wrote behind read_sequence. Recalled and system messages do not count.
  int32_t unread = 0;
  /// One of them says @{user id}.
  bool mentioned = false;
  bool pinned = false;
  bool muted = false;
  /// How long the group keeps its messages, where it says so.
  std::optional<int32_t> retention_hours;
};

struct ConversationPage {
  /// By sequence, ascending, in a private conversation of both sides. Recalled ones have no
  /// content.
  std::vector<Message> messages;
  /// Everything up to here is among them, or was deleted.
  int64_t through_sequence = 0;
  /// Of the conversation.
  int64_t last_sequence = 0;
};

/// What a user who is nowhere must be told of a conversation with.
struct PushState {
  UserId user_id;
  /// What the user's clients registered: settings whose names begin with kPushSetting.
  ValueMap subscriptions;
  /// As of ConversationSummary.
  int32_t unread = 0;
};
/// Names of such settings.
inline constexpr std::string_view kPushSetting = "push.";
/// Of one user.
inline constexpr size_t kMaxPushSettings = 20;

class ConversationRepository {
 public:
  virtual ~ConversationRepository() = default;
  /// owner × targets, those that exist.
  virtual Stored<std::vector<PrivateConversation>> find_private(std::vector<UserId> owners,
                                                                UserId target) = 0;
  virtual Stored<std::vector<GroupConversation>> find_group(std::vector<GroupId> ids) = 0;
  virtual Stored<ReadMoved> move_private(Permit<action::MovePrivateReadDate>, ReadMove move) = 0;
  virtual Stored<ReadMoved> move_group(Permit<action::MoveGroupReadDate>, ReadMove move) = 0;
  /// Of a user, the one in which something happened last first.
  virtual Stored<std::vector<ConversationSummary>> list(UserId user, int32_t skip,
                                                        int32_t limit) = 0;
  /// Of those users who have subscriptions, or of everybody, but for who muted the conversation,
  /// which is a group, or with the one that `conversation` names.
  virtual Stored<std::vector<PushState>> push_states(std::vector<UserId> users,
                                                     ConversationRef conversation,
                                                     bool everybody) = 0;
  /// Those behind `sequence`.
  virtual Stored<ConversationPage> messages_after(UserId reader, ConversationRef conversation,
                                                  int64_t sequence, int32_t max_count) = 0;
};

}  // namespace turms::im
