#include "livekit/join_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "livekit/signal_pb.h"
#include "net/gzip.h"

namespace turms::livekit {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::string wrapped(int compression, std::string_view inner) {
  pb::WrappedJoinRequest out;
  out.set_compression(static_cast<pb::WrappedJoinRequest::Compression>(compression));
  out.set_join_request(std::string(inner));
  return base64url(as_bytes(out.SerializeAsString()));
}

TEST(JoinRequest, SaysAllThatAClientIs) {
  JoinRequest request;
  request.protocol = 17;
  request.client_protocol = 2;
  request.browser = "Firefox";
  request.capabilities = {1, 2};
  request.auto_subscribe = true;
  request.auto_subscribe_data_tracks = true;
  request.adaptive_stream = true;
  request.allow_pause = false;
  request.metadata = "about me";
  request.attributes = {{"mood", "good"}};
  request.reconnect = true;
  request.participant_sid = "PA_1";
  client::AddTrack add;
  add.cid = "cam";
  add.info.type = TrackType::kVideo;
  client::SyncState state;
  state.track_sids_disabled = {"TR_off"};
  request.messages = {add, state, client::Description{{"offer", "v=0", 3}}};
  for (const auto compression : {JoinCompression::kNone, JoinCompression::kGzip}) {
    const auto decoded = decode_join_request(encode_join_request(request, compression));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->protocol, 17);
    EXPECT_EQ(decoded->client_protocol, 2);
    EXPECT_EQ(decoded->browser, "Firefox");
    EXPECT_THAT(decoded->capabilities, ElementsAre(1, 2));
    EXPECT_TRUE(decoded->auto_subscribe);
    EXPECT_TRUE(decoded->auto_subscribe_data_tracks);
    EXPECT_TRUE(decoded->adaptive_stream);
    EXPECT_EQ(decoded->allow_pause, false);
    EXPECT_EQ(decoded->metadata, "about me");
    EXPECT_EQ(decoded->attributes.at("mood"), "good");
    EXPECT_TRUE(decoded->reconnect);
    EXPECT_EQ(decoded->participant_sid, "PA_1");
    ASSERT_THAT(decoded->messages, SizeIs(3));
    EXPECT_EQ(std::get<client::AddTrack>(decoded->messages[0]).cid, "cam");
    EXPECT_THAT(std::get<client::SyncState>(decoded->messages[1]).track_sids_disabled,
                ElementsAre("TR_off"));
    const auto& offer = std::get<client::Description>(decoded->messages[2]).description;
    EXPECT_EQ(offer.type, "offer");
    EXPECT_EQ(offer.id, 3u);
  }
}

TEST(JoinRequest, WhatCannotBeReadIsRefusedWithAText) {
  pb::JoinRequest large;
  large.set_metadata(std::string(JoinRequest::kMaxSize, 'x'));
  pb::JoinRequest many;
  for (size_t i = 0; i <= JoinRequest::kMaxTracks; ++i) many.add_add_track_requests();
  const Bytes packed = net::gzip(as_bytes(large.SerializeAsString()));
  const struct {
    std::string parameter;
    std::string text;
  } cases[] = {
      {"%", "cannot base64 decode wrapped join request"},
      {base64url(as_bytes("\xff\xff\xff")), "cannot unmarshal wrapped join request"},
      {wrapped(0, "\xff\xff\xff"), "cannot unmarshal join request"},
      {wrapped(0, large.SerializeAsString()), "join request too large"},
      {wrapped(1, as_text(packed)), "join request too large"},
      {wrapped(1, as_text(ByteView(packed).first(packed.size() / 2))),
       "cannot read decompressed join request"},
      {wrapped(1, "no gzip"), "cannot read decompressed join request"},
      {wrapped(7, ""), "unknown compression of the join request"},
      {wrapped(0, many.SerializeAsString()), "too many tracks in the join request"},
  };
  for (const auto& c : cases) {
    const auto decoded = decode_join_request(c.parameter);
    ASSERT_FALSE(decoded) << c.text;
    EXPECT_EQ(decoded.error().message, c.text);
  }
  EXPECT_TRUE(decode_join_request("")) << "says nothing, which is allowed";
}

}  // namespace
}  // namespace turms::livekit
