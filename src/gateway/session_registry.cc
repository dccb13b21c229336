#include "gateway/session_registry.h"

#include <algorithm>

#include "base/check.h"
#include "base/crypto.h"
#include "gateway/broadcast.h"
#include "gateway/connection.h"
#include "gateway/metrics.h"

namespace turms::gateway {
namespace {

bool same_session(const im::Caller& a, const im::Caller& b) {
  return a.session_id == b.session_id;
}

}  // namespace

int64_t SessionRegistry::draw_session_id() {
  for (;;) {
    uint8_t bytes[4];
    secure_random(bytes);
    const int64_t number = load_be32(bytes) & 0x7FFFFFFF;
    const int64_t id = node_ << 32 | number;
    if (number != 0 && !ids_.contains(id)) return id;
  }
}

std::vector<Connection*>* SessionRegistry::find(UserId user) {
  const auto found = users_.find(user);
  return found == users_.end() ? nullptr : &found->second;
}

bool SessionRegistry::is_signed_in(UserId user, const std::vector<im::DeviceType>& device_types) {
  const std::vector<Connection*>* connections = find(user);
  if (connections == nullptr) return false;
  return std::ranges::any_of(*connections, [&](const Connection* connection) {
    const im::DeviceType type = connection->session()->caller.device_type;
    return std::ranges::find(device_types, type) != device_types.end();
  });
}

void SessionRegistry::sign_in(Connection& connection, const Session& session,
                              std::vector<im::DeviceType> conflicts) {
  // Upstream tells the older session that its own client disconnected it (500, not 501).
  bus_.publish(
      im::DisconnectOrder{.user_id = session.caller.user_id,
                          .device_types = std::move(conflicts),
                          .except = session.caller,
                          .password_version = {},
                          .close_status = static_cast<int32_t>(CloseStatus::kDisconnectedByClient),
                          .code = {}});
  users_[session.caller.user_id].push_back(&connection);
  TURMS_CHECK(ids_.insert(session.caller.session_id).second);
  bus_.signed_in(session.caller, session.status);
  gateway_metrics().sessions.set(static_cast<int64_t>(ids_.size()));
}

void SessionRegistry::sign_out(Connection& connection, const Session& session) {
  const auto found = users_.find(session.caller.user_id);
  TURMS_CHECK(found != users_.end());
  std::erase(found->second, &connection);
  if (found->second.empty()) users_.erase(found);
  ids_.erase(session.caller.session_id);
  bus_.signed_out(session.caller);
  gateway_metrics().sessions.set(static_cast<int64_t>(ids_.size()));
}

std::vector<const Connection*> SessionRegistry::list(const std::vector<UserId>& users) const {
  std::vector<const Connection*> all;
  if (users.empty()) {
    for (const auto& [user, connections] : users_) {
      all.insert(all.end(), connections.begin(), connections.end());
    }
  }
  for (const UserId user : users) {
    const auto found = users_.find(user);
    if (found != users_.end()) all.insert(all.end(), found->second.begin(), found->second.end());
  }
  std::ranges::sort(all, {}, [](const Connection* connection) {
    const im::Caller& caller = connection->session()->caller;
    return std::pair(caller.user_id, caller.device_type);
  });
  const auto repeated = std::ranges::unique(all);
  all.erase(repeated.begin(), repeated.end());
  return all;
}

void SessionRegistry::on_envelope(const im::Envelope& envelope) {
  Broadcast broadcast(*envelope.payload);
  std::string text_with_addition;
  std::optional<Broadcast> extended;
  if (envelope.addition) {
    text_with_addition = *envelope.payload + *envelope.addition;
    extended.emplace(text_with_addition);
  }
  const uint64_t serial = ++envelopes_;
  int64_t delivered = 0;
  // Closing changes the lists that are being walked, so it waits.
  std::vector<std::shared_ptr<Connection>> slow;
  const auto deliver = [&](UserId user) {
    const std::vector<Connection*>* connections = find(user);
    if (connections == nullptr) return;
    for (Connection* connection : *connections) {
      const Session& session = *connection->session();
      if (connection->last_envelope == serial) continue;
      if (envelope.extensions_only && !session.extensions) continue;
      if (envelope.except && same_session(*envelope.except, session.caller)) continue;
      connection->last_envelope = serial;
      ++delivered;
      Broadcast& fitting = extended && session.extensions ? *extended : broadcast;
      if (!connection->push(fitting)) slow.push_back(connection->shared_from_this());
    }
  };
  if (envelope.recipients) {
    for (const UserId user : *envelope.recipients) deliver(user);
  }
  if (envelope.caller_id) deliver(*envelope.caller_id);
  gateway_metrics().notifications.add(delivered);
  for (const std::shared_ptr<Connection>& connection : slow) connection->close_slow();
}

void SessionRegistry::on_disconnect(const im::DisconnectOrder& order) {
  const std::vector<Connection*>* connections = find(order.user_id);
  if (connections == nullptr) return;
  std::vector<std::shared_ptr<Connection>> ending;
  for (Connection* connection : *connections) {
    const Session& session = *connection->session();
    const im::Caller& caller = session.caller;
    if (order.except && same_session(*order.except, caller)) continue;
    if (order.password_version && session.password_version >= *order.password_version) continue;
    if (!order.device_types.empty() &&
        std::ranges::find(order.device_types, caller.device_type) == order.device_types.end()) {
      continue;
    }
    ending.push_back(connection->shared_from_this());
  }
  for (const std::shared_ptr<Connection>& connection : ending) {
    connection->close(order.close_status, order.code, {});
  }
}

}  // namespace turms::gateway
