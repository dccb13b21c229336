#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "rtc/transport_address.h"

/// STUN (RFC 8489): binding requests and responses as ICE (RFC 8445) uses them, and what other
/// methods (rtc/turn) build on.
namespace turms::rtc::stun {

inline constexpr uint32_t kMagicCookie = 0x2112A442;
inline constexpr size_t kHeaderSize = 20;
/// Longer than anything built here: two ufrags of 256 characters and the fixed attributes.
inline constexpr size_t kMaxBuiltSize = 768;

enum class Class : uint8_t { kRequest = 0, kIndication = 1, kSuccess = 2, kError = 3 };
inline constexpr uint16_t kBindingMethod = 0x001;

enum class Attribute : uint16_t {
  kMappedAddress = 0x0001,
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000A,
  kXorMappedAddress = 0x0020,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kSoftware = 0x8022,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802A,
};

enum class ErrorCode : uint16_t {
  kBadRequest = 400,
  kUnauthenticated = 401,
  kForbidden = 403,
  kUnknownAttribute = 420,
  kAllocationMismatch = 437,
  kStaleNonce = 438,
  kAddressFamilyNotSupported = 440,
  kWrongCredentials = 441,
  kUnsupportedTransportProtocol = 442,
  kPeerAddressFamilyMismatch = 443,
  kAllocationQuotaReached = 486,
  kRoleConflict = 487,
  kInsufficientCapacity = 508,
};

using TransactionId = std::array<uint8_t, 12>;

/// A checked view of one message. Attributes behind MESSAGE-INTEGRITY other than FINGERPRINT are
/// ignored (RFC 8489 section 14.5), and of a repeated attribute the first counts (section 14).
class Message {
 public:
  /// Nothing when the header, an attribute's length or value, or the FINGERPRINT is wrong. Keeps
  /// views into `datagram`.
  static std::optional<Message> parse(ByteView datagram);

  [[nodiscard]] Class message_class() const { return class_; }
  [[nodiscard]] uint16_t method() const { return method_; }
  [[nodiscard]] const TransactionId& transaction_id() const { return transaction_id_; }

  [[nodiscard]] std::optional<std::string_view> username() const { return username_; }
  [[nodiscard]] std::optional<uint32_t> priority() const { return priority_; }
  [[nodiscard]] bool use_candidate() const { return use_candidate_; }
  [[nodiscard]] std::optional<uint64_t> ice_controlling() const { return ice_controlling_; }
  [[nodiscard]] std::optional<uint64_t> ice_controlled() const { return ice_controlled_; }
  [[nodiscard]] std::optional<TransportAddress> mapped_address() const { return mapped_address_; }
  [[nodiscard]] std::optional<uint16_t> error_code() const { return error_code_; }
  [[nodiscard]] bool has_integrity() const { return integrity_offset_ != 0; }
  /// The attributes that count, as they stand in the message: those before MESSAGE-INTEGRITY, or
  /// all. Lengths are checked, so AttributeReader can walk them.
  [[nodiscard]] ByteView attributes() const;
  /// Attributes that must be understood and are not (RFC 8489 section 6.3.1), the first few.
  [[nodiscard]] std::span<const uint16_t> unknown_required() const {
    return std::span(unknown_required_).first(unknown_required_count_);
  }

  /// Whether MESSAGE-INTEGRITY is there and fits. The key of short-term credentials is the
  /// password.
  [[nodiscard]] bool verify_integrity(std::string_view password) const;

 private:
  bool parse_attribute(uint16_t type, ByteView value);

  ByteView datagram_;
  Class class_{};
  uint16_t method_ = 0;
  TransactionId transaction_id_{};
  size_t integrity_offset_ = 0;  // of the attribute's header; 0: absent
  bool use_candidate_ = false;
  std::optional<std::string_view> username_;
  std::optional<uint32_t> priority_;
  std::optional<uint64_t> ice_controlling_;
  std::optional<uint64_t> ice_controlled_;
  std::optional<TransportAddress> mapped_address_;
  std::optional<uint16_t> error_code_;
  std::array<uint16_t, 4> unknown_required_{};
  size_t unknown_required_count_ = 0;
};

/// Walks attributes whose lengths are known to be right.
class AttributeReader {
 public:
  explicit AttributeReader(ByteView attributes) : rest_(attributes) {}
  /// False at the end.
  bool next(uint16_t& type, ByteView& value);

 private:
  ByteView rest_;
};

/// The value of XOR-MAPPED-ADDRESS and its likes (RFC 8489 section 14.2).
std::optional<TransportAddress> parse_xor_address(ByteView value, const TransactionId& id);

/// Builds one message into a caller's buffer (kMaxBuiltSize is always enough for binding).
/// Attributes in the order of calls; finish() last.
class Builder {
 public:
  Builder(MutableByteView buffer, Class message_class, const TransactionId& transaction_id,
          uint16_t method = kBindingMethod);

  Builder& username(std::string_view remote_ufrag, std::string_view local_ufrag);
  Builder& priority(uint32_t priority);
  Builder& use_candidate();
  Builder& ice_controlling(uint64_t tie_breaker);
  Builder& ice_controlled(uint64_t tie_breaker);
  Builder& xor_mapped_address(const TransportAddress& address);
  /// `reason`: for people who read traces.
  Builder& error_code(ErrorCode code, std::string_view reason = {});
  Builder& unknown_attributes(std::span<const uint16_t> types);
  /// Any other attribute.
  Builder& add(uint16_t type, ByteView value);
  Builder& add_xor_address(uint16_t type, const TransportAddress& address);

  /// Adds MESSAGE-INTEGRITY unless the password is empty, then FINGERPRINT; the message, or nothing
  /// when the buffer was too small.
  [[nodiscard]] ByteView finish(std::string_view password);

 private:
  MutableByteView attribute(Attribute type, size_t size) {
    return attribute(static_cast<uint16_t>(type), size);
  }
  MutableByteView attribute(uint16_t type, size_t size);

  MutableByteView buffer_;
  size_t size_ = 0;
  bool ok_ = true;
};

/// Whose credentials a binding request names: the part of USERNAME before the colon, which is the
/// receiver's ufrag (RFC 8445 section 7.2.2). Empty when this is no binding request with a
/// USERNAME. For routing the first packet of an unknown address; nothing is verified.
std::string_view local_ufrag(ByteView datagram);

}  // namespace turms::rtc::stun
