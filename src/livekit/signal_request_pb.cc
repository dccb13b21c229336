// What clients say, from protobuf and (for tests and load generators) as protobuf.
#include <utility>

#include "livekit/signal_pb.h"

namespace turms::livekit {
namespace {

// ---- values → protobuf

void fill(const client::UpdateSubscription& in, pb::UpdateSubscription& out) {
  for (const std::string& sid : in.track_sids) out.add_track_sids(sid);
  out.set_subscribe(in.subscribe);
}

void fill(const client::UpdateTrackSettings& in, pb::UpdateTrackSettings& out) {
  for (const std::string& sid : in.track_sids) out.add_track_sids(sid);
  out.set_disabled(in.disabled);
  out.set_quality(static_cast<pb::VideoQuality>(in.quality));
  out.set_width(in.width);
  out.set_height(in.height);
  out.set_fps(in.fps);
  out.set_priority(in.priority);
}

void fill(const client::SubscriptionPermission& in, pb::SubscriptionPermission& out) {
  out.set_all_participants(in.all_participants);
  for (const client::TrackPermission& track : in.tracks) {
    pb::TrackPermission& entry = *out.add_track_permissions();
    entry.set_participant_sid(track.participant_sid);
    entry.set_participant_identity(track.participant_identity);
    entry.set_all_tracks(track.all_tracks);
    for (const std::string& sid : track.track_sids) entry.add_track_sids(sid);
  }
}

void fill(const client::UpdateDataSubscription& in, pb::UpdateDataSubscription& out) {
  for (const client::DataSubscription& update : in.updates) {
    pb::UpdateDataSubscription::Update& entry = *out.add_updates();
    entry.set_track_sid(update.track_sid);
    entry.set_subscribe(update.subscribe);
    if (update.target_fps) entry.mutable_options()->set_target_fps(*update.target_fps);
  }
}

void fill(const client::SyncState& in, pb::SyncState& out) {
  fill(in.subscription, *out.mutable_subscription());
  for (const std::string& sid : in.track_sids_disabled) out.add_track_sids_disabled(sid);
  if (in.answer) to_pb(*in.answer, *out.mutable_answer());
  if (in.offer) to_pb(*in.offer, *out.mutable_offer());
  for (const client::PublishedTrackState& track : in.publish_tracks) {
    pb::TrackPublishedResponse& entry = *out.add_publish_tracks();
    entry.set_cid(track.cid);
    to_pb(track.track, *entry.mutable_track());
  }
  for (const client::DataChannelState& channel : in.data_channels) {
    pb::DataChannelInfo& entry = *out.add_data_channels();
    entry.set_label(channel.label);
    entry.set_id(channel.id);
    entry.set_target(static_cast<pb::SignalTarget>(channel.target));
  }
  for (const client::DataReceiveState& state : in.data_receive_states) {
    pb::DataChannelReceiveState& entry = *out.add_datachannel_receive_states();
    entry.set_publisher_sid(state.publisher_sid);
    entry.set_last_seq(state.last_sequence);
  }
  for (const DataTrackInfo& track : in.publish_data_tracks) {
    to_pb(track, *out.add_publish_data_tracks()->mutable_info());
  }
  if (!in.data_subscription.updates.empty()) {
    fill(in.data_subscription, *out.mutable_data_subscription());
  }
}

void fill(const client::Simulate& in, pb::SimulateScenario& out) {
  switch (in.scenario) {
    case client::Scenario::kOther:
      return;
    case client::Scenario::kSpeaker:
      return out.set_speaker_update(static_cast<int32_t>(in.value));
    case client::Scenario::kNodeFailure:
      return out.set_node_failure(true);
    case client::Scenario::kMigration:
      return out.set_migration(true);
    case client::Scenario::kServerLeave:
      return out.set_server_leave(true);
    case client::Scenario::kSwitchCandidateProtocol:
      return out.set_switch_candidate_protocol(static_cast<pb::CandidateProtocol>(in.value));
    case client::Scenario::kSubscriberBandwidth:
      return out.set_subscriber_bandwidth(in.value);
    case client::Scenario::kDisconnectSignalOnResume:
      return out.set_disconnect_signal_on_resume(true);
    case client::Scenario::kDisconnectSignalOnResumeNoMessages:
      return out.set_disconnect_signal_on_resume_no_messages(true);
    case client::Scenario::kLeaveFullReconnect:
      return out.set_leave_request_full_reconnect(true);
  }
}

/// Puts a value into the field of the request that is its own.
class Filler {
 public:
  explicit Filler(pb::SignalRequest& out) : out_(out) {}

