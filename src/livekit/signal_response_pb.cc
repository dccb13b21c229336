// What the server says, as protobuf.
#include "livekit/signal_pb.h"

namespace turms::livekit {
namespace {

void fill(const server::IceServer& in, pb::ICEServer& out) {
  for (const std::string& url : in.urls) out.add_urls(url);
  out.set_username(in.username);
  out.set_credential(in.credential);
}

void fill(const server::Join& in, pb::JoinResponse& out) {
  to_pb(in.room, *out.mutable_room());
  to_pb(in.participant, *out.mutable_participant());
  for (const ParticipantInfo& other : in.others) to_pb(other, *out.add_other_participants());
  to_pb(in.server, *out.mutable_server_info());
  out.set_server_version(kServerVersion);
  out.set_server_region(in.server.region);
  out.set_subscriber_primary(in.subscriber_primary);
  out.set_fast_publish(in.fast_publish);
  out.set_ping_interval(kPingIntervalSeconds);
  out.set_ping_timeout(kPingTimeoutSeconds);
  for (const server::IceServer& server : in.ice_servers) fill(server, *out.add_ice_servers());
  if (in.client_configuration.force_relay) {
    out.mutable_client_configuration()->set_force_relay(pb::ENABLED);
  }
  out.set_sif_trailer(in.sif_trailer);
  for (const rtc::Codec codec : in.room.enabled_codecs) {
    out.add_enabled_publish_codecs()->set_mime(rtc::mime_type(codec));
  }
}

void fill(const server::Reconnect& in, pb::ReconnectResponse& out) {
  to_pb(in.server, *out.mutable_server_info());
  for (const server::IceServer& server : in.ice_servers) fill(server, *out.add_ice_servers());
  if (in.client_configuration.force_relay) {
    out.mutable_client_configuration()->set_force_relay(pb::ENABLED);
  }
  out.set_last_message_seq(in.last_message_sequence);
}

void fill(const server::Leave& in, pb::LeaveRequest& out) {
  out.set_reason(static_cast<pb::DisconnectReason>(in.reason));
  out.set_action(static_cast<pb::LeaveRequest::Action>(in.action));
  out.set_can_reconnect(in.action != server::LeaveAction::kDisconnect);
}

void fill(const server::SpeakersChanged& in, pb::SpeakersChanged& out) {
  for (const server::SpeakerState& speaker : in.speakers) {
    pb::SpeakerInfo& info = *out.add_speakers();
    info.set_sid(speaker.participant_sid);
    info.set_level(speaker.level);
    info.set_active(speaker.active);
  }
}

void fill(const server::ConnectionQualityUpdate& in, pb::ConnectionQualityUpdate& out) {
  for (const server::QualityInfo& update : in.updates) {
    pb::ConnectionQualityInfo& info = *out.add_updates();
    info.set_participant_sid(update.participant_sid);
    info.set_quality(static_cast<pb::ConnectionQuality>(update.quality));
    info.set_score(update.score);
  }
}

void fill(const server::StreamStateUpdate& in, pb::StreamStateUpdate& out) {
  for (const server::StreamStateInfo& stream : in.streams) {
    pb::StreamStateInfo& info = *out.add_stream_states();
    info.set_participant_sid(stream.participant_sid);
    info.set_track_sid(stream.track_sid);
    info.set_state(static_cast<pb::StreamState>(stream.state));
  }
}

void fill(const server::SubscribedQualityUpdate& in, pb::SubscribedQualityUpdate& out) {
  const auto add = [](const server::SubscribedQuality& quality, pb::SubscribedQuality& to) {
    to.set_quality(static_cast<pb::VideoQuality>(quality.quality));
    to.set_enabled(quality.enabled);
  };
  out.set_track_sid(in.track_sid);
  for (const server::SubscribedCodec& codec : in.codecs) {
    pb::SubscribedCodec& entry = *out.add_subscribed_codecs();
    entry.set_codec(codec.codec);
    for (const auto& quality : codec.qualities) add(quality, *entry.add_qualities());
  }
  // For clients that know one codec per track only.
  if (in.codecs.empty()) return;
  for (const auto& quality : in.codecs.front().qualities) {
    add(quality, *out.add_subscribed_qualities());
  }
}

void fill(const server::SubscribedAudioCodecUpdate& in, pb::SubscribedAudioCodecUpdate& out) {
  out.set_track_sid(in.track_sid);
  for (const server::SubscribedAudioCodec& codec : in.codecs) {
    pb::SubscribedAudioCodec& entry = *out.add_subscribed_audio_codecs();
    entry.set_codec(codec.codec);
    entry.set_enabled(codec.enabled);
  }
}

void fill(const server::SubscriptionPermissionUpdate& in, pb::SubscriptionPermissionUpdate& out) {
  out.set_participant_sid(in.participant_sid);
  out.set_track_sid(in.track_sid);
  out.set_allowed(in.allowed);
}

void fill(const server::RoomMoved& in, pb::RoomMovedResponse& out) {
  to_pb(in.room, *out.mutable_room());
  out.set_token(in.token);
  to_pb(in.participant, *out.mutable_participant());
  for (const ParticipantInfo& other : in.others) to_pb(other, *out.add_other_participants());
}

void fill(const server::RequestResponse& in, pb::RequestResponse& out) {
  out.set_request_id(in.request_id);
  out.set_reason(static_cast<pb::RequestResponse::Reason>(in.reason));
  out.set_message(in.message);
  std::visit(
      Overload{
          [](const std::monostate&) {},
          [&](const Trickle& r) { to_pb(r, *out.mutable_trickle()); },
          [&](const client::AddTrack& r) { to_pb(r, *out.mutable_add_track()); },
          [&](const MuteTrack& r) { to_pb(r, *out.mutable_mute()); },
          [&](const client::UpdateMetadata& r) { to_pb(r, *out.mutable_update_metadata()); },
          [&](const client::UpdateAudioTrack& r) { to_pb(r, *out.mutable_update_audio_track()); },
          [&](const client::UpdateVideoTrack& r) { to_pb(r, *out.mutable_update_video_track()); },
          [&](const client::PublishDataTrack& r) { to_pb(r, *out.mutable_publish_data_track()); },
          [&](const client::UnpublishDataTrack& r) {
            out.mutable_unpublish_data_track()->set_pub_handle(r.pub_handle);
          },
      },
      in.request);
}

void fill(const server::DataTrackSubscriberHandles& in, pb::DataTrackSubscriberHandles& out) {
  for (const auto& [handle, track] : in.handles) {
    auto& entry = (*out.mutable_sub_handles())[handle];
    entry.set_publisher_identity(track.publisher_identity);
    entry.set_publisher_sid(track.publisher_sid);
    entry.set_track_sid(track.track_sid);
  }
}

/// Puts a value into the field of the response that is its own.
class Filler {
 public:
  explicit Filler(pb::SignalResponse& out) : out_(out) {}

