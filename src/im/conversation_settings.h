#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/ports/conversation_settings.h"
#include "im/status.h"

namespace turms::im {

/// Both empty: all conversations.
struct WhichConversations {
  std::vector<UserId> user_ids;
  std::vector<GroupId> group_ids;
  std::vector<std::string> names;
};

/// What a user's clients keep of a conversation for all of the user's devices: names that the
/// operator allows, any values. For sessions with extensions also `pinned` and `muted`, which the
/// list of conversations shows.
class ConversationSettings {
 public:
  static constexpr const char* kPinned = "pinned";
  static constexpr const char* kMuted = "muted";
  /// Of one request.
  static constexpr size_t kMaxConversations = 1000;

  explicit ConversationSettings(Context& context) : context_(context) {}

  Task<Outcome<Reply<>>> update(Caller caller, ConversationRef conversation,
                                std::map<std::string, std::string> settings);
  /// Without names: all that may be deleted.
  Task<Outcome<Reply<>>> remove(Caller caller, WhichConversations which);
  Task<Outcome<std::vector<ConversationSettingsOf>>> query(
      Caller caller, WhichConversations which, std::optional<WallTime> last_updated_date_start);

 private:
  Context& context_;
};

}  // namespace turms::im
