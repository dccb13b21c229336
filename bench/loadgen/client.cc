#include "bench/loadgen/client.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/check.h"
#include "base/jwt.h"
#include "bench/loadgen/client_signalling.h"
#include "rtc/rtcp/packets.h"
#include "rtc/rtp/packet.h"

namespace turms::loadgen {
namespace {

constexpr Duration kSilenceInterval = 400ms;  // discontinuous transmission
constexpr size_t kAudioPayload = 120;
constexpr uint8_t kSpeech = 25;  // −dBov
constexpr uint8_t kSilence = 127;
// Packets name their section and encoding until the server must have heard it.
constexpr Duration kIntroduction = 2s;
constexpr size_t kTagBytes = 16;  // at most, behind an encrypted payload
// Of so many packets the time is read: decrypting all would cost more than the server's work.
constexpr uint16_t kSample = 16;
constexpr Duration kFeedbackInterval = sfu::FeedbackGenerator::kInterval;
constexpr size_t kTimeStampBytes = 8;

// The time of sending stands in the last bytes of the payload, which a server passes on as they
// are.
void stamp(TimePoint now, MutableByteView payload) {
  store_be64(payload.data() + payload.size() - kTimeStampBytes,
             static_cast<uint64_t>(now.time_since_epoch().count()));
}

/// What can be read of a packet without decrypting it.
struct Head {
  uint8_t payload_type = 0;
  uint16_t sequence = 0;
  rtc::Ssrc ssrc;
  size_t size = 0;                    // of the header
  std::optional<uint16_t> transport;  // the extension named by `id`
};

std::optional<Head> read_head(ByteView data, uint8_t id) {
  constexpr size_t kFixed = 12;
  if (data.size() < kFixed) return std::nullopt;
  Head head;
  head.payload_type = data[1] & 0x7F;
  head.sequence = load_be16(&data[2]);
  head.ssrc = rtc::Ssrc(load_be32(&data[8]));
  head.size = kFixed + 4 * size_t{data[0] & 0x0FU};
  if ((data[0] & 0x10) == 0) return head;
  if (head.size + 4 > data.size()) return std::nullopt;
  const bool one_byte = load_be16(&data[head.size]) == 0xBEDE;
  size_t at = head.size + 4;
  head.size = at + 4 * size_t{load_be16(&data[head.size + 2])};
  if (head.size > data.size()) return std::nullopt;
  while (id != 0 && at + 2 < head.size) {
    if (data[at] == 0) {
      ++at;
      continue;
    }
    const uint8_t found = one_byte ? data[at] >> 4 : data[at];
    const size_t length = one_byte ? (data[at] & 0x0FU) + 1 : data[at + 1];
    at += one_byte ? 1 : 2;
    if (found == id && length == 2 && at + 2 <= head.size) {
      head.transport = load_be16(&data[at]);
      break;
    }
    at += length;
  }
  return head;
}

struct Size {
  uint32_t width = 0;
  uint32_t height = 0;
};

/// A window of 720p with so many pictures, the own one among them.
Size tile_size(size_t pictures) {
  if (pictures <= 1) return {1280, 720};
  return pictures <= 4 ? Size{640, 360} : Size{426, 240};
}

}  // namespace

Client::Client(Shared shared, size_t index, const Seat& seat)
    : shared_(shared),
      index_(index),
      signalling_(std::make_unique<Signalling>(shared.resources.rng)),
      seat_(seat) {}

Client::~Client() = default;

Status Client::join(TimePoint now, const std::string& ip, uint16_t port, const std::string& token,
                    Media publish, Watching watching) {
  started_ = now;
  silent_ = publish.silent;
  level_ = publish.level;
  watching_ = watching;
  const auto add = [&](std::span<const Layer> layers) {
    SentTrack track;
    track.video = !layers.empty();
    track.cid = shared_.resources.rng.token(12);
    track.mid = std::to_string(sent_.size());
    for (size_t i = 0; i < std::max<size_t>(layers.size(), 1); ++i) {
      Encoding& encoding = track.encodings.emplace_back();
      encoding.ssrc = rtc::Ssrc(shared_.resources.rng.next_u32());
      if (track.video) encoding.layer = &layers[i];
    }
    sent_.push_back(track);
  };
  if (publish.audio) add({});
  if (publish.video) add(publish.simulcast ? simulcast_layers() : single_layer());
  return signal_.connect(ip, port,
                         target(token) + (watching.tiles > 0 ? "&adaptive_stream=1" : ""));
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
        {
          std::vector<Signalling::Track> tracks;
          for (const SentTrack& track : sent_) {
            tracks.push_back({track.video, track.encodings.size() > 1, track.encodings.front().ssrc,
                              track.cid, track.mid});
            signal_.send(signalling_->add_track(tracks.back()));
          }
          signal_.send(signalling_->offer(tracks, shared_.fingerprint));
        }
        break;
      case Signalling::Event::Kind::kPublisherAnswer:
        for (SentTrack& track : sent_)
          track.payload_type = track.video ? event.video_payload_type : event.audio_payload_type;
        audio_extensions_ = event.audio_extensions;
        video_extensions_ = event.video_extensions;
        publisher_ = make_peer(now, signalling_->publisher_ice(), event.remote.local_role);
        publisher_->set_remote(now, event.remote.ice, event.remote.fingerprint);
        break;
      case Signalling::Event::Kind::kSubscriberOffer:
        if (!subscriber_)
          subscriber_ = make_peer(now, signalling_->subscriber_ice(), rtc::DtlsRole::kClient);
        for (const uint8_t type : event.audio_payload_types) payloads_[type] = Payload::kAudio;
        for (const uint8_t type : event.video_payload_types) payloads_[type] = Payload::kVideo;
        if (event.transport_sequence != 0) received_sequence_ = event.transport_sequence;
        signal_.send(signalling_->answer(shared_.fingerprint));
        subscriber_->set_remote(now, event.remote.ice, event.remote.fingerprint);
        break;
      case Signalling::Event::Kind::kPublished:
        for (SentTrack& track : sent_) {
          if (track.cid == event.cid) track.sid = event.sid;
        }
        break;
      case Signalling::Event::Kind::kWanted:
        for (SentTrack& track : sent_) {
          if (track.sid != event.sid || track.encodings.size() == 1) continue;
          for (size_t i = 0; i < track.encodings.size(); ++i) {
            const bool wanted = (event.qualities >> i & 1) != 0;
            Encoding& encoding = track.encodings[i];
            if (wanted && !encoding.enabled) encoding.key_frame_wanted = true;
            encoding.enabled = wanted;
          }
        }
        break;
    }
    if (watching_.tiles > 0) show();
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

/// Members whose seats follow the own one are shown, the others hidden.
void Client::show() {
  std::vector<std::string> shown;
  std::vector<std::string> hidden;
  for (Signalling::Camera& camera : signalling_->take_cameras()) {
    const size_t away =
        (camera.member + seat_.members - seat_.member % seat_.members) % seat_.members;
    const bool visible = away <= watching_.tiles && (away > 0 || sent_.empty());
    (visible ? shown : hidden).push_back(std::move(camera.sid));
  }
  const Size size = tile_size(std::min(watching_.tiles, seat_.members - 1) + 1);
  if (!shown.empty()) signal_.send(Signalling::settings(shown, size.width, size.height));
  if (!hidden.empty()) signal_.send(Signalling::settings(hidden, 0, 0));
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
      start_sending(now);
    }
  }
}

