#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/check.h"
#include "media/data_router.h"
#include "media/engine.h"
#include "net/loop.h"
#include "net/loop_core.h"
#include "net/udp_socket.h"
#include "rtc/dtls/context.h"
#include "rtc/peer.h"
#include "rtc/rtcp/packets.h"
#include "rtc/rtp/packet.h"
#include "rtc/srtp/backend.h"

namespace turms::media {

inline constexpr Duration kTestLimit = std::chrono::seconds(20);

/// Told to the router of a room, it shows that the room's worker has come so far: commands and
/// notes reach it in one order.
struct Milestone final : DataNote {
  mutable std::atomic<bool> reached = false;
};

/// Routes nothing and passes milestones.
struct MilestoneRouter final : DataRouter {
  static std::unique_ptr<DataRouter> make(RoomId) { return std::make_unique<MilestoneRouter>(); }

  void on_note(TimePoint, const DataNote& note, DataOutlet&) override {
    static_cast<const Milestone&>(note).reached = true;
  }
  void on_channel_opened(TimePoint, TransportId, rtc::ChannelId, const std::string&,
                         DataOutlet&) override {}
  void on_channel_closed(TimePoint, TransportId, rtc::ChannelId, DataOutlet&) override {}
  void on_message(TimePoint, TransportId, rtc::ChannelId, Bytes, bool, DataOutlet&) override {}
  void on_transport_closed(TimePoint, TransportId, DataOutlet&) override {}
};

/// Waits for what no event of the loop tells.
inline bool wait_polling(net::Loop& loop, const std::function<bool()>& done) {
  return loop.run_until(
      [&] {
        if (done()) return true;
        loop.after(std::chrono::milliseconds(1), [] {});
        return false;
      },
      kTestLimit);
}

/// Waits until the worker of a room has done what it was asked. A packet that overtakes the command
/// it needs is lost for good: sent again, it is a replay. The engine has MilestoneRouters.
inline bool commands_done(net::Loop& loop, Engine& engine, RoomId room) {
  const auto milestone = std::make_shared<Milestone>();
  return engine.tell_data(room, milestone) &&
         wait_polling(loop, [&] { return milestone->reached.load(); });
}

/// Everything the engine tells, for tests.
struct RecordedEvents final : EngineEvents {
  void on_transport_connected(TransportId id) override { connected.insert(id); }
  void on_transport_failed(TransportId id, std::string reason) override { failed[id] = reason; }
  void on_transport_closed(TransportId id) override { closed.insert(id); }
  void on_layer_started(TrackId track, int spatial) override {
    layers.emplace_back(track, spatial);
  }
  void on_speakers(RoomId, std::vector<Speaker> list) override {
    speakers = std::move(list);
    ++speaker_changes;
  }
  void on_statistics(RoomId, std::vector<TrackStatistics> t,
                     std::vector<SubscriptionStatistics> s) override {
    for (const auto& track : t) track_packets[track.track] = track.packets;
    for (const auto& subscription : s) {
      subscription_packets[subscription.subscription] = subscription.packets;
    }
  }

  void on_snapshot(uint64_t ticket, RoomSnapshot snapshot) override {
    snapshots[ticket].push_back(std::move(snapshot));
  }

