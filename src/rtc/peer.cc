#include "rtc/peer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "rtc/demultiplexer.h"
#include "rtc/dtls/context.h"
#include "rtc/dtls/transport.h"
#include "rtc/ice/agent.h"
#include "rtc/peer_state.h"
#include "rtc/stun/message.h"

namespace turms::rtc {
namespace {

static_assert(Peer::kMaxPaths == ice::Agent::kMaxPaths);

Received dropped(DropReason reason) {
  return {Received::Kind::kDropped, reason, {}};
}

DropReason drop_reason(srtp::UnprotectError error) {
  switch (error) {
    case srtp::UnprotectError::kAuthentication:
      return DropReason::kSrtpAuthentication;
    case srtp::UnprotectError::kReplay:
    case srtp::UnprotectError::kTooOld:
      return DropReason::kSrtpReplay;
    case srtp::UnprotectError::kTableFull:
      return DropReason::kSrtpStreamLimit;
    case srtp::UnprotectError::kNone:
    case srtp::UnprotectError::kMalformed:
    case srtp::UnprotectError::kUnencrypted:
      break;
  }
  return DropReason::kSrtpMalformed;
}

PeerEvent::Kind event_kind(ice::Event::Kind kind) {
  switch (kind) {
    case ice::Event::Kind::kPathAdded:
      return PeerEvent::Kind::kPathAdded;
    case ice::Event::Kind::kPathRemoved:
      return PeerEvent::Kind::kPathRemoved;
    case ice::Event::Kind::kPathSelected:
      return PeerEvent::Kind::kPathSelected;
    case ice::Event::Kind::kConsentExpired:
      break;
  }
  return PeerEvent::Kind::kFailed;
}

std::unique_ptr<ice::Agent> make_agent(const PeerConfig& config, Rng& rng) {
  if (config.role == PeerRole::kServer) {
    return std::make_unique<ice::LiteAgent>(config.local_ice, config.consent_timeout, rng);
  }
  return std::make_unique<ice::ClientAgent>(config.local_ice, config.consent_timeout,
                                            config.controlling, config.aggressive_nomination, rng);
}

}  // namespace

/// What waits to be sent, taken from the front. It lives until poll_transmit() finds it empty, so
/// the view handed out last stays valid, and an idle peer has none.
struct Peer::Queue {
  std::vector<ice::Datagram> datagrams;
  size_t next = 0;
};

Peer::Peer(TimePoint, const PeerConfig& config, const PeerResources& resources)
    : resources_(resources),
      ice_(make_agent(config, resources.rng)),
      dtls_(std::make_unique<dtls::Transport>(resources.dtls, config.dtls_role, resources.srtp)),
      connect_timeout_(config.connect_timeout),
      role_(config.role),
      dtls_role_(config.dtls_role) {}

Peer::~Peer() = default;

void Peer::set_remote(TimePoint now, const IceCredentials& ice, const DtlsFingerprint& fingerprint,
                      std::optional<DtlsRole> role) {
  if (ended_) return;
  if (role && *role != dtls_role_ && !remote_fingerprint_ && !dtls_heard_) {
    dtls_role_ = *role;
    dtls_ = std::make_unique<dtls::Transport>(resources_.dtls, *role, resources_.srtp);
  }
  if (!connected_ && connect_deadline_ == kNever) connect_deadline_ = now + connect_timeout_;
  ice_->set_remote(now, ice);
  if ((connected_ || silent_) && remote_fingerprint_ != fingerprint)
    return fail(FailReason::kFingerprintMismatch);
  remote_fingerprint_ = fingerprint;
  after_ice(now);
  update_connected();
  start_data(now);
}

void Peer::restart_ice(TimePoint, const IceCredentials& local) {
  if (!ended_) ice_->restart(local);
}

void Peer::add_candidate_pair(TimePoint now, const Path& path, uint32_t priority) {
  TURMS_CHECK(role_ == PeerRole::kClient);
  if (!ended_) static_cast<ice::ClientAgent&>(*ice_).add_pair(now, path, priority);
}

void Peer::clear_candidate_pairs() {
  TURMS_CHECK(role_ == PeerRole::kClient);
  if (!ended_) static_cast<ice::ClientAgent&>(*ice_).clear_pairs();
}

void Peer::lose_path(TimePoint now, const Path& path) {
  if (ended_) return;
  ice_->lose(now, path);
  after_ice(now);
}

Received Peer::receive(TimePoint now, const Path& path, MutableByteView datagram) {
  if (ended_) return dropped(DropReason::kClosed);
  switch (classify(datagram)) {
    case DatagramKind::kRtp:
      return receive_media(datagram, false);
    case DatagramKind::kRtcp: {
      const Received received = receive_media(datagram, true);
      // Reports come for as long as the other side lives, and cost the packets of media nothing.
      if (received.kind == Received::Kind::kRtcp) ice_->heard(now, path);
      return received;
    }
    case DatagramKind::kStun:
      return receive_stun(now, path, datagram);
    case DatagramKind::kDtls:
      return receive_dtls(now, path, datagram);
    case DatagramKind::kUnknown:
      break;
  }
  return dropped(DropReason::kUnknownProtocol);
}

/// From any address: the tag says who it is from, and a client's new path may carry media before
/// its first check on it.
Received Peer::receive_media(MutableByteView datagram, bool rtcp) {
  if (!connected_) return dropped(DropReason::kNotConnected);
  const srtp::Unprotected result =
      rtcp ? srtp_->unprotect_rtcp(datagram) : srtp_->unprotect_rtp(datagram);
  if (result.error != srtp::UnprotectError::kNone) return dropped(drop_reason(result.error));
  return {rtcp ? Received::Kind::kRtcp : Received::Kind::kRtp, {}, result.packet};
}

Received Peer::receive_stun(TimePoint now, const Path& path, ByteView datagram) {
  const auto message = stun::Message::parse(datagram);
  if (!message) return dropped(DropReason::kStunMalformed);
  const ice::Outcome outcome = ice_->receive(now, path, *message);
  after_ice(now);
  switch (outcome) {
    case ice::Outcome::kAccepted:
      return {};
    case ice::Outcome::kUnauthenticated:
      return dropped(DropReason::kStunUnauthenticated);
    case ice::Outcome::kUnexpected:
      break;
  }
  return dropped(DropReason::kStunUnexpected);
}

Received Peer::receive_dtls(TimePoint now, const Path& path, ByteView datagram) {
  if (!ice_->is_verified(path)) return dropped(DropReason::kUnknownPath);
  if (!dtls_->receive(now, datagram)) return dropped(DropReason::kDtlsMalformed);
  dtls_heard_ = true;
  after_dtls();  // data may come in the datagram that ends the handshake
  read_data(now);
  after_dtls();
  return {};
}

/// Takes what the ICE agent has to say.
void Peer::after_ice(TimePoint now) {
  for (ice::Datagram& datagram : ice_->take_outgoing()) {
    transmit(datagram.path, std::move(datagram.bytes));
  }
  for (const ice::Event& event : ice_->take_events()) {
    if (event.kind == ice::Event::Kind::kConsentExpired) {
      if (!connected_) return fail(FailReason::kConsentExpired);
      silent_ = true;
      connected_ = false;  // RFC 7675 section 5.1: nothing is sent any more
      events_.push_back({PeerEvent::Kind::kFailed, FailReason::kConsentExpired, {}});
      continue;
    }
    events_.push_back({event_kind(event.kind), {}, event.path});
  }
  if (const Path* path = ice_->selected(); silent_ && path != nullptr && ice_->is_verified(*path)) {
    silent_ = false;
    connected_ = true;
    connect_deadline_ = kNever;
    events_.push_back({PeerEvent::Kind::kConnected, {}, *path});
  }
  if (ice_->selected() != nullptr && dtls_->state() == dtls::Transport::State::kNew) {
    dtls_->start(now);
    after_dtls();
  }
}

/// Takes what the DTLS transport has to say.
void Peer::after_dtls() {
  const Path* path = ice_->selected();
  for (Bytes& datagram : dtls_->take_outgoing()) {
    if (path != nullptr) transmit(*path, std::move(datagram));
  }
  switch (dtls_->state()) {
    case dtls::Transport::State::kNew:
    case dtls::Transport::State::kHandshake:
      break;
    case dtls::Transport::State::kConnected:
      update_connected();
      break;
    case dtls::Transport::State::kClosed:
      end({PeerEvent::Kind::kClosed, {}, {}});
      break;
    case dtls::Transport::State::kFailed:
      fail(FailReason::kDtlsHandshake);
      break;
  }
}

void Peer::update_connected() {
  if (connected_ || silent_ || ended_ || !remote_fingerprint_) return;
  const DtlsFingerprint* shown = dtls_->remote_fingerprint(remote_fingerprint_->hash);
  if (shown == nullptr) return;
  if (*remote_fingerprint_ != *shown) {
    return fail(FailReason::kFingerprintMismatch);
  }
  const auto keys = dtls_->take_srtp_keys();
  if (!keys) return fail(FailReason::kNoSrtpProfile);
  srtp_ =
      std::make_unique<srtp::Session>(resources_.srtp, keys->profile, keys->local, keys->remote);
  connected_ = true;
  connect_deadline_ = kNever;
  const Path* path = ice_->selected();  // none when its stream was closed just now
  events_.push_back({PeerEvent::Kind::kConnected, {}, path == nullptr ? Path() : *path});
}

void Peer::transmit(const Path& path, Bytes datagram) {
  if (!transmits_) transmits_ = std::make_unique<Queue>();
  // As if lost on the way: both sides of ICE and DTLS ask or say it again.
  if (transmits_->datagrams.size() - transmits_->next >= kMaxQueued) return;
  transmits_->datagrams.push_back({path, std::move(datagram)});
}

void Peer::end(const PeerEvent& event) {
  connected_ = false;
  ended_ = true;
  events_.push_back(event);
}

void Peer::fail(FailReason reason) {
  if (ended_) return;
  close_dtls();
  end({PeerEvent::Kind::kFailed, reason, {}});
}

void Peer::close_dtls() {
  dtls_->close();
  if (const Path* path = ice_->selected()) {
    for (Bytes& datagram : dtls_->take_outgoing()) transmit(*path, std::move(datagram));
  }
}

std::optional<Peer::Transmit> Peer::poll_transmit(Drain drain) {
  if (!transmits_ || transmits_->next == transmits_->datagrams.size()) {
    transmits_.reset();
    return drain == Drain::kAll ? transmit_data() : std::nullopt;
  }
  const ice::Datagram& datagram = transmits_->datagrams[transmits_->next++];
  return Transmit{datagram.path, datagram.bytes};
}

std::optional<PeerEvent> Peer::poll_event() {
  if (next_event_ == events_.size()) {
    std::vector<PeerEvent>().swap(events_);
    next_event_ = 0;
    return std::nullopt;
  }
  return events_[next_event_++];
}

TimePoint Peer::next_timeout() const {
  if (ended_) return kNever;
  return std::min({ice_->next_timeout(), dtls_->next_timeout(), connect_deadline_, data_timeout()});
}

void Peer::handle_timeout(TimePoint now) {
  if (ended_) return;
  if (connect_deadline_ <= now) return fail(FailReason::kConnectTimeout);
  ice_->handle_timeout(now);
  after_ice(now);
  if (!ended_ && dtls_->next_timeout() <= now) {
    dtls_->handle_timeout(now);
    after_dtls();
  }
  if (ended_) return;
  start_data(now);
  handle_data_timeout(now);
}

void Peer::close(TimePoint) {
  if (ended_) return;
  close_dtls();
  connected_ = false;
  ended_ = true;
}

const Path* Peer::selected_path() const {
  return ice_->selected();
}

const char* to_string(DropReason reason) {
  switch (reason) {
    case DropReason::kUnknownProtocol:
      return "unknown_protocol";
    case DropReason::kStunMalformed:
      return "stun_malformed";
    case DropReason::kStunUnauthenticated:
      return "stun_unauthenticated";
    case DropReason::kStunUnexpected:
      return "stun_unexpected";
    case DropReason::kUnknownPath:
      return "unknown_path";
    case DropReason::kDtlsMalformed:
      return "dtls_malformed";
    case DropReason::kNotConnected:
      return "not_connected";
    case DropReason::kSrtpMalformed:
      return "srtp_malformed";
    case DropReason::kSrtpAuthentication:
      return "srtp_authentication";
    case DropReason::kSrtpReplay:
      return "srtp_replay";
    case DropReason::kSrtpStreamLimit:
      return "srtp_stream_limit";
    case DropReason::kClosed:
      return "closed";
  }
  return "";
}

const char* to_string(FailReason reason) {
  switch (reason) {
    case FailReason::kConnectTimeout:
      return "connect_timeout";
    case FailReason::kConsentExpired:
      return "consent_expired";
    case FailReason::kDtlsHandshake:
      return "dtls_handshake";
    case FailReason::kFingerprintMismatch:
      return "fingerprint_mismatch";
    case FailReason::kNoSrtpProfile:
      return "no_srtp_profile";
  }
  return "";
}

}  // namespace turms::rtc
