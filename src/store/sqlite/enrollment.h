#pragma once

#include "im/ports/group_blocklist.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/writer.h"

// The repositories of how users get into groups and are kept out (as in repositories.h).

namespace turms::store {

class GroupBlocklist final : public im::GroupBlocklistRepository {
 public:
  explicit GroupBlocklist(Writer& writer) : writer_(writer) {}
  im::Stored<Blocked> block(im::Permit<im::action::BlockInGroup> permit, UserId requester,
                            WallTime now) override;
  im::Stored<bool> unblock(im::Permit<im::action::UnblockInGroup> permit, WallTime now) override;

 private:
  Writer& writer_;
};

}  // namespace turms::store
