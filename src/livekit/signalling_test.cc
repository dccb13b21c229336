#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/metrics.h"
#include "base/random.h"
#include "livekit/join_request.h"
#include "livekit/service_testing.h"
#include "livekit/signal_queue.h"

namespace turms::livekit {
namespace {

using testing::client_answer;
using testing::client_offer;
using testing::SignalClient;
using ::testing::SizeIs;

class SignallingTest : public testing::ServiceTest {
 protected:
  net::HttpResponse validate(const std::string& query) {
    return http("GET", "/rtc/validate?" + query);
  }
  static std::string query_of(const Grants& grants) { return "access_token=" + token(grants); }
};

TEST_F(SignallingTest, ValidateSaysWhyNot) {
  start();
  auto answer = validate(query_of(member("alice")));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "success");
  EXPECT_EQ(answer.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(service->room_count(), 0u) << "a dry run opens nothing";

  Grants much_metadata = member("alice");
  much_metadata.metadata = std::string(100'000, 'x');
  EXPECT_EQ(validate(query_of(much_metadata)).status, 200);
  Grants long_name = member("alice");
  long_name.name = std::string(257, 'x');
  EXPECT_EQ(validate(query_of(long_name)).status, 200) << "the limit is for changes of it";

  Grants no_identity = member("");
  Grants no_room = member("alice", "");
  Grants no_join = member("alice");
  no_join.video->room_join = false;
  Grants no_video = member("alice");
  no_video.video.reset();
  Grants long_identity = member(std::string(257, 'x'));
  Grants long_room = member("alice", std::string(257, 'x'));
  EXPECT_EQ(validate("").status, 401);
  EXPECT_EQ(validate(query_of(no_video)).status, 401);
  EXPECT_EQ(validate(query_of(no_join)).status, 401);
  EXPECT_EQ(validate(query_of(no_join)).body, "permissions denied");
  EXPECT_EQ(validate(query_of(no_identity)).status, 400);
  EXPECT_EQ(validate(query_of(no_room)).status, 400);
  EXPECT_EQ(validate(query_of(long_identity)).status, 400);
  EXPECT_EQ(validate(query_of(long_room)).status, 400);
  answer = validate("access_token=" + mint_token(member("alice"), "wrong", wall_now(), 1min));
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.headers.get("Access-Control-Allow-Origin"), "*") << "or browsers see no status";
  EXPECT_EQ(validate(query_of(member("alice")) + "&attributes=%25").status, 400);
  const std::string attributes = base64url(as_bytes(R"({"a":"b"})"));
  EXPECT_EQ(validate(query_of(member("alice")) + "&attributes=" + attributes).status, 401);
  EXPECT_EQ(validate(query_of(member("alice")) + "&join_request=abc").status, 400);

  answer = http("GET", "/rtc/validate", {{"Authorization", "Bearer " + token(member("alice"))}});
  EXPECT_EQ(answer.status, 200);
  answer = http("GET", "/rtc/validate", {{"Authorization", token(member("alice"))}});
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(http("GET", "//rtc/validate?" + query_of(member("alice"))).status, 200);
  EXPECT_EQ(http("POST", "/rtc/validate?" + query_of(member("alice"))).status, 200);
}

TEST_F(SignallingTest, AFullServerRefusesWhoIsNotInYet) {
  start();
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  EXPECT_EQ(service->capacity(), Service::Capacity::kOpen);
  engine->loads = {3.0};  // more than there is, so that one look at it will do
  ASSERT_TRUE(loop.run_until([&] { return service->capacity() == Service::Capacity::kFull; },
                             net::kTestLimit));
  EXPECT_EQ(engine->left_out[0], 1) << "and its video is reduced";

  const auto answer = validate(query_of(member("bob")));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "node has exceeded its configured limit");
  EXPECT_EQ(connect("bob")->status(), 503);
  EXPECT_EQ(call("CreateRoom", R"({"name":"another"})").status, 429);
  EXPECT_EQ(call("CreateRoom", R"({"name":"lounge"})").status, 200) << "it is there";
  // Who is in may come back, either way.
  EXPECT_EQ(validate(query_of(member("alice"))).status, 200);
  auto again = connect("alice", "&reconnect=1");
  EXPECT_TRUE(again->wait(pb::SignalResponse::kReconnect));
  auto anew = connect("alice");
  EXPECT_TRUE(anew->wait(pb::SignalResponse::kJoin));
}

TEST_F(SignallingTest, AFurtherConnectionsIdentityIsBoundedAsAWhole) {
  start();
  const std::string longest = query_of(member(std::string(254, 'x')));
  EXPECT_EQ(validate(longest + "&publish=y").status, 200);
  const auto answer = validate(longest + "&publish=yy");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "participant identity length exceeds limits");
}

