#include "rtc/stun/message.h"

#include <algorithm>

#include "base/check.h"
#include "base/crypto.h"
#include "rtc/hmac_sha1.h"

namespace turms::rtc::stun {
namespace {

constexpr uint32_t kFingerprintXor = 0x5354554E;  // RFC 8489 section 14.7
constexpr size_t kAttributeHeader = 4;
constexpr size_t kIntegritySize = HmacSha1::kSize;
constexpr size_t kMaxUsername = 513;  // RFC 8445 section 5.3: 256 + ":" + 256

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = (c & 1) != 0 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();

uint32_t fingerprint_of(ByteView data) {
  uint32_t crc = 0xFFFFFFFF;
  for (uint8_t byte : data) crc = kCrcTable[(crc ^ byte) & 0xFF] ^ (crc >> 8);
  return ~crc ^ kFingerprintXor;
}

/// The HMAC covers everything before the attribute, with a header length that ends behind it (RFC
/// 8489 section 14.5).
HmacSha1::Digest integrity_of(ByteView message, size_t attribute_offset,
                              std::string_view password) {
  std::array<uint8_t, 4> start;
  std::memcpy(start.data(), message.data(), start.size());
  store_be16(start.data() + 2, static_cast<uint16_t>(attribute_offset - kHeaderSize +
                                                     kAttributeHeader + kIntegritySize));
  return HmacSha1(as_bytes(password))({start, message.subspan(4, attribute_offset - 4)});
}

std::optional<TransportAddress> parse_address(ByteView value, const TransactionId* xor_with) {
  if (value.size() < 8) return std::nullopt;
  const bool v6 = value[1] == 2;
  if ((value[1] != 1 && !v6) || value.size() != (v6 ? 20u : 8u)) return std::nullopt;
  TransportAddress address;
  address.family = v6 ? TransportAddress::Family::kIpv6 : TransportAddress::Family::kIpv4;
  address.port = load_be16(&value[2]);
  std::memcpy(address.ip.data(), &value[4], v6 ? 16 : 4);
  if (xor_with != nullptr) {
    std::array<uint8_t, 16> mask;
    store_be32(mask.data(), kMagicCookie);
    std::memcpy(mask.data() + 4, xor_with->data(), xor_with->size());
    address.port ^= kMagicCookie >> 16;
    for (size_t i = 0; i < (v6 ? 16u : 4u); ++i) address.ip[i] ^= mask[i];
  }
  return address;
}

}  // namespace

bool AttributeReader::next(uint16_t& type, ByteView& value) {
  if (rest_.empty()) return false;
  type = load_be16(rest_.data());
  const size_t size = load_be16(&rest_[2]);
  value = rest_.subspan(kAttributeHeader, size);
  rest_ = rest_.subspan(kAttributeHeader + ((size + 3) & ~size_t{3}));
  return true;
}

std::optional<TransportAddress> parse_xor_address(ByteView value, const TransactionId& id) {
  return parse_address(value, &id);
}

std::optional<Message> Message::parse(ByteView datagram) {
  if (datagram.size() < kHeaderSize || (datagram[0] & 0xC0) != 0) return std::nullopt;
  const size_t length = load_be16(&datagram[2]);
  if (length % 4 != 0 || kHeaderSize + length != datagram.size()) return std::nullopt;
  if (load_be32(&datagram[4]) != kMagicCookie) return std::nullopt;

  Message message;
  message.datagram_ = datagram;
  const uint16_t type = load_be16(datagram.data());
  message.class_ = static_cast<Class>((type >> 7 & 2) | (type >> 4 & 1));
  message.method_ =
      static_cast<uint16_t>((type & 0x000F) | (type >> 1 & 0x0070) | (type >> 2 & 0x0F80));
  std::memcpy(message.transaction_id_.data(), &datagram[8], 12);

  size_t offset = kHeaderSize;
  while (offset < datagram.size()) {
    if (datagram.size() - offset < kAttributeHeader) return std::nullopt;
    const uint16_t attribute = load_be16(&datagram[offset]);
    const size_t size = load_be16(&datagram[offset + 2]);
    const size_t padded = (size + 3) & ~size_t{3};
    if (datagram.size() - offset - kAttributeHeader < padded) return std::nullopt;
    const ByteView value = datagram.subspan(offset + kAttributeHeader, size);
    if (attribute == static_cast<uint16_t>(Attribute::kFingerprint)) {
      const bool last = offset + kAttributeHeader + padded == datagram.size();
      if (size != 4 || !last) return std::nullopt;
      if (load_be32(value.data()) != fingerprint_of(datagram.first(offset))) return std::nullopt;
    } else if (message.integrity_offset_ != 0) {
      // Not covered by the integrity: ignored.
    } else if (attribute == static_cast<uint16_t>(Attribute::kMessageIntegrity)) {
      if (size != kIntegritySize) return std::nullopt;
      message.integrity_offset_ = offset;
    } else if (!message.parse_attribute(attribute, value)) {
      return std::nullopt;
    }
    offset += kAttributeHeader + padded;
  }
  return message;
}

bool Message::parse_attribute(uint16_t type, ByteView value) {
  switch (static_cast<Attribute>(type)) {
    case Attribute::kUsername:
      if (value.size() > kMaxUsername) return false;
      if (!username_) username_ = as_text(value);
      return true;
    case Attribute::kPriority:
      if (value.size() != 4) return false;
      if (!priority_) priority_ = load_be32(value.data());
      return true;
    case Attribute::kUseCandidate:
      use_candidate_ = true;
      return value.empty();
    case Attribute::kIceControlling:
      if (value.size() != 8) return false;
      if (!ice_controlling_) ice_controlling_ = load_be64(value.data());
      return true;
    case Attribute::kIceControlled:
      if (value.size() != 8) return false;
      if (!ice_controlled_) ice_controlled_ = load_be64(value.data());
      return true;
    case Attribute::kXorMappedAddress: {
      const auto address = parse_address(value, &transaction_id_);
      if (!address) return false;
      if (!mapped_address_) mapped_address_ = address;
      return true;
    }
    case Attribute::kMappedAddress:
      // From before RFC 5389: checked, and of no further use.
      return parse_address(value, nullptr).has_value();
    case Attribute::kErrorCode: {
      if (value.size() < 4) return false;
      const uint16_t hundreds = value[2] & 7;
      if (hundreds < 3 || hundreds > 6 || value[3] > 99) return false;
      if (!error_code_) error_code_ = static_cast<uint16_t>(hundreds * 100 + value[3]);
      return true;
    }
    case Attribute::kUnknownAttributes:
      return value.size() % 2 == 0;
    default:
      break;
  }
  if (type < 0x8000 && unknown_required_count_ < unknown_required_.size()) {
    unknown_required_[unknown_required_count_++] = type;
  }
  return true;
}

ByteView Message::attributes() const {
  const size_t end = integrity_offset_ != 0 ? integrity_offset_ : datagram_.size();
  return datagram_.subspan(kHeaderSize, end - kHeaderSize);
}

bool Message::verify_integrity(std::string_view password) const {
  if (integrity_offset_ == 0) return false;
  const auto expected = integrity_of(datagram_, integrity_offset_, password);
  return constant_time_equal(
      expected, datagram_.subspan(integrity_offset_ + kAttributeHeader, kIntegritySize));
}

Builder::Builder(MutableByteView buffer, Class message_class, const TransactionId& transaction_id,
                 uint16_t method)
    : buffer_(buffer) {
  if (buffer_.size() < kHeaderSize) {
    ok_ = false;
    return;
  }
  const auto class_bits = static_cast<uint16_t>(message_class);
  // The bits of the class lie between those of the method (RFC 8489 section 5).
  store_be16(buffer_.data(), static_cast<uint16_t>((method & 0x000F) | (method & 0x0070) << 1 |
                                                   (method & 0x0F80) << 2 | (class_bits & 1) << 4 |
                                                   (class_bits & 2) << 7));
  store_be16(buffer_.data() + 2, 0);
  store_be32(buffer_.data() + 4, kMagicCookie);
  std::memcpy(buffer_.data() + 8, transaction_id.data(), transaction_id.size());
  size_ = kHeaderSize;
}

/// Room for one attribute with its padding zeroed, its header written and the message length
/// updated.
MutableByteView Builder::attribute(uint16_t type, size_t size) {
  const size_t padded = (size + 3) & ~size_t{3};
  if (!ok_ || buffer_.size() - size_ < kAttributeHeader + padded) {
    ok_ = false;
    return {};
  }
  uint8_t* p = buffer_.data() + size_;
  store_be16(p, type);
  store_be16(p + 2, static_cast<uint16_t>(size));
  std::memset(p + kAttributeHeader, 0, padded);
  size_ += kAttributeHeader + padded;
  store_be16(buffer_.data() + 2, static_cast<uint16_t>(size_ - kHeaderSize));
  return {p + kAttributeHeader, size};
}

Builder& Builder::username(std::string_view remote_ufrag, std::string_view local_ufrag) {
  const size_t size = remote_ufrag.size() + 1 + local_ufrag.size();
  if (MutableByteView value = attribute(Attribute::kUsername, size); !value.empty()) {
    std::memcpy(value.data(), remote_ufrag.data(), remote_ufrag.size());
    value[remote_ufrag.size()] = ':';
    std::memcpy(value.data() + remote_ufrag.size() + 1, local_ufrag.data(), local_ufrag.size());
  }
  return *this;
}

Builder& Builder::priority(uint32_t priority) {
  if (MutableByteView value = attribute(Attribute::kPriority, 4); !value.empty()) {
    store_be32(value.data(), priority);
  }
  return *this;
}

Builder& Builder::use_candidate() {
  (void)attribute(Attribute::kUseCandidate, 0);
  return *this;
}

Builder& Builder::ice_controlling(uint64_t tie_breaker) {
  if (MutableByteView value = attribute(Attribute::kIceControlling, 8); !value.empty()) {
    store_be64(value.data(), tie_breaker);
  }
  return *this;
}

Builder& Builder::ice_controlled(uint64_t tie_breaker) {
  if (MutableByteView value = attribute(Attribute::kIceControlled, 8); !value.empty()) {
    store_be64(value.data(), tie_breaker);
  }
  return *this;
}

Builder& Builder::xor_mapped_address(const TransportAddress& address) {
  return add_xor_address(static_cast<uint16_t>(Attribute::kXorMappedAddress), address);
}

Builder& Builder::add_xor_address(uint16_t type, const TransportAddress& address) {
  const ByteView ip = address.ip_bytes();
  TURMS_CHECK(!ip.empty());
  MutableByteView value = attribute(type, 4 + ip.size());
  if (value.empty()) return *this;
  value[1] = address.family == TransportAddress::Family::kIpv6 ? 2 : 1;
  store_be16(&value[2], static_cast<uint16_t>(address.port ^ kMagicCookie >> 16));
  // The mask is the cookie followed by the transaction id, as they stand in the header.
  for (size_t i = 0; i < ip.size(); ++i) value[4 + i] = ip[i] ^ buffer_[4 + i];
  return *this;
}

Builder& Builder::error_code(ErrorCode code, std::string_view reason) {
  if (MutableByteView value = attribute(Attribute::kErrorCode, 4 + reason.size()); !value.empty()) {
    value[2] = static_cast<uint8_t>(static_cast<uint16_t>(code) / 100);
    value[3] = static_cast<uint8_t>(static_cast<uint16_t>(code) % 100);
    std::copy(reason.begin(), reason.end(), value.begin() + 4);
  }
  return *this;
}

Builder& Builder::add(uint16_t type, ByteView bytes) {
  MutableByteView value = attribute(type, bytes.size());
  if (!value.empty()) std::memcpy(value.data(), bytes.data(), value.size());
  return *this;
}

Builder& Builder::unknown_attributes(std::span<const uint16_t> types) {
  MutableByteView value = attribute(Attribute::kUnknownAttributes, types.size() * 2);
  for (size_t i = 0; i * 2 < value.size(); ++i) store_be16(&value[i * 2], types[i]);
  return *this;
}

ByteView Builder::finish(std::string_view password) {
  if (!password.empty()) {
    const size_t offset = size_;
    if (MutableByteView value = attribute(Attribute::kMessageIntegrity, kIntegritySize);
        !value.empty()) {
      const auto digest = integrity_of(buffer_.first(size_), offset, password);
      std::memcpy(value.data(), digest.data(), digest.size());
    }
  }
  const size_t offset = size_;
  if (MutableByteView value = attribute(Attribute::kFingerprint, 4); !value.empty()) {
    store_be32(value.data(), fingerprint_of(buffer_.first(offset)));
  }
  return ok_ ? ByteView(buffer_.first(size_)) : ByteView();
}

std::string_view local_ufrag(ByteView datagram) {
  const auto message = Message::parse(datagram);
  if (!message || message->message_class() != Class::kRequest ||
      message->method() != kBindingMethod || !message->username()) {
    return {};
  }
  const std::string_view username = *message->username();
  const size_t colon = username.find(':');
  return colon == std::string_view::npos ? std::string_view() : username.substr(0, colon);
}

}  // namespace turms::rtc::stun
