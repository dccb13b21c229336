// The packet path without sockets: one 1200-byte VP8 packet, rewritten and encrypted for each of
// 100 subscribers, beside the encryption of the same bytes alone; and the same with an estimator
// and a pacer for each subscriber, with and without the feedback that feeds them.

#include <fmt/core.h>

#include <array>
#include <memory>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "bench/codecs.h"
#include "bench/interleave.h"
#include "rtc/rtcp/packets.h"
#include "rtc/srtp/backend.h"
#include "rtc/srtp/session.h"
#include "sfu/room.h"

namespace turms::bench {
namespace {

constexpr int kSubscribers = 100;
constexpr int kPacketsPerRound = 200;
constexpr int kRounds = 16;
constexpr size_t kPacketSize = 1200;
constexpr uint8_t kMidExtension = 4;
constexpr uint8_t kTransportSequenceExtension = 3;
constexpr Duration kPacketInterval = 3ms;
/// Feedback comes every 100 ms, for so many packets.
constexpr int kFramePackets = 8;
constexpr int kPacketsPerFeedback = 4 * kFramePackets;
/// Feedbacks, until estimates are far above the rate.
constexpr int kWarmUp = 300;

rtc::srtp::MasterKey random_key(Rng& rng) {
  rtc::srtp::MasterKey key;
  rng.fill(key.key);
  rng.fill(key.salt);
  return key;
}

std::unique_ptr<rtc::srtp::Session> make_session(rtc::srtp::Backend& backend,
                                                 rtc::srtp::Profile profile, Rng& rng) {
  return std::make_unique<rtc::srtp::Session>(backend, profile, random_key(rng), random_key(rng));
}

/// Encrypts what the room writes, as a worker does.
class EncryptingSink : public sfu::TransportSink {
 public:
  EncryptingSink(std::unique_ptr<rtc::srtp::Session> session, const TimePoint& now)
      : session_(std::move(session)), now_(now) {}

  MutableByteView reserve(size_t size) override {
    TURMS_CHECK(size + rtc::srtp::kMaxRtcpOverhead <= buffer_.size());
    return MutableByteView(buffer_).first(size);
  }
  void commit(size_t size, sfu::PacketKind kind) override {
    if (kind == sfu::PacketKind::kRtp) {
      TURMS_CHECK(session_->protect_rtp(buffer_, size) != 0);
      if (sent_since < sent.size()) {
        sent[sent_since++] = {static_cast<int64_t>(packets), now_ + kDelay};
      }
      ++packets;
    }
  }

  uint64_t packets = 0;
  /// Since they were told: each has the number of its place.
  std::array<rtc::rtcp::Writer::Arrival, 128> sent;
  size_t sent_since = 0;

 private:
  static constexpr Duration kDelay = 5ms;
  std::unique_ptr<rtc::srtp::Session> session_;
  const TimePoint& now_;
  std::array<uint8_t, sfu::kMaxPacketSize + 64> buffer_{};
};

class NullSink : public sfu::TransportSink {
 public:
  MutableByteView reserve(size_t size) override { return MutableByteView(buffer_).first(size); }
  void commit(size_t, sfu::PacketKind) override {}

 private:
  std::array<uint8_t, sfu::kMaxPacketSize + 64> buffer_{};
};

/// What is done for each subscriber's path.
enum class Paths : uint8_t { kNone, kUncontrolled, kControlled };

/// One publisher, kSubscribers subscribers, time that moves 3 ms per packet (about 300 packets per
/// second). kUncontrolled: packets carry the transport-wide number, and nobody follows it.
class Meeting {
 public:
  Meeting(rtc::srtp::Backend& backend, rtc::srtp::Profile profile, Rng& rng,
          Paths paths = Paths::kNone)
      : room_({.seed = 1}), paths_(paths) {
    const sfu::TransportId publisher(1);
    room_.add_transport(publisher, publisher_sink_);
    room_.transport_connected(now_, publisher);
    sfu::ReceiveTrackParameters track;
    track.id = sfu::TrackId(1);
    track.transport = publisher;
    track.kind = rtc::MediaKind::kVideo;
    track.mid = "0";
    track.codecs = {vp8()};
    track.encodings = {{.rid = "", .ssrc = rtc::Ssrc(1111), .rtx_ssrc = rtc::Ssrc(0)}};
    room_.add_receive_track(now_, track);
    for (int i = 0; i < kSubscribers; ++i) {
      sinks_.push_back(std::make_unique<EncryptingSink>(make_session(backend, profile, rng), now_));
      const sfu::TransportId transport(100 + i);
      room_.add_transport(transport, *sinks_.back(), paths == Paths::kControlled);
      room_.transport_connected(now_, transport);
      sfu::SendTrackParameters send;
      send.id = sfu::SubscriptionId(100 + i);
      send.transport = transport;
      send.source = track.id;
      send.mid = "0";
      send.ssrc = rtc::Ssrc(5000 + i);
      send.codecs = {vp8()};
      send.extensions.set(rtc::Extension::kMid, kMidExtension);
      if (paths != Paths::kNone) {
        send.extensions.set(rtc::Extension::kTransportSequence, kTransportSequenceExtension);
      }
      room_.add_send_track(now_, send, {});
    }
  }

