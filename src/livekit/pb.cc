#include "livekit/pb.h"

#include <google/protobuf/stubs/logging.h>

#include "livekit/strict_json.h"
#include "rtc/parameters.h"

namespace turms::livekit {
namespace {

/// Of the two messages that are "a number of the protocol's or a name of the application's own".
template <class Message>
void fill(const DataEncoding& in, Message& out) {
  if (const auto* number = std::get_if<int32_t>(&in)) {
    out.set_well_known(static_cast<decltype(out.well_known())>(*number));
  } else if (const auto* name = std::get_if<std::string>(&in)) {
    out.set_custom(*name);
  }
}

template <class Message>
DataEncoding read(const Message& in) {
  switch (in.value_case()) {
    case Message::kWellKnown:
      return static_cast<int32_t>(in.well_known());
    case Message::kCustom:
      return in.custom();
    case Message::VALUE_NOT_SET:
      break;
  }
  return {};
}

// Protobuf would write a line to stderr for every message with bad UTF-8: hostile bytes are counted
// where they are refused, not logged.
[[maybe_unused]] const bool kSilenced = [] {
  google::protobuf::SetLogHandler(nullptr);
  return true;
}();

}  // namespace

void to_pb(const RoomInfo& in, pb::Room& out) {
  out.set_sid(in.sid);
  out.set_name(in.name);
  out.set_metadata(in.metadata);
  out.set_creation_time(in.creation_time_ms / 1000);
  out.set_creation_time_ms(in.creation_time_ms);
  out.set_empty_timeout(in.empty_timeout_s);
  out.set_departure_timeout(in.departure_timeout_s);
  out.set_max_participants(in.max_participants);
  out.set_num_participants(in.num_participants);
  out.set_num_publishers(in.num_publishers);
  out.set_active_recording(in.active_recording);
  for (const rtc::Codec codec : in.enabled_codecs) {
    out.add_enabled_codecs()->set_mime(rtc::mime_type(codec));
  }
}

void to_pb(const Permission& in, pb::ParticipantPermission& out) {
  out.set_can_subscribe(in.can_subscribe);
  out.set_can_publish(in.can_publish);
  out.set_can_publish_data(in.can_publish_data);
  for (const TrackSource source : in.can_publish_sources) {
    out.add_can_publish_sources(static_cast<pb::TrackSource>(source));
  }
  out.set_hidden(in.hidden);
  out.set_recorder(in.recorder);
  out.set_agent(in.agent);
  out.set_can_update_metadata(in.can_update_metadata);
  out.set_can_subscribe_metrics(in.can_subscribe_metrics);
  out.set_can_manage_agent_session(in.can_manage_agent_session);
}

Permission from_pb(const pb::ParticipantPermission& in) {
  Permission out;
  out.can_subscribe = in.can_subscribe();
  out.can_publish = in.can_publish();
  out.can_publish_data = in.can_publish_data();
  for (const int source : in.can_publish_sources()) {
    out.can_publish_sources.push_back(source_from_pb(source));
  }
  out.hidden = in.hidden();
  out.recorder = in.recorder();
  out.agent = in.agent();
  out.can_update_metadata = in.can_update_metadata();
  out.can_subscribe_metrics = in.can_subscribe_metrics();
  out.can_manage_agent_session = in.can_manage_agent_session();
  return out;
}

void to_pb(const VideoLayer& in, pb::VideoLayer& out) {
  out.set_quality(static_cast<pb::VideoQuality>(in.quality));
  out.set_width(in.width);
  out.set_height(in.height);
  out.set_bitrate(in.bitrate);
  out.set_ssrc(in.ssrc);
  out.set_spatial_layer(in.spatial_layer);
  out.set_rid(in.rid);
  out.set_repair_ssrc(in.repair_ssrc);
}

VideoLayer from_pb(const pb::VideoLayer& in) {
  VideoLayer out;
  out.quality = pb::VideoQuality_IsValid(in.quality()) ? static_cast<VideoQuality>(in.quality())
                                                       : VideoQuality::kHigh;
  out.width = in.width();
  out.height = in.height();
  out.bitrate = in.bitrate();
  out.ssrc = in.ssrc();
  out.spatial_layer = in.spatial_layer();
  out.rid = in.rid();
  out.repair_ssrc = in.repair_ssrc();
  return out;
}

TrackSource source_from_pb(int source) {
  return pb::TrackSource_IsValid(source) ? static_cast<TrackSource>(source) : TrackSource::kUnknown;
}

EncryptionType encryption_from_pb(int encryption) {
  return pb::Encryption_Type_IsValid(encryption) ? static_cast<EncryptionType>(encryption)
                                                 : EncryptionType::kCustom;
}

void to_pb(const DataTrackSchemaId& in, pb::DataTrackSchemaId& out) {
  out.set_name(in.name);
  fill(in.encoding, *out.mutable_encoding());
}

DataTrackSchemaId from_pb(const pb::DataTrackSchemaId& in) {
  return {in.name(), read(in.encoding())};
}

void to_pb(const DataTrackInfo& in, pb::DataTrackInfo& out) {
  out.set_pub_handle(in.pub_handle);
  out.set_sid(in.sid);
  out.set_name(in.name);
  out.set_encryption(static_cast<pb::Encryption::Type>(in.encryption));
  if (in.frame_encoding) fill(*in.frame_encoding, *out.mutable_frame_encoding());
  if (in.schema) to_pb(*in.schema, *out.mutable_schema());
}

DataTrackInfo from_pb(const pb::DataTrackInfo& in) {
  DataTrackInfo out;
  out.pub_handle = in.pub_handle();
  out.sid = in.sid();
  out.name = in.name();
  out.encryption = encryption_from_pb(in.encryption());
  if (in.has_frame_encoding()) out.frame_encoding = read(in.frame_encoding());
  if (in.has_schema()) out.schema = from_pb(in.schema());
  return out;
}

void to_pb(const TrackInfo& in, pb::TrackInfo& out) {
  out.set_sid(in.sid);
  out.set_type(static_cast<pb::TrackType>(in.type));
  out.set_source(static_cast<pb::TrackSource>(in.source));
  out.set_name(in.name);
  out.set_stream(in.stream);
  out.set_mime_type(in.mime_type);
  out.set_mid(in.mid);
  out.set_muted(in.muted);
  out.set_simulcast(in.simulcast);
  out.set_disable_dtx(in.disable_dtx);
  out.set_disable_red(in.disable_red);
  out.set_stereo(in.stereo);
  out.set_width(in.width);
  out.set_height(in.height);
  out.set_encryption(static_cast<pb::Encryption::Type>(in.encryption));
  out.set_backup_codec_policy(static_cast<pb::BackupCodecPolicy>(in.backup_codec_policy));
  for (const VideoLayer& layer : in.layers) to_pb(layer, *out.add_layers());
  for (const SimulcastCodec& codec : in.codecs) {
    pb::SimulcastCodecInfo& info = *out.add_codecs();
    info.set_mime_type(codec.mime_type);
    info.set_mid(codec.mid);
    info.set_cid(codec.cid);
    info.set_sdp_cid(codec.sdp_cid);
    info.set_video_layer_mode(static_cast<pb::VideoLayer::Mode>(codec.video_layer_mode));
    for (const VideoLayer& layer : codec.layers) to_pb(layer, *info.add_layers());
  }
  for (const uint8_t feature : in.audio_features) {
    out.add_audio_features(static_cast<pb::AudioTrackFeature>(feature));
  }
  for (const uint8_t feature : in.packet_trailer_features) {
    out.add_packet_trailer_features(static_cast<pb::PacketTrailerFeature>(feature));
  }
  if (in.version_us != 0) out.mutable_version()->set_unix_micro(in.version_us);
}

TrackInfo from_pb(const pb::TrackInfo& in) {
  const auto small = [](int value) { return static_cast<uint8_t>(value & 0xff); };
  TrackInfo out;
  out.sid = in.sid();
  out.type =
      pb::TrackType_IsValid(in.type()) ? static_cast<TrackType>(in.type()) : TrackType::kData;
  out.source = source_from_pb(in.source());
  out.name = in.name();
  out.stream = in.stream();
  out.mime_type = in.mime_type();
  out.mid = in.mid();
  out.muted = in.muted();
  out.simulcast = in.simulcast();
  out.disable_dtx = in.disable_dtx();
  out.disable_red = in.disable_red();
  out.stereo = in.stereo();
  out.width = in.width();
  out.height = in.height();
  out.encryption = encryption_from_pb(in.encryption());
  out.backup_codec_policy = small(in.backup_codec_policy());
  for (const pb::VideoLayer& layer : in.layers()) out.layers.push_back(from_pb(layer));
  for (const pb::SimulcastCodecInfo& info : in.codecs()) {
    SimulcastCodec codec{
        info.mime_type(), info.mid(), info.cid(), {}, small(info.video_layer_mode()),
        info.sdp_cid()};
    for (const pb::VideoLayer& layer : info.layers()) codec.layers.push_back(from_pb(layer));
    out.codecs.push_back(std::move(codec));
  }
  for (const int feature : in.audio_features()) out.audio_features.push_back(small(feature));
  for (const int feature : in.packet_trailer_features()) {
    out.packet_trailer_features.push_back(small(feature));
  }
  out.version_us = in.version().unix_micro();
  return out;
}

void to_pb(const ParticipantInfo& in, pb::ParticipantInfo& out) {
  out.set_sid(in.sid);
  out.set_identity(in.identity);
  out.set_name(in.name);
  out.set_metadata(in.metadata);
  for (const auto& [key, value] : in.attributes) (*out.mutable_attributes())[key] = value;
  out.set_state(static_cast<pb::ParticipantInfo::State>(in.state));
  out.set_kind(static_cast<pb::ParticipantInfo::Kind>(in.kind));
  for (const KindDetail detail : in.kind_details) {
    out.add_kind_details(static_cast<pb::ParticipantInfo::KindDetail>(detail));
  }
  to_pb(in.permission, *out.mutable_permission());
  out.set_is_publisher(in.is_publisher);
  for (const TrackInfo& track : in.tracks) to_pb(track, *out.add_tracks());
  for (const DataTrackInfo& track : in.data_tracks) to_pb(track, *out.add_data_tracks());
  out.set_joined_at(in.joined_at_ms / 1000);
  out.set_joined_at_ms(in.joined_at_ms);
  out.set_version(in.version);
  out.set_region(in.region);
  out.set_disconnect_reason(static_cast<pb::DisconnectReason>(in.disconnect_reason));
  out.set_client_protocol(in.client_protocol);
  for (const uint8_t capability : in.capabilities) {
    out.add_capabilities(static_cast<pb::ClientInfo::Capability>(capability));
  }
}

std::string to_json(const google::protobuf::Message& message, JsonNames names) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = names == JsonNames::kProto;
  options.always_print_primitive_fields = names == JsonNames::kProto;
  std::string out;
  const auto status = google::protobuf::util::MessageToJsonString(message, &out, options);
  // Fails for messages that hold text which is no UTF-8; what came in was checked.
  return status.ok() ? out : std::string("{}");
}

bool from_json(std::string_view json, google::protobuf::Message& message) {
  if (!is_strict_json(json)) return false;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  options.case_insensitive_enum_parsing = true;
  return google::protobuf::util::JsonStringToMessage(
             google::protobuf::StringPiece(json.data(), json.size()), &message, options)
      .ok();
}

}  // namespace turms::livekit
