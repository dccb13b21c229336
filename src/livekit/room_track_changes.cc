// What its publisher and the server API change about a published track.
#include <utility>

#include "livekit/participant.h"
#include "livekit/room.h"
#include "livekit/track_features.h"

namespace turms::livekit {
namespace {

template <class Request>
server::RequestResponse no_track(const Request& request) {
  return {0, server::RequestReason::kNotFound, "track is not found", request};
}

}  // namespace

void Room::set_muted(Now now, Participant& publisher, PublishedTrack& track, bool muted) {
  if (track.info.muted == muted) return;
  track.info.muted = muted;
  if (!track.live) return;
  for (const PublishedCodec& codec : track.codecs) {
    if (codec.live) engine_.set_receive_muted(codec.id, muted);
  }
  track.flows_since = now.monotonic;
  track.dynacast.set_muted(muted);
  wants_changed(track);
  changed(publisher);
}

void Room::on_mute(Now now, Participant& from, const MuteTrack& request) {
  PublishedTrack* track = from.find_sid(request.sid);
  if (track == nullptr) {
    send(from, no_track(request));
    return;
  }
  set_muted(now, from, *track, request.muted);
}

Result<TrackInfo> Room::mute_track(Now now, std::string_view identity, std::string_view track_sid,
                                   bool muted) {
  Participant* participant = find_identity(identity);
  if (participant == nullptr) return fail(ErrorCode::kNotFound, "participant does not exist");
  PublishedTrack* track = participant->find_sid(track_sid);
  if (track == nullptr) return fail(ErrorCode::kNotFound, "track is not found");
  if (!muted && track->info.muted && !parameters_.enable_remote_unmute) {
    return fail(ErrorCode::kFailedPrecondition, "remote unmute not enabled");
  }
  if (track->info.muted != muted) {
    set_muted(now, *participant, *track, muted);
    send(*participant, MuteTrack{track->info.sid, muted});
  }
  return track->info;
}

void Room::on_update_audio_track(Participant& from, const client::UpdateAudioTrack& request) {
  PublishedTrack* track = from.find_sid(request.sid);
  if (track == nullptr) {
    send(from, no_track(request));
    return;
  }
  track->info.audio_features = distinct(request.features);
  track->info.stereo = has_feature(track->info, kStereo);
  track->info.disable_dtx = has_feature(track->info, kNoDtx);
  changed(from);
}

void Room::on_update_video_track(Participant& from, const client::UpdateVideoTrack& request) {
  PublishedTrack* track = from.find_sid(request.sid);
  if (track == nullptr) {
    send(from, no_track(request));
    return;
  }
  track->info.width = request.width;
  track->info.height = request.height;
  changed(from);
}

// Sizes of the layers that the track has: it gets no others by this.
void Room::on_update_video_layers(Participant& from, const client::UpdateVideoLayers& request) {
  PublishedTrack* track = from.find_sid(request.sid);
  if (track == nullptr) return;
  const auto update = [&](std::vector<VideoLayer>& layers) {
    for (const VideoLayer& asked : request.layers) {
      for (VideoLayer& layer : layers) {
        if (layer.quality != asked.quality) continue;
        layer.width = asked.width;
        layer.height = asked.height;
        layer.bitrate = asked.bitrate;
      }
    }
  };
  update(track->info.layers);
  for (SimulcastCodec& codec : track->info.codecs) update(codec.layers);
  changed(from);
}

}  // namespace turms::livekit
