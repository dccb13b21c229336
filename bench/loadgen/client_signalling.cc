#include "bench/loadgen/client_signalling.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <span>

#include "base/check.h"
#include "livekit/signal.pb.h"
#include "net/address.h"

namespace turms::loadgen {
namespace {

using rtc::sdp::MediaSection;
using rtc::sdp::MediaType;
using rtc::sdp::SessionDescription;

std::string to_bytes(const ::livekit::SignalRequest& request) {
  return request.SerializeAsString();
}

void set_transport(MediaSection& section, const rtc::IceCredentials& ice,
                   const rtc::DtlsFingerprint& fingerprint, rtc::sdp::Setup setup) {
  section.ice = ice;
  section.ice_options = {"trickle"};
  section.fingerprint = fingerprint;
  section.setup = setup;
  section.candidates.clear();
  section.end_of_candidates = false;
}

}  // namespace

Client::Signalling::Signalling(Rng& rng) {
  publisher_ice_ = {rng.token(8), rng.token(24)};
  subscriber_ice_ = {rng.token(8), rng.token(24)};
}

const rtc::IceCredentials& Client::Signalling::restart_subscriber_ice(Rng& rng) {
  subscriber_ice_ = {rng.token(8), rng.token(24)};
  return subscriber_ice_;
}

Client::Signalling::Event Client::Signalling::receive(ByteView message) {
  ::livekit::SignalResponse response;
  Event event;
  if (!response.ParseFromArray(message.data(), static_cast<int>(message.size()))) return event;
  switch (response.message_case()) {
    case ::livekit::SignalResponse::kJoin:
      event.kind = Event::Kind::kJoined;
      participant_sid_ = response.join().participant().sid();
      add_cameras(response.join().other_participants());
      for (const auto& server : response.join().ice_servers()) {
        for (const std::string& url : server.urls()) {
          if (url.starts_with("turns:")) event.relay = {server.username(), server.credential()};
        }
      }
      break;
    case ::livekit::SignalResponse::kAnswer: {
      auto answer = rtc::sdp::parse(response.answer().sdp());
      TURMS_CHECK(answer);
      auto remote = rtc::sdp::remote_transport(*answer);
      TURMS_CHECK(remote);
      event.kind = Event::Kind::kPublisherAnswer;
      event.remote = std::move(*remote);
      for (const MediaSection& section : answer->sections) {
        for (const rtc::CodecParameters& codec : rtc::sdp::codec_parameters(section)) {
          if (codec.codec == rtc::Codec::kOpus) event.audio_payload_type = codec.payload_type;
          if (codec.codec == rtc::Codec::kVp8) event.video_payload_type = codec.payload_type;
        }
        (section.type == MediaType::kVideo ? event.video_extensions : event.audio_extensions) =
            rtc::sdp::extension_map(section);
      }
      add_candidates(false, *answer);
      break;
    }
    case ::livekit::SignalResponse::kOffer: {
      auto offer = rtc::sdp::parse(response.offer().sdp());
      TURMS_CHECK(offer);
      auto remote = rtc::sdp::remote_transport(*offer);
      TURMS_CHECK(remote);
      event.kind = Event::Kind::kSubscriberOffer;
      event.remote = std::move(*remote);
      add_candidates(true, *offer);
      for (const MediaSection& section : offer->sections) {
        const bool video = section.type == MediaType::kVideo;
        for (const rtc::CodecParameters& codec : rtc::sdp::codec_parameters(section)) {
          (video ? event.video_payload_types : event.audio_payload_types)
              .push_back(codec.payload_type);
        }
        const uint8_t id = rtc::sdp::extension_map(section).id(rtc::Extension::kTransportSequence);
        if (id != 0) event.transport_sequence = id;
      }
      offered_ = std::move(*offer);
      offer_id_ = response.offer().id();
      break;
    }
    case ::livekit::SignalResponse::kUpdate:
      add_cameras(response.update().participants());
      break;
    case ::livekit::SignalResponse::kTrackPublished:
      event.kind = Event::Kind::kPublished;
      event.cid = response.track_published().cid();
      event.sid = response.track_published().track().sid();
      break;
    case ::livekit::SignalResponse::kSubscribedQualityUpdate: {
      event.kind = Event::Kind::kWanted;
      event.sid = response.subscribed_quality_update().track_sid();
      const auto take = [&](const auto& qualities) {
        for (const auto& quality : qualities) {
          if (quality.enabled() && quality.quality() <= ::livekit::HIGH) {
            event.qualities |= static_cast<uint8_t>(1U << quality.quality());
          }
        }
      };
      take(response.subscribed_quality_update().subscribed_qualities());
      for (const auto& codec : response.subscribed_quality_update().subscribed_codecs()) {
        take(codec.qualities());
      }
      break;
    }
    case ::livekit::SignalResponse::kTrickle: {
      boost::system::error_code error;
      const boost::json::value init = boost::json::parse(response.trickle().candidateinit(), error);
      if (error || !init.is_object()) break;
      const boost::json::value* text = init.as_object().if_contains("candidate");
      if (text == nullptr || !text->is_string()) break;
      const auto candidate = rtc::sdp::parse_candidate(std::string_view(text->as_string()));
      if (candidate)
        add_candidate(response.trickle().target() == ::livekit::SUBSCRIBER, *candidate);
      break;
    }
    default:
      break;
  }
  return event;
}

template <class Participants>
void Client::Signalling::add_cameras(const Participants& participants) {
  for (const auto& participant : participants) {
    if (participant.sid() == participant_sid_) continue;
    for (const auto& track : participant.tracks()) {
      if (track.type() != ::livekit::VIDEO || !known_cameras_.insert(track.sid()).second) continue;
      // Identities end with the number of the seat.
      const std::string& name = participant.identity();
      size_t member = 0;
      const size_t digits = name.find_last_not_of("0123456789") + 1;
      std::from_chars(name.data() + digits, name.data() + name.size(), member);
      cameras_.push_back({track.sid(), member});
    }
  }
}

void Client::Signalling::add_candidates(bool subscriber, const SessionDescription& description) {
  for (const MediaSection& section : description.sections) {
    for (const rtc::sdp::Candidate& candidate : section.candidates)
      add_candidate(subscriber, candidate);
  }
}

void Client::Signalling::add_candidate(bool subscriber, const rtc::sdp::Candidate& candidate) {
  const auto address = net::Address::parse(candidate.address, candidate.port);
  if (!address || !address->is_loopback() || !address->is_v4()) return;
  // On its active candidates a server expects nobody (RFC 6544 section 4.5).
  const bool tcp = candidate.protocol == "tcp";
  if (tcp ? candidate.port == 9 : candidate.protocol != "udp") return;
  const auto& ip = address->ip_bytes();
  rtc::TransportAddress found =
      rtc::TransportAddress::ipv4(ip[0], ip[1], ip[2], ip[3], candidate.port);
  if (tcp) found.protocol = rtc::Protocol::kTcp;
  candidates_.push_back({subscriber, found});
}

std::string Client::Signalling::add_track(const Track& said) const {
  ::livekit::SignalRequest request;
  auto& track = *request.mutable_add_track();
  track.set_cid(said.cid);
  track.set_name(said.video ? "camera" : "microphone");
  track.set_type(said.video ? ::livekit::VIDEO : ::livekit::AUDIO);
  track.set_source(said.video ? ::livekit::CAMERA : ::livekit::MICROPHONE);
  if (!said.video) return to_bytes(request);
  track.set_width(1280);
  track.set_height(720);
  const std::span layers = said.simulcast ? simulcast_layers() : single_layer();
  for (size_t i = 0; i < layers.size(); ++i) {
    auto& layer = *track.add_layers();
    layer.set_quality(layers.size() == 1 ? ::livekit::HIGH
                                         : static_cast<::livekit::VideoQuality>(i));
    layer.set_width(layers[i].width);
    layer.set_height(layers[i].height);
    layer.set_bitrate(layers[i].bits_per_second);
  }
  return to_bytes(request);
}

std::string Client::Signalling::offer(const std::vector<Track>& tracks,
                                      const rtc::DtlsFingerprint& fingerprint) const {
  SessionDescription description;
  description.session_id = 1;
  description.session_version = 1;
  description.has_bundle = true;
  description.msid_semantic = "WMS *";
  for (const Track& track : tracks) {
    MediaSection section;
    section.type = track.video ? MediaType::kVideo : MediaType::kAudio;
    section.protocol = "UDP/TLS/RTP/SAVPF";
    section.mid = track.mid;
    section.direction = rtc::sdp::Direction::kSendOnly;
    set_transport(section, publisher_ice_, fingerprint, rtc::sdp::Setup::kActpass);
    section.rtcp_mux = section.rtcp_reduced_size = true;
    if (track.video) {
      section.formats = {{96, "VP8", 90000, 1, "", {"nack", "nack pli", "ccm fir", "transport-cc"}},
                         {97, "rtx", 90000, 1, "apt=96", {}}};
    } else {
      section.formats = {{111, "opus", 48000, 2, "minptime=10;useinbandfec=1", {}}};
    }
    using rtc::Extension;
    const auto extension = [&](uint8_t id, Extension which) {
      section.extensions.push_back({id, rtc::sdp::extension_uri(which), std::nullopt});
    };
    extension(4, Extension::kMid);
    extension(3, Extension::kTransportSequence);
    if (!track.video) extension(1, Extension::kAudioLevel);
    section.msid = {"stream", track.cid};
    if (track.simulcast) {
      extension(10, Extension::kRid);
      extension(11, Extension::kRepairedRid);
      section.simulcast.emplace();
      for (const Layer& layer : simulcast_layers()) {
        section.rids.push_back({layer.rid, true, ""});
        section.simulcast->send.push_back({{{layer.rid, false}}});
      }
    } else {
      section.ssrcs = {{track.ssrc, "loadgen", "stream " + track.cid}};
    }
    description.bundle.push_back(track.mid);
    description.sections.push_back(std::move(section));
  }
  ::livekit::SignalRequest request;
  request.mutable_offer()->set_type("offer");
  request.mutable_offer()->set_sdp(rtc::sdp::serialize(description));
  request.mutable_offer()->set_id(1);
  return to_bytes(request);
}

std::string Client::Signalling::answer(const rtc::DtlsFingerprint& fingerprint) const {
  SessionDescription description = offered_;
  description.session_id = 2;
  description.ice_lite = false;
  for (MediaSection& section : description.sections) {
    set_transport(section, subscriber_ice_, fingerprint, rtc::sdp::Setup::kActive);
    if (section.type == MediaType::kApplication) continue;
    section.direction = rtc::sdp::sends(section.direction) ? rtc::sdp::Direction::kRecvOnly
                                                           : rtc::sdp::Direction::kInactive;
    section.msid.reset();
    section.ssrcs.clear();
    section.ssrc_groups.clear();
  }
  ::livekit::SignalRequest request;
  request.mutable_answer()->set_type("answer");
  request.mutable_answer()->set_sdp(rtc::sdp::serialize(description));
  request.mutable_answer()->set_id(offer_id_);
  return to_bytes(request);
}

std::string Client::Signalling::ping(int64_t timestamp_ms) {
  ::livekit::SignalRequest request;
  request.mutable_ping_req()->set_timestamp(timestamp_ms);
  return to_bytes(request);
}

std::string Client::Signalling::settings(const std::vector<std::string>& sids, uint32_t width,
                                         uint32_t height) {
  ::livekit::SignalRequest request;
  auto& settings = *request.mutable_track_setting();
  for (const std::string& sid : sids) settings.add_track_sids(sid);
  settings.set_disabled(width == 0);
  settings.set_width(width);
  settings.set_height(height);
  return to_bytes(request);
}

std::string Client::Signalling::leave() {
  ::livekit::SignalRequest request;
  request.mutable_leave()->set_reason(::livekit::CLIENT_INITIATED);
  return to_bytes(request);
}

}  // namespace turms::loadgen
