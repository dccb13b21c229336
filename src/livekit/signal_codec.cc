#include "livekit/signal_codec.h"

#include <utility>

#include "livekit/pb.h"
#include "livekit/signal.pb.h"

namespace turms::livekit {
namespace {

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

// ---- values → protobuf

void fill(const SessionDescription& in, pb::SessionDescription& out) {
  out.set_type(in.type);
  out.set_sdp(in.sdp);
  out.set_id(in.id);
}

void fill(const Trickle& in, pb::TrickleRequest& out) {
  out.set_candidateinit(in.candidate_init);
  out.set_target(static_cast<pb::SignalTarget>(in.target));
  out.set_final(in.final);
}

void fill(const MuteTrack& in, pb::MuteTrackRequest& out) {
  out.set_sid(in.sid);
  out.set_muted(in.muted);
}

void fill(const client::AddTrack& in, pb::AddTrackRequest& out) {
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

void fill(const client::UpdateMetadata& in, pb::UpdateParticipantMetadata& out) {
  out.set_name(in.name);
  out.set_metadata(in.metadata);
  for (const auto& [key, value] : in.attributes) (*out.mutable_attributes())[key] = value;
  out.set_request_id(in.request_id);
}

void fill(const client::UpdateAudioTrack& in, pb::UpdateLocalAudioTrack& out) {
  out.set_track_sid(in.sid);
  for (const uint8_t feature : in.features) {
    out.add_features(static_cast<pb::AudioTrackFeature>(feature));
  }
}

void fill(const client::UpdateVideoTrack& in, pb::UpdateLocalVideoTrack& out) {
  out.set_track_sid(in.sid);
  out.set_width(in.width);
  out.set_height(in.height);
}

void fill(const server::ServerInfo& in, pb::ServerInfo& out) {
  out.set_edition(pb::ServerInfo::Standard);
  out.set_version(kServerVersion);
  out.set_protocol(kProtocolVersion);
  out.set_region(in.region);
  out.set_node_id(in.node_id);
}

void fill(const server::Join& in, pb::JoinResponse& out) {
  to_pb(in.room, *out.mutable_room());
  to_pb(in.participant, *out.mutable_participant());
  for (const ParticipantInfo& other : in.others) to_pb(other, *out.add_other_participants());
  fill(in.server, *out.mutable_server_info());
  out.set_server_version(kServerVersion);
  out.set_server_region(in.server.region);
  out.set_subscriber_primary(in.subscriber_primary);
  out.set_fast_publish(in.fast_publish);
  out.set_ping_interval(kPingIntervalSeconds);
  out.set_ping_timeout(kPingTimeoutSeconds);
  out.mutable_client_configuration()->set_resume_connection(pb::ENABLED);
  for (const rtc::Codec codec : in.room.enabled_codecs) {
    out.add_enabled_publish_codecs()->set_mime(rtc::mime_type(codec));
  }
}

void fill(const server::RequestResponse& in, pb::RequestResponse& out) {
  out.set_request_id(in.request_id);
  out.set_reason(static_cast<pb::RequestResponse::Reason>(in.reason));
  out.set_message(in.message);
  std::visit(
      Overload{
          [](const std::monostate&) {},
          [&](const client::AddTrack& r) { fill(r, *out.mutable_add_track()); },
          [&](const MuteTrack& r) { fill(r, *out.mutable_mute()); },
          [&](const client::UpdateMetadata& r) { fill(r, *out.mutable_update_metadata()); },
          [&](const client::UpdateAudioTrack& r) { fill(r, *out.mutable_update_audio_track()); },
          [&](const client::UpdateVideoTrack& r) { fill(r, *out.mutable_update_video_track()); },
      },
      in.request);
}

void fill_description(const SessionDescription& description, pb::SignalResponse& out) {
  fill(description, description.type == "offer" ? *out.mutable_offer() : *out.mutable_answer());
}

pb::SignalResponse to_pb(const ServerMessage& message) {
  pb::SignalResponse out;
  std::visit(
      Overload{
          [&](const server::Join& m) { fill(m, *out.mutable_join()); },
          [&](const server::Reconnect& m) {
            fill(m.server, *out.mutable_reconnect()->mutable_server_info());
          },
          [&](const server::Description& m) { fill_description(m.description, out); },
          [&](const server::ParticipantUpdate& m) {
            out.mutable_update();
            for (const ParticipantInfo& participant : m.participants) {
              to_pb(participant, *out.mutable_update()->add_participants());
            }
          },
          [&](const server::TrackPublished& m) {
            out.mutable_track_published()->set_cid(m.cid);
            to_pb(m.track, *out.mutable_track_published()->mutable_track());
          },
          [&](const server::TrackUnpublished& m) {
            out.mutable_track_unpublished()->set_track_sid(m.sid);
          },
          [&](const server::TrackSubscribed& m) {
            out.mutable_track_subscribed()->set_track_sid(m.sid);
          },
          [&](const server::Leave& m) {
            out.mutable_leave()->set_reason(static_cast<pb::DisconnectReason>(m.reason));
            out.mutable_leave()->set_action(static_cast<pb::LeaveRequest::Action>(m.action));
            out.mutable_leave()->set_can_reconnect(m.action != server::LeaveAction::kDisconnect);
          },
          [&](const MuteTrack& m) { fill(m, *out.mutable_mute()); },
          [&](const server::SpeakersChanged& m) {
            out.mutable_speakers_changed();
            for (const server::SpeakerState& speaker : m.speakers) {
              pb::SpeakerInfo& info = *out.mutable_speakers_changed()->add_speakers();
              info.set_sid(speaker.participant_sid);
              info.set_level(speaker.level);
              info.set_active(speaker.active);
            }
          },
          [&](const server::RoomUpdate& m) {
            livekit::to_pb(m.room, *out.mutable_room_update()->mutable_room());
          },
          [&](const server::ConnectionQualityUpdate& m) {
            out.mutable_connection_quality();
            for (const server::QualityInfo& update : m.updates) {
              pb::ConnectionQualityInfo& info = *out.mutable_connection_quality()->add_updates();
              info.set_participant_sid(update.participant_sid);
              info.set_quality(static_cast<pb::ConnectionQuality>(update.quality));
              info.set_score(update.score);
            }
          },
          [&](const server::SubscriptionPermissionUpdate& m) {
            pb::SubscriptionPermissionUpdate& update =
                *out.mutable_subscription_permission_update();
            update.set_participant_sid(m.participant_sid);
            update.set_track_sid(m.track_sid);
            update.set_allowed(m.allowed);
          },
          [&](const server::RefreshToken& m) { out.set_refresh_token(m.token); },
          [&](const server::LegacyPong& m) { out.set_pong(m.timestamp); },
          [&](const server::Pong& m) {
            out.mutable_pong_resp()->set_last_ping_timestamp(m.last_ping_timestamp);
            out.mutable_pong_resp()->set_timestamp(m.timestamp);
          },
          [&](const server::SubscriptionResponse& m) {
            out.mutable_subscription_response()->set_track_sid(m.track_sid);
            out.mutable_subscription_response()->set_err(
                static_cast<pb::SubscriptionError>(m.error));
          },
          [&](const server::RequestResponse& m) { fill(m, *out.mutable_request_response()); },
      },
      message);
  return out;
}

void fill(const client::UpdateSubscription& in, pb::UpdateSubscription& out) {
  for (const std::string& sid : in.track_sids) out.add_track_sids(sid);
  out.set_subscribe(in.subscribe);
}

pb::SignalRequest to_pb(const ClientMessage& message) {
  pb::SignalRequest out;
  std::visit(
      Overload{
          [](const client::Ignored&) {},
          [&](const client::Description& m) {
            fill(m.description,
                 m.description.type == "offer" ? *out.mutable_offer() : *out.mutable_answer());
          },
          [&](const Trickle& m) { fill(m, *out.mutable_trickle()); },
          [&](const client::AddTrack& m) { fill(m, *out.mutable_add_track()); },
          [&](const MuteTrack& m) { fill(m, *out.mutable_mute()); },
          [&](const client::UpdateSubscription& m) { fill(m, *out.mutable_subscription()); },
          [&](const client::UpdateTrackSettings& m) {
            pb::UpdateTrackSettings& settings = *out.mutable_track_setting();
            for (const std::string& sid : m.track_sids) settings.add_track_sids(sid);
            settings.set_disabled(m.disabled);
            settings.set_quality(static_cast<pb::VideoQuality>(m.quality));
            settings.set_width(m.width);
            settings.set_height(m.height);
            settings.set_fps(m.fps);
          },
          [&](const client::Leave&) { out.mutable_leave()->set_reason(pb::CLIENT_INITIATED); },
          [&](const client::SubscriptionPermission& m) {
            pb::SubscriptionPermission& permission = *out.mutable_subscription_permission();
            permission.set_all_participants(m.all_participants);
            for (const client::TrackPermission& track : m.tracks) {
              pb::TrackPermission& entry = *permission.add_track_permissions();
              entry.set_participant_sid(track.participant_sid);
              entry.set_participant_identity(track.participant_identity);
              entry.set_all_tracks(track.all_tracks);
              for (const std::string& sid : track.track_sids) entry.add_track_sids(sid);
            }
          },
          [&](const client::SyncState& m) {
            fill(m.subscription, *out.mutable_sync_state()->mutable_subscription());
            for (const std::string& sid : m.track_sids_disabled) {
              out.mutable_sync_state()->add_track_sids_disabled(sid);
            }
          },
          [&](const client::Simulate& m) {
            pb::SimulateScenario& simulate = *out.mutable_simulate();
            switch (m.scenario) {
              case client::Scenario::kOther:
                break;
              case client::Scenario::kNodeFailure:
                simulate.set_node_failure(true);
                break;
              case client::Scenario::kServerLeave:
                simulate.set_server_leave(true);
                break;
              case client::Scenario::kLeaveFullReconnect:
                simulate.set_leave_request_full_reconnect(true);
                break;
              case client::Scenario::kSpeaker:
                simulate.set_speaker_update(1);
                break;
            }
          },
          [&](const client::LegacyPing& m) { out.set_ping(m.timestamp); },
          [&](const client::Ping& m) {
            out.mutable_ping_req()->set_timestamp(m.timestamp);
            out.mutable_ping_req()->set_rtt(m.rtt_ms);
          },
          [&](const client::UpdateMetadata& m) { fill(m, *out.mutable_update_metadata()); },
          [&](const client::UpdateAudioTrack& m) { fill(m, *out.mutable_update_audio_track()); },
          [&](const client::UpdateVideoTrack& m) { fill(m, *out.mutable_update_video_track()); },
      },
      message);
  return out;
}

std::string serialize(Encoding encoding, const google::protobuf::Message& message) {
  return encoding == Encoding::kProtobuf ? message.SerializeAsString()
                                         : to_json(message, JsonNames::kCamel);
}

// ---- protobuf → values

SessionDescription read(const pb::SessionDescription& in) {
  return {in.type(), in.sdp(), in.id()};
}

std::vector<std::string> all_tracks(
    const google::protobuf::RepeatedPtrField<std::string>& sids,
    const google::protobuf::RepeatedPtrField<pb::ParticipantTracks>& participants) {
  std::vector<std::string> out(sids.begin(), sids.end());
  for (const pb::ParticipantTracks& tracks : participants) {
    out.insert(out.end(), tracks.track_sids().begin(), tracks.track_sids().end());
  }
  return out;
}

client::UpdateSubscription read(const pb::UpdateSubscription& in) {
  return {all_tracks(in.track_sids(), in.participant_tracks()), in.subscribe()};
}

template <class Field>
std::vector<uint8_t> small_numbers(const Field& in) {
  std::vector<uint8_t> out;
  for (const int value : in) {
    if (value >= 0 && value <= 255) out.push_back(static_cast<uint8_t>(value));
  }
  return out;
}

uint8_t small_number(int value) {
  return value >= 0 && value <= 255 ? static_cast<uint8_t>(value) : 0;
}

client::AddTrack read(const pb::AddTrackRequest& in) {
  client::AddTrack out;
  out.cid = in.cid();
  out.sid = in.sid();
  TrackInfo& info = out.info;
  info.name = in.name();
  info.type =
      pb::TrackType_IsValid(in.type()) ? static_cast<TrackType>(in.type()) : TrackType::kData;
  info.source = source_from_pb(in.source());
  info.stream = in.stream();
  info.muted = in.muted();
  info.width = in.width();
  info.height = in.height();
  for (const pb::VideoLayer& layer : in.layers()) info.layers.push_back(from_pb(layer));
  for (const pb::SimulcastCodec& simulcast : in.simulcast_codecs()) {
    SimulcastCodec codec;
    codec.mime_type = simulcast.codec();
    codec.cid = simulcast.cid();
    codec.video_layer_mode = small_number(simulcast.video_layer_mode());
    for (const pb::VideoLayer& layer : simulcast.layers()) codec.layers.push_back(from_pb(layer));
    info.codecs.push_back(std::move(codec));
  }
  info.backup_codec_policy = small_number(in.backup_codec_policy());
  info.encryption = pb::Encryption_Type_IsValid(in.encryption())
                        ? static_cast<EncryptionType>(in.encryption())
                        : EncryptionType::kCustom;
  info.disable_dtx = in.disable_dtx();
  info.stereo = in.stereo();
  info.disable_red = in.disable_red();
  info.audio_features = small_numbers(in.audio_features());
  info.packet_trailer_features = small_numbers(in.packet_trailer_features());
  return out;
}

client::SubscriptionPermission read(const pb::SubscriptionPermission& in) {
  client::SubscriptionPermission out;
  out.all_participants = in.all_participants();
  for (const pb::TrackPermission& track : in.track_permissions()) {
    out.tracks.push_back({track.participant_sid(),
                          track.participant_identity(),
                          track.all_tracks(),
                          {track.track_sids().begin(), track.track_sids().end()}});
  }
  return out;
}

client::UpdateTrackSettings read(const pb::UpdateTrackSettings& in) {
  client::UpdateTrackSettings out;
  out.track_sids.assign(in.track_sids().begin(), in.track_sids().end());
  out.disabled = in.disabled();
  out.quality = pb::VideoQuality_IsValid(in.quality()) ? static_cast<VideoQuality>(in.quality())
                                                       : VideoQuality::kHigh;
  out.width = in.width();
  out.height = in.height();
  out.fps = in.fps();
  return out;
}

client::Simulate read(const pb::SimulateScenario& in) {
  switch (in.scenario_case()) {
    case pb::SimulateScenario::kSpeakerUpdate:
      return {client::Scenario::kSpeaker};
    case pb::SimulateScenario::kNodeFailure:
      return {client::Scenario::kNodeFailure};
    case pb::SimulateScenario::kServerLeave:
      return {client::Scenario::kServerLeave};
    case pb::SimulateScenario::kLeaveRequestFullReconnect:
      return {client::Scenario::kLeaveFullReconnect};
    default:
      return {client::Scenario::kOther};
  }
}

client::UpdateMetadata read(const pb::UpdateParticipantMetadata& in) {
  return {
      in.name(), in.metadata(), {in.attributes().begin(), in.attributes().end()}, in.request_id()};
}

ClientMessage from_pb(const pb::SignalRequest& in) {
  switch (in.message_case()) {
    case pb::SignalRequest::kOffer: {
      client::Description out{read(in.offer())};
      out.description.type = "offer";
      return out;
    }
    case pb::SignalRequest::kAnswer: {
      client::Description out{read(in.answer())};
      out.description.type = "answer";
      return out;
    }
    case pb::SignalRequest::kTrickle:
      return Trickle{in.trickle().candidateinit(),
                     in.trickle().target() == pb::SUBSCRIBER ? TransportTarget::kSubscriber
                                                             : TransportTarget::kPublisher,
                     in.trickle().final()};
    case pb::SignalRequest::kAddTrack:
      return read(in.add_track());
    case pb::SignalRequest::kMute:
      return MuteTrack{in.mute().sid(), in.mute().muted()};
    case pb::SignalRequest::kSubscription:
      return read(in.subscription());
    case pb::SignalRequest::kTrackSetting:
      return read(in.track_setting());
    case pb::SignalRequest::kLeave:
      return client::Leave{};
    case pb::SignalRequest::kSubscriptionPermission:
      return read(in.subscription_permission());
    case pb::SignalRequest::kSyncState: {
      client::SyncState out;
      out.subscription = read(in.sync_state().subscription());
      out.track_sids_disabled.assign(in.sync_state().track_sids_disabled().begin(),
                                     in.sync_state().track_sids_disabled().end());
      return out;
    }
    case pb::SignalRequest::kSimulate:
      return read(in.simulate());
    case pb::SignalRequest::kPing:
      return client::LegacyPing{in.ping()};
    case pb::SignalRequest::kPingReq:
      return client::Ping{in.ping_req().timestamp(), in.ping_req().rtt()};
    case pb::SignalRequest::kUpdateMetadata:
      return read(in.update_metadata());
    case pb::SignalRequest::kUpdateAudioTrack:
      return client::UpdateAudioTrack{in.update_audio_track().track_sid(),
                                      small_numbers(in.update_audio_track().features())};
    case pb::SignalRequest::kUpdateVideoTrack:
      return client::UpdateVideoTrack{in.update_video_track().track_sid(),
                                      in.update_video_track().width(),
                                      in.update_video_track().height()};
    default:
      break;
  }
  return client::Ignored{};
}

}  // namespace

Result<ClientMessage> decode_client_message(Encoding encoding, ByteView data) {
  pb::SignalRequest message;
  const bool ok = encoding == Encoding::kProtobuf
                      ? message.ParseFromArray(data.data(), static_cast<int>(data.size()))
                      : from_json(as_text(data), message);
  if (!ok) return fail(ErrorCode::kInvalidArgument, "not a signal request");
  return from_pb(message);
}

std::string encode_server_message(Encoding encoding, const ServerMessage& message) {
  return serialize(encoding, to_pb(message));
}

std::string encode_client_message(Encoding encoding, const ClientMessage& message) {
  return serialize(encoding, to_pb(message));
}

}  // namespace turms::livekit
