#include "media/member.h"

namespace turms::media {

Member::Member(Worker& worker, WorkerRoom& room_in, TransportId id_in, TimePoint now,
               const rtc::PeerConfig& config, const rtc::PeerResources& resources)
    : id(id_in), room(room_in), peer(now, config, resources), worker_(worker) {
  deadline.member = this;
}

MutableByteView Member::reserve(size_t size) {
  if (!peer.connected() || !has_destination) return {};
  const size_t with_overhead = size + rtc::srtp::kMaxRtcpOverhead;
  if (!buffer) buffer = worker_.take_buffer(*this);
  reserved_ = buffer->reserve(with_overhead);
  if (reserved_.empty()) {
    // More than a buffer holds, in one turn: make room.
    worker_.flush();
    buffer = worker_.take_buffer(*this);
    reserved_ = buffer->reserve(with_overhead);
  }
  return reserved_.first(size);
}

void Member::commit(size_t size, sfu::PacketKind kind) {
  rtc::srtp::Session* const session = peer.srtp();
  if (kind == sfu::PacketKind::kRtp && session != nullptr &&
      !rtc::srtp::is_aead(session->profile())) {
    // SHA-1 gains from many packets at once: together with those of others, before they leave.
    const size_t total = size + rtc::srtp::tag_size(session->profile());
    worker_.protect_later({session, reserved_.first(total), size});
    buffer->add(total);
    return worker_.added(total);
  }
  const size_t protected_size = kind == sfu::PacketKind::kRtp ? peer.protect_rtp(reserved_, size)
                                                              : peer.protect_rtcp(reserved_, size);
  if (protected_size == 0) return worker_.metrics().drop(DatagramDrop::kSendFailed);
  buffer->add(protected_size);
  worker_.added(protected_size);
}

}  // namespace turms::media