TEST_F(SignallingTest, WithoutAutoCreateTheRoomMustExist) {
  start({.room = {.auto_create = false}});
  auto answer = validate(query_of(member("alice")));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "requested room does not exist");
  EXPECT_EQ(connect("alice")->status(), 404);
  EXPECT_EQ(call("CreateRoom", R"({"name":"lounge"})").status, 200);
  EXPECT_EQ(validate(query_of(member("alice"))).status, 200);
}

TEST_F(SignallingTest, TheNewerPathNeedsAJoinRequest) {
  start();
  const auto validate_v1 = [&](const std::string& more) {
    return http("GET", "/rtc/v1/validate?" + query_of(member("alice")) + more);
  };
  auto answer = validate_v1("");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "join_request is required");
  EXPECT_EQ(answer.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(validate_v1("&join_request=%25").status, 400);
  JoinRequest request;
  answer = validate_v1("&join_request=" + encode_join_request(request));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "success");
  EXPECT_EQ(validate("join_request=" + encode_join_request(request)).status, 401);
  request.metadata = "mine";
  const std::string with_metadata = "&join_request=" + encode_join_request(request);
  EXPECT_EQ(validate_v1(with_metadata).status, 401) << "its token does not let it";
  Grants grants = member("alice");
  grants.video->can_update_own_metadata = true;
  EXPECT_EQ(http("GET", "/rtc/v1/validate?" + query_of(grants) + with_metadata).status, 200);
  const std::string target = "/rtc/v1?" + query_of(member("alice"));
  EXPECT_EQ(SignalClient(loop, server->port(), target).status(), 400);
  EXPECT_EQ(http("GET", target).status, 404) << "no WebSocket";
}

TEST_F(SignallingTest, AJoinRequestBringsTracksAndOffer) {
  start();
  for (const std::string path : {"/rtc/v1", "/rtc"}) {
    Grants grants = member("bob" + path);
    grants.video->can_update_own_metadata = true;
    client::AddTrack add;
    add.cid = "mic";
    add.info.type = TrackType::kAudio;
    JoinRequest request;
    request.metadata = "about bob";
    request.attributes = {{"mood", "good"}};
    request.auto_subscribe = true;
    request.messages = {
        add, client::Description{
                 {"offer", client_offer({{"1", rtc::MediaKind::kAudio, "mic", {}, true}}), 1}}};
    SignalClient bob(
        loop, server->port(),
        path + "?" + query_of(grants) + "&join_request=" + encode_join_request(request));
    ASSERT_EQ(bob.status(), 101);
    const auto join = bob.wait(pb::SignalResponse::kJoin);
    ASSERT_TRUE(join);
    EXPECT_FALSE(join->join().subscriber_primary());
    EXPECT_EQ(join->join().participant().metadata(), "about bob");
    EXPECT_EQ(join->join().participant().attributes().at("mood"), "good");
    const auto published = bob.wait(pb::SignalResponse::kTrackPublished);
    ASSERT_TRUE(published);
    const auto answer = bob.wait(pb::SignalResponse::kAnswer);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->answer().id(), 1u);
    EXPECT_EQ(engine->received.size(), 1u);

    // It comes back with another request.
    bob.disconnect();
    JoinRequest again;
    again.reconnect = true;
    again.participant_sid = join->join().participant().sid();
    again.messages = {client::SyncState{},
                      client::Description{{"offer", client_offer({}, "other"), 2}}};
    SignalClient resumed(
        loop, server->port(),
        path + "?" + query_of(grants) + "&join_request=" + encode_join_request(again));
    ASSERT_TRUE(resumed.wait(pb::SignalResponse::kReconnect));
    const auto second = resumed.wait(pb::SignalResponse::kAnswer);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->answer().id(), 2u);
    EXPECT_TRUE(engine->received.empty());
  }
}