void Client::start_sending(TimePoint now) {
  publishing_since_ = now;
  if (silent_) return;
  // Publishers of a room are not in step.
  for (size_t t = 0; t < sent_.size(); ++t) {
    for (size_t e = 0; e < sent_[t].encodings.size(); ++e) {
      const auto phase = static_cast<uint64_t>(sent_[t].encodings[e].interval().count());
      shared_.schedule.add({now + Duration(shared_.resources.rng.below(phase)),
                            static_cast<uint32_t>(index_), Schedule::Task::kSend,
                            static_cast<uint8_t>(t), static_cast<uint8_t>(e)});
    }
  }
}

void Client::receive_datagram(TimePoint now, bool subscriber, const rtc::TransportAddress& source,
                              MutableByteView data) {
  if (moved_ && subscriber) return;
  rtc::Peer* peer = subscriber || moved_ ? subscriber_.get() : publisher_.get();
  if (peer == nullptr) return;
  const size_t endpoint = 2 * index_ + (subscriber ? 1 : 0);
  const rtc::Path path{shared_.fabric.address(endpoint), source};
  if (!data.empty() && data[0] >= 128 && data[0] < 192 && !rtc::rtp::looks_like_rtcp(data)) {
    return on_rtp(now, *peer, path, data);
  }
  const rtc::Received received = peer->receive(now, path, data);
  switch (received.kind) {
    case rtc::Received::Kind::kNone:
      drain(now, *peer, endpoint);
      break;
    case rtc::Received::Kind::kRtp:
    case rtc::Received::Kind::kRtcp:
      on_rtcp(received.packet);
      break;
    case rtc::Received::Kind::kDropped:
      break;
  }
}

