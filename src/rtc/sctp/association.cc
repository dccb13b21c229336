#include "rtc/sctp/association.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace turms::rtc::sctp {

Association::Transfer::Transfer(const AssociationConfig& config, uint32_t tsn, uint32_t peer_tsn,
                                uint32_t window, bool interleaving, bool may_abandon)
    : received(peer_tsn),
      reassembly(interleaving, config.max_message),
      outstanding(tsn, window, config.max_packet - kCommonHeader - kIDataHeader, may_abandon) {}

Association::Association(const AssociationConfig& config, Rng& rng)
    : config_(config), local_tag_(0), local_tsn_(rng.next_u32()) {
  TURMS_CHECK(config.max_packet % 4 == 0 && config.max_packet >= 512);
  while (local_tag_ == 0) local_tag_ = rng.next_u32();
}

// ---- receiving

bool Association::receive(TimePoint now, ByteView packet) {
  if (state_ == State::kEnded) return false;
  const auto header = PacketHeader::parse(packet);
  if (!header || header->source_port != config_.remote_port ||
      header->destination_port != config_.local_port) {
    return false;
  }
  data_in_packet_ = false;
  bool understood = false;
  ByteView rest = packet.subspan(kCommonHeader);
  while (!rest.empty() && state_ != State::kEnded) {
    const auto chunk = ChunkView::take(rest);
    if (!chunk || !handle_chunk(now, *header, *chunk)) break;
    understood = true;
  }
  if (state_ != State::kEnded) after_receive(now);
  return understood;
}

/// False: the rest of the packet is ignored.
bool Association::handle_chunk(TimePoint now, const PacketHeader& header, const ChunkView& chunk) {
  // RFC 9260 section 8.5: whose packet it is.
  if (chunk.type == ChunkType::kInit) {
    if (header.tag == 0) handle_init(chunk);
    return false;  // comes alone
  }
  const bool reflected = (chunk.flags & 1) != 0 && header.tag == peer_tag_ && peer_tag_ != 0;
  if (header.tag != local_tag_) {
    if (!reflected ||
        (chunk.type != ChunkType::kAbort && chunk.type != ChunkType::kShutdownComplete)) {
      return false;
    }
  }
  switch (chunk.type) {
    case ChunkType::kInitAck:
      handle_init_ack(now, chunk);
      return true;
    case ChunkType::kCookieEcho:
      return handle_cookie_echo(now, chunk);
    case ChunkType::kCookieAck:
      if (state_ == State::kCookieEchoed) establish(now);
      return true;
    case ChunkType::kAbort:
      end("aborted by the remote side");
      return false;
    case ChunkType::kShutdownComplete:
      if (state_ == State::kShutdownAckSent) end("shut down by the remote side");
      return false;
    default:
      break;
  }
  if (!transfer_) return false;
  switch (chunk.type) {
    case ChunkType::kData:
    case ChunkType::kIData:
      return handle_data(now, chunk);
    case ChunkType::kSack:
      handle_sack(now, chunk);
      return true;
    case ChunkType::kForwardTsn:
    case ChunkType::kIForwardTsn:
      handle_forward(now, chunk);
      return true;
    case ChunkType::kReconfig:
      handle_reconfig(now, chunk);
      return true;
    case ChunkType::kHeartbeat: {
      Bytes out;
      ChunkWriter writer(out);
      writer.begin(ChunkType::kHeartbeatAck);
      writer.bytes(chunk.value.first(std::min(chunk.value.size(), config_.max_packet / 2)));
      writer.end();
      queue(std::move(out), peer_tag_, false);
      return true;
    }
    case ChunkType::kShutdown:
      handle_shutdown(now, chunk);
      return true;
    case ChunkType::kError:
    case ChunkType::kHeartbeatAck:
    case ChunkType::kShutdownAck:
      return true;
    default:
      // RFC 9260 section 3.2: the two highest bits say whether to go on. Nobody needs the report.
      return (static_cast<uint8_t>(chunk.type) & 0x80) != 0;
  }
}

