#pragma once

#include "im/ports/message_marks.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/writer.h"

namespace turms::store {

class MessageMarks final : public im::MessageMarkRepository {
 public:
  MessageMarks(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<Put> react(im::Permit<im::action::ReactToMessage> permit, std::vector<int32_t> types,
                        int32_t max, WallTime now) override;
  im::Stored<Put> take_back(im::Permit<im::action::ReactToMessage> permit,
                            std::vector<int32_t> types) override;
  im::Stored<Put> pin(im::Permit<im::action::PinMessage> permit, int32_t max,
                      WallTime now) override;
  im::Stored<Put> unpin(im::Permit<im::action::PinMessage> permit) override;
  im::Stored<std::vector<im::Message>> pinned(UserId reader,
                                              im::ConversationRef conversation) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace turms::store
