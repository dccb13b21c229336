#include "livekit/signal_codec.h"

#include <gtest/gtest.h>

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

std::vector<ClientMessage> one_of_each() {
  client::AddTrack add;
  add.cid = "cid";
  add.sid = "TR_1";
  add.info.name = "cam";
  add.info.type = TrackType::kVideo;
  add.info.source = TrackSource::kCamera;
  add.info.width = 1280;
  add.info.layers = {{VideoQuality::kLow, 320, 180, 100'000, 0, 0, "q"}};
  add.info.codecs = {{"vp8", "", "cid", {}, 1}};
  add.info.encryption = EncryptionType::kGcm;
  add.info.audio_features = {0, 1};
  return {client::Description{{"offer", "sdp", 7}},
          client::Description{{"answer", "sdp", 0}},
          Trickle{"{}", TransportTarget::kSubscriber, true},
          add,
          MuteTrack{"TR_1", true},
          client::UpdateSubscription{{"TR_1", "TR_2"}, true},
          client::UpdateTrackSettings{{"TR_1"}, true, VideoQuality::kMedium, 1, 2, 3},
          client::Leave{},
          client::SubscriptionPermission{false, {{"PA_1", "alice", false, {"TR_1"}}}},
          client::SyncState{{{"TR_1"}, true}, {"TR_2"}},
          client::Simulate{client::Scenario::kServerLeave},
          client::LegacyPing{123},
          client::Ping{1'700'000'000'000, 5},
          client::UpdateMetadata{"name", "meta", {{"a", "b"}}, 9},
          client::UpdateAudioTrack{"TR_1", {2}},
          client::UpdateVideoTrack{"TR_1", 3, 4}};
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
  // Field 23 of SignalRequest, which this server does not serve.
  const std::string data("\xba\x01\x02\x08\x05", 5);
  const auto decoded = decode_client_message(Encoding::kProtobuf, as_bytes(data));
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(std::holds_alternative<client::Ignored>(*decoded));
  const auto empty = decode_client_message(Encoding::kProtobuf, {});
  ASSERT_TRUE(empty);
  EXPECT_TRUE(std::holds_alternative<client::Ignored>(*empty));
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

  EXPECT_EQ(wire(server::Description{{"offer", "o", 1}}).offer().sdp(), "o");
  EXPECT_EQ(wire(server::Description{{"answer", "a", 2}}).answer().id(), 2u);
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
            "1.13.5");

  ParticipantInfo participant;
  participant.sid = "PA_1";
  participant.joined_at_ms = 1'700'000'000'123;
  participant.permission.can_publish_sources = {TrackSource::kScreenShare};
  TrackInfo track;
  track.sid = "TR_1";
  track.source = TrackSource::kScreenShare;
  track.layers = {{VideoQuality::kHigh, 1, 2, 3, 4, 0, "f"}};
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

TEST(SignalCodec, JsonHasCamelCaseAndNoDefaults) {
  const std::string json =
      encode_server_message(Encoding::kJson, server::Description{{"answer", "a", 0}});
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
