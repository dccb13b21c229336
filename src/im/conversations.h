#pragma once

#include <optional>
#include <vector>

#include "im/domain_fwd.h"
#include "im/status.h"

namespace turms::im {

struct QueryConversations {
  std::vector<UserId> user_ids;
  std::vector<GroupId> group_ids;
};

struct ConversationList {
  std::vector<PrivateConversation> private_conversations;
  std::vector<GroupConversation> group_conversations;
};

struct UpdateConversation {
  std::optional<UserId> user_id;
  std::optional<GroupId> group_id;
  /// Only that there is one matters: the server's clock is used.
  WallTime read_date;
  /// Up to this message, instead of all there are.
  std::optional<int64_t> read_sequence;
};

struct UpdateTypingStatus {
  bool is_group_message = false;
  int64_t to_id = 0;
};

class Conversations {
 public:
  explicit Conversations(Context& context) : context_(context) {}

  Task<Outcome<ConversationList>> query(Caller caller, QueryConversations query);
  Task<Outcome<Reply<>>> update_read_date(Caller caller, UpdateConversation command);
  Task<Outcome<Reply<>>> update_typing_status(Caller caller, UpdateTypingStatus command);

 private:
  Context& context_;
};

}  // namespace turms::im
