// Participants without a signalling connection: one offer says all that they publish.
#include <algorithm>
#include <utility>

#include "livekit/one_offer.h"
#include "livekit/participant.h"
#include "livekit/room.h"
#include "rtc/sdp/formats.h"

namespace turms::livekit {
namespace {

namespace sdp = rtc::sdp;

// LiveKit takes it for granted, since the offer does not say.
TrackSource source_of(rtc::MediaKind kind) {
  return kind == rtc::MediaKind::kAudio ? TrackSource::kMicrophone : TrackSource::kCamera;
}

sdp::SectionDecision decide_by_kind(const Permission& permission,
                                    const sdp::MediaSection& section) {
  sdp::SectionDecision out;
  out.mid = section.mid;
  if (section.type == sdp::MediaType::kAudio) out.preferred = {rtc::Codec::kOpus};
  if (section.type == sdp::MediaType::kAudio || section.type == sdp::MediaType::kVideo) {
    out.accept = permission.may_publish(source_of(sdp::kind_of(section.type)));
  }
  return out;
}

bool says_stereo(const sdp::ReceivedSection& section) {
  return std::any_of(section.codecs.begin(), section.codecs.end(), [](const auto& codec) {
    return codec.codec == rtc::Codec::kOpus &&
           sdp::fmtp_parameter(codec.fmtp, "sprop-stereo") == "1";
  });
}

// As LiveKit names and describes them.
client::AddTrack track_of(const sdp::ReceivedSection& section) {
  client::AddTrack out;
  out.cid = section.track_id.empty() ? section.mid : section.track_id;
  TrackInfo& info = out.info;
  info.source = source_of(section.kind);
  info.disable_dtx = section.kind == rtc::MediaKind::kAudio;
  if (section.kind == rtc::MediaKind::kAudio) {
    info.type = TrackType::kAudio;
    info.name = "synthesized-microphone";
    info.stereo = says_stereo(section);
    return out;
  }
  info.type = TrackType::kVideo;
  info.name = "synthesized-camera";
  const size_t layers = std::clamp<size_t>(section.encodings.size(), 1, media::kMaxSpatialLayers);
  for (size_t i = 0; i < layers; ++i) {
    VideoLayer layer;
    layer.quality = layers == 1 ? VideoQuality::kHigh : static_cast<VideoQuality>(i);
    info.layers.push_back(std::move(layer));
  }
  return out;
}

std::string first_of(const std::vector<std::string>& reasons, std::string_view otherwise) {
  return reasons.empty() ? std::string(otherwise) : reasons.front();
}

/// The same offer from a client that has other ICE credentials.
Result<std::string> with_credentials(const std::string& offer, const rtc::IceCredentials& ice) {
  auto parsed = sdp::parse(offer);
  if (!parsed) return std::unexpected(parsed.error());
  for (sdp::MediaSection& section : parsed->sections) {
    section.ice = ice;
    section.candidates.clear();
  }
  return sdp::serialize(*parsed);
}

}  // namespace

Status publishable(const std::string& offer, const Permission& permission) {
  const auto parsed = sdp::parse(offer);
  if (!parsed) return std::unexpected(parsed.error());
  const auto sending = [&](const sdp::AnswerOptions& options, std::vector<std::string>& reasons) {
    auto answered = sdp::answer_offer(*parsed, sdp::publisher_capabilities(), options);
    reasons = std::move(answered.rejections);
    return std::any_of(answered.sections.begin(), answered.sections.end(),
                       [](const sdp::ReceivedSection& section) { return section.sending; });
  };
  std::vector<std::string> reasons;
  if (!sending({}, reasons)) {
    return fail(ErrorCode::kInvalidArgument, first_of(reasons, "nothing is sent in this offer"));
  }
  sdp::AnswerOptions options;
  for (const sdp::MediaSection& section : parsed->sections) {
    options.decisions.push_back(decide_by_kind(permission, section));
  }
  if (!sending(options, reasons)) {
    return fail(ErrorCode::kPermissionDenied, "does not have permission to publish");
  }
  return {};
}

Result<const OneOffer*> Room::publish(Now now, JoinParameters parameters,
                                      const std::string& offer) {
  parameters.single_connection = true;
  parameters.auto_subscribe = false;
  parameters.one_offer = true;
  const auto key = join(now, std::move(parameters));
  if (!key) return std::unexpected(key.error());
  Participant& from = *find(*key);
  from.one_offer->sid = from.info.sid;
  auto sections = take_one_offer(from, offer);
  if (!sections) {
    leave(now, from, DisconnectReason::kJoinFailure, server::LeaveAction::kDisconnect, false);
    return std::unexpected(sections.error());
  }
  match_sections(now, from, *sections);
  for (const sdp::ReceivedSection& section : *sections) {
    if (section.sending) on_add_track(now, from, track_of(section));
  }
  from.one_offer->ice_servers = ice_servers_for(now, from);
  return from.one_offer.get();
}

// The sections of it that are accepted.
Result<std::vector<sdp::ReceivedSection>> Room::take_one_offer(Participant& from,
                                                               const std::string& offer) {
  auto negotiated = from.negotiation->on_offer(
      {.type = "offer", .sdp = offer}, [&](const sdp::MediaSection& section) {
        return decide_by_kind(from.info.permission, section);
      });
  if (!negotiated) return std::unexpected(negotiated.error());
  remark(from, negotiated->notes);
  OneOffer& state = *from.one_offer;
  state.answer = std::move(negotiated->answer->sdp);
  const auto offered = sdp::parse(offer);
  const auto answered = sdp::parse(state.answer);
  const auto remote = sdp::remote_transport(*offered);
  const auto local = sdp::remote_transport(*answered);
  if (!remote || !local) {
    return fail(ErrorCode::kInvalidArgument,
                first_of(negotiated->notes, "nothing in this offer can be received"));
  }
  state.offer = offer;
  state.remote = remote->ice;
  state.local = local->ice;
  state.mid = sdp::tagged_section(*offered)->mid;
  return std::move(negotiated->received);
}

Participant* Room::find_one_offer(std::string_view identity, std::string_view sid) const {
  Participant* found = find_identity(identity);
  return found != nullptr && found->one_offer && found->info.sid == sid ? found : nullptr;
}

const OneOffer* Room::one_offer(std::string_view identity, std::string_view sid) const {
  const Participant* found = find_one_offer(identity, sid);
  return found == nullptr ? nullptr : found->one_offer.get();
}

Status Room::restart_ice(Now now, std::string_view identity, std::string_view sid,
                         const rtc::IceCredentials& remote) {
  Participant* from = find_one_offer(identity, sid);
  if (from == nullptr) return fail(ErrorCode::kNotFound, "participant does not exist");
  OneOffer& state = *from->one_offer;
  if (state.remote.ufrag == remote.ufrag && state.remote.password == remote.password) return {};
  if (now.monotonic < state.restart_after) {
    return fail(ErrorCode::kResourceExhausted, "ICE was restarted a moment ago");
  }
  const auto offer = with_credentials(state.offer, remote);
  if (!offer) return std::unexpected(offer.error());
  state.restart_after = now.monotonic + kMinIceRestartInterval;
  // The sections are what they were.
  if (const auto sections = take_one_offer(*from, *offer); !sections) {
    return std::unexpected(sections.error());
  }
  return {};
}

Status Room::end_one_offer(Now now, std::string_view identity, std::string_view sid) {
  if (Participant* from = find_one_offer(identity, sid)) {
    leave(now, *from, DisconnectReason::kClientInitiated, server::LeaveAction::kDisconnect, false);
    return {};
  }
  // Clients close their connection first, which says the same.
  const bool ended = std::any_of(gone_.begin(), gone_.end(), [&](const auto& entry) {
    return entry.second.sid == sid && entry.second.identity == identity;
  });
  if (ended) return {};
  return fail(ErrorCode::kNotFound, "participant does not exist");
}

}  // namespace turms::livekit
