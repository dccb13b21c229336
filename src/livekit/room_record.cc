// What of a room goes to a recorder in this process.
#include <algorithm>
#include <utility>

#include "livekit/participant.h"
#include "livekit/room.h"
#include "rtc/sdp/negotiate.h"

namespace turms::livekit {
namespace {

// Everything that a publisher may send, under numbers of our own. RED is taken apart on the way.
std::vector<rtc::CodecParameters> recordable(TrackType type) {
  const rtc::sdp::Capabilities& all = rtc::sdp::publisher_capabilities();
  std::vector<rtc::CodecParameters> out;
  uint8_t payload_type = 96;
  for (const auto& capability : type == TrackType::kVideo ? all.video : all.audio) {
    if (capability.codec == rtc::Codec::kRed || payload_type > 127) continue;
    rtc::CodecParameters codec;
    codec.codec = capability.codec;
    codec.payload_type = payload_type++;
    codec.clock_rate = capability.clock_rate;
    codec.channels = capability.channels;
    codec.fmtp = capability.fmtp;
    out.push_back(std::move(codec));
  }
  return out;
}

const PublishedCodec* first_live(const PublishedTrack& track) {
  const auto it = std::ranges::find_if(track.codecs, &PublishedCodec::live);
  return it == track.codecs.end() ? nullptr : &*it;
}

}  // namespace

Result<TrackTap> Room::tap_track(std::string_view sid, std::shared_ptr<media::PacketQueue> queue) {
  const PublishedTrack* const track = find_track(sid);
  const PublishedCodec* const codec = track == nullptr ? nullptr : first_live(*track);
  if (codec == nullptr) {
    return fail(ErrorCode::kNotFound, "track " + std::string(sid) + " not found");
  }
  if (track->info.encryption != EncryptionType::kNone) {
    return fail(ErrorCode::kFailedPrecondition,
                "track " + std::string(sid) + " is end-to-end encrypted");
  }
  TrackTap out;
  out.subscription = media::SubscriptionId(next_id());
  out.publisher = find(track->publisher)->info.identity;
  out.info = track->info;
  out.codecs = recordable(track->info.type);
  const media::TransportId transport(next_id());
  engine_.create_queue({.id = transport, .room = parameters_.id, .queue = std::move(queue)});
  media::SendTrackParameters parameters;
  parameters.id = out.subscription;
  parameters.transport = transport;
  parameters.source = codec->id;
  parameters.ssrc = rtc::Ssrc(1);  // nobody else is on this transport
  parameters.codecs = out.codecs;
  engine_.add_send_track(parameters, {});
  taps_.emplace(out.subscription, Tap{transport, out.info.sid});
  wants_changed(*track);
  return out;
}

void Room::end_tap(media::SubscriptionId subscription) {
  const auto it = taps_.find(subscription);
  if (it == taps_.end()) return;
  const Tap tap = it->second;
  taps_.erase(it);
  engine_.close_transport(tap.transport);
  if (const PublishedTrack* const track = find_track(tap.track)) wants_changed(*track);
}

void Room::end_taps(std::string_view track) {
  std::erase_if(taps_, [&](const auto& entry) {
    if (entry.second.track != track) return false;
    engine_.close_transport(entry.second.transport);
    return true;
  });
}

void Room::settle_taps(const PublishedTrack& track) {
  const PublishedCodec* const codec = first_live(track);
  if (codec == nullptr) return;
  for (const auto& [subscription, tap] : taps_) {
    if (tap.track == track.info.sid) engine_.set_send_source(subscription, codec->id);
  }
}

bool Room::tapped(const PublishedTrack& track) const {
  return std::ranges::any_of(
      taps_, [&](const auto& entry) { return entry.second.track == track.info.sid; });
}

std::vector<TrackInfo> Room::tracks_of(std::string_view identity) const {
  std::vector<TrackInfo> out;
  const Participant* const participant = find_identity(identity);
  if (participant == nullptr) return out;
  for (const auto& track : participant->tracks) {
    if (track->live) out.push_back(track->info);
  }
  return out;
}

void Room::set_recorded(bool recorded) {
  if (std::exchange(recorded_, recorded) != recorded) room_changed_ = true;
}

}  // namespace turms::livekit