  void operator()(const server::Join& m) { fill(m, *out_.mutable_join()); }
  void operator()(const server::Reconnect& m) { fill(m, *out_.mutable_reconnect()); }
  void operator()(const server::Description& m) {
    to_pb(m.description,
          m.description.type == "offer" ? *out_.mutable_offer() : *out_.mutable_answer());
  }
  void operator()(const Trickle& m) { to_pb(m, *out_.mutable_trickle()); }
  void operator()(const server::MediaSectionsRequirement& m) {
    out_.mutable_media_sections_requirement()->set_num_audios(m.audios);
    out_.mutable_media_sections_requirement()->set_num_videos(m.videos);
  }
  void operator()(const server::Leave& m) { fill(m, *out_.mutable_leave()); }

  void operator()(const server::ParticipantUpdate& m) {
    pb::ParticipantUpdate& update = *out_.mutable_update();
    for (const ParticipantInfo& participant : m.participants) {
      to_pb(participant, *update.add_participants());
    }
  }
  void operator()(const server::RoomUpdate& m) {
    to_pb(m.room, *out_.mutable_room_update()->mutable_room());
  }
  void operator()(const server::RoomMoved& m) { fill(m, *out_.mutable_room_moved()); }
  void operator()(const server::SpeakersChanged& m) { fill(m, *out_.mutable_speakers_changed()); }
  void operator()(const server::ConnectionQualityUpdate& m) {
    fill(m, *out_.mutable_connection_quality());
  }