TEST_F(SignallingTest, ARoomOffersStreamsInStepWhenItIsAskedToOrAllDo) {
  const auto offered = [this](const std::string& room, const std::string& more,
                              const std::string& headers = "") {
    const std::string alice_target = "/rtc?protocol=17&" + query_of(member("alice", room));
    SignalClient alice(loop, server->port(), alice_target);
    EXPECT_TRUE(alice.wait(pb::SignalResponse::kJoin));
    client::AddTrack add;
    add.cid = "mic";
    add.info.source = TrackSource::kMicrophone;
    alice.send(add);
    alice.send(client::Description{
        {"offer", client_offer({{"1", rtc::MediaKind::kAudio, "mic", {}, true}}), 1}});
    EXPECT_TRUE(alice.wait(pb::SignalResponse::kAnswer));
    SignalClient bob(loop, server->port(), "/rtc?" + query_of(member("bob", room)) + more, headers);
    const auto offer = bob.wait(pb::SignalResponse::kOffer);
    return offer && offer->offer().sdp().find("|camera ") != std::string::npos;
  };
  start();
  call("CreateRoom", R"({"name":"asked","sync_streams":true})");
  EXPECT_TRUE(offered("asked", ""));
  EXPECT_TRUE(offered("asked", "&browser=Chrome", "User-Agent: Gecko Firefox/153.0\r\n"));
  EXPECT_FALSE(offered("asked", "", "User-Agent: Gecko Firefox/153.0\r\n"));
  EXPECT_FALSE(offered("asked", "&browser=Firefox"));
  EXPECT_FALSE(offered("asked", "&browser=firefox%20mobile"));
  EXPECT_FALSE(offered("asked", "&protocol=9"));
  EXPECT_FALSE(offered("lounge", ""));
  service.reset();
  start({.room = {.sync_streams = true}});
  EXPECT_TRUE(offered("lounge", ""));
}

TEST_F(SignallingTest, TheGoSdkHearsTheAnswerOnlyWhenItIsReady) {
  start();
  JoinRequest request;
  request.go_sdk = true;
  request.messages.emplace_back(client::Description{{"offer", client_offer({}), 1}});
  SignalClient go(loop, server->port(),
                  "/rtc/v1?access_token=" + token(member("go")) +
                      "&join_request=" + encode_join_request(request));
  const TimePoint before = loop.now();
  ASSERT_TRUE(go.wait(pb::SignalResponse::kJoin));
  ASSERT_TRUE(go.wait(pb::SignalResponse::kAnswer));
  EXPECT_GE(loop.now() - before, 20ms);
  // What waits is not lost when the connection ends at once.
  SignalClient other(loop, server->port(),
                     "/rtc/v1?access_token=" + token(member("go 2")) +
                         "&join_request=" + encode_join_request(request));
  ASSERT_TRUE(other.wait(pb::SignalResponse::kJoin));
  call("RemoveParticipant", R"({"room":"lounge","identity":"go 2"})");
  EXPECT_TRUE(other.wait(pb::SignalResponse::kAnswer));
  EXPECT_TRUE(other.wait(pb::SignalResponse::kLeave));
}

TEST_F(SignallingTest, RefusalsAreHttpStatuses) {
  start({.room = {.max_participants = 1}});
  Grants preset = member("alice");
  preset.room_preset = "large";
  EXPECT_EQ(SignalClient(loop, server->port(), "/rtc?" + query_of(preset)).status(), 400);
  EXPECT_EQ(service->room_count(), 0u);
  EXPECT_EQ(SignalClient(loop, server->port(), "/rtc").status(), 401);
  auto alice = connect("alice");
  EXPECT_EQ(alice->status(), 101);
  EXPECT_EQ(connect("bob")->status(), 500);
}