  void operator()(const client::Ignored&) {}
  void operator()(const client::Description& m) {
    to_pb(m.description,
          m.description.type == "offer" ? *out_.mutable_offer() : *out_.mutable_answer());
  }
  void operator()(const Trickle& m) { to_pb(m, *out_.mutable_trickle()); }
  void operator()(const client::AddTrack& m) { to_pb(m, *out_.mutable_add_track()); }
  void operator()(const MuteTrack& m) { to_pb(m, *out_.mutable_mute()); }
  void operator()(const client::UpdateSubscription& m) { fill(m, *out_.mutable_subscription()); }
  void operator()(const client::UpdateTrackSettings& m) { fill(m, *out_.mutable_track_setting()); }
  void operator()(const client::Leave& m) {
    out_.mutable_leave()->set_reason(static_cast<pb::DisconnectReason>(m.reason));
  }
  void operator()(const client::SubscriptionPermission& m) {
    fill(m, *out_.mutable_subscription_permission());
  }
  void operator()(const client::SyncState& m) { fill(m, *out_.mutable_sync_state()); }
  void operator()(const client::Simulate& m) { fill(m, *out_.mutable_simulate()); }
  void operator()(const client::LegacyPing& m) { out_.set_ping(m.timestamp); }
  void operator()(const client::Ping& m) {
    out_.mutable_ping_req()->set_timestamp(m.timestamp);
    out_.mutable_ping_req()->set_rtt(m.rtt_ms);
  }
  void operator()(const client::UpdateMetadata& m) { to_pb(m, *out_.mutable_update_metadata()); }
  void operator()(const client::UpdateAudioTrack& m) {
    to_pb(m, *out_.mutable_update_audio_track());
  }
  void operator()(const client::UpdateVideoTrack& m) {
    to_pb(m, *out_.mutable_update_video_track());
  }
  void operator()(const client::UpdateVideoLayers& m) {
    out_.mutable_update_layers()->set_track_sid(m.sid);
    for (const VideoLayer& layer : m.layers)
      to_pb(layer, *out_.mutable_update_layers()->add_layers());
  }
  void operator()(const client::PublishDataTrack& m) {
    to_pb(m, *out_.mutable_publish_data_track_request());
  }
  void operator()(const client::UnpublishDataTrack& m) {
    out_.mutable_unpublish_data_track_request()->set_pub_handle(m.pub_handle);
  }
  void operator()(const client::UpdateDataSubscription& m) {
    fill(m, *out_.mutable_update_data_subscription());
  }
  void operator()(const client::StoreDataBlob& m) {
    out_.mutable_store_data_blob_request()->set_request_id(m.request_id);
    to_pb(m.blob, *out_.mutable_store_data_blob_request()->mutable_blob());
  }
  void operator()(const client::GetDataBlob& m) {
    pb::GetDataBlobRequest& request = *out_.mutable_get_data_blob_request();
    request.set_request_id(m.request_id);
    request.set_participant_identity(m.participant_identity);
    to_pb(m.key, *request.mutable_key());
  }