bool Association::handle_data(TimePoint now, const ChunkView& chunk) {
  const auto data = DataView::parse(chunk);
  if (!data) {
    abort(now, "data chunk without data");
    return false;
  }
  if ((chunk.type == ChunkType::kIData) != interleaving_) {
    abort(now, "interleaving not as negotiated");
    return false;
  }
  if (data->immediate) ack_now_ = true;
  if (!std::exchange(data_in_packet_, true)) ++unacknowledged_;
  const uint64_t tsn = transfer_->received.line(data->tsn);
  if (transfer_->received.check(tsn) == ReceiveTracker::Verdict::kNew) {
    // Without room only what others wait for is taken (RFC 9260 section 6.2).
    const bool next = tsn == transfer_->received.cumulative() + 1;
    if (!next && transfer_->reassembly.bytes() >= config_.receive_window) {
      ack_now_ = true;
      return true;
    }
    if (transfer_->reassembly.bytes() >= 2 * config_.receive_window) {
      abort(now, "receive window exceeded");
      return false;
    }
  }
  if (transfer_->received.add(tsn) != ReceiveTracker::Verdict::kNew) {
    ack_now_ = true;
    return true;
  }
  if (data->stream >= kMaxStreams) return true;  // acknowledged and ignored
  complete_.clear();
  switch (transfer_->reassembly.add(tsn, *data, complete_)) {
    case Reassembly::Outcome::kTaken:
      break;
    case Reassembly::Outcome::kTooLong:
      abort(now, "message too long");
      return false;
    case Reassembly::Outcome::kInconsistent:
      abort(now, "fragments do not fit together");
      return false;
  }
  for (Message& message : complete_) messages_.push_back(std::move(message));
  return true;
}

void Association::handle_sack(TimePoint now, const ChunkView& chunk) {
  if (const auto sack = SackView::parse(chunk)) transfer_->outstanding.handle_sack(now, *sack);
}

void Association::handle_forward(TimePoint /*now*/, const ChunkView& chunk) {
  const bool interleaved = chunk.type == ChunkType::kIForwardTsn;
  ByteReader in(chunk.value);
  const uint64_t tsn = transfer_->received.line(in.u32());
  if (!in.ok() || interleaved != interleaving_) return;
  ack_now_ = true;
  if (tsn > transfer_->received.highest() + ReceiveTracker::kMaxAhead) return;
  if (!transfer_->received.skip_to(tsn)) return;
  complete_.clear();
  const size_t entry = interleaved ? 8 : 4;
  while (in.remaining() >= entry) {
    SkippedStream skipped;
    skipped.stream = in.u16();
    if (interleaved) skipped.unordered = (in.u16() & 1) != 0;
    skipped.message = interleaved ? in.u32() : in.u16();
    if (skipped.stream < kMaxStreams) transfer_->reassembly.skip(skipped, complete_);
  }
  transfer_->reassembly.skip_to(tsn);
  for (Message& message : complete_) messages_.push_back(std::move(message));
}

void Association::after_receive(TimePoint now) {
  if (!transfer_) return;
  if (remote_reset_ &&
      transfer_->received.cumulative() >= transfer_->received.line(remote_reset_->last_tsn)) {
    apply_remote_reset(*std::exchange(remote_reset_, std::nullopt));
  }
  for (const Outstanding::Abandoned& abandoned : transfer_->outstanding.take_abandoned()) {
    queue_.discard(abandoned.id, abandoned.stream);
  }
  if (unacknowledged_ >= 2 || transfer_->received.has_gaps() ||
      transfer_->received.has_duplicates()) {
    ack_now_ = ack_now_ || unacknowledged_ > 0;
  } else if (unacknowledged_ > 0 && ack_at_ == kNever) {
    ack_at_ = now + kAckDelay;
  }
  start_reset(now);
  continue_shutdown(now);
}

uint32_t Association::receive_window() const {
  const size_t used = transfer_->reassembly.bytes();
  return used >= config_.receive_window ? 0 : static_cast<uint32_t>(config_.receive_window - used);
}

// ---- sending

DataSendStatus Association::send(TimePoint now, uint16_t stream, SharedBytes payload, uint32_t ppid,
                                 const SendOptions& options) {
  TURMS_CHECK(!payload.empty());
  if (state_ == State::kEnded || state_ == State::kShutdownReceived ||
      state_ == State::kShutdownAckSent || stream >= kMaxStreams) {
    return DataSendStatus::kClosed;
  }
  if (transfer_ && stream >= peer_streams_) return DataSendStatus::kClosed;
  size_t waiting = options.reliable() ? queue_.reliable_bytes() : queue_.unreliable_bytes();
  if (options.reliable() && transfer_) waiting += transfer_->outstanding.bytes();
  const size_t limit = options.reliable() ? config_.max_reliable : config_.max_unreliable;
  // One message always fits, however large.
  if (waiting != 0 && waiting + payload.size() > limit) return DataSendStatus::kFull;
  queue_.push(now, stream, std::move(payload), ppid, options);
  return DataSendStatus::kQueued;
}

