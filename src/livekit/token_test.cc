#include "livekit/token.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/jwt.h"

namespace turms::livekit {
namespace {

const ApiKeys kKeys{{"devkey", "secret"}, {"other", "another secret"}};
constexpr WallTime kNow{1'700'000'000'000};

Result<Grants> verify(std::string_view claims, std::string_view secret = "secret") {
  return verify_token(jwt::sign(claims, secret), kKeys, kNow);
}

struct Verdict {
  const char* what;
  std::string claims;
  bool accepted;
};

class TokenTable : public testing::TestWithParam<Verdict> {};

TEST_P(TokenTable, IsJudged) {
  const auto grants = verify(GetParam().claims);
  EXPECT_EQ(grants.has_value(), GetParam().accepted)
      << (grants ? "accepted" : grants.error().message);
  if (!grants) {
    EXPECT_EQ(grants.error().code, ErrorCode::kUnauthenticated);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, TokenTable,
    testing::Values(
        Verdict{"no times", R"({"iss":"devkey"})", true},
        Verdict{"unknown key", R"({"iss":"nobody"})", false},
        Verdict{"key of another secret", R"({"iss":"other"})", false},
        Verdict{"no key", R"({})", false}, Verdict{"key is a number", R"({"iss":1})", false},
        Verdict{"expires now", R"({"iss":"devkey","exp":1700000000})", true},
        Verdict{"expired 59 s ago", R"({"iss":"devkey","exp":1699999941})", true},
        Verdict{"expired 60 s ago", R"({"iss":"devkey","exp":1699999940})", false},
        Verdict{"expired long ago", R"({"iss":"devkey","exp":1})", false},
        Verdict{"exp with a fraction", R"({"iss":"devkey","exp":1700000001.5})", true},
        Verdict{"exp is text", R"({"iss":"devkey","exp":"1800000000"})", false},
        Verdict{"exp is negative", R"({"iss":"devkey","exp":-5})", false},
        Verdict{"exp beyond any clock", R"({"iss":"devkey","exp":1e300})", false},
        Verdict{"valid in 60 s", R"({"iss":"devkey","nbf":1700000060})", true},
        Verdict{"valid in 61 s", R"({"iss":"devkey","nbf":1700000061})", false},
        Verdict{"video is no object", R"({"iss":"devkey","video":true})", false},
        Verdict{"right is no bool", R"({"iss":"devkey","video":{"canPublish":"no"}})", false},
        Verdict{"source is no text", R"({"iss":"devkey","video":{"canPublishSources":[1]}})",
                false},
        Verdict{"null is absent", R"({"iss":"devkey","video":{"canPublish":null}})", true},
        Verdict{"claims are an array", R"(["iss","devkey"])", false}),
    [](const auto& verdict) {
      std::string name = verdict.param.what;
      for (char& c : name) {
        if (c == ' ') c = '_';
      }
      return name;
    });

TEST(Token, RefusesWhatIsNotSignedWithHs256) {
  const std::string good = jwt::sign(R"({"iss":"devkey"})", "secret");
  const size_t first = good.find('.');
  const size_t second = good.find('.', first + 1);
  const std::string claims = good.substr(first, second - first);
  const std::string none = base64url(as_bytes(R"({"alg":"none","typ":"JWT"})"));
  const std::string hs512 = base64url(as_bytes(R"({"alg":"HS512","typ":"JWT"})"));
  for (const std::string& token :
       {none + claims + ".", none + claims + good.substr(second),
        hs512 + claims + good.substr(second), good.substr(0, second),
        good.substr(0, good.size() - 2), good + "A", std::string("a.b.c"), std::string(".."),
        std::string(), std::string(100'000, '.')}) {
    EXPECT_FALSE(verify_token(token, kKeys, kNow)) << token.substr(0, 80);
  }
  EXPECT_TRUE(verify_token(good, kKeys, kNow));
}

TEST(Token, UnsetRightsHaveLiveKitsDefaults) {
  auto grants = verify(R"({"iss":"devkey","sub":"u","video":{"roomJoin":true,"room":"r"}})");
  ASSERT_TRUE(grants);
  Permission permission = grants->video->permission();
  EXPECT_TRUE(permission.can_publish);
  EXPECT_TRUE(permission.can_subscribe);
  EXPECT_TRUE(permission.can_publish_data);
  EXPECT_FALSE(permission.can_update_metadata);
  EXPECT_TRUE(permission.may_publish(TrackSource::kScreenShare));

  grants = verify(R"({"iss":"devkey","video":{"canPublish":false}})");
  ASSERT_TRUE(grants);
  permission = grants->video->permission();
  EXPECT_FALSE(permission.can_publish_data) << "data follows canPublish when unset";
  EXPECT_FALSE(permission.may_publish(TrackSource::kCamera));

  grants =
      verify(R"({"iss":"devkey","video":{"canPublishSources":["microphone","SCREEN_SHARE"]}})");
  ASSERT_TRUE(grants);
  permission = grants->video->permission();
  EXPECT_TRUE(permission.may_publish(TrackSource::kMicrophone));
  EXPECT_TRUE(permission.may_publish(TrackSource::kScreenShare));
  EXPECT_FALSE(permission.may_publish(TrackSource::kCamera));

  grants = verify(R"({"iss":"devkey","video":{"canPublishSources":["hologram"]}})");
  ASSERT_TRUE(grants);
  EXPECT_FALSE(grants->video->permission().may_publish(TrackSource::kCamera))
      << "an unknown source does not open all of them";
}

TEST(Token, IdentityIsTheSubjectElseTheId) {
  EXPECT_EQ(verify(R"({"iss":"devkey","sub":"a","jti":"b"})")->identity, "a");
  EXPECT_EQ(verify(R"({"iss":"devkey","jti":"b"})")->identity, "b");
}

TEST(Token, RoomConfigTakesBothSpellings) {
  const auto grants = verify(
      R"({"iss":"devkey","roomConfig":{"emptyTimeout":7,"max_participants":3,"metadata":"m"}})");
  ASSERT_TRUE(grants);
  EXPECT_EQ(grants->room_settings->empty_timeout_s, 7u);
  EXPECT_EQ(grants->room_settings->max_participants, 3u);
  EXPECT_FALSE(grants->room_settings->departure_timeout_s);
  EXPECT_EQ(grants->room_settings->metadata, "m");
}

TEST(Token, MintedTokenSaysAllItWasGiven) {
  Grants grants;
  grants.api_key = "devkey";
  grants.identity = "42";
  grants.name = "Ann \"quoted\"";
  grants.kind = ParticipantKind::kAgent;
  grants.kind_details = {KindDetail::kForwarded};
  grants.metadata = "{\"a\":1}";
  grants.attributes = {{"k", "v"}};
  grants.video.emplace();
  grants.video->room_join = true;
  grants.video->room = "room";
  grants.video->can_publish = false;
  grants.video->can_publish_sources = {TrackSource::kScreenShareAudio};
  grants.video->hidden = true;
  grants.room_config = R"({"emptyTimeout":7,"egress":{"room":{"roomName":"room"}}})";
  grants.room_preset = "large";
  grants.sip.call = true;
  const auto read = verify_token(mint_token(grants, "secret", kNow, 10min), kKeys, kNow);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->identity, grants.identity);
  EXPECT_EQ(read->name, grants.name);
  EXPECT_EQ(read->room_config, grants.room_config);
  EXPECT_EQ(read->room_settings->empty_timeout_s, 7u);
  EXPECT_EQ(read->room_preset, grants.room_preset);
  EXPECT_TRUE(read->sip.call);
  EXPECT_FALSE(read->sip.admin);
  EXPECT_EQ(read->kind, grants.kind);
  EXPECT_EQ(read->kind_details, grants.kind_details);
  EXPECT_EQ(read->metadata, grants.metadata);
  EXPECT_EQ(read->attributes, grants.attributes);
  EXPECT_EQ(read->video->permission(), grants.video->permission());
  EXPECT_EQ(read->expires->unix_ms, kNow.unix_ms + to_ms(10min));
  EXPECT_TRUE(read->video->room_join);
  EXPECT_EQ(read->video->room, "room");
}

TEST(Token, MintedClaimsAreThoseOfLiveKit) {
  Grants grants;
  grants.api_key = "devkey";
  EXPECT_EQ(*jwt::peek(mint_token(grants, "secret", kNow, 10min)),
            R"({"iss":"devkey","iat":1700000000,"nbf":1700000000,"exp":1700000600})");
  grants.identity = "42";
  EXPECT_EQ(*jwt::peek(mint_token(grants, "secret", kNow, 10min)),
            R"({"iss":"devkey","iat":1700000000,"nbf":1700000000,"exp":1700000600,"sub":"42",)"
            R"("identity":"42","kind":"standard"})");
}

}  // namespace
}  // namespace turms::livekit
