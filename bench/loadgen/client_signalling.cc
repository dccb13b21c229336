#include "bench/loadgen/client_signalling.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

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
        const auto extensions = rtc::sdp::extension_map(section);
        event.mid_extension = extensions.id(rtc::Extension::kMid);
        if (const uint8_t id = extensions.id(rtc::Extension::kAudioLevel); id != 0) {
          event.level_extension = id;
        }
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
      offered_ = std::move(*offer);
      offer_id_ = response.offer().id();
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

std::string Client::Signalling::add_track(const std::string& cid, bool video) const {
  ::livekit::SignalRequest request;
  auto& track = *request.mutable_add_track();
  track.set_cid(cid);
  track.set_name(video ? "camera" : "microphone");
  track.set_type(video ? ::livekit::VIDEO : ::livekit::AUDIO);
  track.set_source(video ? ::livekit::CAMERA : ::livekit::MICROPHONE);
  if (video) {
    track.set_width(1280);
    track.set_height(720);
    auto& layer = *track.add_layers();
    layer.set_quality(::livekit::HIGH);
    layer.set_width(1280);
    layer.set_height(720);
    layer.set_bitrate(2'300'000);
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
      section.formats = {{96, "VP8", 90000, 1, "", {"nack", "nack pli", "ccm fir"}},
                         {97, "rtx", 90000, 1, "apt=96", {}}};
    } else {
      section.formats = {{111, "opus", 48000, 2, "minptime=10;useinbandfec=1", {}}};
    }
    section.extensions = {{4, rtc::sdp::extension_uri(rtc::Extension::kMid), std::nullopt}};
    if (!track.video) {
      section.extensions.push_back(
          {1, rtc::sdp::extension_uri(rtc::Extension::kAudioLevel), std::nullopt});
    }
    section.msid = {"stream", track.cid};
    section.ssrcs = {{track.ssrc, "loadgen", "stream " + track.cid}};
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

std::string Client::Signalling::leave() {
  ::livekit::SignalRequest request;
  request.mutable_leave()->set_reason(::livekit::CLIENT_INITIATED);
  return to_bytes(request);
}

}  // namespace turms::loadgen