TEST_F(SignallingTest, JoinSaysAllThatClientsNeed) {
  start({.region = "here"});
  auto alice = connect("alice");
  const auto response = alice->wait(pb::SignalResponse::kJoin);
  ASSERT_TRUE(response);
  const pb::JoinResponse& join = response->join();
  EXPECT_EQ(join.server_info().version(), "1.13.7");
  EXPECT_EQ(join.server_version(), "1.13.7");
  EXPECT_EQ(join.server_info().protocol(), 17);
  EXPECT_EQ(join.server_info().region(), "here");
  EXPECT_TRUE(join.server_info().node_id().starts_with("ND_"));
  EXPECT_EQ(join.ping_interval(), 5);
  EXPECT_EQ(join.ping_timeout(), 15);
  EXPECT_TRUE(join.subscriber_primary());
  EXPECT_TRUE(join.fast_publish());
  EXPECT_EQ(join.room().name(), "lounge");
  EXPECT_EQ(join.participant().identity(), "alice");
  EXPECT_TRUE(join.participant().permission().can_publish());
  EXPECT_GT(join.enabled_publish_codecs_size(), 3);
  const auto offer = alice->wait(pb::SignalResponse::kOffer);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->offer().type(), "offer");
  EXPECT_NE(offer->offer().sdp().find("a=candidate:"), std::string::npos);
  EXPECT_EQ(service->participant_count(), 1u);
}

TEST_F(SignallingTest, AnswersTakeTheFormOfTheLastRequest) {
  start();
  auto alice = connect("alice");
  alice->send(client::Ping{42, 0}, Encoding::kJson);
  auto pong = alice->wait(pb::SignalResponse::kPongResp);
  ASSERT_TRUE(pong);
  EXPECT_TRUE(alice->last_was_text());
  EXPECT_EQ(pong->pong_resp().last_ping_timestamp(), 42);
  alice->send(client::LegacyPing{1}, Encoding::kProtobuf);
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kPong));
  EXPECT_FALSE(alice->last_was_text());
  alice->send_frame(1, R"({"pingReq":{"timestamp":"7"},"someday":{"x":[1,2]}})");
  pong = alice->wait(pb::SignalResponse::kPongResp);
  ASSERT_TRUE(pong);
  EXPECT_EQ(pong->pong_resp().last_ping_timestamp(), 7);
}

TEST_F(SignallingTest, ATrackTravelsFromOfferToOffer) {
  start();
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  auto bob = connect("bob");
  auto offer = bob->wait(pb::SignalResponse::kOffer);
  ASSERT_TRUE(offer);
  bob->send(
      client::Description{{"answer", client_answer(offer->offer().sdp()), offer->offer().id()}});

  client::AddTrack add;
  add.cid = "mic";
  add.info.type = TrackType::kAudio;
  add.info.source = TrackSource::kMicrophone;
  alice->send(add);
  const auto published = alice->wait(pb::SignalResponse::kTrackPublished);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->track_published().cid(), "mic");
  alice->send(client::Description{
      {"offer", client_offer({{"1", rtc::MediaKind::kAudio, "mic", {}, true}}), 3}});
  const auto answer = alice->wait(pb::SignalResponse::kAnswer);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->answer().id(), 3u);
  offer = bob->wait(pb::SignalResponse::kOffer);
  ASSERT_TRUE(offer);
  EXPECT_NE(offer->offer().sdp().find(published->track_published().track().sid()),
            std::string::npos);
}

TEST_F(SignallingTest, ASecondConnectionOfOneIdentityEndsTheFirst) {
  start();
  auto first = connect("alice");
  ASSERT_TRUE(first->wait(pb::SignalResponse::kJoin));
  auto second = connect("alice");
  ASSERT_TRUE(second->wait(pb::SignalResponse::kJoin));
  const auto leave = first->wait(pb::SignalResponse::kLeave);
  ASSERT_TRUE(leave);
  EXPECT_EQ(leave->leave().reason(), pb::DUPLICATE_IDENTITY);
  EXPECT_EQ(first->wait_close(), 1000);
  EXPECT_EQ(service->participant_count(), 1u);
}

