#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// What an owner's clients keep of one conversation. Values are the protocol's, encoded.
struct ConversationSettingsOf {
  ConversationRef conversation;
  std::map<std::string, std::string> settings;
  WallTime last_updated_date;
};

struct ConversationSettingsFilter {
  UserId owner_id;
  /// All empty: any.
  std::vector<UserId> user_ids;
  std::vector<GroupId> group_ids;
  std::vector<std::string> names;
  /// Of the conversation's settings; inclusive.
  std::optional<WallTime> last_updated_date_start;
};

class ConversationSettingsRepository {
 public:
  virtual ~ConversationSettingsRepository() = default;
  virtual Stored<std::vector<ConversationSettingsOf>> find(ConversationSettingsFilter filter) = 0;
  enum class Put { kDone, kUnchanged, kImmutable };
  /// kImmutable: one of `immutable` is there with another value; nothing was changed.
  virtual Stored<Put> put(Permit<action::ChangeConversationSettings>, ConversationRef conversation,
                          std::map<std::string, std::string> settings,
                          std::set<std::string> immutable, WallTime now) = 0;
  /// What the filter matches; false when nothing does.
  virtual Stored<bool> remove(Permit<action::ChangeConversationSettings>,
                              ConversationSettingsFilter filter) = 0;
};

}  // namespace turms::im
