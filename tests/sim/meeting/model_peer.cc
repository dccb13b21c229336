#include "sim/meeting/model_peer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "rtc/rtcp/packets.h"
#include "rtc/sdp/negotiate.h"
#include "sim/meeting/sim_engine.h"

namespace turms::sim {

namespace sdp = rtc::sdp;

namespace {

constexpr std::array<const char*, 3> kRids = {"q", "h", "f"};
constexpr std::array<uint64_t, 3> kBitsPerSecond = {20'000, 35'000, 60'000};
constexpr uint8_t kAudioLevel = 40;

const rtc::dtls::Context& client_dtls() {
  static const rtc::dtls::Context context;
  return context;
}

sdp::MediaType type_of(rtc::MediaKind kind) {
  return kind == rtc::MediaKind::kAudio ? sdp::MediaType::kAudio : sdp::MediaType::kVideo;
}

std::vector<sdp::PayloadFormat> formats_of(rtc::MediaKind kind) {
  if (kind == rtc::MediaKind::kAudio) {
    return {{ids::kOpus, "opus", 48000, 2, "minptime=10;useinbandfec=1", {"transport-cc"}}};
  }
  return {{ids::kVp8, "VP8", 90000, 1, "", {"nack", "nack pli", "ccm fir", "transport-cc"}},
          {ids::kVp8Rtx, "rtx", 90000, 1, fmt::format("apt={}", ids::kVp8), {}}};
}

std::vector<sdp::ExtensionEntry> extensions_of(rtc::MediaKind kind) {
  std::vector<sdp::ExtensionEntry> out;
  const rtc::ExtensionMap map = ids::publisher_extensions();
  for (size_t i = 0; i < rtc::kExtensionCount; ++i) {
    const auto extension = static_cast<rtc::Extension>(i);
    const bool fits =
        extension == rtc::Extension::kAudioLevel ? kind == rtc::MediaKind::kAudio
        : extension == rtc::Extension::kRid || extension == rtc::Extension::kRepairedRid
            ? kind == rtc::MediaKind::kVideo
            : true;
    if (map.id(extension) != 0 && fits) {
      out.push_back({map.id(extension), sdp::extension_uri(extension), std::nullopt});
    }
  }
  return out;
}

}  // namespace

ModelPeer::ModelPeer(Environment environment, std::string name)
    : environment_(std::move(environment)),
      name_(std::move(name)),
      port_(environment_.take_port()),
      begun_(environment_.simulation.now()) {
  Rng& rng = environment_.simulation.rng();
  ice_ = {rng.token(8), rng.token(24)};
}

ModelPeer::~ModelPeer() = default;

// ---- negotiation

std::string ModelPeer::add_section(rtc::MediaKind kind, const std::string& cid, size_t layers,
                                   bool reuse) {
  for (Section& section : sections_) {
    if (!reuse || section.receives || section.kind != kind || !section.cid.empty()) continue;
    section.cid = cid;
    section.layers = layers;
    return section.mid;
  }
  sections_.push_back({std::to_string(next_mid_++), kind, cid, layers});
  return sections_.back().mid;
}

void ModelPeer::stop_section(const std::string& mid) {
  for (Section& section : sections_) {
    if (section.mid == mid) section.cid.clear();
  }
}

void ModelPeer::add_receivers(rtc::MediaKind kind, size_t count) {
  for (; count > 0; --count) {
    sections_.push_back({std::to_string(next_mid_++), kind, "", 1, true});
  }
}

void ModelPeer::put_transport(sdp::MediaSection& section, sdp::Setup setup) const {
  section.ice = ice_;
  section.ice_options = {"trickle"};
  section.fingerprint = client_dtls().fingerprint();
  section.setup = setup;
}

std::string ModelPeer::offer(bool restart) {
  if (restart) {
    Rng& rng = environment_.simulation.rng();
    ice_ = {rng.token(8), rng.token(24)};
    begun_ = now();
    if (peer_ != nullptr) {
      peer_->restart_ice(now(), ice_);
      settle();
    }
  }
  sdp::SessionDescription out;
  out.session_id = 4711;
  out.session_version = ++version_;
  out.has_bundle = true;
  out.extmap_allow_mixed = true;
  out.msid_semantic = "WMS";
  sdp::MediaSection data;
  data.type = sdp::MediaType::kApplication;
  data.protocol = "UDP/DTLS/SCTP";
  data.mid = "0";
  data.sctp_port = 5000;
  data.max_message_size = 262144;
  out.sections.push_back(std::move(data));
  for (const Section& section : sections_) {
    sdp::MediaSection s;
    s.type = type_of(section.kind);
    s.protocol = "UDP/TLS/RTP/SAVPF";
    s.mid = section.mid;
    s.direction = section.receives      ? sdp::Direction::kRecvOnly
                  : section.cid.empty() ? sdp::Direction::kInactive
                                        : sdp::Direction::kSendOnly;
    s.rtcp_mux = true;
    s.rtcp_reduced_size = true;
    s.formats = formats_of(section.kind);
    s.extensions = extensions_of(section.kind);
    if (!section.cid.empty()) s.msid = sdp::Msid{"-", section.cid};
    if (!section.cid.empty() && section.layers > 1) {
      s.simulcast.emplace();
      for (size_t i = 0; i < section.layers; ++i) {
        s.rids.push_back({kRids[i], true, ""});
        s.simulcast->send.push_back({{{kRids[i], false}}});
      }
    }
    out.sections.push_back(std::move(s));
  }
  for (sdp::MediaSection& section : out.sections) {
    put_transport(section, sdp::Setup::kActpass);
    out.bundle.push_back(section.mid);
  }
  return sdp::serialize(out);
}

bool ModelPeer::set_answer(const std::string& text,
                           const std::map<std::string, std::string>& track_sids) {
  const auto answer = sdp::parse(text);
  if (!answer) {
    environment_.fault(name_ + ": an answer that is none: " + answer.error().message);
    return false;
  }
  if (answer->sections.size() > sections_.size() + 1) return false;
  for (const sdp::MediaSection& section : answer->sections) {
    const auto mine =
        std::find_if(sections_.begin(), sections_.end(),
                     [&](const Section& candidate) { return candidate.mid == section.mid; });
    if (mine != sections_.end() && mine->receives) {
      receive_section(section);
      const auto received = received_.find(section.mid);
      const auto said = track_sids.find(section.mid);
      if ((received != received_.end()) != (said != track_sids.end()) ||
          (said != track_sids.end() && said->second != received->second.sid)) {
        environment_.fault(fmt::format("{}: section {} is not what the answer says it carries",
                                       name_, section.mid));
      }
    }
    if (mine == sections_.end() || mine->cid.empty()) continue;
    // It may have begun to send only after the offer that this answers.
    if (section.rejected()) {
      environment_.fault(fmt::format("{}: section {} is rejected", name_, section.mid));
    }
  }
  const sdp::MediaSection& tagged = answer->sections.front();
  if (!tagged.setup || *tagged.setup == sdp::Setup::kActpass) {
    environment_.fault(name_ + ": an answer without a DTLS role");
    return false;
  }
  set_remote(tagged, *tagged.setup == sdp::Setup::kPassive ? rtc::DtlsRole::kClient
                                                           : rtc::DtlsRole::kServer);
  return true;
}

std::string ModelPeer::answer(const std::string& text) {
  auto offer = sdp::parse(text);
  if (!offer || offer->sections.empty()) {
    environment_.fault(name_ + ": an offer that is none");
    return {};
  }
  const sdp::MediaSection& tagged = offer->sections.front();
  if (!remote_ufrag_.empty() && tagged.ice.ufrag != remote_ufrag_) {
    Rng& rng = environment_.simulation.rng();
    ice_ = {rng.token(8), rng.token(24)};
    begun_ = now();
    peer_->restart_ice(now(), ice_);
  }
  set_remote(tagged, rtc::DtlsRole::kClient);
  std::vector<std::string> mids;
  for (const sdp::MediaSection& section : offer->sections) {
    if (section.type != sdp::MediaType::kApplication) receive_section(section);
  }
  sdp::SessionDescription out = std::move(*offer);
  out.ice_lite = false;
  for (sdp::MediaSection& section : out.sections) {
    put_transport(section, sdp::Setup::kActive);
    section.candidates.clear();
    section.end_of_candidates = false;
    section.direction = sdp::reversed(section.direction);
    section.msid.reset();
    section.ssrcs.clear();
    section.ssrc_groups.clear();
  }
  return sdp::serialize(out);
}

void ModelPeer::set_remote(const sdp::MediaSection& tagged, rtc::DtlsRole role) {
  if (!tagged.fingerprint) return environment_.fault(name_ + ": no fingerprint");
  if (peer_ == nullptr) {
    rtc::PeerConfig config;
    config.role = rtc::PeerRole::kClient;
    config.dtls_role = role;
    config.local_ice = ice_;
    // The owner notices silence long before and does something about it.
    config.consent_timeout = 120s;
    config.connect_timeout = 60s;
    peer_ = std::make_unique<rtc::Peer>(
        now(), config, rtc::PeerResources{client_dtls(), *srtp_, environment_.simulation.rng()});
  }
  if (std::exchange(remote_ufrag_, tagged.ice.ufrag) != tagged.ice.ufrag) {
    peer_->set_remote(now(), tagged.ice, *tagged.fingerprint);
    for (const sdp::Candidate& candidate : tagged.candidates) {
      if (candidate.protocol != "udp") continue;
      if (candidate.address != "192.0.2.2" || candidate.port != SimEngine::address().port) {
        environment_.fault(name_ + ": a candidate of somebody else");
      }
      peer_->add_candidate_pair(now(), {{}, SimEngine::address()}, candidate.priority);
    }
  }
  settle();
}

void ModelPeer::receive_section(const sdp::MediaSection& section) {
  const auto known = received_.find(section.mid);
  const bool sends = sdp::sends(section.direction) && !section.rejected();
  const rtc::Ssrc ssrc = sends && !section.ssrcs.empty() ? section.ssrcs.front().ssrc : rtc::Ssrc();
  if (known != received_.end()) {
    if (sends && known->second.ssrc == ssrc) return;
    std::erase_if(mid_of_ssrc_, [&](const auto& entry) { return entry.second == section.mid; });
    received_.erase(known);
  }
  if (!sends) return;
  if (!section.msid || section.ssrcs.empty()) {
    return environment_.fault(name_ + ": a section that sends nobody knows what");
  }
  ReceivedTrack track;
  const std::string& stream = section.msid->stream;
  track.sid = stream.substr(stream.find('|') + 1);
  track.mid = section.mid;
  track.kind =
      section.type == sdp::MediaType::kAudio ? rtc::MediaKind::kAudio : rtc::MediaKind::kVideo;
  track.ssrc = ssrc;
  for (const sdp::SsrcGroup& group : section.ssrc_groups) {
    if (group.semantics == "FID" && group.ssrcs.size() == 2) track.rtx_ssrc = group.ssrcs[1];
  }
  track.added = now();
  if (track.kind == rtc::MediaKind::kVideo) {
    ModelReceiver::PayloadTypes types{0, 0};
    for (const sdp::PayloadFormat& format : section.formats) {
      if (format.name == "VP8") types.media = format.payload_type;
      if (format.name == "rtx" &&
          sdp::fmtp_parameter(format.fmtp, "apt") == std::to_string(types.media)) {
        types.rtx = format.payload_type;
      }
    }
    if (types.media == 0) return environment_.fault(name_ + ": a camera without VP8");
    track.video = std::make_unique<ModelReceiver>(
        fmt::format("{} track {}", name_, track.sid), track.ssrc, track.rtx_ssrc,
        [this](MutableByteView packet) { transmit(packet, true); }, types);
  } else {
    for (const sdp::PayloadFormat& format : section.formats) {
      if (format.name == "opus") track.sound.opus = format.payload_type;
      if (format.name == "red") track.sound.red = format.payload_type;
    }
    if (track.sound.opus == 0) return environment_.fault(name_ + ": a microphone without Opus");
  }
  for (const rtc::Ssrc each : {track.ssrc, track.rtx_ssrc}) {
    if (each != rtc::Ssrc()) mid_of_ssrc_[each.value] = section.mid;
  }
  received_.emplace(section.mid, std::move(track));
}

// ---- media

SentMedia ModelPeer::make_media(const std::string& mid, uint16_t source) {
  const auto section = std::find_if(sections_.begin(), sections_.end(),
                                    [&](const Section& candidate) { return candidate.mid == mid; });
  Rng& rng = environment_.simulation.rng();
  const auto stream = [&](const std::string& rid) {
    SyntheticStream::Config config;
    config.mid = mid;
    config.rid = rid;
    config.ssrc = rtc::Ssrc(rng.next_u32() | 1);
    const bool video = section->kind == rtc::MediaKind::kVideo;
    if (video) config.rtx_ssrc = rtc::Ssrc(rng.next_u32() | 1);
    config.payload_type = video ? ids::kVp8 : ids::kOpus;
    config.rtx_payload_type = video ? ids::kVp8Rtx : 0;
    config.clock_rate = video ? 90000 : 48000;
    config.first_sequence = static_cast<uint16_t>(rng.next_u32());
    config.first_timestamp = rng.next_u32();
    return SyntheticStream(config, transport_sequence_,
                           [this](MutableByteView packet) { transmit(packet, false); });
  };
  SentMedia out;
  out.mid = mid;
  if (section->kind == rtc::MediaKind::kAudio) {
    out.audio.emplace(stream(""));
    return out;
  }
  for (size_t i = 0; i < section->layers; ++i) {
    out.layers.push_back(std::make_unique<SyntheticLayer>(
        static_cast<uint8_t>(i), kBitsPerSecond[i], kMeetingFramesPerSecond,
        stream(section->layers > 1 ? kRids[i] : ""), rng));
    out.layers.back()->source = source;
  }
  return out;
}

void ModelPeer::register_media(SentMedia& media) {
  for (auto& layer : media.layers) {
    sent_layers_[layer->stream().config().ssrc.value] = layer.get();
    sent_streams_[layer->stream().config().ssrc.value] = &layer->stream();
  }
  if (media.audio) sent_streams_[media.audio->config().ssrc.value] = &*media.audio;
}

void ModelPeer::forget_media(const SentMedia& media) {
  for (const auto& layer : media.layers) {
    sent_layers_.erase(layer->stream().config().ssrc.value);
    sent_streams_.erase(layer->stream().config().ssrc.value);
  }
  if (media.audio) sent_streams_.erase(media.audio->config().ssrc.value);
}

void ModelPeer::send_reports() {
  if (!connected()) return;
  std::map<uint32_t, SyntheticStream*> in_order(sent_streams_.begin(), sent_streams_.end());
  for (auto& [ssrc, stream] : in_order) {
    if (stream->packets() == 0) continue;
    std::array<uint8_t, 200> buffer;
    rtc::rtcp::Writer writer(buffer);
    writer.sender_report(rtc::Ssrc(ssrc), stream->sender_info(now()), {});
    writer.cname(rtc::Ssrc(ssrc), "synthetic");
    transmit(writer.written(), true);
  }
  for (auto& [mid, track] : received_) {
    if (track.video) track.video->report(now());
  }
}

void ModelPeer::poll_receivers() {
  for (auto& [mid, track] : received_) {
    if (track.video) track.video->poll(now());
  }
}

void ModelPeer::transmit(MutableByteView packet, bool rtcp) {
  if (!connected()) return;
  std::array<uint8_t, 2048> buffer;
  std::copy(packet.begin(), packet.end(), buffer.begin());
  const size_t size =
      rtcp ? peer_->protect_rtcp(buffer, packet.size()) : peer_->protect_rtp(buffer, packet.size());
  if (size == 0) return;
  environment_.send({port_, Bytes(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size))});
}

void ModelPeer::on_datagram(Datagram datagram) {
  if (peer_ == nullptr || ended_) return;
  const rtc::Received received = peer_->receive(now(), {{}, SimEngine::address()}, datagram.bytes);
  if (received.kind != rtc::Received::Kind::kDropped) heard_ = now();
  if (received.kind == rtc::Received::Kind::kRtcp) {
    on_rtcp(received.packet);
  } else if (received.kind == rtc::Received::Kind::kRtp) {
    if (auto packet = rtc::rtp::PacketView::parse(received.packet)) on_rtp(*packet);
  }
  settle();
}

void ModelPeer::on_rtp(const rtc::rtp::PacketView& packet) {
  environment_.simulation.trace(packet.ssrc().value, packet.sequence().value);
  const auto mid = mid_of_ssrc_.find(packet.ssrc().value);
  if (mid == mid_of_ssrc_.end()) return;  // of a section that has just ended
  ReceivedTrack& track = received_.at(mid->second);
  track.last_packet = now();
  environment_.on_media(track, packet);
  if (track.video) track.video->on_rtp(now(), packet);
}

void ModelPeer::on_rtcp(ByteView bytes) {
  rtc::rtcp::Reader reader(bytes);
  while (auto packet = reader.next()) {
    const auto layer = sent_layers_.find(packet->media_ssrc().value);
    switch (packet->kind()) {
      case rtc::rtcp::Kind::kNack:
        if (layer == sent_layers_.end()) break;
        rtc::rtcp::for_each_nack(
            *packet, [&](rtc::rtp::SeqNum lost) { layer->second->stream().on_nack(now(), lost); });
        break;
      case rtc::rtcp::Kind::kPli:
        if (layer != sent_layers_.end()) layer->second->request_key_frame();
        break;
      case rtc::rtcp::Kind::kReceiverReport:
        for (size_t i = 0; i < packet->count(); ++i) {
          const auto stream = sent_streams_.find(rtc::rtcp::report_block(*packet, i).ssrc.value);
          if (stream != sent_streams_.end()) stream->second->on_report();
        }
        break;
      case rtc::rtcp::Kind::kSenderReport: {
        const auto mid = mid_of_ssrc_.find(packet->sender_ssrc().value);
        if (mid == mid_of_ssrc_.end()) break;
        ReceivedTrack& track = received_.at(mid->second);
        if (track.video) {
          track.video->on_sender_report(now(), rtc::rtcp::sender_info(*packet));
        }
        break;
      }
      default:
        break;
    }
  }
}

void ModelPeer::settle() {
  while (auto transmit = peer_->poll_transmit()) {
    environment_.send({port_, Bytes(transmit->datagram.begin(), transmit->datagram.end())});
  }
  while (auto event = peer_->poll_event()) {
    if (event->kind == rtc::PeerEvent::Kind::kConnected) heard_ = now();
    if (event->kind == rtc::PeerEvent::Kind::kFailed ||
        event->kind == rtc::PeerEvent::Kind::kClosed) {
      failed_ = true;
    }
  }
  const TimePoint due = peer_->next_timeout();
  if (due >= wake_ && wake_ > now()) return;
  wake_ = due;
  if (due == kNever) return;
  environment_.simulation.at(due, [this, due, alive = std::weak_ptr(alive_)] {
    if (alive.expired() || wake_ != due || ended_) return;
    wake_ = kNever;
    if (peer_->next_timeout() <= now()) peer_->handle_timeout(now());
    settle();
  });
}

void ModelPeer::close() {
  if (peer_ == nullptr || ended_) return;
  peer_->close(now());
  settle();
  ended_ = true;
}

}  // namespace turms::sim