void Client::on_rtp(TimePoint now, rtc::Peer& peer, const rtc::Path& path,
                    MutableByteView datagram) {
  const auto head = read_head(datagram, received_sequence_);
  if (!head) return;
  if (head->transport && watching_.feedback) {
    feedback_.on_packet(now, *head->transport);
    feedback_media_ = head->ssrc;
    if (!feedback_due_) {
      feedback_due_ = true;
      shared_.schedule.add({now + kFeedbackInterval, static_cast<uint32_t>(index_),
                            Schedule::Task::kFeedback, 0, 0});
    }
  }
  const Payload kind = payloads_[head->payload_type];
  if (kind == Payload::kNone) return;  // RTX: sent again, or padding
  auto stream = streams_.begin();
  while (stream != streams_.end() && stream->ssrc != head->ssrc) ++stream;
  if (stream == streams_.end()) {
    // A stream may open with an empty packet.
    if (datagram.size() < head->size + kTimeStampBytes + kTagBytes) return;
    streams_.push_back({.ssrc = head->ssrc, .video = kind == Payload::kVideo, .unwrapper = {}});
    stream = streams_.end() - 1;
  }
  if (!first_media_) first_media_ = now;
  if (moved_ && !media_after_move_) media_after_move_ = now;
  const int64_t sequence = stream->unwrapper.unwrap(rtc::rtp::SeqNum(head->sequence));
  if (stream->packets == 0) stream->first = stream->highest = sequence;
  stream->highest = std::max(stream->highest, sequence);
  ++stream->packets;
  ++shared_.totals.packets;
  shared_.totals.bytes += datagram.size();
  // Now and then in any case: who decrypts must not fall behind the rollover of the numbers.
  if (head->sequence % kSample != 0) return;
  const rtc::Received received = peer.receive(now, path, datagram);
  if (received.kind != rtc::Received::Kind::kRtp || !shared_.totals.sample_latency) return;
  const auto packet = rtc::rtp::PacketView::parse(received.packet);
  if (!packet || packet->payload().size() < kTimeStampBytes) return;
  const ByteView payload = packet->payload();
  const TimePoint sent{
      Duration(static_cast<int64_t>(load_be64(payload.data() + payload.size() - kTimeStampBytes)))};
  shared_.totals.latency_ms.push_back(std::chrono::duration<float, std::milli>(now - sent).count());
}

