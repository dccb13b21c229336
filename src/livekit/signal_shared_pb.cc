// The parts of signalling messages that clients and the server both send, as protobuf.
#include "livekit/signal_pb.h"

namespace turms::livekit {

void to_pb(const SessionDescription& in, pb::SessionDescription& out) {
  out.set_type(in.type);
  out.set_sdp(in.sdp);
  out.set_id(in.id);
  out.mutable_mid_to_track_id()->insert(in.mid_to_track_id.begin(), in.mid_to_track_id.end());
}

void to_pb(const Trickle& in, pb::TrickleRequest& out) {
  out.set_candidateinit(in.candidate_init);
  out.set_target(static_cast<pb::SignalTarget>(in.target));
  out.set_final(in.final);
}

void to_pb(const MuteTrack& in, pb::MuteTrackRequest& out) {
  out.set_sid(in.sid);
  out.set_muted(in.muted);
}

void to_pb(const client::AddTrack& in, pb::AddTrackRequest& out) {
  const TrackInfo& info = in.info;
  out.set_cid(in.cid);
  out.set_sid(in.sid);
  out.set_name(info.name);
  out.set_type(static_cast<pb::TrackType>(info.type));
  out.set_source(static_cast<pb::TrackSource>(info.source));
  out.set_stream(info.stream);
  out.set_muted(info.muted);
  out.set_width(info.width);
  out.set_height(info.height);
  for (const VideoLayer& layer : info.layers) to_pb(layer, *out.add_layers());
  for (const SimulcastCodec& codec : info.codecs) {
    pb::SimulcastCodec& simulcast = *out.add_simulcast_codecs();
    simulcast.set_codec(codec.mime_type);
    simulcast.set_cid(codec.cid);
    simulcast.set_video_layer_mode(static_cast<pb::VideoLayer::Mode>(codec.video_layer_mode));
    for (const VideoLayer& layer : codec.layers) to_pb(layer, *simulcast.add_layers());
  }
  out.set_backup_codec_policy(static_cast<pb::BackupCodecPolicy>(info.backup_codec_policy));
  out.set_encryption(static_cast<pb::Encryption::Type>(info.encryption));
  out.set_disable_dtx(info.disable_dtx);
  out.set_stereo(info.stereo);
  out.set_disable_red(info.disable_red);
  for (const uint8_t feature : info.audio_features) {
    out.add_audio_features(static_cast<pb::AudioTrackFeature>(feature));
  }
  for (const uint8_t feature : info.packet_trailer_features) {
    out.add_packet_trailer_features(static_cast<pb::PacketTrailerFeature>(feature));
  }
}

void to_pb(const client::UpdateMetadata& in, pb::UpdateParticipantMetadata& out) {
  out.set_name(in.name);
  out.set_metadata(in.metadata);
  out.mutable_attributes()->insert(in.attributes.begin(), in.attributes.end());
  out.set_request_id(in.request_id);
}

void to_pb(const client::UpdateAudioTrack& in, pb::UpdateLocalAudioTrack& out) {
  out.set_track_sid(in.sid);
  for (const uint8_t feature : in.features) {
    out.add_features(static_cast<pb::AudioTrackFeature>(feature));
  }
}

void to_pb(const client::UpdateVideoTrack& in, pb::UpdateLocalVideoTrack& out) {
  out.set_track_sid(in.sid);
  out.set_width(in.width);
  out.set_height(in.height);
}

void to_pb(const client::PublishDataTrack& in, pb::PublishDataTrackRequest& out) {
  // The request is the record without what the server adds.
  pb::DataTrackInfo info;
  to_pb(in.info, info);
  out.set_pub_handle(info.pub_handle());
  out.set_name(info.name());
  out.set_encryption(info.encryption());
  if (info.has_frame_encoding()) *out.mutable_frame_encoding() = info.frame_encoding();
  if (info.has_schema()) *out.mutable_schema() = info.schema();
}

void to_pb(const DataBlobKey& in, pb::DataBlobKey& out) {
  std::visit(Overload{
                 [](const std::monostate&) {},
                 [&](const std::string& key) { out.set_generic(key); },
                 [&](const DataTrackSchemaId& key) { to_pb(key, *out.mutable_schema_id()); },
             },
             in);
}

void to_pb(const DataBlob& in, pb::DataBlob& out) {
  to_pb(in.key, *out.mutable_key());
  out.set_contents(in.contents);
}

}  // namespace turms::livekit