TEST_F(SignallingTest, ABrokenConnectionIsResumed) {
  start();
  auto alice = connect("alice");
  const auto join = alice->wait(pb::SignalResponse::kJoin);
  ASSERT_TRUE(join);
  alice->disconnect();
  const std::string sid = join->join().participant().sid();
  auto again = connect("alice", "&reconnect=1&sid=" + sid);
  EXPECT_TRUE(again->wait(pb::SignalResponse::kReconnect));
  EXPECT_TRUE(again->wait(pb::SignalResponse::kOffer));
  EXPECT_EQ(service->participant_count(), 1u);
  // On top of a connection whose end nobody noticed.
  auto third = connect("alice", "&reconnect=1&sid=" + sid);
  EXPECT_TRUE(third->wait(pb::SignalResponse::kReconnect));
  EXPECT_EQ(again->wait_close(), 1000);
  third->send(client::Ping{1, 0});
  EXPECT_TRUE(third->wait(pb::SignalResponse::kPongResp));
}

TEST_F(SignallingTest, WhoCannotResumeIsToldToJoinAnew) {
  start();
  auto alice = connect("alice", "&reconnect=1&sid=PA_gone");
  const auto leave = alice->wait(pb::SignalResponse::kLeave);
  ASSERT_TRUE(leave);
  EXPECT_EQ(leave->leave().reason(), pb::STATE_MISMATCH);
  EXPECT_EQ(leave->leave().action(), pb::LeaveRequest::RECONNECT);
  EXPECT_EQ(alice->wait_close(), 1000);
  EXPECT_EQ(service->room_count(), 0u);
}

TEST_F(SignallingTest, LeavingClosesTheConnection) {
  start();
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  alice->send(client::Leave{});
  EXPECT_EQ(alice->wait_close(), 1000);
  EXPECT_EQ(service->participant_count(), 0u);
}