void Client::on_rtcp(ByteView data) {
  rtc::rtcp::Reader reader(data);
  while (const auto packet = reader.next()) {
    const auto wanted = [this](rtc::Ssrc media) {
      for (SentTrack& track : sent_) {
        for (Encoding& encoding : track.encodings) {
          if (encoding.ssrc == media) encoding.key_frame_wanted = true;
        }
      }
    };
    if (packet->kind() == rtc::rtcp::Kind::kPli) wanted(packet->media_ssrc());
    if (packet->kind() == rtc::rtcp::Kind::kFir) {
      rtc::rtcp::for_each_fir(*packet, [&](rtc::Ssrc media, uint8_t) { wanted(media); });
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

void Client::perform(TimePoint now, const Schedule::Entry& due) {
  if (due.task == Schedule::Task::kFeedback) return send_feedback(now);
  SentTrack& track = sent_[due.track];
  Encoding& encoding = track.encodings[due.encoding];
  Duration interval = encoding.interval();
  if (shared_.totals.sample_latency && due.encoding == 0) {
    shared_.totals.late_ms.push_back(
        std::chrono::duration<float, std::milli>(now - due.at).count());
  }
  if (track.video) {
    if (encoding.enabled) send_video_frame(now, track, encoding);
  } else {
    if (seat_.talkers > 0) {
      const bool speaks = talks(now, seat_.room, seat_.member, seat_.members, seat_.talkers);
      level_ = speaks ? kSpeech : kSilence;
      if (!speaks) interval = kSilenceInterval;
    }
    send_audio_packet(now, track, encoding);
    encoding.timestamp += static_cast<uint32_t>(48 * to_ms(interval));
  }
  Schedule::Entry next = due;
  next.at = due.at + interval;
  shared_.schedule.add(next);
}

void Client::send_packet(TimePoint now, const SentTrack& track, Encoding& encoding, bool marker,
                         MutableByteView payload) {
  using rtc::Extension;
  std::array<uint8_t, 1500> packet;
  const rtc::rtp::Header header{.marker = marker,
                                .payload_type = track.payload_type,
                                .sequence = rtc::rtp::SeqNum(encoding.sequence++),
                                .timestamp = rtc::rtp::RtpTime(encoding.timestamp),
                                .ssrc = encoding.ssrc};
  const rtc::ExtensionMap& ids = track.video ? video_extensions_ : audio_extensions_;
  std::array<rtc::rtp::ExtensionValue, 4> extensions;
  size_t count = 0;
  const auto add = [&](Extension which, ByteView value) {
    if (ids.id(which) != 0) extensions[count++] = {ids.id(which), value};
  };
  if (encoding.packets < 50 || now - publishing_since_ < kIntroduction) {
    add(Extension::kMid, as_bytes(track.mid));
    if (track.encodings.size() > 1) {
      add(Extension::kRid, as_bytes(std::string_view(encoding.layer->rid)));
    }
  }
  if (level_ && !track.video) add(Extension::kAudioLevel, ByteView(&*level_, 1));
  std::array<uint8_t, 2> number;
  store_be16(number.data(), transport_sequence_);
  if (ids.id(Extension::kTransportSequence) != 0) ++transport_sequence_;
  add(Extension::kTransportSequence, number);
  stamp(now, payload);
  size_t size = rtc::rtp::write_packet(packet, header, std::span(extensions).first(count), payload);
  TURMS_CHECK(size != 0);
  size = publisher_->protect_rtp(packet, size);
  if (size == 0) return;
  ++encoding.packets;
  encoding.octets += payload.size();
  ++shared_.totals.published;
  shared_.fabric.send(2 * index_, publisher_->selected_path()->remote,
                      MutableByteView(packet).first(size));
}

void Client::send_video_frame(TimePoint now, const SentTrack& track, Encoding& encoding) {
  const Frame frame = next_frame(encoding, shared_.resources.rng);
  std::array<uint8_t, 1200> payload{};
  for (size_t i = 0; i < frame.packets; ++i) {
    write_vp8(encoding, frame, i, payload);
    send_packet(now, track, encoding, i + 1 == frame.packets,
                MutableByteView(payload).first(frame.payload));
  }
}

void Client::send_audio_packet(TimePoint now, const SentTrack& track, Encoding& encoding) {
  std::array<uint8_t, kAudioPayload> payload{};
  send_packet(now, track, encoding, false, payload);
}

void Client::send_feedback(TimePoint now) {
  feedback_due_ = false;
  if (!subscriber_ || !subscriber_->connected()) return;
  std::array<uint8_t, 1400> buffer;
  for (;;) {
    const auto place = MutableByteView(buffer).first(buffer.size() - 32);
    size_t size = feedback_.write(now, rtc::Ssrc(1), feedback_media_, place);
    if (size == 0) return;
    size = subscriber_->protect_rtcp(buffer, size);
    if (size == 0) return;
    shared_.fabric.send(subscriber_endpoint(), subscriber_->selected_path()->remote,
                        MutableByteView(buffer).first(size));
  }
}

size_t Client::videos() const {
  return static_cast<size_t>(
      std::count_if(streams_.begin(), streams_.end(), [](const Stream& s) { return s.video; }));
}

bool Client::connected() const {
  return (!subscriber_ || subscriber_->connected()) && (sent_.empty() || publishing_);
}

void Client::send_reports(TimePoint now) {
  std::array<uint8_t, 1400> buffer;
  if (publisher_ && publishing_) {
    for (const SentTrack& track : sent_) {
      for (const Encoding& encoding : track.encodings) {
        if (encoding.packets == 0) continue;
        rtc::rtcp::Writer writer(MutableByteView(buffer).first(buffer.size() - 32));
        rtc::rtcp::SenderInfo info;
        const auto wall = std::chrono::duration<double>(now.time_since_epoch()).count();
        info.ntp = static_cast<uint64_t>((wall + 2208988800.0) * 4294967296.0);
        info.rtp_time = rtc::rtp::RtpTime(encoding.timestamp);
        info.packets = static_cast<uint32_t>(encoding.packets);
        info.octets = static_cast<uint32_t>(encoding.octets);
        writer.sender_report(encoding.ssrc, info, {});
        writer.cname(encoding.ssrc, "loadgen");
        const size_t size = publisher_->protect_rtcp(buffer, writer.size());
        if (size != 0)
          shared_.fabric.send(2 * index_, publisher_->selected_path()->remote,
                              MutableByteView(buffer).first(size));
      }
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
