#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "rtc/stun/message.h"

namespace turms::rtc::turn {

/// RFC 8656 section 17.
namespace method {
inline constexpr uint16_t kAllocate = 0x003;
inline constexpr uint16_t kRefresh = 0x004;
inline constexpr uint16_t kSend = 0x006;
inline constexpr uint16_t kData = 0x007;
inline constexpr uint16_t kCreatePermission = 0x008;
inline constexpr uint16_t kChannelBind = 0x009;
}  // namespace method

/// RFC 8656 section 18, REALM and NONCE from RFC 8489 section 14.
namespace attribute {
inline constexpr uint16_t kChannelNumber = 0x000C;
inline constexpr uint16_t kLifetime = 0x000D;
inline constexpr uint16_t kXorPeerAddress = 0x0012;
inline constexpr uint16_t kData = 0x0013;
inline constexpr uint16_t kRealm = 0x0014;
inline constexpr uint16_t kNonce = 0x0015;
inline constexpr uint16_t kXorRelayedAddress = 0x0016;
inline constexpr uint16_t kRequestedAddressFamily = 0x0017;
inline constexpr uint16_t kEvenPort = 0x0018;
inline constexpr uint16_t kRequestedTransport = 0x0019;
inline constexpr uint16_t kDontFragment = 0x001A;
inline constexpr uint16_t kReservationToken = 0x0022;
inline constexpr uint16_t kAdditionalAddressFamily = 0x8000;
inline constexpr uint16_t kAddressErrorCode = 0x8001;
}  // namespace attribute

inline constexpr uint8_t kFamilyIpv4 = 1;
inline constexpr uint8_t kFamilyIpv6 = 2;
inline constexpr uint8_t kUdpProtocol = 17;

/// A STUN message with the attributes that TURN adds. Keeps views into the datagram.
class Message {
 public:
  /// A CreatePermission with more peers than this is refused.
  static constexpr size_t kMaxPeers = 8;

  /// Nothing when it is no STUN message, or an attribute has a wrong size or value.
  static std::optional<Message> parse(ByteView datagram);

  [[nodiscard]] const stun::Message& stun() const { return stun_; }
  [[nodiscard]] std::span<const TransportAddress> peers() const {
    return std::span(peers_).first(peer_count_);
  }
  [[nodiscard]] std::span<const uint16_t> unknown_required() const {
    return std::span(unknown_).first(unknown_count_);
  }

  std::optional<std::string_view> realm;
  std::optional<std::string_view> nonce;
  std::optional<uint32_t> lifetime_s;
  std::optional<uint8_t> requested_transport;
  std::optional<uint8_t> requested_family;
  std::optional<uint8_t> additional_family;
  std::optional<bool> even_port;  // true: and the next one is to be reserved
  std::optional<uint16_t> channel;
  std::optional<ByteView> data;
  bool reservation_token = false;
  bool too_many_peers = false;

 private:
  explicit Message(const stun::Message& message) : stun_(message) {}
  bool parse_attribute(uint16_t type, ByteView value);

  stun::Message stun_;
  std::array<TransportAddress, kMaxPeers> peers_{};
  size_t peer_count_ = 0;
  std::array<uint16_t, 8> unknown_{};
  size_t unknown_count_ = 0;
};

}  // namespace turms::rtc::turn
