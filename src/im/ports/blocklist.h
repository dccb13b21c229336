#pragma once

#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// Whom nobody lets in: an address, or a user.
enum class BlockedKind : int32_t { kIp, kUser };

struct BlockedClient {
  BlockedKind kind = BlockedKind::kIp;
  /// The address as text, or the user's id in decimal.
  std::string subject;
  WallTime until;
};

class BlocklistRepository {
 public:
  virtual ~BlocklistRepository() = default;
  /// Those that are blocked at `now`.
  virtual Stored<std::vector<BlockedClient>> load(WallTime now) = 0;
  /// New ones, or until another time. Forgets those whose time was up at `now`.
  virtual Stored<None> put(Permit<action::BlockClients>, std::vector<BlockedClient> clients,
                           WallTime now) = 0;
  virtual Stored<None> remove(Permit<action::BlockClients>, BlockedKind kind,
                              std::vector<std::string> subjects) = 0;
};

}  // namespace turms::im
