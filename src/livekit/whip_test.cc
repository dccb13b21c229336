#include "livekit/whip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "livekit/service_testing.h"
#include "rtc/sdp/fragment.h"

namespace turms::livekit {
namespace {

using testing::client_offer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kOffer = "application/sdp";
constexpr const char* kFragment = "application/trickle-ice-sdpfrag";

class WhipTest : public testing::ServiceTest {
 protected:
  static std::string offer() {
    return client_offer({{.mid = "1", .kind = rtc::MediaKind::kAudio, .cid = "sound"},
                         {.mid = "2", .kind = rtc::MediaKind::kVideo, .cid = "picture"}});
  }
  static std::string fragment(const std::string& ufrag = "client", const std::string& mid = "0") {
    return "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:" + mid +
           "\r\na=ice-ufrag:" + ufrag +
           "\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
           "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n";
  }
  net::HttpResponse post(const Grants& grants, const std::string& body = offer(),
                         const std::string& type = kOffer) {
    return http("POST", "/whip/v1",
                {{"Authorization", "Bearer " + token(grants)}, {"Content-Type", type}}, body);
  }
  net::HttpResponse patch(const std::string& resource, const std::string& tag,
                          const std::string& body = fragment(), const std::string& who = "obs",
                          const std::string& type = kFragment) {
    net::HttpHeaders headers{{"Authorization", "Bearer " + token(member(who))},
                             {"Content-Type", type}};
    if (!tag.empty()) headers.add("If-Match", tag);
    return http("PATCH", resource, headers, body);
  }
  net::HttpResponse end(const std::string& resource, const Grants& grants) {
    return http("DELETE", resource, {{"Authorization", "Bearer " + token(grants)}});
  }
  static std::string value(const net::HttpResponse& response, const std::string& name) {
    return std::string(response.headers.get(name).value_or(""));
  }
};

TEST_F(WhipTest, AnOfferIsAnsweredWithASession) {
  start();
  const auto answer = post(member("obs"));
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(value(answer, "Content-Type"), kOffer);
  EXPECT_EQ(value(answer, "Access-Control-Allow-Origin"), "*");
  EXPECT_THAT(value(answer, "Access-Control-Expose-Headers"), HasSubstr("Location"));
  EXPECT_THAT(value(answer, "Location"), ::testing::StartsWith("/whip/v1/PA_"));
  const auto description = rtc::sdp::parse(answer.body);
  ASSERT_TRUE(description);
  EXPECT_EQ(value(answer, "ETag"), '"' + rtc::sdp::remote_transport(*description)->ice.ufrag + '"');
  EXPECT_THAT(engine->received, SizeIs(2));
  const auto people = call("ListParticipants", R"({"room":"lounge"})");
  EXPECT_THAT(people.body, HasSubstr("synthesized-camera"));

  const std::string resource = value(answer, "Location");
  EXPECT_EQ(end(resource, member("alice")).status, 404);
  EXPECT_EQ(end(resource, member("obs", "other")).status, 404);
  EXPECT_EQ(http("DELETE", resource).status, 401);
  EXPECT_THAT(engine->received, SizeIs(2));
  EXPECT_EQ(end(resource, member("obs")).status, 200);
  EXPECT_THAT(engine->received, IsEmpty());
  EXPECT_THAT(engine->transports, IsEmpty());
  EXPECT_EQ(patch(resource, "*").status, 404);
}

TEST_F(WhipTest, RefusesWithAReason) {
  ServiceConfig config;
  config.room.auto_create = false;
  start(std::move(config));
  EXPECT_EQ(call("CreateRoom", R"({"name":"lounge"})").status, 200);
  const auto error = [](const net::HttpResponse& response) {
    return std::to_string(response.status) + " " + response.body;
  };
  EXPECT_EQ(http("POST", "/whip/v1", {{"Content-Type", kOffer}}, offer()).status, 401);
  EXPECT_EQ(http("POST", "/whip/v1", {{"Content-Type", kOffer}, {"Authorization", "Bearer x.y.z"}},
                 offer())
                .status,
            401);
  Grants outside = member("obs");
  outside.video->room_join = false;
  EXPECT_EQ(error(post(outside)), R"(401 {"error":"permissions denied"})");
  Grants viewer = member("obs");
  viewer.video->can_publish = false;
  EXPECT_EQ(error(post(viewer)), R"(403 {"error":"does not have permission to publish"})");
  EXPECT_EQ(error(post(member(""))), R"(400 {"error":"identity cannot be empty"})");
  EXPECT_EQ(error(post(member("obs", "elsewhere"))),
            R"(404 {"error":"requested room does not exist"})");
  EXPECT_EQ(error(post(member("obs"), offer(), "text/plain")),
            R"(415 {"error":"unsupported content-type: application/sdp expected"})");
  EXPECT_EQ(error(post(member("obs"), "")), R"(400 {"error":"body does not have SDP offer"})");
  EXPECT_EQ(error(post(member("obs"), "hello")),
            R"(400 {"error":"SDP offer: line 1: v=0 expected"})");
  EXPECT_EQ(post(member("obs"), std::string(Whip::kMaxBody + 1, 'a')).status, 413);
  EXPECT_THAT(engine->transports, IsEmpty());
  EXPECT_EQ(post(member("obs"), offer(), "Application/SDP; charset=utf-8").status, 201);
}

TEST_F(WhipTest, ABadOfferLeavesTheSessionBeforeItAlone) {
  start();
  ASSERT_EQ(post(member("obs")).status, 201);
  EXPECT_EQ(post(member("obs"), "hello").status, 400);
  EXPECT_THAT(engine->received, SizeIs(2));
  ASSERT_EQ(post(member("obs")).status, 201);
  EXPECT_THAT(engine->transports, SizeIs(1));
}

TEST_F(WhipTest, CandidatesAreTakenForTheirIceSession) {
  start();
  const auto answer = post(member("obs"));
  const std::string resource = value(answer, "Location");
  const std::string tag = value(answer, "ETag");
  EXPECT_EQ(patch(resource, tag).status, 204);
  EXPECT_EQ(patch(resource, "\"x\", " + tag).status, 204);
  EXPECT_EQ(patch(resource, tag.substr(1, tag.size() - 2)).status, 204);
  EXPECT_EQ(patch(resource, "").status, 428);
  EXPECT_EQ(patch(resource, "\"x\"").status, 412);
  EXPECT_EQ(patch(resource, tag, fragment(), "alice").status, 404);
  EXPECT_EQ(patch(resource + "x", tag).status, 404);
  EXPECT_EQ(patch(resource, tag, fragment(), "obs", "text/plain").status, 415);
  EXPECT_THAT(patch(resource, tag, "nonsense").body, HasSubstr("one m-section expected"));
  EXPECT_THAT(patch(resource, tag, fragment("client", "7")).body, HasSubstr("mid"));
  EXPECT_THAT(patch(resource, tag, fragment("other")).body, HasSubstr("If-Match: *"));
}

TEST_F(WhipTest, IceRestartsWithAnotherEntityTag) {
  start();
  const auto answer = post(member("obs"));
  const std::string resource = value(answer, "Location");
  const auto restarted = patch(resource, "*", fragment("fresh"));
  ASSERT_EQ(restarted.status, 200) << restarted.body;
  EXPECT_EQ(value(restarted, "Content-Type"), kFragment);
  const auto parsed = rtc::sdp::parse_fragment(restarted.body);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(value(restarted, "ETag"), '"' + parsed->sections[0].ice.ufrag + '"');
  EXPECT_NE(value(restarted, "ETag"), value(answer, "ETag"));
  EXPECT_THAT(parsed->sections[0].candidates, SizeIs(2));
  EXPECT_EQ(patch(resource, value(answer, "ETag"), fragment("fresh")).status, 412);
  EXPECT_EQ(patch(resource, value(restarted, "ETag"), fragment("fresh")).status, 204);
  const auto flood = patch(resource, "*", fragment("more1"));
  EXPECT_EQ(flood.status, 429);
  EXPECT_EQ(value(flood, "Retry-After"), "1");
  EXPECT_EQ(patch(resource, "*", "m=application 9 UDP/DTLS/SCTP 5000\r\na=mid:0\r\n").status, 400);
}

TEST_F(WhipTest, IceServersComeAsLinks) {
  ServiceConfig config;
  config.ice.stun_servers = {"stun.example.org:3478"};
  config.ice.turn_servers = {{.host = "turn.example.org",
                              .port = 443,
                              .protocol = "tls",
                              .username = "us\"er",
                              .credential = "word"}};
  start(std::move(config));
  const auto answer = post(member("obs"));
  std::vector<std::string> links;
  for (const auto& [name, content] : answer.headers) {
    if (name == "Link") links.push_back(content);
  }
  EXPECT_THAT(links, ::testing::ElementsAre(
                         "<turns:turn.example.org:443?transport=tcp>; rel=\"ice-server\"; "
                         "username=\"us\\\"er\"; credential=\"word\"; credential-type=\"password\"",
                         "<stun:stun.example.org:3478>; rel=\"ice-server\""));
}

TEST_F(WhipTest, PagesMayAsk) {
  start();
  for (const std::string path : {"/whip/v1", "/whip/v1/PA_x"}) {
    const auto answer = http("OPTIONS", path,
                             {{"Origin", "https://example.org"},
                              {"Access-Control-Request-Method", "POST"},
                              {"Access-Control-Request-Headers", "authorization,content-type"}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(value(answer, "Access-Control-Allow-Origin"), "*");
    EXPECT_THAT(value(answer, "Access-Control-Allow-Headers"), HasSubstr("Authorization"));
    EXPECT_THAT(value(answer, "Access-Control-Allow-Methods"), HasSubstr("PATCH"));
    EXPECT_EQ(value(answer, "Accept-Post"), kOffer);
    EXPECT_EQ(http("GET", path).status, 204);
    EXPECT_EQ(http("PUT", path).status, 405);
  }
}

}  // namespace
}  // namespace turms::livekit
