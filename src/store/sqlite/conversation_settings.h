#pragma once

#include "im/ports/conversation_settings.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/writer.h"

namespace turms::store {

class ConversationSettings final : public im::ConversationSettingsRepository {
 public:
  ConversationSettings(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::vector<im::ConversationSettingsOf>> find(
      im::ConversationSettingsFilter filter) override;
  im::Stored<Put> put(im::Permit<im::action::ChangeConversationSettings> permit,
                      im::ConversationRef conversation, std::map<std::string, std::string> settings,
                      std::set<std::string> immutable, WallTime now) override;
  im::Stored<bool> remove(im::Permit<im::action::ChangeConversationSettings> permit,
                          im::ConversationSettingsFilter filter) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace turms::store
