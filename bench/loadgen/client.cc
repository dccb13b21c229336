#include "bench/loadgen/client.h"

#include <fmt/core.h>

#include <array>
#include <ctime>

#include "base/check.h"
#include "base/jwt.h"
#include "bench/loadgen/client_signalling.h"
#include "rtc/rtcp/packets.h"
#include "rtc/rtp/packet.h"

namespace turms::loadgen {
namespace {

constexpr Duration kFrameInterval = 33'333us;
constexpr Duration kAudioInterval = 20ms;
// 30 frames of 8 packets of 1200 bytes: 2.3 Mbit/s, as a browser sends 720p.
constexpr int kPacketsPerFrame = 8;
constexpr size_t kVideoPayload = 1160;
constexpr size_t kAudioPayload = 120;
constexpr size_t kTimeStampBytes = 8;

// The time of sending stands in the last bytes of the payload, which a server passes on as they
// are.
void stamp(TimePoint now, MutableByteView payload) {
  store_be64(payload.data() + payload.size() - kTimeStampBytes,
             static_cast<uint64_t>(now.time_since_epoch().count()));
}

}  // namespace

Client::Client(Shared shared, size_t index)
    : shared_(shared),
      index_(index),
      signalling_(std::make_unique<Signalling>(shared.resources.rng)) {}

Client::~Client() = default;

Status Client::join(TimePoint now, const std::string& ip, uint16_t port, const std::string& token,
                    Media publish) {
  started_ = now;
  silent_ = publish.silent;
  level_ = publish.level;
  const auto add = [&](bool video) {
    SentTrack track;
    track.video = video;
    track.ssrc = rtc::Ssrc(shared_.resources.rng.next_u32());
    track.cid = shared_.resources.rng.token(12);
    track.mid = std::to_string(sent_.size());
    sent_.push_back(track);
  };
  if (publish.audio) add(false);
  if (publish.video) add(true);
  return signal_.connect(ip, port, target(token));
}

std::string Client::target(const std::string& token) {
  return "/rtc?access_token=" + token + "&auto_subscribe=1&sdk=go&version=2.18.0&protocol=17";
}

Status Client::move_network(TimePoint now, const std::string& ip, uint16_t port,
                            const std::string& token) {
  TURMS_CHECK(sent_.empty() && subscriber_ && subscriber_->connected() && !moved_);
  moved_ = true;
  signal_.close();
  subscriber_->clear_candidate_pairs();
  subscriber_->restart_ice(now, signalling_->restart_subscriber_ice(shared_.resources.rng));
  return signal_.connect(ip, port,
                         target(token) + "&reconnect=1&sid=" + signalling_->participant_sid());
}

void Client::leave() {
  if (signal_.upgraded()) signal_.send(Signalling::leave());
  signal_.close();
}

Status Client::receive_signal(TimePoint now) {
  return signal_.receive([&](ByteView message) {
    const Signalling::Event event = signalling_->receive(message);
    switch (event.kind) {
      case Signalling::Event::Kind::kNone:
        break;
      case Signalling::Event::Kind::kJoined:
        if (sent_.empty()) {
          use_relay(event.relay);
          break;
        }
        for (const SentTrack& track : sent_)
          signal_.send(signalling_->add_track(track.cid, track.video));
        {
          std::vector<Signalling::Track> tracks;
          for (const SentTrack& track : sent_)
            tracks.push_back({track.video, track.ssrc, track.cid, track.mid});
          signal_.send(signalling_->offer(tracks, shared_.fingerprint));
        }
        break;
      case Signalling::Event::Kind::kPublisherAnswer:
        for (SentTrack& track : sent_)
          track.payload_type = track.video ? event.video_payload_type : event.audio_payload_type;
        mid_extension_ = event.mid_extension;
        level_extension_ = event.level_extension;
        publisher_ = make_peer(now, signalling_->publisher_ice(), event.remote.local_role);
        publisher_->set_remote(now, event.remote.ice, event.remote.fingerprint);
        break;
      case Signalling::Event::Kind::kSubscriberOffer:
        if (!subscriber_)
          subscriber_ = make_peer(now, signalling_->subscriber_ice(), rtc::DtlsRole::kClient);
        signal_.send(signalling_->answer(shared_.fingerprint));
        subscriber_->set_remote(now, event.remote.ice, event.remote.fingerprint);
        break;
    }
    for (const Signalling::CandidateFor& found : signalling_->take_candidates()) {
      rtc::Peer* peer = found.subscriber ? subscriber_.get() : publisher_.get();
      if (peer == nullptr || found.address.protocol != shared_.fabric.protocol()) continue;
      const size_t endpoint = found.subscriber ? subscriber_endpoint() : 2 * index_;
      peer->add_candidate_pair(now, {shared_.fabric.address(endpoint), found.address}, 1);
    }
    if (publisher_) drain(now, *publisher_, 2 * index_);
    if (subscriber_) drain(now, *subscriber_, subscriber_endpoint());
  });
}

void Client::use_relay(const RelayCredentials& credentials) {
  if (const Status status = shared_.fabric.use_relay(subscriber_endpoint(), credentials); !status)
    fmt::print(stderr, "client {}: {}\n", index_, status.error().message);
}

std::unique_ptr<rtc::Peer> Client::make_peer(TimePoint now, const rtc::IceCredentials& ice,
                                             rtc::DtlsRole role) const {
  const rtc::PeerConfig config{.role = rtc::PeerRole::kClient,
                               .local_ice = ice,
                               .dtls_role = role,
                               .aggressive_nomination = true};
  return std::make_unique<rtc::Peer>(now, config, shared_.resources);
}

void Client::drain(TimePoint now, rtc::Peer& peer, size_t endpoint) {
  while (auto transmit = peer.poll_transmit()) {
    // What belongs to the network it left goes nowhere.
    if (transmit->path.local != shared_.fabric.address(endpoint)) continue;
    shared_.fabric.send(endpoint, transmit->path.remote, transmit->datagram);
  }
  while (auto event = peer.poll_event()) {
    if (event->kind == rtc::PeerEvent::Kind::kFailed)
      fmt::print(stderr, "client {}: {}\n", index_, rtc::to_string(event->reason));
    if (event->kind == rtc::PeerEvent::Kind::kConnected && &peer == publisher_.get()) {
      publishing_ = true;
      // Publishers of a room are not in step.
      for (SentTrack& track : sent_) {
        if (silent_) break;
        track.next =
            now +
            Duration(shared_.resources.rng.below(static_cast<uint64_t>(kAudioInterval.count())));
      }
    }
  }
}

void Client::receive_datagram(TimePoint now, bool subscriber, const rtc::TransportAddress& source,
                              MutableByteView data) {
  if (moved_ && subscriber) return;
  rtc::Peer* peer = subscriber || moved_ ? subscriber_.get() : publisher_.get();
  if (peer == nullptr) return;
  const size_t endpoint = 2 * index_ + (subscriber ? 1 : 0);
  const rtc::Received received =
      peer->receive(now, {shared_.fabric.address(endpoint), source}, data);
  switch (received.kind) {
    case rtc::Received::Kind::kNone:
      drain(now, *peer, endpoint);
      break;
    case rtc::Received::Kind::kRtp:
      on_media(now, received.packet);
      break;
    case rtc::Received::Kind::kRtcp:
      on_rtcp(received.packet);
      break;
    case rtc::Received::Kind::kDropped:
      break;
  }
}

void Client::on_media(TimePoint now, ByteView data) {
  const auto packet = rtc::rtp::PacketView::parse(data);
  if (!packet || packet->payload().size() < kTimeStampBytes) return;
  if (!first_media_) first_media_ = now;
  if (moved_ && !media_after_move_) media_after_move_ = now;
  auto stream = streams_.begin();
  while (stream != streams_.end() && stream->ssrc != packet->ssrc()) ++stream;
  if (stream == streams_.end()) {
    streams_.push_back({.ssrc = packet->ssrc(), .unwrapper = {}});
    stream = streams_.end() - 1;
  }
  const int64_t sequence = stream->unwrapper.unwrap(packet->sequence());
  if (stream->packets == 0) stream->first = stream->highest = sequence;
  stream->highest = std::max(stream->highest, sequence);
  ++stream->packets;
  ++shared_.totals.packets;
  shared_.totals.bytes += data.size();
  if (shared_.totals.sample_latency && packet->sequence().value % 8 == 0) {
    const ByteView payload = packet->payload();
    const TimePoint sent{Duration(
        static_cast<int64_t>(load_be64(payload.data() + payload.size() - kTimeStampBytes)))};
    shared_.totals.latency_ms.push_back(
        std::chrono::duration<float, std::milli>(now - sent).count());
  }
}

void Client::on_rtcp(ByteView data) {
  rtc::rtcp::Reader reader(data);
  while (const auto packet = reader.next()) {
    if (packet->kind() != rtc::rtcp::Kind::kPli && packet->kind() != rtc::rtcp::Kind::kFir)
      continue;
    for (SentTrack& track : sent_) {
      if (track.video) track.key_frame_wanted = true;
    }
  }
}

void Client::handle_timeout(TimePoint now) {
  if (publisher_ && publisher_->next_timeout() <= now) {
    publisher_->handle_timeout(now);
    drain(now, *publisher_, 2 * index_);
  }
  if (subscriber_ && subscriber_->next_timeout() <= now) {
    subscriber_->handle_timeout(now);
    drain(now, *subscriber_, subscriber_endpoint());
  }
}

void Client::publish(TimePoint now) {
  if (!publishing_) return;
  for (SentTrack& track : sent_) {
    while (track.next <= now) {
      track.next += track.video ? kFrameInterval : kAudioInterval;
      if (track.video) {
        send_video_frame(now, track);
      } else {
        send_audio_packet(now, track);
      }
    }
  }
}

void Client::send_packet(TimePoint now, SentTrack& track, bool marker, MutableByteView payload,
                         size_t payload_size) {
  std::array<uint8_t, 1500> packet;
  const rtc::rtp::Header header{.marker = marker,
                                .payload_type = track.payload_type,
                                .sequence = rtc::rtp::SeqNum(track.sequence++),
                                .timestamp = rtc::rtp::RtpTime(track.timestamp),
                                .ssrc = track.ssrc};
  std::array<rtc::rtp::ExtensionValue, 2> extensions;
  size_t count = 0;
  if (mid_extension_ != 0) extensions[count++] = {mid_extension_, as_bytes(track.mid)};
  if (level_ && level_extension_ != 0 && !track.video) {
    extensions[count++] = {level_extension_, ByteView(&*level_, 1)};
  }
  stamp(now, payload.first(payload_size));
  size_t size = rtc::rtp::write_packet(packet, header, std::span(extensions).first(count),
                                       payload.first(payload_size));
  TURMS_CHECK(size != 0);
  size = publisher_->protect_rtp(packet, size);
  if (size == 0) return;
  ++track.packets;
  track.octets += payload_size;
  shared_.fabric.send(2 * index_, publisher_->selected_path()->remote,
                      MutableByteView(packet).first(size));
}

void Client::send_video_frame(TimePoint now, SentTrack& track) {
  const bool key = std::exchange(track.key_frame_wanted, false);
  track.timestamp += 3000;
  ++track.picture;
  std::array<uint8_t, kVideoPayload> payload{};
  for (int i = 0; i < kPacketsPerFrame; ++i) {
    // RFC 7741: X and S in the descriptor, I in its extension, a 15-bit picture id; then the VP8
    // frame header.
    payload[0] = static_cast<uint8_t>(0x80 | (i == 0 ? 0x10 : 0));
    payload[1] = 0x80;
    store_be16(&payload[2], static_cast<uint16_t>(0x8000 | (track.picture & 0x7fff)));
    if (i == 0) {
      payload[4] = key ? 0x10 : 0x11;
      payload[5] = payload[6] = 0;
      if (key) {
        // Start code, then 1280×720 (RFC 6386 section 9.1).
        const std::array<uint8_t, 7> start{0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02};
        std::copy(start.begin(), start.end(), payload.begin() + 7);
      }
    }
    send_packet(now, track, i == kPacketsPerFrame - 1, payload, payload.size());
  }
}

void Client::send_audio_packet(TimePoint now, SentTrack& track) {
  track.timestamp += 960;
  std::array<uint8_t, kAudioPayload> payload{};
  send_packet(now, track, false, payload, payload.size());
}

void Client::send_reports(TimePoint now) {
  std::array<uint8_t, 1400> buffer;
  if (publisher_ && publishing_) {
    for (const SentTrack& track : sent_) {
      rtc::rtcp::Writer writer(MutableByteView(buffer).first(buffer.size() - 32));
      rtc::rtcp::SenderInfo info;
      const auto wall = std::chrono::duration<double>(now.time_since_epoch()).count();
      info.ntp = static_cast<uint64_t>((wall + 2208988800.0) * 4294967296.0);
      info.rtp_time = rtc::rtp::RtpTime(track.timestamp);
      info.packets = static_cast<uint32_t>(track.packets);
      info.octets = static_cast<uint32_t>(track.octets);
      writer.sender_report(track.ssrc, info, {});
      writer.cname(track.ssrc, "loadgen");
      const size_t size = publisher_->protect_rtcp(buffer, writer.size());
      if (size != 0)
        shared_.fabric.send(2 * index_, publisher_->selected_path()->remote,
                            MutableByteView(buffer).first(size));
    }
  }
  if (subscriber_ && subscriber_->connected() && !streams_.empty()) {
    rtc::rtcp::Writer writer(MutableByteView(buffer).first(buffer.size() - 32));
    std::vector<rtc::rtcp::ReportBlock> blocks;
    for (const Stream& stream : streams_) {
      if (blocks.size() == rtc::rtcp::kMaxReportBlocks) break;
      blocks.push_back({.ssrc = stream.ssrc,
                        .extended_highest_sequence = static_cast<uint32_t>(stream.highest)});
    }
    writer.receiver_report(rtc::Ssrc(1), blocks);
    const size_t size = subscriber_->protect_rtcp(buffer, writer.size());
    if (size != 0)
      shared_.fabric.send(subscriber_endpoint(), subscriber_->selected_path()->remote,
                          MutableByteView(buffer).first(size));
  }
}

void Client::send_ping(TimePoint now) {
  if (signal_.upgraded()) signal_.send(Signalling::ping(to_ms(now.time_since_epoch())));
}

std::pair<uint64_t, uint64_t> Client::lost_of_expected() const {
  uint64_t lost = 0;
  uint64_t expected = 0;
  for (const Stream& stream : streams_) {
    if (stream.packets == 0) continue;
    const auto span = static_cast<uint64_t>(stream.highest - stream.first + 1);
    expected += span;
    lost += span > stream.packets ? span - stream.packets : 0;
  }
  return {lost, expected};
}

void Client::reset_statistics() {
  for (Stream& stream : streams_) stream.packets = 0;
}

std::string join_token(std::string_view key, std::string_view secret, std::string_view identity,
                       std::string_view room) {
  return jwt::sign(
      fmt::format(R"({{"iss":"{}","sub":"{}","exp":{},"video":{{"roomJoin":true,"room":"{}"}}}})",
                  key, identity, std::time(nullptr) + 3600, room),
      secret);
}

}  // namespace turms::loadgen
