#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "im/delivery.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// Close sessions of a user, on whatever node they are.
struct DisconnectOrder {
  UserId user_id;
  /// Empty: all.
  std::vector<DeviceType> device_types;
  /// This one stays (the one that is signing in).
  std::optional<Caller> except;
  /// Those that signed in with this password, or a later one, stay.
  std::optional<int64_t> password_version;
  int32_t close_status = 0;
  std::optional<int32_t> code;
};

/// The gateway of this node.
class BusSubscriber {
 public:
  virtual ~BusSubscriber() = default;
  virtual void on_envelope(const Envelope& envelope) = 0;
  virtual void on_disconnect(const DisconnectOrder& order) = 0;
};

/// Connects the nodes; a single node is a cluster of one. Publishing calls this node's subscriber
/// before it returns, and other nodes' soon after; in order per publisher.
class Bus {
 public:
  virtual ~Bus() = default;
  virtual void subscribe(BusSubscriber& subscriber) = 0;
  virtual void publish(const Envelope& envelope) = 0;
  virtual void publish(const DisconnectOrder& order) = 0;

  // Presence. The gateway says who is here; one entry per session.
  virtual void signed_in(const Caller& session, UserStatus status) = 0;
  virtual void signed_out(const Caller& session) = 0;
  /// The status of a user, as all their sessions show it.
  virtual void set_status(UserId user, UserStatus status) = 0;
  /// In the order of `users`; who is nowhere is kOffline without devices.
  virtual Stored<std::vector<Presence>> presence(std::vector<UserId> users) = 0;
};

}  // namespace turms::im
