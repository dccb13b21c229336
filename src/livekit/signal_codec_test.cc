#include "livekit/signal_codec.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "livekit/pb.h"
#include "livekit/signal.pb.h"

namespace turms::livekit {
namespace {

pb::SignalResponse wire(const ServerMessage& message) {
  pb::SignalResponse out;
  EXPECT_TRUE(out.ParseFromString(encode_server_message(Encoding::kProtobuf, message)));
  pb::SignalResponse from_text;
  EXPECT_TRUE(from_json(encode_server_message(Encoding::kJson, message), from_text));
  EXPECT_EQ(out.SerializeAsString(), from_text.SerializeAsString()) << "both forms say the same";
  return out;
}

client::AddTrack add_track() {
  client::AddTrack add;
  add.cid = "cid";
  add.sid = "TR_1";
  add.info.name = "cam";
  add.info.type = TrackType::kVideo;
  add.info.source = TrackSource::kCamera;
  add.info.stream = "camera";
  add.info.width = 1280;
  add.info.layers = {{VideoQuality::kLow, 320, 180, 100'000, 7, 0, "q", 8}};
  add.info.codecs = {{"vp9", "", "cid", add.info.layers, 2}, {"vp8", "", "cid2", {}, 1}};
  add.info.encryption = EncryptionType::kGcm;
  add.info.backup_codec_policy = 1;
  add.info.audio_features = {0, 1};
  add.info.packet_trailer_features = {2};
  return add;
}

DataTrackInfo data_track() {
  return {7,
          "DTR_1",
          "positions",
          EncryptionType::kGcm,
          DataEncoding("cdr2"),
          DataTrackSchemaId{"pose", 3}};
}

client::SyncState sync_state() {
  client::SyncState out;
  out.subscription = {{"TR_1"}, true};
  out.track_sids_disabled = {"TR_2"};
  out.answer = SessionDescription{"answer", "a", 3, {}};
  out.offer = SessionDescription{"offer", "o", 4, {{"0", "TR_3"}}};
  TrackInfo track = add_track().info;
  track.sid = "TR_9";
  track.codecs.front().sdp_cid = "other";
  track.version_us = 5;
  out.publish_tracks = {{"cid", track}};
  out.data_channels = {{"_reliable", 2, TransportTarget::kSubscriber}};
  out.data_receive_states = {{"PA_2", 17}};
  out.publish_data_tracks = {data_track()};
  out.data_subscription = {{{"DTR_2", true, 5}, {"DTR_3", false, std::nullopt}}};
  return out;
}

std::vector<ClientMessage> one_of_each() {
  using client::Scenario;
  DataTrackInfo published = data_track();
  published.sid.clear();  // requests have none
  std::vector<ClientMessage> out = {
      client::Description{{"offer", "sdp", 7, {}}},
      client::Description{{"answer", "sdp", 0, {{"1", "TR_1"}}}},
      Trickle{"{}", TransportTarget::kSubscriber, true},
      add_track(),
      MuteTrack{"TR_1", true},
      client::UpdateSubscription{{"TR_1", "TR_2"}, true},
      client::UpdateTrackSettings{{"TR_1"}, true, VideoQuality::kMedium, 1, 2, 3, 4},
      client::Leave{DisconnectReason::kUserRejected},
      client::SubscriptionPermission{false, {{"PA_1", "alice", false, {"TR_1"}}}},
      sync_state(),
      client::LegacyPing{123},
      client::Ping{1'700'000'000'000, 5},
      client::UpdateMetadata{"name", "meta", {{"a", "b"}}, 9},
      client::UpdateAudioTrack{"TR_1", {2}},
      client::UpdateVideoTrack{"TR_1", 3, 4},
      client::UpdateVideoLayers{"TR_1", add_track().info.layers},
      client::PublishDataTrack{published},
      client::UnpublishDataTrack{7},
      client::UpdateDataSubscription{{{"DTR_1", true, 30}}},
      client::StoreDataBlob{8, {DataTrackSchemaId{"pose", "idl"}, std::string("\0\1", 2)}},
      client::GetDataBlob{9, "alice", "key"}};
  for (const auto& [scenario, value] : {std::pair<Scenario, int64_t>(Scenario::kSpeaker, 3),
                                        {Scenario::kNodeFailure, 0},
                                        {Scenario::kMigration, 0},
                                        {Scenario::kServerLeave, 0},
                                        {Scenario::kSwitchCandidateProtocol, 2},
                                        {Scenario::kSubscriberBandwidth, 100'000},
                                        {Scenario::kDisconnectSignalOnResume, 0},
                                        {Scenario::kDisconnectSignalOnResumeNoMessages, 0},
                                        {Scenario::kLeaveFullReconnect, 0}}) {
    out.emplace_back(client::Simulate{scenario, value});
  }
  return out;
}

TEST(SignalCodec, ClientMessagesSurviveBothForms) {
  for (const ClientMessage& message : one_of_each()) {
    const std::string binary = encode_client_message(Encoding::kProtobuf, message);
    for (const Encoding encoding : {Encoding::kProtobuf, Encoding::kJson}) {
      const std::string data = encode_client_message(encoding, message);
      const auto decoded = decode_client_message(encoding, as_bytes(data));
      ASSERT_TRUE(decoded) << data;
      EXPECT_EQ(decoded->index(), message.index()) << data;
      EXPECT_EQ(encode_client_message(Encoding::kProtobuf, *decoded), binary) << data;
    }
  }
}

TEST(SignalCodec, TracksByParticipantAreTracks) {
  pb::SignalRequest request;
  request.mutable_subscription()->add_track_sids("TR_1");
  pb::ParticipantTracks& tracks = *request.mutable_subscription()->add_participant_tracks();
  tracks.set_participant_sid("PA_1");
  tracks.add_track_sids("TR_2");
  const std::string data = request.SerializeAsString();
  const auto decoded = decode_client_message(Encoding::kProtobuf, as_bytes(data));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<client::UpdateSubscription>(*decoded).track_sids,
            (std::vector<std::string>{"TR_1", "TR_2"}));
}

TEST(SignalCodec, MessagesOfLaterProtocolsAreIgnored) {
  // Field 63 of SignalRequest.
  const std::string data("\xfa\x03\x02\x08\x05", 5);
  const auto decoded = decode_client_message(Encoding::kProtobuf, as_bytes(data));
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(std::holds_alternative<client::Ignored>(*decoded));
  const auto empty = decode_client_message(Encoding::kProtobuf, {});
  ASSERT_TRUE(empty);
  EXPECT_TRUE(std::holds_alternative<client::Ignored>(*empty));
}

TEST(SignalCodec, EveryRequestHasItsMessage) {
  const google::protobuf::OneofDescriptor* kinds =
      pb::SignalRequest::descriptor()->FindOneofByName("message");
  for (int i = 0; i < kinds->field_count(); ++i) {
    const auto* field = kinds->field(i);
    pb::SignalRequest request;
    if (field->message_type() != nullptr) {
      request.GetReflection()->MutableMessage(&request, field);
    } else {
      request.GetReflection()->SetInt64(&request, field, 1);
    }
    const std::string data = request.SerializeAsString();
    const auto decoded = decode_client_message(Encoding::kProtobuf, as_bytes(data));
    ASSERT_TRUE(decoded);
    EXPECT_FALSE(std::holds_alternative<client::Ignored>(*decoded)) << field->name();
    pb::SignalRequest back;
    ASSERT_TRUE(back.ParseFromString(encode_client_message(Encoding::kProtobuf, *decoded)));
    EXPECT_EQ(back.message_case(), request.message_case()) << field->name();
  }
}

TEST(SignalCodec, WhyAClientLeavesIsItsOwnAffairOnly) {
  pb::SignalRequest request;
  for (const auto& [said, heard] :
       {std::pair(pb::USER_UNAVAILABLE, DisconnectReason::kUserUnavailable),
        {pb::AGENT_ERROR, DisconnectReason::kAgentError},
        {pb::ROOM_DELETED, DisconnectReason::kClientInitiated},
        {static_cast<pb::DisconnectReason>(200), DisconnectReason::kClientInitiated}}) {
    request.mutable_leave()->set_reason(said);
    const std::string data = request.SerializeAsString();
    const auto decoded = decode_client_message(Encoding::kProtobuf, as_bytes(data));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(std::get<client::Leave>(*decoded).reason, heard);
  }
}

TEST(SignalCodec, NumbersNoEnumKnowsAreNoTrap) {
  pb::SignalRequest request;
  pb::AddTrackRequest& add = *request.mutable_add_track();
  add.set_type(static_cast<pb::TrackType>(77));
  add.set_source(static_cast<pb::TrackSource>(-5));
  add.set_encryption(static_cast<pb::Encryption::Type>(1 << 20));
  add.add_layers()->set_quality(static_cast<pb::VideoQuality>(99));
  add.add_audio_features(static_cast<pb::AudioTrackFeature>(100'000));
  const std::string data = request.SerializeAsString();
  const auto decoded = decode_client_message(Encoding::kProtobuf, as_bytes(data));
  ASSERT_TRUE(decoded);
  const auto& read = std::get<client::AddTrack>(*decoded);
  EXPECT_EQ(read.info.type, TrackType::kData);
  EXPECT_EQ(read.info.source, TrackSource::kUnknown);
  EXPECT_EQ(read.info.layers[0].quality, VideoQuality::kHigh);
  EXPECT_TRUE(read.info.audio_features.empty());
}

TEST(SignalCodec, ServerMessagesHaveLiveKitsFields) {
  auto message =
      wire(server::Leave{DisconnectReason::kStateMismatch, server::LeaveAction::kReconnect});
  EXPECT_EQ(message.leave().reason(), pb::STATE_MISMATCH);
  EXPECT_EQ(message.leave().action(), pb::LeaveRequest::RECONNECT);
  EXPECT_TRUE(message.leave().can_reconnect());
  message = wire(server::Leave{DisconnectReason::kRoomDeleted, server::LeaveAction::kDisconnect});
  EXPECT_FALSE(message.leave().can_reconnect());

  EXPECT_EQ(wire(server::Description{{"offer", "o", 1, {}}}).offer().sdp(), "o");
  EXPECT_EQ(wire(server::Description{{"answer", "a", 2, {}}}).answer().id(), 2u);
  EXPECT_EQ(
      wire(server::SpeakersChanged{{{"PA_1", 0.5F, true}}}).speakers_changed().speakers(0).sid(),
      "PA_1");
  EXPECT_EQ(wire(server::ConnectionQualityUpdate{{{"PA_1", ConnectionQuality::kGood, 3}}})
                .connection_quality()
                .updates(0)
                .quality(),
            pb::GOOD);
  EXPECT_EQ(wire(server::RefreshToken{"t"}).refresh_token(), "t");
  EXPECT_EQ(wire(server::LegacyPong{4}).pong(), 4);
  EXPECT_EQ(wire(server::Pong{5, 6}).pong_resp().last_ping_timestamp(), 5);
  EXPECT_EQ(wire(server::TrackUnpublished{"TR_1"}).track_unpublished().track_sid(), "TR_1");
  EXPECT_EQ(wire(server::TrackSubscribed{"TR_1"}).track_subscribed().track_sid(), "TR_1");
  EXPECT_EQ(wire(MuteTrack{"TR_1", true}).mute().sid(), "TR_1");
  EXPECT_EQ(wire(server::Reconnect{{"here", "ND_1"}}).reconnect().server_info().version(),
            "1.13.7");

  ParticipantInfo participant;
  participant.sid = "PA_1";
  participant.joined_at_ms = 1'700'000'000'123;
  participant.permission.can_publish_sources = {TrackSource::kScreenShare};
  TrackInfo track;
  track.sid = "TR_1";
  track.source = TrackSource::kScreenShare;
  track.layers = {{VideoQuality::kHigh, 1, 2, 3, 4, 0, "f", 5}};
  participant.tracks = {track};
  message = wire(server::ParticipantUpdate{{participant}});
  const pb::ParticipantInfo& info = message.update().participants(0);
  EXPECT_EQ(info.joined_at(), 1'700'000'000);
  EXPECT_EQ(info.joined_at_ms(), 1'700'000'000'123);
  EXPECT_EQ(info.permission().can_publish_sources(0), pb::SCREEN_SHARE);
  EXPECT_EQ(info.tracks(0).layers(0).rid(), "f");

  server::RequestResponse refusal{3, server::RequestReason::kNotAllowed, "no", {}};
  client::AddTrack add;
  add.cid = "cid";
  refusal.request = add;
  message = wire(refusal);
  EXPECT_EQ(message.request_response().reason(), pb::RequestResponse::NOT_ALLOWED);
  EXPECT_EQ(message.request_response().add_track().cid(), "cid");
}

std::vector<ServerMessage> one_of_each_response() {
  return {server::Join{},
          server::Reconnect{},
          server::Description{{"offer", "o", 1, {}}},
          server::Description{{"answer", "a", 1, {}}},
          server::ParticipantUpdate{},
          server::TrackPublished{},
          server::TrackUnpublished{},
          server::TrackSubscribed{},
          server::Leave{},
          MuteTrack{},
          server::SpeakersChanged{},
          server::RoomUpdate{},
          server::ConnectionQualityUpdate{},
          server::SubscriptionPermissionUpdate{},
          server::RefreshToken{"t"},
          server::LegacyPong{1},
          server::Pong{},
          server::SubscriptionResponse{},
          server::RequestResponse{},
          Trickle{},
          server::StreamStateUpdate{},
          server::SubscribedQualityUpdate{},
          server::SubscribedAudioCodecUpdate{},
          server::MediaSectionsRequirement{},
          server::RoomMoved{},
          server::DataTrackPublished{},
          server::DataTrackUnpublished{},
          server::DataTrackSubscriberHandles{},
          server::DataBlobStored{},
          server::DataBlobFound{}};
}

TEST(SignalCodec, EveryResponseCanBeSaid) {
  std::set<int> said;
  for (const ServerMessage& message : one_of_each_response()) {
    said.insert(wire(message).message_case());
  }
  const google::protobuf::OneofDescriptor* kinds =
      pb::SignalResponse::descriptor()->FindOneofByName("message");
  for (int i = 0; i < kinds->field_count(); ++i) {
    EXPECT_TRUE(said.contains(kinds->field(i)->number())) << kinds->field(i)->name();
  }
}

TEST(SignalCodec, WhatAJoiningClientIsTold) {
  server::Join join;
  join.ice_servers = {{{"turn:example.org:3478?transport=udp"}, "user", "pass"}};
  join.client_configuration.force_relay = true;
  join.sif_trailer = "trailer";
  join.participant.data_tracks = {data_track()};
  const pb::JoinResponse told = wire(join).join();
  EXPECT_EQ(told.ice_servers(0).urls(0), "turn:example.org:3478?transport=udp");
  EXPECT_EQ(told.ice_servers(0).credential(), "pass");
  EXPECT_EQ(told.client_configuration().force_relay(), pb::ENABLED);
  EXPECT_EQ(told.sif_trailer(), "trailer");
  EXPECT_EQ(told.participant().data_tracks(0).frame_encoding().custom(), "cdr2");
  EXPECT_EQ(told.participant().data_tracks(0).schema().encoding().well_known(), 3);

  const pb::ReconnectResponse again =
      wire(server::Reconnect{{}, join.ice_servers, {}, 17}).reconnect();
  EXPECT_EQ(again.last_message_seq(), 17u);
  EXPECT_EQ(again.ice_servers(0).username(), "user");
}

TEST(SignalCodec, WhatAPublisherIsTold) {
  const pb::SubscribedQualityUpdate update =
      wire(server::SubscribedQualityUpdate{
               "TR_1",
               {{"vp9", {{VideoQuality::kLow, true}, {VideoQuality::kHigh, false}}},
                {"vp8", {{VideoQuality::kLow, false}}}}})
          .subscribed_quality_update();
  ASSERT_EQ(update.subscribed_codecs_size(), 2);
  EXPECT_EQ(update.subscribed_codecs(1).codec(), "vp8");
  ASSERT_EQ(update.subscribed_qualities_size(), 2) << "of the first codec, for older clients";
  EXPECT_EQ(update.subscribed_qualities(1).quality(), pb::HIGH);
  EXPECT_FALSE(update.subscribed_qualities(1).enabled());

  const auto audio = wire(server::SubscribedAudioCodecUpdate{"TR_2", {{"audio/red", true}}});
  EXPECT_TRUE(audio.subscribed_audio_codec_update().subscribed_audio_codecs(0).enabled());
  EXPECT_EQ(
      wire(server::DataTrackPublished{data_track()}).publish_data_track_response().info().sid(),
      "DTR_1");
}

TEST(SignalCodec, WhatASubscriberIsTold) {
  const auto state =
      wire(server::StreamStateUpdate{{{"PA_1", "TR_1", server::StreamState::kPaused}}});
  EXPECT_EQ(state.stream_state_update().stream_states(0).state(), pb::PAUSED);
  EXPECT_EQ(wire(server::MediaSectionsRequirement{1, 2}).media_sections_requirement().num_videos(),
            2u);
  EXPECT_EQ(wire(server::Description{{"answer", "a", 1, {{"3", "TR_1"}}}})
                .answer()
                .mid_to_track_id()
                .at("3"),
            "TR_1");
  server::RoomMoved moved;
  moved.token = "t";
  moved.others.resize(1);
  EXPECT_EQ(wire(moved).room_moved().other_participants_size(), 1);
  const auto handles = wire(server::DataTrackSubscriberHandles{{{4, {"alice", "PA_1", "DTR_1"}}}});
  EXPECT_EQ(handles.data_track_subscriber_handles().sub_handles().at(4).track_sid(), "DTR_1");
  EXPECT_EQ(wire(server::DataBlobFound{5, {"key", "value"}})
                .get_data_blob_response()
                .blob()
                .key()
                .generic(),
            "key");
}

TEST(SignalCodec, JsonHasCamelCaseAndNoDefaults) {
  const std::string json =
      encode_server_message(Encoding::kJson, server::Description{{"answer", "a", 0, {}}});
  EXPECT_EQ(json, R"({"answer":{"type":"answer","sdp":"a"}})");
}

TEST(SignalCodec, NoiseNeverDoesHarm) {
  Rng rng(99);
  std::string seedling;
  for (const ClientMessage& message : one_of_each()) {
    seedling = encode_client_message(Encoding::kProtobuf, message);
    for (int i = 0; i < 300; ++i) {
      std::string data = seedling;
      for (uint64_t n = rng.below(4); n-- > 0 && !data.empty();) {
        data[rng.below(data.size())] = static_cast<char>(rng.next());
      }
      data.resize(rng.below(data.size() + 3));
      (void)decode_client_message(Encoding::kProtobuf, as_bytes(data));
      (void)decode_client_message(Encoding::kJson, as_bytes(data));
    }
  }
}

}  // namespace
}  // namespace turms::livekit