TEST_F(SignallingTest, HostileFramesCloseTheConnectionAndNothingElse) {
  start();
  auto bystander = connect("bystander");
  ASSERT_TRUE(bystander->wait(pb::SignalResponse::kJoin));
  Rng rng(4711);
  const auto hostile = [&](uint8_t opcode, const std::string& payload) {
    auto mallory = connect("mallory");
    EXPECT_TRUE(mallory->wait(pb::SignalResponse::kJoin));
    mallory->send_frame(opcode, payload);
    EXPECT_NE(mallory->wait_close(), 0);
  };
  hostile(2, std::string("\x0a\xff\xff\xff\xff\x0f", 6));
  hostile(1, "{broken");
  hostile(1, R"({"offer":5})");
  hostile(1, std::string(50'000, '['));
  hostile(2, std::string(3 * 1024 * 1024, 'x'));
  hostile(2, encode_client_message(Encoding::kProtobuf,
                                   client::Description{{"offer", "v=0\r\nno", 1}}));
  auto noise = connect("noise");
  ASSERT_TRUE(noise->wait(pb::SignalResponse::kJoin));
  for (int i = 0; i < 500; ++i) {
    std::string payload(rng.below(200), '\0');
    rng.fill({reinterpret_cast<uint8_t*>(payload.data()), payload.size()});
    auto mallory = connect("fuzz" + std::to_string(i % 7));
    mallory->send_frame(2, payload);
    mallory->disconnect();
  }
  bystander->send(client::Ping{1, 0});
  EXPECT_TRUE(bystander->wait(pb::SignalResponse::kPongResp));
}

TEST_F(SignallingTest, AFloodIsSlowedAndOthersGetTheirTurn) {
  start();
  auto mallory = connect("mallory");
  auto alice = connect("alice");
  ASSERT_TRUE(mallory->wait(pb::SignalResponse::kJoin));
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  constexpr int kMessages = static_cast<int>(SignalQueue::kMessageBurst) + 50;
  for (int i = 1; i <= kMessages; ++i) mallory->send(client::Ping{i, 0});
  alice->send(client::Ping{1, 0});
  EXPECT_TRUE(alice->wait(pb::SignalResponse::kPongResp));
  for (int i = 1; i <= kMessages; ++i) {
    const auto pong = mallory->wait(pb::SignalResponse::kPongResp);
    ASSERT_TRUE(pong) << "slowed, not lost";
    ASSERT_EQ(pong->pong_resp().last_ping_timestamp(), i);
  }
}

TEST_F(SignallingTest, WhatWasSaidLastCountsWhenTheConnectionEnds) {
  start();
  auto bob = connect("bob");
  ASSERT_TRUE(bob->wait(pb::SignalResponse::kJoin));
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  for (int i = 0; i < 3 * SignalQueue::kPerTurn; ++i) alice->send(client::Ping{1, 0});
  alice->send(client::Leave{});
  alice->disconnect();
  // At once, not after the time for a resume.
  while (service->participant_count() > 1) ASSERT_TRUE(bob->wait(pb::SignalResponse::kUpdate));
}

TEST_F(SignallingTest, DrainTellsEveryoneAndRefusesNewcomers) {
  start();
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  bool done = false;
  service->drain(5s, [&] { done = true; });
  EXPECT_TRUE(done) << "no webhooks to wait for";
  const auto leave = alice->wait(pb::SignalResponse::kLeave);
  ASSERT_TRUE(leave);
  EXPECT_EQ(leave->leave().reason(), pb::SERVER_SHUTDOWN);
  EXPECT_EQ(leave->leave().action(), pb::LeaveRequest::RECONNECT) << "a restart ends no meeting";
  EXPECT_EQ(alice->wait_close(), 1000);
  EXPECT_EQ(connect("bob")->status(), 503);
  EXPECT_EQ(service->room_count(), 0u);
}

TEST_F(SignallingTest, JoinsAndMessagesAreCounted) {
  start({.room = {.max_participants = 1}, .node_id = "ND_joins"});
  const auto count = [](const std::string& name, const std::string& before,
                        const std::string& after) {
    const std::string head =
        name + "{" + before + R"(node_id="ND_joins",node_type="SERVER",)" + after + "} ";
    const std::string all = metrics::expose();
    const size_t at = all.find(head);
    return at == all.npos ? -1 : std::stoi(all.substr(at + head.size()));
  };
  const auto joins = [&](const std::string& state) {
    return count("livekit_participant_join_total", "", R"(state=")" + state + '"');
  };
  const auto messages = [&](const std::string& direction) {
    return count("livekit_node_messages", R"(direction=")" + direction + R"(",)",
                 R"(status="success",type="signal")");
  };
  EXPECT_EQ(SignalClient(loop, server->port(), "/rtc").status(), 401);
  EXPECT_EQ(joins("signal_validation_failed"), 1);
  auto alice = connect("alice");
  const auto join = alice->wait(pb::SignalResponse::kJoin);
  ASSERT_TRUE(join);
  EXPECT_EQ(connect("bob")->status(), 500);
  EXPECT_EQ(joins("signal_connected"), 1);
  EXPECT_EQ(joins("signal_failed"), 1);
  EXPECT_EQ(joins("rtc_active"), 0) << "its media is not up";
  EXPECT_GE(messages("response"), 1);
  EXPECT_EQ(messages("request"), 0);
  alice->send(client::Ping{});
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kPongResp));
  EXPECT_EQ(messages("request"), 1);
  alice->disconnect();
  auto again = connect("alice", "&reconnect=1&sid=" + join->join().participant().sid());
  ASSERT_TRUE(again->wait(pb::SignalResponse::kReconnect));
  EXPECT_EQ(joins("signal_connected"), 2);
  EXPECT_EQ(joins("rtc_active"), 1);
}

}  // namespace
}  // namespace turms::livekit
