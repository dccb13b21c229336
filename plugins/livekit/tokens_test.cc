#include "tokens.h"

#include <gtest/gtest.h>

#include "base/jwt.h"
#include "fake_livekit_testing.h"
#include "json.h"

namespace turms::livekit_plugin {
namespace {

constexpr std::string_view kKey = "key";
constexpr std::string_view kSecret = "secret";

TEST(MemberToken, GrantsWhatTheRoleGives) {
  const struct {
    turms_role role;
    bool muted;
    bool publish;
  } cases[] = {
      {TURMS_ROLE_OWNER, false, true},  {TURMS_ROLE_MANAGER, false, true},
      {TURMS_ROLE_MEMBER, false, true}, {TURMS_ROLE_MEMBER, true, false},
      {TURMS_ROLE_GUEST, false, false}, {TURMS_ROLE_ANONYMOUS_GUEST, false, false},
  };
  for (const auto& c : cases) {
    MemberToken member;
    member.meeting_id = 123456789;
    member.user_id = 42;
    member.name = "Ann \"quoted\"";
    member.device = "BROWSER";
    member.role = c.role;
    member.rights = rights_of(c.role, c.muted);
    const std::string token =
        member_token(member, kKey, kSecret, WallTime{1'700'000'000'000}, std::chrono::seconds(600));
    auto verified = jwt::verify(token, kSecret);
    ASSERT_TRUE(verified);
    auto claims = parse_object(*verified);
    ASSERT_TRUE(claims);
    EXPECT_EQ(text_field(*claims, "iss"), kKey);
    EXPECT_EQ(text_field(*claims, "sub"), "42");
    EXPECT_EQ(text_field(*claims, "name"), "Ann \"quoted\"");
    EXPECT_EQ(number_field(*claims, "exp"), 1'700'000'600);
    EXPECT_LE(number_field(*claims, "nbf"), 1'700'000'000);
    auto metadata = parse_object(text_field(*claims, "metadata"));
    ASSERT_TRUE(metadata);
    EXPECT_EQ(text_field(*metadata, "device"), "BROWSER");
    EXPECT_EQ(text_field(*metadata, "role"), role_name(c.role));
    const json::object* video = object_field(*claims, "video");
    ASSERT_NE(video, nullptr);
    EXPECT_EQ(text_field(*video, "room"), "123456789");
    EXPECT_TRUE(bool_field(*video, "roomJoin"));
    EXPECT_TRUE(bool_field(*video, "canSubscribe"));
    EXPECT_EQ(bool_field(*video, "canPublish"), c.publish) << role_name(c.role) << c.muted;
    EXPECT_EQ(bool_field(*video, "canPublishData"), c.publish);
    EXPECT_FALSE(bool_field(*video, "roomAdmin")) << "nobody's";
    EXPECT_EQ(video->if_contains("canPublishSources"), nullptr) << "anything";
    EXPECT_FALSE(bool_field(*video, "roomCreate"));
  }
}

TEST(MemberToken, NamesTheSourcesWhereNotAllAreAllowed) {
  MemberToken member;
  member.rights = {.tracks = TURMS_TRACK_CAMERA | TURMS_TRACK_SCREEN, .data = false};
  const std::string token =
      member_token(member, kKey, kSecret, WallTime{1'700'000'000'000}, std::chrono::seconds(10));
  auto verified = jwt::verify(token, kSecret);
  ASSERT_TRUE(verified);
  const auto claims = parse_object(*verified);
  ASSERT_TRUE(claims);
  const json::object* video = object_field(*claims, "video");
  ASSERT_NE(video, nullptr);
  EXPECT_TRUE(bool_field(*video, "canPublish"));
  EXPECT_FALSE(bool_field(*video, "canPublishData"));
  EXPECT_EQ(json::serialize(*array_field(*video, "canPublishSources")),
            R"(["camera","screen_share","screen_share_audio"])");
}

TEST(Webhook, IsBelievedOnlyWithSignatureAndHash) {
  const std::string body = R"({"event":"room_started"})";
  const auto now = [] { return wall_now(); };
  const auto check = [&](std::string_view authorization, std::string_view with_body) {
    return verify_webhook(authorization, with_body, FakeLiveKit::kKey, FakeLiveKit::kSecret, now());
  };
  EXPECT_TRUE(check(FakeLiveKit::sign(body), body));
  const std::pair<const char*, std::string> cases[] = {
      {"nothing", ""},
      {"no token", "x.y.z"},
      {"another secret", FakeLiveKit::sign(body, "another secret")},
      {"another key", FakeLiveKit::sign(body, FakeLiveKit::kSecret, "otherkey")},
      {"long ago", FakeLiveKit::sign(body, FakeLiveKit::kSecret, FakeLiveKit::kKey, 3600)},
      {"from the future", FakeLiveKit::sign(body, FakeLiveKit::kSecret, FakeLiveKit::kKey, -3600)},
      {"of another body", FakeLiveKit::sign(body + " ")},
      {"with Bearer", "Bearer " + FakeLiveKit::sign(body)},
  };
  for (const auto& [what, authorization] : cases) {
    auto verified = check(authorization, body);
    ASSERT_FALSE(verified) << what;
    EXPECT_EQ(verified.error().code, ErrorCode::kUnauthenticated) << what;
  }
}

TEST(Json, ReadsBothSpellings) {
  const char* texts[] = {
      R"({"identity":"7","state":"ACTIVE","joined_at":"5","tracks":[{"sid":"a","source":"CAMERA"}],
          "permission":{"can_publish":true,"can_publish_sources":["CAMERA"]}})",
      R"({"identity":"7","state":2,"joinedAt":5,"tracks":[{"sid":"a","source":1}],
          "permission":{"canPublish":true,"canPublishSources":[1]}})",
  };
  for (const char* text : texts) {
    auto object = parse_object(text);
    ASSERT_TRUE(object);
    const Participant p = read_participant(*object);
    EXPECT_EQ(p.identity, "7");
    EXPECT_TRUE(p.present);
    EXPECT_EQ(p.joined_ms, 5000);
    ASSERT_EQ(p.tracks.size(), 1u);
    EXPECT_EQ(p.tracks[0].source, Source::kCamera);
    EXPECT_TRUE(p.has_permission && p.can_publish);
    ASSERT_EQ(p.can_publish_sources.size(), 1u);
    EXPECT_EQ(p.can_publish_sources[0], Source::kCamera);
  }
  for (const char* text : {"", "[]", "{", "1", "{\"a\":1}x"}) EXPECT_FALSE(parse_object(text));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{\"a\":";
  EXPECT_FALSE(parse_object(deep));
  for (const char* text : {"", "0", "-1", "1x", "99999999999999999999"}) {
    EXPECT_FALSE(decimal(text)) << text;
  }
}

TEST(Identity, NamesAUserOrNobody) {
  const struct {
    const char* text;
    int64_t user;  // 0: nobody
    bool additional;
  } cases[] = {
      {"7", 7, false},    {"7#screen", 7, true}, {"7#", 7, true},      {"7#8#9", 7, true},
      {"", 0, false},     {"#7", 0, false},      {"EG_x#7", 0, false}, {"7x#y", 0, false},
      {"-7#x", 0, false}, {"agent", 0, false},
  };
  for (const auto& c : cases) {
    const auto identity = read_identity(c.text);
    ASSERT_EQ(identity.has_value(), c.user != 0) << c.text;
    if (!identity) continue;
    EXPECT_EQ(identity->user, c.user) << c.text;
    EXPECT_EQ(identity->additional, c.additional) << c.text;
  }
}

}  // namespace
}  // namespace turms::livekit_plugin
