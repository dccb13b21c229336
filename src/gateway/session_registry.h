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
/// Lives on the control thread. A user has at most one session per device type.
class SessionRegistry final : public im::BusSubscriber {
 public:
  explicit SessionRegistry(im::Bus& bus) : bus_(bus) {}

  /// Positive, 31 bits, unlike that of any live session.
  int64_t draw_session_id();

  /// Ends the user's other session on this device type, wherever it is, and takes in the new one.
  void sign_in(Connection& connection, const Session& session);
  /// Before the connection's session is gone.
  void sign_out(Connection& connection, const Session& session);

  void on_envelope(const im::Envelope& envelope) override;
  void on_disconnect(const im::DisconnectOrder& order) override;

  [[nodiscard]] size_t sessions() const { return ids_.size(); }

 private:
  std::vector<Connection*>* find(UserId user);

  im::Bus& bus_;
  std::unordered_map<UserId, std::vector<Connection*>> users_;
  std::unordered_set<int64_t> ids_;
  uint64_t envelopes_ = 0;
};

}  // namespace turms::gateway