  void operator()(const server::TrackPublished& m) {
    out_.mutable_track_published()->set_cid(m.cid);
    to_pb(m.track, *out_.mutable_track_published()->mutable_track());
  }
  void operator()(const server::TrackUnpublished& m) {
    out_.mutable_track_unpublished()->set_track_sid(m.sid);
  }
  void operator()(const MuteTrack& m) { to_pb(m, *out_.mutable_mute()); }
  void operator()(const server::SubscribedQualityUpdate& m) {
    fill(m, *out_.mutable_subscribed_quality_update());
  }
  void operator()(const server::SubscribedAudioCodecUpdate& m) {
    fill(m, *out_.mutable_subscribed_audio_codec_update());
  }
  void operator()(const server::TrackSubscribed& m) {
    out_.mutable_track_subscribed()->set_track_sid(m.sid);
  }

  void operator()(const server::StreamStateUpdate& m) {
    fill(m, *out_.mutable_stream_state_update());
  }
  void operator()(const server::SubscriptionPermissionUpdate& m) {
    fill(m, *out_.mutable_subscription_permission_update());
  }
  void operator()(const server::SubscriptionResponse& m) {
    out_.mutable_subscription_response()->set_track_sid(m.track_sid);
    out_.mutable_subscription_response()->set_err(static_cast<pb::SubscriptionError>(m.error));
  }

  void operator()(const server::RequestResponse& m) { fill(m, *out_.mutable_request_response()); }
  void operator()(const server::RefreshToken& m) { out_.set_refresh_token(m.token); }
  void operator()(const server::LegacyPong& m) { out_.set_pong(m.timestamp); }
  void operator()(const server::Pong& m) {
    out_.mutable_pong_resp()->set_last_ping_timestamp(m.last_ping_timestamp);
    out_.mutable_pong_resp()->set_timestamp(m.timestamp);
  }

  void operator()(const server::DataTrackPublished& m) {
    to_pb(m.info, *out_.mutable_publish_data_track_response()->mutable_info());
  }
  void operator()(const server::DataTrackUnpublished& m) {
    to_pb(m.info, *out_.mutable_unpublish_data_track_response()->mutable_info());
  }
  void operator()(const server::DataTrackSubscriberHandles& m) {
    fill(m, *out_.mutable_data_track_subscriber_handles());
  }
  void operator()(const server::DataBlobStored& m) {
    out_.mutable_store_data_blob_response()->set_request_id(m.request_id);
    to_pb(m.key, *out_.mutable_store_data_blob_response()->mutable_key());
  }
  void operator()(const server::DataBlobFound& m) {
    out_.mutable_get_data_blob_response()->set_request_id(m.request_id);
    to_pb(m.blob, *out_.mutable_get_data_blob_response()->mutable_blob());
  }

 private:
  pb::SignalResponse& out_;
};

}  // namespace

void to_pb(const server::ServerInfo& in, pb::ServerInfo& out) {
  out.set_edition(pb::ServerInfo::Standard);
  out.set_version(kServerVersion);
  out.set_protocol(kProtocolVersion);
  out.set_region(in.region);
  out.set_node_id(in.node_id);
  out.set_agent_protocol(kAgentProtocolVersion);
}

void to_pb(const ServerMessage& in, pb::SignalResponse& out) {
  std::visit(Filler(out), in);
}

}  // namespace turms::livekit