  void forward(int packets) {
    std::array<uint8_t, kPacketSize> packet;
    for (int i = 0; i < packets; ++i) {
      write(packet);
      room_.handle_rtp(now_, sfu::TransportId(1), packet);
      advance();
    }
  }

  /// A whole frame at a time, as it arrives.
  void forward_frames(int frames) {
    std::array<std::array<uint8_t, kPacketSize>, kFramePackets> packets;
    std::array<MutableByteView, kFramePackets> views;
    for (int frame = 0; frame < frames; ++frame) {
      for (size_t i = 0; i < packets.size(); ++i) {
        write(packets[i]);
        views[i] = packets[i];
      }
      room_.handle_rtp(now_, sfu::TransportId(1), views);
      for (int i = 0; i < kFramePackets; ++i) advance();
    }
  }

  /// That all packets since the last time came.
  void give_feedback() {
    std::array<uint8_t, kPacketSize> message;
    for (size_t i = 0; i < sinks_.size(); ++i) {
      EncryptingSink& sink = *sinks_[i];
      if (sink.sent_since == 0) continue;
      rtc::rtcp::Writer writer(message);
      const auto arrivals = std::span(sink.sent).first(sink.sent_since);
      TURMS_CHECK(writer.transport_feedback(rtc::Ssrc(1), rtc::Ssrc(5000),
                                            arrivals.front().sequence, arrivals,
                                            feedback_count_) == arrivals.size());
      sink.sent_since = 0;
      room_.handle_rtcp(now_, sfu::TransportId(100 + i), ByteView(message).first(writer.size()));
    }
    ++feedback_count_;
  }

  [[nodiscard]] uint64_t forwarded() const {
    uint64_t sum = 0;
    for (const auto& sink : sinks_) sum += sink->packets;
    return sum;
  }

 private:
  void advance() {
    now_ += kPacketInterval;
    if (room_.next_timeout() > now_) return;
    room_.handle_timeout(now_);
    room_.take_events(events_);
  }

  // A frame of eight packets; the first packet of all begins a key frame.
  void write(std::array<uint8_t, kPacketSize>& packet) {
    const bool start = sequence_ % kFramePackets == 0;
    packet[0] = 0x80;
    packet[1] = static_cast<uint8_t>(96 | (sequence_ % 8 == 7 ? 0x80 : 0));
    store_be16(&packet[2], static_cast<uint16_t>(sequence_));
    store_be32(&packet[4], sequence_ / 8 * 3000);
    store_be32(&packet[8], 1111);
    packet[12] = static_cast<uint8_t>(0x80 | (start ? 0x10 : 0));  // X, S
    packet[13] = 0x80;                                             // I
    store_be16(&packet[14], static_cast<uint16_t>(0x8000 | (sequence_ / 8 & 0x7fff)));
    packet[16] = sequence_ < 8 ? 0x00 : 0x01;  // P bit of the VP8 frame header
    ++sequence_;
  }

