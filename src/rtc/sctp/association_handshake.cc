// How an association starts and ends (RFC 9260 sections 5 and 9).
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "rtc/sctp/association.h"

namespace turms::rtc::sctp {
namespace {

constexpr uint32_t kCookieMagic = 0x7475'726D;
constexpr size_t kCookieSize = 28;
constexpr int kMaxShutdownAttempts = 8;

}  // namespace

void Association::queue(Bytes chunk, uint32_t tag, bool alone) {
  TURMS_CHECK(kCommonHeader + chunk.size() <= config_.max_packet);
  if (control_.size() < kMaxControl) control_.push_back({std::move(chunk), tag, alone});
}

void Association::connect(TimePoint now) {
  if (state_ != State::kNew) return;
  state_ = State::kCookieWait;
  send_init();
  handshake_at_ = now + handshake_timeout_.value();
}

void Association::write_init(ChunkType type, ByteView cookie, Bytes& out) const {
  ChunkWriter chunk(out);
  chunk.begin(type);
  chunk.u32(local_tag_);
  chunk.u32(config_.receive_window);
  chunk.u16(kMaxStreams);
  chunk.u16(kMaxStreams);
  chunk.u32(local_tsn_);
  if (!cookie.empty()) {
    chunk.begin_parameter(ParameterType::kStateCookie);
    chunk.bytes(cookie);
    chunk.end_parameter();
  }
  chunk.begin_parameter(ParameterType::kForwardTsnSupported);
  chunk.end_parameter();
  chunk.begin_parameter(ParameterType::kSupportedExtensions);
  chunk.u8(static_cast<uint8_t>(ChunkType::kForwardTsn));
  chunk.u8(static_cast<uint8_t>(ChunkType::kReconfig));
  if (config_.interleaving) {
    chunk.u8(static_cast<uint8_t>(ChunkType::kIData));
    chunk.u8(static_cast<uint8_t>(ChunkType::kIForwardTsn));
  }
  chunk.end_parameter();
  chunk.end();
}

void Association::send_init() {
  Bytes out;
  write_init(ChunkType::kInit, {}, out);
  queue(std::move(out), 0, true);
}

/// Our tag and first TSN are the same in INIT and INIT-ACK, so crossing handshakes meet in one
/// association. What the remote side said comes back in its COOKIE-ECHO: nothing is kept here.
/// DTLS has authenticated it, so the cookie needs no signature.
void Association::handle_init(const ChunkView& chunk) {
  const auto init = InitView::parse(chunk);
  if (!init) return;
  // A late repetition. An association is not restarted: its DTLS session would be a new one.
  if (state_ != State::kNew && state_ != State::kCookieWait && state_ != State::kCookieEchoed) {
    return;
  }
  Bytes cookie;
  ChunkWriter writer(cookie);
  writer.u32(kCookieMagic);
  writer.u32(local_tag_);
  writer.u32(init->tag);
  writer.u32(init->tsn);
  writer.u32(init->window);
  writer.u16(init->incoming_streams);
  writer.u8(init->forward_tsn ? 1 : 0);
  writer.u8(init->reconfig ? 1 : 0);
  writer.u32(init->interleaving ? 1 : 0);
  Bytes out;
  write_init(ChunkType::kInitAck, cookie, out);
  queue(std::move(out), init->tag, true);
}

void Association::take_peer(const InitView& init) {
  peer_tag_ = init.tag;
  peer_tsn_ = init.tsn;
  peer_window_ = init.window;
  peer_streams_ = init.incoming_streams;
  peer_forward_ = init.forward_tsn;
  peer_reconfig_ = init.reconfig;
  interleaving_ = config_.interleaving && init.interleaving;
}

void Association::handle_init_ack(TimePoint now, const ChunkView& chunk) {
  if (state_ != State::kCookieWait) return;
  const auto init = InitView::parse(chunk);
  if (!init || init->cookie.empty()) return;
  if (kCommonHeader + kChunkHeader + init->cookie.size() > config_.max_packet) return;
  take_peer(*init);
  cookie_.assign(init->cookie.begin(), init->cookie.end());
  state_ = State::kCookieEchoed;
  Bytes out;
  ChunkWriter writer(out);
  writer.begin(ChunkType::kCookieEcho);
  writer.bytes(cookie_);
  writer.end();
  queue(std::move(out), peer_tag_, true);
  handshake_timeout_ = {};
  handshake_at_ = now + handshake_timeout_.value();
}

bool Association::handle_cookie_echo(TimePoint now, const ChunkView& chunk) {
  ByteReader in(chunk.value);
  if (in.u32() != kCookieMagic || in.u32() != local_tag_) return false;
  InitView peer;
  peer.tag = in.u32();
  peer.tsn = in.u32();
  peer.window = in.u32();
  peer.incoming_streams = in.u16();
  peer.forward_tsn = in.u8() != 0;
  peer.reconfig = in.u8() != 0;
  peer.interleaving = in.u32() != 0;
  if (!in.ok() || chunk.value.size() != kCookieSize || peer.tag == 0) return false;
  const bool handshake =
      state_ == State::kNew || state_ == State::kCookieWait || state_ == State::kCookieEchoed;
  // RFC 9260 section 5.2.4, table 12: B and D. Others are of a former association.
  if (!handshake && peer.tag != peer_tag_) return false;
  if (handshake) {
    take_peer(peer);
    establish(now);
  }
  Bytes out;
  ChunkWriter writer(out);
  writer.begin(ChunkType::kCookieAck);
  writer.end();
  queue(std::move(out), peer_tag_, false);
  return true;
}

void Association::establish(TimePoint /*now*/) {
  state_ = State::kEstablished;
  handshake_at_ = kNever;
  cookie_ = {};
  // What is left of the handshake in the queue has no use any more.
  control_.clear();
  queue_.set_interleaving(interleaving_);
  next_request_ = local_tsn_;
  expected_request_ = peer_tsn_;
  transfer_.emplace(config_, local_tsn_, peer_tsn_, peer_window_, interleaving_, peer_forward_);
  events_.push_back({Event::Kind::kConnected, 0, {}});
}

void Association::handle_shutdown(TimePoint now, const ChunkView& chunk) {
  if (!transfer_) return;
  if (chunk.value.size() >= 4) {
    SackView sack;
    sack.cumulative = load_be32(chunk.value.data());
    sack.window = peer_window_;
    transfer_->outstanding.handle_sack(now, sack);
  }
  if (state_ == State::kEstablished) state_ = State::kShutdownReceived;
  continue_shutdown(now);
}

void Association::continue_shutdown(TimePoint now) {
  if (state_ != State::kShutdownReceived || !queue_.empty() || !transfer_->outstanding.empty()) {
    return;
  }
  state_ = State::kShutdownAckSent;
  Bytes out;
  ChunkWriter writer(out);
  writer.begin(ChunkType::kShutdownAck);
  writer.end();
  queue(std::move(out), peer_tag_, true);
  handshake_timeout_ = {};
  handshake_at_ = now + handshake_timeout_.value();
}

void Association::abort(TimePoint /*now*/, std::string_view reason) {
  if (state_ == State::kEnded) return;
  const uint32_t tag = peer_tag_;
  end(std::string(reason));
  if (tag == 0) return;
  Bytes out;
  ChunkWriter writer(out);
  writer.begin(ChunkType::kAbort);
  writer.u16(12);  // user-initiated abort (RFC 9260 section 3.3.10.12)
  writer.u16(static_cast<uint16_t>(4 + reason.size()));
  writer.bytes(as_bytes(reason));
  writer.end();
  queue(std::move(out), tag, true);
}

void Association::end(std::string reason) {
  if (state_ == State::kEnded) return;
  state_ = State::kEnded;
  control_.clear();
  queue_.clear();
  transfer_.reset();
  ack_at_ = handshake_at_ = reset_at_ = kNever;
  ack_now_ = false;
  events_.push_back({Event::Kind::kClosed, 0, std::move(reason)});
}

TimePoint Association::next_timeout() const {
  TimePoint next = std::min({ack_at_, handshake_at_, reset_at_});
  if (transfer_) next = std::min(next, transfer_->outstanding.deadline());
  return next;
}

void Association::handle_timeout(TimePoint now) {
  if (ack_at_ <= now) {
    ack_at_ = kNever;
    ack_now_ = true;
  }
  if (transfer_ && transfer_->outstanding.deadline() <= now) {
    transfer_->outstanding.handle_timeout(now);
    after_receive(now);
  }
  if (reset_at_ <= now) {
    reset_timeout_.back_off();
    send_reset_request(now);
  }
  if (handshake_at_ > now) return;
  handshake_timeout_.back_off();
  handshake_at_ = now + handshake_timeout_.value();
  Bytes out;
  ChunkWriter writer(out);
  switch (state_) {
    case State::kCookieWait:
      return send_init();
    case State::kCookieEchoed:
      writer.begin(ChunkType::kCookieEcho);
      writer.bytes(cookie_);
      break;
    case State::kShutdownAckSent:
      if (++shutdown_attempts_ > kMaxShutdownAttempts) return end("shutdown");
      writer.begin(ChunkType::kShutdownAck);
      break;
    default:
      handshake_at_ = kNever;
      return;
  }
  writer.end();
  queue(std::move(out), peer_tag_, true);
}

}  // namespace turms::rtc::sctp
