#include "rtc/turn/message.h"

namespace turms::rtc::turn {
namespace {

/// RFC 8489 sections 14.9 and 14.10: fewer than 128 characters of up to six bytes.
constexpr size_t kMaxText = 763;

/// Sets what was not there before: of a repeated attribute the first counts (RFC 8489 section 14).
template <class T, class Value>
void take_first(std::optional<T>& target, Value value) {
  if (!target) target = static_cast<T>(value);
}

bool is_known_to_stun(uint16_t type) {
  switch (static_cast<stun::Attribute>(type)) {
    case stun::Attribute::kMappedAddress:
    case stun::Attribute::kUsername:
    case stun::Attribute::kErrorCode:
    case stun::Attribute::kUnknownAttributes:
    case stun::Attribute::kXorMappedAddress:
    case stun::Attribute::kPriority:
    case stun::Attribute::kUseCandidate:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<Message> Message::parse(ByteView datagram) {
  const auto stun = stun::Message::parse(datagram);
  if (!stun) return std::nullopt;
  Message message(*stun);
  stun::AttributeReader reader(stun->attributes());
  uint16_t type = 0;
  ByteView value;
  while (reader.next(type, value)) {
    if (!message.parse_attribute(type, value)) return std::nullopt;
  }
  return message;
}

bool Message::parse_attribute(uint16_t type, ByteView value) {
  switch (type) {
    case attribute::kRealm:
      take_first(realm, as_text(value));
      return value.size() <= kMaxText;
    case attribute::kNonce:
      take_first(nonce, as_text(value));
      return value.size() <= kMaxText;
    case attribute::kLifetime:
      if (value.size() != 4) return false;
      take_first(lifetime_s, load_be32(value.data()));
      return true;
    case attribute::kRequestedTransport:
      if (value.size() != 4) return false;
      take_first(requested_transport, value[0]);
      return true;
    case attribute::kRequestedAddressFamily:
      if (value.size() != 4) return false;
      take_first(requested_family, value[0]);
      return true;
    case attribute::kAdditionalAddressFamily:
      if (value.size() != 4) return false;
      take_first(additional_family, value[0]);
      return true;
    case attribute::kEvenPort:
      if (value.size() != 1) return false;
      take_first(even_port, (value[0] & 0x80) != 0);
      return true;
    case attribute::kReservationToken:
      reservation_token = true;
      return value.size() == 8;
    case attribute::kDontFragment:
      return value.empty();
    case attribute::kChannelNumber:
      if (value.size() != 4) return false;
      take_first(channel, load_be16(value.data()));
      return true;
    case attribute::kData:
      take_first(data, value);
      return true;
    case attribute::kXorPeerAddress: {
      const auto peer = stun::parse_xor_address(value, stun_.transaction_id());
      if (!peer) return false;
      if (peer_count_ == kMaxPeers) {
        too_many_peers = true;
      } else {
        peers_[peer_count_++] = *peer;
      }
      return true;
    }
    default:
      break;
  }
  if (type < 0x8000 && !is_known_to_stun(type) && unknown_count_ < unknown_.size()) {
    unknown_[unknown_count_++] = type;
  }
  return true;
}

}  // namespace turms::rtc::turn
