// The data path of the TURN server: Send indications and ChannelData in, ChannelData and Data
// indications out.

#include "base/check.h"
#include "rtc/turn/allocation.h"
#include "rtc/turn/message.h"
#include "rtc/turn/server.h"

namespace turms::rtc::turn {
namespace {

constexpr size_t kChannelHeader = 4;
constexpr size_t kAttributeHeader = 4;

size_t padding_of(size_t size) {
  return (4 - size % 4) % 4;
}

}  // namespace

Received Server::receive_channel_data(TimePoint now, const Client& client,
                                      MutableByteView message) {
  if (message.size() < kChannelHeader) return drop(DropReason::kMalformed);
  const size_t length = load_be16(&message[2]);
  // Behind it there may be padding (RFC 8656 section 12.5).
  if (length > message.size() - kChannelHeader) return drop(DropReason::kMalformed);
  Allocation* const allocation = find(client);
  if (allocation == nullptr) return drop(DropReason::kNoAllocation);
  const uint16_t channel = load_be16(message.data());
  for (const PeerState& peer : allocation->peers) {
    if (peer.channel == channel && now < peer.bound_until) {
      return relay(now, *allocation, peer, message.subspan(kChannelHeader, length));
    }
  }
  return drop(DropReason::kNoChannel);
}

Received Server::receive_send(TimePoint now, const Client& client, const Message& message,
                              MutableByteView datagram) {
  if (message.peers().empty() || !message.data || !message.unknown_required().empty()) {
    return drop(DropReason::kMalformed);
  }
  Allocation* const allocation = find(client);
  if (allocation == nullptr) return drop(DropReason::kNoAllocation);
  const PeerState* const peer = allocation->find(message.peers()[0]);
  if (peer == nullptr) return drop(DropReason::kNoPermission);
  const auto offset = static_cast<size_t>(message.data->data() - datagram.data());
  return relay(now, *allocation, *peer, datagram.subspan(offset, message.data->size()));
}

Received Server::relay(TimePoint now, const Allocation& allocation, const PeerState& peer,
                       MutableByteView data) {
  if (now >= peer.permitted_until) return drop(DropReason::kNoPermission);
  if (data.size() > kMaxDatagram) return drop(DropReason::kTooLong);
  return {.kind = Received::Kind::kRelayed,
          .data = data,
          .relayed = allocation.relayed,
          .peer = peer.address};
}

std::optional<Envelope> Server::to_client(TimePoint now, const TransportAddress& relayed,
                                          const TransportAddress& from, size_t size,
                                          MutableByteView headroom) {
  const auto it = by_relayed_.find(relayed);
  if (it == by_relayed_.end() || size > kMaxDatagram) return std::nullopt;
  Allocation& allocation = *it->second;
  const PeerState* const peer = allocation.find(from);
  if (peer == nullptr || now >= peer->permitted_until) return std::nullopt;

  if (peer->is_bound(now)) {
    TURMS_CHECK(headroom.size() >= kChannelHeader);
    uint8_t* const header = headroom.data() + headroom.size() - kChannelHeader;
    store_be16(header, peer->channel);
    store_be16(header + 2, static_cast<uint16_t>(size));
    const bool stream = allocation.client.transport != Transport::kUdp;
    return Envelope{&allocation.client, kChannelHeader, stream ? padding_of(size) : 0};
  }
  const size_t address_size = 4 + from.ip_bytes().size();
  const size_t header_size = stun::kHeaderSize + kAttributeHeader + address_size + kAttributeHeader;
  TURMS_CHECK(headroom.size() >= header_size);
  const MutableByteView header = headroom.last(header_size);
  const size_t padding = padding_of(size);
  stun::TransactionId id;
  rng_.fill(id);
  // Without FINGERPRINT, which would stand behind the datagram and be computed over it.
  ByteWriter writer(header);
  writer.u16(method::kData | 0x0010);  // an indication
  writer.u16(static_cast<uint16_t>(header_size - stun::kHeaderSize + size + padding));
  writer.u32(stun::kMagicCookie);
  writer.bytes(id);
  writer.u16(attribute::kXorPeerAddress);
  writer.u16(static_cast<uint16_t>(address_size));
  writer.u16(from.family == TransportAddress::Family::kIpv6 ? kFamilyIpv6 : kFamilyIpv4);
  writer.u16(static_cast<uint16_t>(from.port ^ stun::kMagicCookie >> 16));
  const ByteView ip = from.ip_bytes();
  for (size_t i = 0; i < ip.size(); ++i) writer.u8(ip[i] ^ header[4 + i]);
  writer.u16(attribute::kData);
  writer.u16(static_cast<uint16_t>(size));
  TURMS_CHECK(writer.ok());
  return Envelope{&allocation.client, header_size, padding};
}

}  // namespace turms::rtc::turn