  std::map<uint64_t, std::vector<RoomSnapshot>> snapshots;
  std::set<TransportId> connected;
  std::map<TransportId, std::string> failed;
  std::set<TransportId> closed;
  std::vector<std::pair<TrackId, int>> layers;
  std::vector<Speaker> speakers;
  int speaker_changes = 0;
  std::map<TrackId, uint64_t> track_packets;
  std::map<SubscriptionId, uint64_t> subscription_packets;
};

/// After anything happened to a client's peer: what it has to say goes to `send`, and the timer is
/// set for the next. `closed`: the goodbye came. All outlive the timer.
inline void drive_peer(net::Loop& loop, net::Timer& timer, rtc::Peer& peer, bool& closed,
                       const std::function<void(ByteView)>& send) {
  while (const auto transmit = peer.poll_transmit()) send(transmit->datagram);
  while (const auto event = peer.poll_event()) {
    if (event->kind == rtc::PeerEvent::Kind::kClosed) closed = true;
  }
  const TimePoint due = peer.next_timeout();
  if (due == kNever) return timer.cancel();
  timer.start(due - loop.now(), [&loop, &timer, &peer, &closed, send] {
    peer.handle_timeout(loop.now());
    drive_peer(loop, timer, peer, closed, send);
  });
}

/// A participant's side of one transport: rtc::Peer in the client role with a UDP socket of its own
/// on the test's loop.
class TestClient final : public net::FdHandler {
 public:
  /// `sha1`: knows only AES_CM_128_HMAC_SHA1_80.
  TestClient(net::Loop& loop, Engine& engine, RoomId room, TransportId transport, bool sha1 = false,
             size_t address = 0, MemberId member = {})
      : loop_(loop), timer_(loop), id(transport) {
    static const rtc::dtls::Context modern;
    static const std::unique_ptr<rtc::dtls::Context> old = [] {
      auto context = std::make_unique<rtc::dtls::Context>();
      context->restrict_srtp_profiles("SRTP_AES128_CM_SHA1_80");
      return context;
    }();
    const rtc::dtls::Context& dtls = sha1 ? *old : modern;
    static const std::unique_ptr<rtc::srtp::Backend> srtp = rtc::srtp::Backend::create();
    static Rng rng(7);
    const std::string n = std::to_string(id.value);
    const rtc::IceCredentials server_ice{"server" + n, "serverpasswordserverpassword"};
    const rtc::IceCredentials client_ice{"client" + n, "clientpasswordclientpassword"};
    engine.create_transport({.id = id, .room = room, .member = member, .local_ice = server_ice});
    engine.set_remote(id, {client_ice, dtls.fingerprint()});
    const LocalCandidate candidate = engine.candidates(id).at(address);
    server = *net::Address::parse(candidate.address, candidate.port);
    path_.remote = {server.ip_bytes(), server.port(), rtc::TransportAddress::Family::kIpv4};
    peer = std::make_unique<rtc::Peer>(loop.now(),
                                       rtc::PeerConfig{.role = rtc::PeerRole::kClient,
                                                       .local_ice = client_ice,
                                                       .dtls_role = rtc::DtlsRole::kClient,
                                                       .aggressive_nomination = true},
                                       rtc::PeerResources{dtls, *srtp, rng});
    watch_ = loop.core().watch(socket.fd(), this, true, false);
    peer->set_remote(loop.now(), server_ice, engine.fingerprint());
    peer->add_candidate_pair(loop.now(), path_, 100);
    settle();
  }
  ~TestClient() override { loop_.core().unwatch(watch_); }

  void on_ready(const net::Poller::Event&) override {
    for (const net::ReceivedDatagram& datagram : socket.receive_batch()) {
      if (datagram.source != server) continue;  // RFC 8445 section 7.2.5.2.1
      // A binding success response (RFC 8489 section 5).
      checks_answered += load_be16(datagram.data.data()) == 0x0101;
      const rtc::Received received = peer->receive(loop_.now(), path_, datagram.data);
      if (received.kind == rtc::Received::Kind::kRtp) {
        ++rtp_count;
        if (on_rtp) on_rtp(received.packet);
      } else if (received.kind == rtc::Received::Kind::kRtcp) {
        read_rtcp(received.packet);
      } else if (received.kind == rtc::Received::Kind::kDropped) {
        ++dropped;
      }
    }
    settle();
  }

  void settle() {
    drive_peer(loop_, timer_, *peer, closed, [this](ByteView datagram) { send(datagram); });
  }

