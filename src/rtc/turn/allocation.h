#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "rtc/turn/server.h"

namespace turms::rtc::turn {

/// What one client may do with one of our media addresses.
struct Server::PeerState {
  TransportAddress address;
  TimePoint permitted_until{};
  uint16_t channel = 0;  // 0: none was bound
  TimePoint bound_until{};

  [[nodiscard]] bool has_ip_of(const TransportAddress& other) const {
    return address.ip == other.ip && address.family == other.family;
  }
  [[nodiscard]] bool is_bound(TimePoint now) const { return channel != 0 && now < bound_until; }
};

struct Server::Allocation : TimerNode {
  Client client;
  TransportAddress relayed;
  std::string username;
  std::string user;
  LongTermKey key{};
  stun::TransactionId created_by{};
  uint32_t lifetime_s = 0;
  std::vector<PeerState> peers;  // one per media address

  [[nodiscard]] PeerState* find(const TransportAddress& address) {
    for (PeerState& peer : peers) {
      if (peer.address == address) return &peer;
    }
    return nullptr;
  }
  /// A permission is for an IP address, whatever the port (RFC 8656 section 10).
  void permit(const TransportAddress& address, TimePoint until) {
    for (PeerState& peer : peers) {
      if (peer.has_ip_of(address)) peer.permitted_until = until;
    }
  }
  [[nodiscard]] bool may_permit(const TransportAddress& address) const {
    return std::any_of(peers.begin(), peers.end(),
                       [&](const PeerState& peer) { return peer.has_ip_of(address); });
  }
};

/// One request while it is answered.
struct Server::Request {
  TimePoint now;
  const Client& client;
  const Message& message;
  /// Once authenticated: what the answer is signed with.
  LongTermKey key{};
  bool authenticated = false;
  Username username{};

  [[nodiscard]] std::string_view signing_key() const {
    return authenticated ? as_text(key) : std::string_view();
  }
};

}  // namespace turms::rtc::turn
