#pragma once

#include <unordered_map>
#include <vector>

#include "im/types.h"

namespace turms::bus {

/// Who is signed in on this node.
class SessionTable {
 public:
  /// A user's first session brings the status, and a later one replaces it.
  void add(const im::Caller& session, im::UserStatus status, WallTime now);
  void remove(const im::Caller& session);
  /// Nothing for who is not here.
  void set_status(UserId user, im::UserStatus status, WallTime now);

  struct User {
    im::UserStatus status = im::UserStatus::kAvailable;
    WallTime status_since{};
    std::vector<im::Caller> sessions;

    /// Ascending, each once.
    [[nodiscard]] std::vector<im::DeviceType> device_types() const;
  };
  /// Null: not here.
  [[nodiscard]] const User* find(UserId id) const;
  [[nodiscard]] const std::unordered_map<UserId, User>& users() const { return users_; }

 private:
  std::unordered_map<UserId, User> users_;
};

}  // namespace turms::bus
