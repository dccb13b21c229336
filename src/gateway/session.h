#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "im/types.h"

namespace turms::gateway {

/// A signed-in user's presence on one connection.
struct Session {
  im::Caller caller;
  im::UserStatus status = im::UserStatus::kAvailable;
  /// Understands docs/protocol-extensions.md.
  bool extensions = false;
  /// Which password it signed in with (im::Credentials).
  int64_t password_version = 0;
  WallTime signed_in_at;
  /// It was the name that said who signs in: the client does not know its user's id.
  bool is_named = false;
};

/// Why a connection is ended; the numbers of the protocol (TurmsNotification.close_status).
enum class CloseStatus : int32_t {
  kIllegalRequest = 100,
  kHeartbeatTimeout = 110,
  kLoginTimeout = 111,
  kServerClosed = 201,
  kServerUnavailable = 202,
  kDisconnectedByClient = 500,
};

}  // namespace turms::gateway
