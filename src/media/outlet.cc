#include "media/outlet.h"

namespace turms::media {

MutableByteView PeerOutlet::reserve(size_t size) {
  if (!peer_.connected() || !has_destination_) return {};
  const size_t with_overhead = size + rtc::srtp::kMaxRtcpOverhead;
  if (!buffer_) buffer_ = sender_.take_buffer(*this);
  reserved_ = buffer_->reserve(with_overhead);
  if (reserved_.empty()) {
    // More than a buffer holds, in one turn: make room.
    sender_.flush();
    buffer_ = sender_.take_buffer(*this);
    reserved_ = buffer_->reserve(with_overhead);
  }
  return reserved_.first(size);
}

void PeerOutlet::commit(size_t size, sfu::PacketKind kind) {
  rtc::srtp::Session* const session = peer_.srtp();
  if (kind == sfu::PacketKind::kRtp && session != nullptr &&
      !rtc::srtp::is_aead(session->profile())) {
    // SHA-1 gains from many packets at once: together with those of others, before they leave.
    const size_t total = size + rtc::srtp::tag_size(session->profile());
    sender_.protect_later({session, reserved_.first(total), size});
    buffer_->add(total);
    return sender_.added(total);
  }
  const size_t protected_size = kind == sfu::PacketKind::kRtp ? peer_.protect_rtp(reserved_, size)
                                                              : peer_.protect_rtcp(reserved_, size);
  if (protected_size == 0) return sender_.count_failed();
  buffer_->add(protected_size);
  sender_.added(protected_size);
}

bool PeerOutlet::write_data(TimePoint now) {
  bool any = false;
  while (!reserve(rtc::Peer::kMaxDataDatagram).empty()) {
    const size_t size = peer_.write_data(now, reserved_);
    if (size == 0) break;
    buffer_->add(size);
    sender_.added(size);
    any = true;
  }
  return any;
}

void PeerOutlet::flush(std::vector<net::OutgoingDatagrams>& datagrams) {
  for (const SendBuffer::Group& group : buffer_->groups()) {
    const ByteView bytes = buffer_->bytes(group);
    if (channel_ == nullptr) {
      datagrams.push_back({.destination = destination_,
                           .data = bytes,
                           .segment_size = group.segment,
                           .source = source_});
      continue;
    }
    for (size_t at = 0; at < bytes.size(); at += group.segment) {
      channel_->send(bytes.subspan(at, std::min<size_t>(group.segment, bytes.size() - at)));
    }
  }
}

void PeerOutlet::set_destination(const net::Address& destination, const net::Address& source) {
  destination_ = destination;
  source_ = source;
  channel_ = nullptr;
  has_destination_ = true;
}

void PeerOutlet::set_destination(Channel& channel) {
  channel_ = &channel;
  has_destination_ = true;
}

void PeerOutlet::clear_destination() {
  channel_ = nullptr;
  destination_ = {};
  has_destination_ = false;
}

void QueueOutlet::commit(size_t size, sfu::PacketKind kind) {
  queue_->commit(sender_.now(), size, kind);
  if (!waiting_) sender_.will_flush(*this);
  waiting_ = true;
}

void QueueOutlet::flush(std::vector<net::OutgoingDatagrams>&) {
  waiting_ = false;
  queue_->publish();
}

}  // namespace turms::media