 private:
  pb::SignalRequest& out_;
};

// ---- protobuf → values

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

TransportTarget read(pb::SignalTarget in) {
  return in == pb::SUBSCRIBER ? TransportTarget::kSubscriber : TransportTarget::kPublisher;
}

client::UpdateSubscription read(const pb::UpdateSubscription& in) {
  client::UpdateSubscription out;
  out.track_sids.assign(in.track_sids().begin(), in.track_sids().end());
  for (const pb::ParticipantTracks& tracks : in.participant_tracks()) {
    out.track_sids.insert(out.track_sids.end(), tracks.track_sids().begin(),
                          tracks.track_sids().end());
  }
  out.subscribe = in.subscribe();
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
  out.priority = in.priority();
  return out;
}

client::Simulate read(const pb::SimulateScenario& in) {
  using client::Scenario;
  switch (in.scenario_case()) {
    case pb::SimulateScenario::kSpeakerUpdate:
      return {Scenario::kSpeaker, in.speaker_update()};
    case pb::SimulateScenario::kNodeFailure:
      return {Scenario::kNodeFailure};
    case pb::SimulateScenario::kMigration:
      return {Scenario::kMigration};
    case pb::SimulateScenario::kServerLeave:
      return {Scenario::kServerLeave};
    case pb::SimulateScenario::kSwitchCandidateProtocol:
      if (!pb::CandidateProtocol_IsValid(in.switch_candidate_protocol())) break;
      return {Scenario::kSwitchCandidateProtocol, in.switch_candidate_protocol()};
    case pb::SimulateScenario::kSubscriberBandwidth:
      return {Scenario::kSubscriberBandwidth, in.subscriber_bandwidth()};
    case pb::SimulateScenario::kDisconnectSignalOnResume:
      return {Scenario::kDisconnectSignalOnResume};
    case pb::SimulateScenario::kDisconnectSignalOnResumeNoMessages:
      return {Scenario::kDisconnectSignalOnResumeNoMessages};
    case pb::SimulateScenario::kLeaveRequestFullReconnect:
      return {Scenario::kLeaveFullReconnect};
    case pb::SimulateScenario::SCENARIO_NOT_SET:
      break;
  }
  return {};
}

// A client may say why it goes only as far as that is its own affair.
client::Leave read(const pb::LeaveRequest& in) {
  switch (in.reason()) {
    case pb::USER_UNAVAILABLE:
      return {DisconnectReason::kUserUnavailable};
    case pb::USER_REJECTED:
      return {DisconnectReason::kUserRejected};
    case pb::AGENT_ERROR:
      return {DisconnectReason::kAgentError};
    default:
      return {DisconnectReason::kClientInitiated};
  }
}

client::UpdateMetadata read(const pb::UpdateParticipantMetadata& in) {
  return {
      in.name(), in.metadata(), {in.attributes().begin(), in.attributes().end()}, in.request_id()};
}

client::UpdateVideoLayers read(const pb::UpdateVideoLayers& in) {
  client::UpdateVideoLayers out;
  out.sid = in.track_sid();
  for (const pb::VideoLayer& layer : in.layers()) out.layers.push_back(from_pb(layer));
  return out;
}

client::PublishDataTrack read(const pb::PublishDataTrackRequest& in) {
  pb::DataTrackInfo info;
  info.set_pub_handle(in.pub_handle());
  info.set_name(in.name());
  info.set_encryption(in.encryption());
  if (in.has_frame_encoding()) *info.mutable_frame_encoding() = in.frame_encoding();
  if (in.has_schema()) *info.mutable_schema() = in.schema();
  return {from_pb(info)};
}

client::UpdateDataSubscription read(const pb::UpdateDataSubscription& in) {
  client::UpdateDataSubscription out;
  for (const pb::UpdateDataSubscription::Update& update : in.updates()) {
    client::DataSubscription entry{update.track_sid(), update.subscribe(), std::nullopt};
    if (update.options().has_target_fps()) entry.target_fps = update.options().target_fps();
    out.updates.push_back(std::move(entry));
  }
  return out;
}

DataBlobKey read(const pb::DataBlobKey& in) {
  switch (in.key_case()) {
    case pb::DataBlobKey::kGeneric:
      return in.generic();
    case pb::DataBlobKey::kSchemaId:
      return from_pb(in.schema_id());
    case pb::DataBlobKey::KEY_NOT_SET:
      break;
  }
  return {};
}

client::StoreDataBlob read(const pb::StoreDataBlobRequest& in) {
  return {in.request_id(), {read(in.blob().key()), in.blob().contents()}};
}

client::GetDataBlob read(const pb::GetDataBlobRequest& in) {
  return {in.request_id(), in.participant_identity(), read(in.key())};
}

client::Description described(const pb::SessionDescription& in, const char* type) {
  client::Description out{from_pb(in)};
  out.description.type = type;
  return out;
}

}  // namespace

void to_pb(const ClientMessage& in, pb::SignalRequest& out) {
  std::visit(Filler(out), in);
}

SessionDescription from_pb(const pb::SessionDescription& in) {
  return {in.type(), in.sdp(), in.id(), {in.mid_to_track_id().begin(), in.mid_to_track_id().end()}};
}

client::AddTrack from_pb(const pb::AddTrackRequest& in) {
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
  info.encryption = encryption_from_pb(in.encryption());
  info.disable_dtx = in.disable_dtx();
  info.stereo = in.stereo();
  info.disable_red = in.disable_red();
  info.audio_features = small_numbers(in.audio_features());
  info.packet_trailer_features = small_numbers(in.packet_trailer_features());
  return out;
}

client::SyncState from_pb(const pb::SyncState& in) {
  client::SyncState out;
  out.subscription = read(in.subscription());
  out.track_sids_disabled.assign(in.track_sids_disabled().begin(), in.track_sids_disabled().end());
  if (in.has_answer()) out.answer = from_pb(in.answer());
  if (in.has_offer()) out.offer = from_pb(in.offer());
  for (const pb::TrackPublishedResponse& track : in.publish_tracks()) {
    out.publish_tracks.push_back({track.cid(), from_pb(track.track())});
  }
  for (const pb::DataChannelInfo& channel : in.data_channels()) {
    out.data_channels.push_back({channel.label(), channel.id(), read(channel.target())});
  }
  for (const pb::DataChannelReceiveState& state : in.datachannel_receive_states()) {
    out.data_receive_states.push_back({state.publisher_sid(), state.last_seq()});
  }
  for (const pb::PublishDataTrackResponse& track : in.publish_data_tracks()) {
    out.publish_data_tracks.push_back(from_pb(track.info()));
  }
  out.data_subscription = read(in.data_subscription());
  return out;
}

ClientMessage from_pb(const pb::SignalRequest& in) {
  switch (in.message_case()) {
    case pb::SignalRequest::kOffer:
      return described(in.offer(), "offer");
    case pb::SignalRequest::kAnswer:
      return described(in.answer(), "answer");
    case pb::SignalRequest::kTrickle:
      return Trickle{in.trickle().candidateinit(), read(in.trickle().target()),
                     in.trickle().final()};
    case pb::SignalRequest::kAddTrack:
      return from_pb(in.add_track());
    case pb::SignalRequest::kMute:
      return MuteTrack{in.mute().sid(), in.mute().muted()};
    case pb::SignalRequest::kSubscription:
      return read(in.subscription());
    case pb::SignalRequest::kTrackSetting:
      return read(in.track_setting());
    case pb::SignalRequest::kLeave:
      return read(in.leave());
    case pb::SignalRequest::kUpdateLayers:
      return read(in.update_layers());
    case pb::SignalRequest::kSubscriptionPermission:
      return read(in.subscription_permission());
    case pb::SignalRequest::kSyncState:
      return from_pb(in.sync_state());
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
    case pb::SignalRequest::kPublishDataTrackRequest:
      return read(in.publish_data_track_request());
    case pb::SignalRequest::kUnpublishDataTrackRequest:
      return client::UnpublishDataTrack{in.unpublish_data_track_request().pub_handle()};
    case pb::SignalRequest::kUpdateDataSubscription:
      return read(in.update_data_subscription());
    case pb::SignalRequest::kStoreDataBlobRequest:
      return read(in.store_data_blob_request());
    case pb::SignalRequest::kGetDataBlobRequest:
      return read(in.get_data_blob_request());
    case pb::SignalRequest::MESSAGE_NOT_SET:
      break;
  }
  return client::Ignored{};
}

}  // namespace turms::livekit
