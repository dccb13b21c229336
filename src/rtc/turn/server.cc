#include "rtc/turn/server.h"

#include <algorithm>

#include "base/check.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "rtc/turn/allocation.h"
#include "rtc/turn/message.h"

namespace turms::rtc::turn {
namespace {

using stun::ErrorCode;

constexpr auto kDefaultLifetimeS = static_cast<uint32_t>(Server::kDefaultLifetime / 1s);
constexpr auto kMaxLifetimeS = static_cast<uint32_t>(Server::kMaxLifetime / 1s);
/// Relayed ports are numbers only; those that programs use for well-known services stay out.
constexpr uint32_t kFirstPort = 1024;
constexpr uint32_t kPorts = 65536 - kFirstPort;

constexpr size_t kNonceExpirySize = 8;
constexpr size_t kNonceTagSize = 16;

uint8_t family_of(const TransportAddress& address) {
  return address.family == TransportAddress::Family::kIpv6 ? kFamilyIpv6 : kFamilyIpv4;
}

stun::Builder response(MutableByteView buffer, stun::Class message_class, const Message& request) {
  return {buffer, message_class, request.stun().transaction_id(), request.stun().method()};
}

std::array<uint8_t, 4> be32(uint32_t value) {
  std::array<uint8_t, 4> bytes;
  store_be32(bytes.data(), value);
  return bytes;
}

}  // namespace

Server::Server(ServerConfig config, Rng& rng) : config_(std::move(config)), rng_(rng) {
  TURMS_CHECK(config_.realm.size() <= kMaxRealm);
  TURMS_CHECK(config_.max_allocations < kPorts / 4);
}

Server::~Server() = default;

Received Server::drop(DropReason reason) {
  ++dropped_[static_cast<size_t>(reason)];
  return {.kind = Received::Kind::kDropped, .drop = reason};
}

Received Server::respond(ByteView response) {
  TURMS_CHECK(!response.empty());
  return {.kind = Received::Kind::kResponse,
          .data = MutableByteView(response_).first(response.size())};
}

Received Server::receive(TimePoint now, const Client& client, MutableByteView message) {
  if (message.empty()) return drop(DropReason::kMalformed);
  if ((message[0] & 0xF0) == 0x40) return receive_channel_data(now, client, message);
  const auto parsed = Message::parse(message);
  if (!parsed) return drop(DropReason::kMalformed);
  switch (parsed->stun().message_class()) {
    case stun::Class::kRequest:
      return receive_request(now, client, *parsed);
    case stun::Class::kIndication:
      if (parsed->stun().method() == method::kSend) {
        return receive_send(now, client, *parsed, message);
      }
      break;
    default:
      break;
  }
  return drop(DropReason::kUnexpected);
}

Received Server::receive_request(TimePoint now, const Client& client, const Message& message) {
  using Handler = Received (Server::*)(const Request&);
  Handler handler = nullptr;
  switch (message.stun().method()) {
    case stun::kBindingMethod:
      return binding(client, message);
    case method::kAllocate:
      handler = &Server::allocate;
      break;
    case method::kRefresh:
      handler = &Server::refresh;
      break;
    case method::kCreatePermission:
      handler = &Server::create_permission;
      break;
    case method::kChannelBind:
      handler = &Server::bind_channel;
      break;
    default:
      return drop(DropReason::kUnexpected);
  }
  Request request{.now = now, .client = client, .message = message};
  if (const auto refused = authenticate(request)) return *refused;
  if (const auto unknown = message.unknown_required(); !unknown.empty()) {
    return respond(std::move(response(response_, stun::Class::kError, message)
                                 .error_code(ErrorCode::kUnknownAttribute, "Unknown Attribute")
                                 .unknown_attributes(unknown))
                       .finish(request.signing_key()));
  }
  return (this->*handler)(request);
}

/// A STUN server too (RFC 8656 section 4): the address a client is seen with. ICE's checks, which
/// carry credentials, belong to a peer and not here.
Received Server::binding(const Client& client, const Message& message) {
  if (message.stun().username() || message.stun().has_integrity()) {
    return drop(DropReason::kUnexpected);
  }
  auto builder = response(response_, stun::Class::kSuccess, message);
  return respond(builder.xor_mapped_address(client.remote).finish({}));
}

/// RFC 8489 section 9.2.4, in its order.
std::optional<Received> Server::authenticate(Request& request) {
  const Message& message = request.message;
  if (!message.stun().has_integrity()) {
    return challenge(request, ErrorCode::kUnauthenticated, "Unauthenticated");
  }
  if (!message.stun().username() || !message.realm || !message.nonce) {
    return refuse(request, ErrorCode::kBadRequest, "Bad Request");
  }
  if (!is_fresh(request.now, *message.nonce, request.client)) {
    return challenge(request, ErrorCode::kStaleNonce, "Stale Nonce");
  }
  const std::string_view username = *message.stun().username();
  const auto parsed = Username::parse(username);
  if (!parsed || *message.realm != config_.realm) {
    return challenge(request, ErrorCode::kUnauthenticated, "Unauthenticated");
  }
  // The expiry is the limit of new allocations: what a session has may be kept up.
  const Allocation* const allocation = find(request.client);
  if (allocation == nullptr && parsed->expiry < request.now) {
    return challenge(request, ErrorCode::kUnauthenticated, "Expired Credentials");
  }
  const LongTermKey key =
      allocation != nullptr && allocation->username == username
          ? allocation->key
          : long_term_key(username, config_.realm, password_of(config_.secret, username));
  if (!message.stun().verify_integrity(as_text(key))) {
    return challenge(request, ErrorCode::kUnauthenticated, "Unauthenticated");
  }
  request.key = key;
  request.authenticated = true;
  request.username = *parsed;
  // RFC 8656 section 7.1 names the username and not the user: it is what the key hangs on.
  if (allocation != nullptr && allocation->username != username) {
    return refuse(request, ErrorCode::kWrongCredentials, "Wrong Credentials");
  }
  return std::nullopt;
}

/// RFC 8656 section 7.2, in its order.
Received Server::allocate(const Request& request) {
  const Message& message = request.message;
  if (const Allocation* existing = find(request.client)) {
    if (existing->created_by == message.stun().transaction_id()) {
      return allocated(request, *existing);  // our answer was lost
    }
    return refuse(request, ErrorCode::kAllocationMismatch, "Allocation Mismatch");
  }
  if (request.username.worker != config_.worker) {
    return {.kind = Received::Kind::kMisdirected, .worker = request.username.worker};
  }
  if (!message.requested_transport) return refuse(request, ErrorCode::kBadRequest, "Bad Request");
  if (*message.requested_transport != kUdpProtocol) {
    return refuse(request, ErrorCode::kUnsupportedTransportProtocol,
                  "Unsupported Transport Protocol");
  }
  if (message.reservation_token || message.additional_family) {
    if (message.requested_family || message.even_port) {
      return refuse(request, ErrorCode::kBadRequest, "Bad Request");
    }
    if (message.additional_family && *message.additional_family != kFamilyIpv6) {
      return refuse(request, ErrorCode::kBadRequest, "Bad Request");
    }
  }
  // Nothing is ever reserved: a pair of ports was for RTP and RTCP apart.
  if (message.reservation_token || message.even_port.value_or(false)) {
    return refuse(request, ErrorCode::kInsufficientCapacity, "Insufficient Capacity");
  }
  const uint8_t family = message.requested_family.value_or(kFamilyIpv4);
  TransportAddress address = relay_address(family);
  if (address.empty() && !message.requested_family) address = relay_address(kFamilyIpv6);
  if (address.empty()) {
    return refuse(request, ErrorCode::kAddressFamilyNotSupported, "Address Family not Supported");
  }
  const std::string user(request.username.user);
  const auto held = per_user_.find(user);
  if (by_client_.size() >= config_.max_allocations ||
      (held != per_user_.end() && held->second >= config_.max_allocations_per_user)) {
    return refuse(request, ErrorCode::kAllocationQuotaReached, "Allocation Quota Reached");
  }

  auto allocation = std::make_unique<Allocation>();
  allocation->client = request.client;
  allocation->relayed = free_relayed_address(address, message.even_port.has_value());
  allocation->username = *message.stun().username();
  allocation->user = user;
  allocation->key = request.key;
  allocation->created_by = message.stun().transaction_id();
  allocation->lifetime_s =
      std::clamp(message.lifetime_s.value_or(0), kDefaultLifetimeS, kMaxLifetimeS);
  for (const TransportAddress& media : config_.media_addresses) {
    allocation->peers.push_back({.address = media});
  }
  Allocation& made = *allocation;
  by_client_.emplace(request.client, std::move(allocation));
  by_relayed_.emplace(made.relayed, &made);
  ++per_user_[user];
  timers_.schedule(made, request.now + std::chrono::seconds(made.lifetime_s));
  return allocated(request, made);
}

Received Server::allocated(const Request& request, const Allocation& allocation) {
  auto builder = response(response_, stun::Class::kSuccess, request.message);
  builder.add_xor_address(attribute::kXorRelayedAddress, allocation.relayed)
      .add(attribute::kLifetime, be32(allocation.lifetime_s))
      .xor_mapped_address(request.client.remote);
  if (request.message.additional_family) {
    // RFC 8656 section 18.11: one of the two families was not to be had.
    const auto code = static_cast<uint16_t>(ErrorCode::kAddressFamilyNotSupported);
    const std::array<uint8_t, 4> error = {kFamilyIpv6, 0, static_cast<uint8_t>(code / 100),
                                          static_cast<uint8_t>(code % 100)};
    builder.add(attribute::kAddressErrorCode, error);
  }
  return respond(builder.finish(request.signing_key()));
}

Received Server::refresh(const Request& request) {
  const Message& message = request.message;
  Allocation* const allocation = find(request.client);
  if (allocation == nullptr) {
    return refuse(request, ErrorCode::kAllocationMismatch, "Allocation Mismatch");
  }
  if (message.requested_family && *message.requested_family != family_of(allocation->relayed)) {
    return refuse(request, ErrorCode::kPeerAddressFamilyMismatch, "Peer Address Family Mismatch");
  }
  uint32_t lifetime_s = 0;
  if (message.lifetime_s == 0u) {
    remove(*allocation);
  } else {
    lifetime_s = std::clamp(message.lifetime_s.value_or(0), kDefaultLifetimeS, kMaxLifetimeS);
    allocation->lifetime_s = lifetime_s;
    timers_.schedule(*allocation, request.now + std::chrono::seconds(lifetime_s));
  }
  auto builder = response(response_, stun::Class::kSuccess, message);
  return respond(builder.add(attribute::kLifetime, be32(lifetime_s)).finish(request.signing_key()));
}

Received Server::create_permission(const Request& request) {
  Allocation* const allocation = find(request.client);
  if (allocation == nullptr) {
    return refuse(request, ErrorCode::kAllocationMismatch, "Allocation Mismatch");
  }
  const auto peers = request.message.peers();
  if (peers.empty()) return refuse(request, ErrorCode::kBadRequest, "Bad Request");
  if (request.message.too_many_peers) {
    return refuse(request, ErrorCode::kInsufficientCapacity, "Insufficient Capacity");
  }
  for (const TransportAddress& peer : peers) {
    if (peer.family != allocation->relayed.family) {
      return refuse(request, ErrorCode::kPeerAddressFamilyMismatch, "Peer Address Family Mismatch");
    }
    // All or none (RFC 8656 section 10.2): looked at before anything changes.
    if (!allocation->may_permit(peer)) {
      return refuse(request, ErrorCode::kForbidden, "Forbidden");
    }
  }
  for (const TransportAddress& peer : peers) {
    allocation->permit(peer, request.now + kPermissionLifetime);
  }
  return succeed(request);
}

Received Server::bind_channel(const Request& request) {
  Allocation* const allocation = find(request.client);
  if (allocation == nullptr) {
    return refuse(request, ErrorCode::kAllocationMismatch, "Allocation Mismatch");
  }
  const auto peers = request.message.peers();
  const auto channel = request.message.channel;
  if (peers.empty() || !channel || *channel < 0x4000 || *channel > 0x4FFF) {
    return refuse(request, ErrorCode::kBadRequest, "Bad Request");
  }
  if (peers[0].family != allocation->relayed.family) {
    return refuse(request, ErrorCode::kPeerAddressFamilyMismatch, "Peer Address Family Mismatch");
  }
  PeerState* const peer = allocation->find(peers[0]);
  if (peer == nullptr) return refuse(request, ErrorCode::kForbidden, "Forbidden");
  for (const PeerState& other : allocation->peers) {
    // A channel has one peer, and a peer one channel, while the binding lives.
    const bool same_peer = &other == peer;
    if (other.is_bound(request.now) && same_peer != (other.channel == *channel)) {
      return refuse(request, ErrorCode::kBadRequest, "Channel or Peer in Use");
    }
  }
  peer->channel = *channel;
  peer->bound_until = request.now + kChannelLifetime;
  allocation->permit(peers[0], request.now + kPermissionLifetime);
  return succeed(request);
}

Received Server::succeed(const Request& request) {
  auto builder = response(response_, stun::Class::kSuccess, request.message);
  return respond(builder.finish(request.signing_key()));
}

Received Server::refuse(const Request& request, ErrorCode code, std::string_view reason) {
  auto builder = response(response_, stun::Class::kError, request.message);
  return respond(builder.error_code(code, reason).finish(request.signing_key()));
}

Received Server::challenge(const Request& request, ErrorCode code, std::string_view reason) {
  const std::string nonce = make_nonce(request.now + kNonceLifetime, request.client);
  auto builder = response(response_, stun::Class::kError, request.message);
  return respond(builder.error_code(code, reason)
                     .add(attribute::kRealm, as_bytes(config_.realm))
                     .add(attribute::kNonce, as_bytes(nonce))
                     .finish({}));
}

/// The expiry, and an HMAC over it and the client's address: nothing is remembered, and every
/// worker of the process recognizes it.
std::string Server::make_nonce(TimePoint expiry, const Client& client) const {
  std::array<uint8_t, 64> text{};
  ByteWriter writer(text);
  writer.u64(static_cast<uint64_t>(to_ms(expiry.time_since_epoch())));
  writer.bytes(as_bytes("nonce"));
  writer.bytes(client.remote.ip);
  writer.u16(client.remote.port);
  writer.u8(static_cast<uint8_t>(client.transport));
  const auto tag = hmac_sha256(config_.secret, writer.written());
  std::array<uint8_t, kNonceExpirySize + kNonceTagSize> nonce;
  std::copy_n(text.begin(), kNonceExpirySize, nonce.begin());
  std::copy_n(tag.begin(), kNonceTagSize, nonce.begin() + kNonceExpirySize);
  return base64url(nonce);
}

bool Server::is_fresh(TimePoint now, std::string_view nonce, const Client& client) const {
  if (nonce.size() != 32) return false;
  const auto bytes = from_base64(nonce);
  if (!bytes || bytes->size() != kNonceExpirySize + kNonceTagSize) return false;
  // Bounded before it becomes a time: a forged one may be any number.
  const uint64_t expiry_ms = load_be64(bytes->data());
  const auto now_ms = static_cast<uint64_t>(to_ms(now.time_since_epoch()));
  if (expiry_ms < now_ms || expiry_ms - now_ms > static_cast<uint64_t>(to_ms(kNonceLifetime))) {
    return false;
  }
  const TimePoint expiry{std::chrono::milliseconds(expiry_ms)};
  return constant_time_equal(as_bytes(make_nonce(expiry, client)), as_bytes(nonce));
}

Server::Allocation* Server::find(const Client& client) {
  const auto it = by_client_.find(client);
  return it == by_client_.end() ? nullptr : it->second.get();
}

TransportAddress Server::relay_address(uint8_t family) const {
  for (const TransportAddress& media : config_.media_addresses) {
    if (family_of(media) == family) return media;
  }
  return {};
}

/// At most a quarter of the ports are ever taken, so a few draws find one.
TransportAddress Server::free_relayed_address(TransportAddress address, bool even) {
  do {
    address.port = static_cast<uint16_t>(kFirstPort + rng_.below(kPorts));
    if (even) address.port &= 0xFFFE;
  } while (by_relayed_.contains(address));
  return address;
}

void Server::remove(Allocation& allocation) {
  const auto held = per_user_.find(allocation.user);
  if (--held->second == 0) per_user_.erase(held);
  by_relayed_.erase(allocation.relayed);
  const Client client = allocation.client;
  by_client_.erase(client);
}

void Server::client_gone(const Client& client) {
  if (Allocation* allocation = find(client)) remove(*allocation);
}

void Server::set_media_addresses(std::vector<TransportAddress> addresses) {
  config_.media_addresses = std::move(addresses);
  for (auto& [client, allocation] : by_client_) {
    std::vector<PeerState> peers;
    for (const TransportAddress& media : config_.media_addresses) {
      const PeerState* former = allocation->find(media);
      peers.push_back(former != nullptr ? *former : PeerState{.address = media});
    }
    allocation->peers = std::move(peers);
  }
}

void Server::handle_timeout(TimePoint now) {
  while (TimerNode* due = timers_.take_due(now)) remove(*static_cast<Allocation*>(due));
}

bool is_turn(ByteView datagram) {
  if (datagram.size() < 4) return false;
  if ((datagram[0] & 0xF0) == 0x40) return true;
  if (datagram.size() < stun::kHeaderSize || (datagram[0] & 0xC0) != 0 ||
      load_be32(&datagram[4]) != stun::kMagicCookie) {
    return false;
  }
  const uint16_t type = load_be16(datagram.data());
  // All of TURN's methods fit the four lowest bits; the class is bits 4 and 8.
  const auto method = static_cast<uint16_t>(type & 0x3EEF);
  return method == method::kAllocate || method == method::kRefresh || method == method::kSend ||
         method == method::kCreatePermission || method == method::kChannelBind;
}

}  // namespace turms::rtc::turn