  void send(ByteView datagram) {
    const net::OutgoingDatagrams message{.destination = server, .data = datagram};
    socket.send_batch({&message, 1});
  }
  void restart_ice(const rtc::IceCredentials& remote, const rtc::DtlsFingerprint& fingerprint) {
    checks_answered = 0;
    peer->set_remote(loop_.now(), remote, fingerprint);
    settle();
  }
  void send_rtp(ByteView packet) { send_protected(packet, false); }
  void send_rtcp(ByteView packet) { send_protected(packet, true); }

 private:
  void send_protected(ByteView packet, bool rtcp) {
    std::array<uint8_t, 2048> buffer;
    std::copy(packet.begin(), packet.end(), buffer.begin());
    const size_t size =
        rtcp ? peer->protect_rtcp(buffer, packet.size()) : peer->protect_rtp(buffer, packet.size());
    TURMS_CHECK(size > 0);
    send(ByteView(buffer).first(size));
  }
  void read_rtcp(ByteView packet) {
    rtc::rtcp::Reader reader(packet);
    while (const auto part = reader.next()) {
      ++feedback[part->kind()];
      if (part->kind() == rtc::rtcp::Kind::kNack) {
        rtc::rtcp::for_each_nack(*part,
                                 [&](rtc::rtp::SeqNum lost) { nacked.push_back(lost.value); });
      }
    }
  }

  net::Loop& loop_;
  net::Timer timer_;
  net::LoopCore::Watch watch_;
  rtc::Path path_;

 public:
  const TransportId id;
  net::Address server;
  net::UdpSocket socket = std::move(*net::UdpSocket::bind(net::Address::v4({127, 0, 0, 1}, 0)));
  std::unique_ptr<rtc::Peer> peer;
  std::function<void(ByteView)> on_rtp;
  uint64_t rtp_count = 0;
  uint64_t dropped = 0;
  int checks_answered = 0;
  std::map<rtc::rtcp::Kind, int> feedback;
  std::vector<uint16_t> nacked;
  bool closed = false;
};

inline constexpr uint8_t kVp8PayloadType = 96;
inline constexpr uint8_t kRtxPayloadType = 97;

inline rtc::CodecParameters vp8_codec() {
  return {.codec = rtc::Codec::kVp8,
          .payload_type = kVp8PayloadType,
          .rtx_payload_type = kRtxPayloadType,
          .clock_rate = 90000,
          .nack = true,
          .pli = true};
}

/// VP8 as a publisher sends it: `sequence` names the packet, eight to a frame, every 25th frame
/// is a key frame.
inline Bytes vp8_packet(rtc::Ssrc ssrc, uint32_t sequence, size_t payload_size) {
  const uint32_t frame = sequence / 8;
  Bytes payload(payload_size, static_cast<uint8_t>(sequence));
  payload[0] = static_cast<uint8_t>(0x80 | (sequence % 8 == 0 ? 0x10 : 0));  // X, S
  payload[1] = 0x80;                                                         // I
  payload[2] = static_cast<uint8_t>(frame & 0x7f);                           // picture id
  if (sequence % 8 == 0) {
    const bool key_frame = frame % 25 == 0;
    payload[3] = key_frame ? 0x10 : 0x11;  // P bit: 0 in key frames; shown
    payload[4] = payload[5] = 0;
    if (key_frame) {
      // RFC 6386 section 9.1: start code, 640 by 480.
      const uint8_t key[] = {0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01};
      std::copy(std::begin(key), std::end(key), payload.begin() + 6);
    }
  }
  Bytes packet(payload_size + 64);
  const rtc::rtp::Header header{.marker = sequence % 8 == 7,
                                .payload_type = kVp8PayloadType,
                                .sequence = rtc::rtp::SeqNum(static_cast<uint16_t>(sequence)),
                                .timestamp = rtc::rtp::RtpTime(frame * 3000),
                                .ssrc = ssrc};
  packet.resize(rtc::rtp::write_packet(packet, header, {}, payload));
  return packet;
}

}  // namespace turms::media