size_t Association::write_data(const Chunk& chunk, uint64_t tsn, bool immediate,
                               MutableByteView out) const {
  uint8_t* p = out.data();
  const size_t header = data_header();
  const size_t size = header + chunk.size;
  p[0] = static_cast<uint8_t>(interleaving_ ? ChunkType::kIData : ChunkType::kData);
  p[1] = static_cast<uint8_t>((chunk.begin ? kFlagBegin : 0) | (chunk.end ? kFlagEnd : 0) |
                              (chunk.unordered ? kFlagUnordered : 0) |
                              (immediate ? kFlagImmediate : 0));
  store_be16(p + 2, static_cast<uint16_t>(size));
  store_be32(p + 4, static_cast<uint32_t>(tsn));
  store_be16(p + 8, chunk.stream);
  if (interleaving_) {
    store_be16(p + 10, 0);
    store_be32(p + 12, chunk.message);
    store_be32(p + 16, chunk.begin ? chunk.ppid : chunk.fragment);
  } else {
    store_be16(p + 10, static_cast<uint16_t>(chunk.message));
    store_be32(p + 12, chunk.ppid);
  }
  std::memcpy(p + header, chunk.data().data(), chunk.size);
  std::fill(p + size, p + padded(size), uint8_t{0});
  return padded(size);
}

size_t Association::write_packet(TimePoint now, MutableByteView out) {
  TURMS_CHECK(out.size() >= config_.max_packet);
  MutableByteView packet = out.first(config_.max_packet);
  size_t used = kCommonHeader;
  uint32_t tag = peer_tag_;
  const auto append = [&](ByteView chunk) {
    std::memcpy(&packet[used], chunk.data(), chunk.size());
    used += chunk.size();
  };
  const auto finish = [&] {
    finish_packet(packet.first(used), {config_.local_port, config_.remote_port, tag});
    return used;
  };
  while (!control_.empty()) {
    const Control& control = control_.front();
    if (used != kCommonHeader && (control.alone || control.tag != tag)) return finish();
    if (used + control.chunk.size() > packet.size()) return finish();
    tag = control.tag;
    append(control.chunk);
    const bool alone = control.alone;
    control_.pop_front();
    if (alone) return finish();
  }
  if (!transfer_) return used == kCommonHeader ? 0 : finish();

  Outstanding& outstanding = transfer_->outstanding;
  const size_t header = data_header();
  const auto room = [&] {
    const size_t left = packet.size() - used;
    return left > header ? left - header : 0;
  };
  const bool may_send_data = state_ == State::kEstablished || state_ == State::kShutdownReceived;
  const bool forward = outstanding.needs_forward();
  const bool has_data = may_send_data && !queue_.empty() && outstanding.may_send(1);
  if (ack_now_ || (unacknowledged_ > 0 && (has_data || forward || used != kCommonHeader))) {
    scratch_.clear();
    transfer_->received.write_sack(receive_window(), packet.size() - used, scratch_);
    append(scratch_);
    ack_now_ = false;
    unacknowledged_ = 0;
    ack_at_ = kNever;
  }
  if (forward) {
    scratch_.clear();
    outstanding.write_forward(interleaving_, scratch_);
    if (used + scratch_.size() <= packet.size()) append(scratch_);
  }
  while (room() > 0) {
    const auto again = outstanding.retransmit(now, room());
    if (!again) break;
    used += write_data(*again->chunk, again->tsn, true, packet.subspan(used));
  }
  // A message is not cut only to fill a packet that others have begun.
  constexpr size_t kMinFragment = 256;
  while (may_send_data && !queue_.empty() && room() >= kMinFragment && outstanding.may_send(1)) {
    auto chunk = queue_.next(now, room());
    if (!chunk) break;
    const size_t at = used;
    // The end of a long message, and a message after a pause, ask for their SACK at once (RFC
    // 7053): its delay would count as round trip. In a stream of short ones every second one is
    // acknowledged anyway, and asking for more would double what comes back.
    const bool immediate = chunk->reliable && queue_.empty() &&
                           (!chunk->begin || now - outstanding.last_sent() > kAckDelay);
    used += write_data(*chunk, outstanding.last_tsn() + 1, immediate, packet.subspan(at));
    outstanding.add(now, std::move(*chunk));
  }
  start_reset(now);  // the last of a stream may just have left
  return used == kCommonHeader ? 0 : finish();
}

// ---- telling

std::optional<Message> Association::poll_message() {
  if (messages_.empty()) return std::nullopt;
  return messages_.pop_front();
}

std::optional<Association::Event> Association::poll_event() {
  if (events_.empty()) return std::nullopt;
  return events_.pop_front();
}

DataStatistics Association::statistics() const {
  DataStatistics out;
  out.expired = queue_.expired();
  if (!transfer_) return out;
  out.retransmissions = transfer_->outstanding.retransmissions();
  out.abandoned = transfer_->outstanding.abandoned_messages();
  out.window = transfer_->outstanding.window();
  out.round_trip = transfer_->outstanding.timeout().round_trip();
  return out;
}

}  // namespace turms::rtc::sctp
