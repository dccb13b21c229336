#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gateway/session.h"
#include "im/ports/bus.h"

namespace turms::gateway {

class Connection;

/// Who is signed in on this node: finds the sessions of users, and carries out what the bus brings.
/// Lives on the control thread. Which of a user's sessions exclude each other is for DeviceLogins
/// to say; at most one per device type.
class SessionRegistry final : public im::BusSubscriber {
 public:
  /// `node` in [0, IdGenerator::kMaxNode], this one's.
  SessionRegistry(im::Bus& bus, int node) : bus_(bus), node_(node) {}

  /// For Caller::session_id: unlike that of any live session.
  int64_t draw_session_id();

  /// Whether the user is signed in with one of these device types on this node.
  [[nodiscard]] bool is_signed_in(UserId user, const std::vector<im::DeviceType>& device_types);
  /// Ends the user's sessions on the device types that exclude the new one, wherever they are, and
  /// takes in the new one.
  void sign_in(Connection& connection, const Session& session,
               std::vector<im::DeviceType> conflicts);
  /// Before the connection's session is gone.
  void sign_out(Connection& connection, const Session& session);

  void on_envelope(const im::Envelope& envelope) override;
  void on_disconnect(const im::DisconnectOrder& order) override;

  /// By user, then by device type: those of `users`, of all when it is empty.
  [[nodiscard]] std::vector<const Connection*> list(const std::vector<UserId>& users) const;
  [[nodiscard]] size_t users() const { return users_.size(); }
  [[nodiscard]] size_t sessions() const { return ids_.size(); }

 private:
  std::vector<Connection*>* find(UserId user);

  im::Bus& bus_;
  const int64_t node_;
  std::unordered_map<UserId, std::vector<Connection*>> users_;
  std::unordered_set<int64_t> ids_;
  uint64_t envelopes_ = 0;
};

}  // namespace turms::gateway