  sfu::Room room_;
  Paths paths_;
  uint8_t feedback_count_ = 0;
  NullSink publisher_sink_;
  std::vector<std::unique_ptr<EncryptingSink>> sinks_;
  sfu::RoomEvents events_;
  TimePoint now_{1s};
  uint32_t sequence_ = 0;
};

void compare(rtc::srtp::Backend& backend, rtc::srtp::Profile profile, const char* name) {
  Rng rng(1);
  Meeting meeting(backend, profile, rng);
  std::vector<std::unique_ptr<rtc::srtp::Session>> sessions;
  // Each destination has its own buffer, as in the worker.
  std::vector<std::array<uint8_t, kPacketSize + 64>> buffers(kSubscribers);
  for (int i = 0; i < kSubscribers; ++i) sessions.push_back(make_session(backend, profile, rng));
  uint16_t sequence = 0;
  const auto encrypt_only = [&] {
    for (int i = 0; i < kPacketsPerRound; ++i) {
      ++sequence;
      for (int s = 0; s < kSubscribers; ++s) {
        uint8_t* packet = buffers[s].data();
        packet[0] = 0x80;
        packet[1] = 96;
        store_be16(packet + 2, sequence);
        store_be32(packet + 8, static_cast<uint32_t>(5000 + s));
        TURMS_CHECK(sessions[s]->protect_rtp(buffers[s], kPacketSize) != 0);
      }
    }
  };
  const Comparison result = interleave(
      kRounds, double{kPacketsPerRound} * kSubscribers, [&] { meeting.forward(kPacketsPerRound); },
      encrypt_only);
  // Each subscriber's stream opens with an empty packet.
  TURMS_CHECK(meeting.forwarded() ==
              (uint64_t{kPacketsPerRound} * kRounds + 1) * uint64_t{kSubscribers});
  fmt::print("| {} | {:.0f} ns | {:.0f} ns | {:.2f} | ≤ 1.5 |\n", name, result.first_ns,
             result.second_ns, result.ratio);
}

/// Control of the paths against packets that only carry the number for it.
void compare_paths(rtc::srtp::Backend& backend) {
  Rng rng(1);
  constexpr auto kProfile = rtc::srtp::Profile::kAeadAes128Gcm;
  Meeting plain(backend, kProfile, rng, Paths::kUncontrolled);
  Meeting controlled(backend, kProfile, rng, Paths::kControlled);
  double feedback_ns = 0;
  const auto chunk = [&](Meeting& meeting) {
    meeting.forward_frames(kPacketsPerFeedback / kFramePackets);
  };
  const auto feedback = [&] {
    const auto start = std::chrono::steady_clock::now();
    controlled.give_feedback();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    feedback_ns += took.count();
  };
  for (int i = 0; i < kWarmUp; ++i) {
    chunk(controlled);
    chunk(plain);
    feedback();
  }
  feedback_ns = 0;
  constexpr int kChunks = 400;
  constexpr double kPackets = double{kPacketsPerFeedback} * kSubscribers;
  // What is given between two rounds is measured apart.
  const Comparison packets = interleave(
      kChunks, kPackets, [&] { chunk(controlled); }, [&] { chunk(plain); }, feedback);
  feedback_ns /= kChunks * kPackets;
  fmt::print("| estimator and pacer | {:.0f} ns | {:.0f} ns | {:.2f} | ≤ 1.05 |\n",
             packets.first_ns, packets.second_ns, packets.ratio);
  fmt::print("| with feedback every 100 ms | {:.0f} ns | {:.0f} ns | {:.2f} | |\n",
             packets.first_ns + feedback_ns, packets.second_ns,
             packets.ratio + feedback_ns / packets.second_ns);
}

}  // namespace
}  // namespace turms::bench

int main() {
  using namespace turms::rtc::srtp;
  fmt::print(
      "Packet path without sockets: 1200-byte packet to 100 subscribers, per packet out\n\n");
  fmt::print("| | rewrite + encrypt | encrypt alone | ratio | bar |\n|---|---|---|---|---|\n");
  for (Backend::Kind kind : {Backend::Kind::kIpsecMb, Backend::Kind::kOpenSsl}) {
    auto backend = Backend::create(kind);
    if (backend == nullptr) continue;
    const std::string library = kind == Backend::Kind::kIpsecMb ? "ipsec-mb" : "OpenSSL";
    turms::bench::compare(*backend, Profile::kAeadAes128Gcm, (library + " AES-128-GCM").c_str());
    turms::bench::compare(*backend, Profile::kAes128CmSha1_80, (library + " AES-CM-SHA1").c_str());
  }
  auto backend = Backend::create();
  fmt::print("\n| paths, AES-128-GCM | controlled | not | ratio | bar |\n|---|---|---|---|---|\n");
  turms::bench::compare_paths(*backend);
}
