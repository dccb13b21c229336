#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <sstream>

#include "base/metrics.h"
#include "livekit/room.pb.h"
#include "livekit/service_testing.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

using testing::SignalClient;

class RoomServiceTest : public testing::ServiceTest {
 protected:
  /// May take participants from the lounge to the other room.
  static std::string mover(const std::string& destination) {
    Grants grants;
    grants.api_key = kKey;
    grants.video.emplace();
    grants.video->room_admin = true;
    grants.video->room = "lounge";
    grants.video->destination_room = destination;
    return token(grants);
  }
  static std::string code_of(const net::HttpResponse& response) {
    boost::system::error_code error;
    const json::value body = json::parse(response.body, error);
    if (error || !body.is_object() || !body.as_object().contains("code")) return response.body;
    EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
    return std::string(body.at("code").as_string());
  }
  static json::value ok(const net::HttpResponse& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body);
  }
};

TEST_F(RoomServiceTest, RoomsAreMadeListedAndDeleted) {
  start();
  auto room = ok(call("CreateRoom",
                      R"({"name":"lounge","empty_timeout":7,"maxParticipants":3,"metadata":"m",)"
                      R"("unknown":{"a":1}})"));
  EXPECT_TRUE(room.at("sid").as_string().starts_with("RM_"));
  EXPECT_EQ(room.at("empty_timeout").as_int64(), 7);
  EXPECT_EQ(room.at("departure_timeout").as_int64(), 20);
  EXPECT_EQ(room.at("max_participants").as_int64(), 3);
  EXPECT_EQ(room.at("num_participants").as_int64(), 0) << "plain fields are written always";
  EXPECT_TRUE(room.at("creation_time").is_string()) << "64-bit numbers are text in proto3 JSON";
  const auto sid = room.at("sid").as_string();
  room = ok(call("CreateRoom", R"({"name":"lounge","empty_timeout":9,"metadata":"other"})"));
  EXPECT_EQ(room.at("sid").as_string(), sid) << "made once";
  EXPECT_EQ(room.at("empty_timeout").as_int64(), 7);
  EXPECT_EQ(room.at("metadata").as_string(), "m");
  ok(call("CreateRoom", R"({"name":"attic"})"));
  EXPECT_EQ(ok(call("ListRooms", "{}")).at("rooms").as_array().size(), 2u);
  EXPECT_EQ(ok(call("ListRooms", R"({"names":["attic","none"]})")).at("rooms").as_array().size(),
            1u);
  EXPECT_EQ(
      ok(call("ListRooms", R"({"names":["attic","none","attic"]})")).at("rooms").as_array().size(),
      1u)
      << "once, however often it is named";
  EXPECT_EQ(ok(call("ListRooms", R"({"names":["none"]})")).at("rooms").as_array().size(), 0u);
  room = ok(call("UpdateRoomMetadata", R"({"room":"lounge","metadata":"new"})"));
  EXPECT_EQ(room.at("metadata").as_string(), "new");
  ok(call("DeleteRoom", R"({"room":"attic"})"));
  EXPECT_EQ(service->room_count(), 1u);
  EXPECT_EQ(code_of(call("DeleteRoom", R"({"room":"attic"})")), "not_found");
  EXPECT_EQ(code_of(call("UpdateRoomMetadata", R"({"room":"none"})", admin_token("none"))),
            "not_found");
  ok(call("DeleteRoom", R"({"room":"lounge"})"));
  ok(call("CreateRoom", R"({"name":"lounge"})"));
  EXPECT_EQ(service->room_count(), 1u);
}

TEST_F(RoomServiceTest, ParticipantsAreSeenChangedAndRemoved) {
  start();
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  auto list = ok(call("ListParticipants", R"({"room":"lounge"})"));
  ASSERT_EQ(list.at("participants").as_array().size(), 1u);
  auto one = ok(call("GetParticipant", R"({"room":"lounge","identity":"alice"})"));
  EXPECT_EQ(one.at("identity").as_string(), "alice");
  EXPECT_EQ(one.at("state").as_string(), "JOINED");
  one = ok(call("UpdateParticipant",
                R"({"room":"lounge","identity":"alice","name":"Al","attributes":{"a":"b"},)"
                R"("permission":{"canSubscribe":true,"can_publish_sources":["MICROPHONE"]}})"));
  EXPECT_EQ(one.at("name").as_string(), "Al");
  EXPECT_EQ(one.at("attributes").at("a").as_string(), "b");
  EXPECT_FALSE(one.at("permission").at("can_publish").as_bool());
  EXPECT_TRUE(alice->wait(pb::SignalResponse::kRefreshToken));
  EXPECT_EQ(code_of(call("MutePublishedTrack",
                         R"({"room":"lounge","identity":"alice","track_sid":"TR_x"})")),
            "not_found");
  ok(call("UpdateSubscriptions",
          R"({"room":"lounge","identity":"alice","track_sids":["TR_x"],"subscribe":true})"));
  ok(call("RemoveParticipant", R"({"room":"lounge","identity":"alice"})"));
  const auto leave = alice->wait(pb::SignalResponse::kLeave);
  ASSERT_TRUE(leave);
  EXPECT_EQ(leave->leave().reason(), pb::PARTICIPANT_REMOVED);
  EXPECT_EQ(leave->leave().action(), pb::LeaveRequest::DISCONNECT);
}

TEST_F(RoomServiceTest, UnknownParticipantsAreNotFound) {
  start();
  for (const char* room : {"lounge", "none"}) {
    const std::string who = std::string(R"({"room":")") + room + R"(","identity":"nobody"})";
    for (const char* name : {"GetParticipant", "RemoveParticipant", "UpdateParticipant",
                             "MutePublishedTrack", "UpdateSubscriptions"}) {
      const auto answer = call(name, who, admin_token(room));
      EXPECT_EQ(answer.status, 404) << name;
      EXPECT_EQ(code_of(answer), "not_found") << name;
    }
    EXPECT_EQ(
        ok(call("ListParticipants", std::string(R"({"room":")") + room + "\"}", admin_token(room)))
            .at("participants")
            .as_array()
            .size(),
        0u);
    if (service->room_count() == 0) ok(call("CreateRoom", R"({"name":"none"})"));
  }
}

TEST_F(RoomServiceTest, EveryMethodAsksForItsGrant) {
  start();
  enum class Needs { kCreate, kList, kAdmin, kDestination };
  const std::pair<const char*, Needs> methods[] = {{"CreateRoom", Needs::kCreate},
                                                   {"ListRooms", Needs::kList},
                                                   {"DeleteRoom", Needs::kCreate},
                                                   {"UpdateRoomMetadata", Needs::kAdmin},
                                                   {"ListParticipants", Needs::kAdmin},
                                                   {"GetParticipant", Needs::kAdmin},
                                                   {"RemoveParticipant", Needs::kAdmin},
                                                   {"MutePublishedTrack", Needs::kAdmin},
                                                   {"UpdateParticipant", Needs::kAdmin},
                                                   {"UpdateSubscriptions", Needs::kAdmin},
                                                   {"SendData", Needs::kAdmin},
                                                   {"PerformRpc", Needs::kAdmin},
                                                   {"ForwardParticipant", Needs::kDestination},
                                                   {"MoveParticipant", Needs::kDestination}};
  const auto bearer = [](const std::function<void(VideoGrants&)>& set) {
    Grants grants;
    grants.api_key = kKey;
    grants.video.emplace();
    set(*grants.video);
    return token(grants);
  };
  Grants nothing;
  nothing.api_key = kKey;
  const std::pair<std::string, std::optional<Needs>> bearers[] = {
      {"", std::nullopt},
      {token(nothing), std::nullopt},
      {token(member("alice")), std::nullopt},
      {bearer([](VideoGrants& video) { video.room_create = true; }), Needs::kCreate},
      {bearer([](VideoGrants& video) { video.room_list = true; }), Needs::kList},
      {bearer([](VideoGrants& video) {
         video.room_admin = true;
         video.room = "lounge";
       }),
       Needs::kAdmin},
      {bearer([](VideoGrants& video) {
         video.room_admin = true;
         video.room = "cellar";
         video.destination_room = "attic";
       }),
       std::nullopt},
      {bearer([](VideoGrants& video) {
         video.room = "lounge";
         video.destination_room = "attic";
       }),
       std::nullopt}};
  // Whoever may, does nothing: there is neither such a room nor such a participant.
  const char* body =
      R"({"name":"lounge","room":"lounge","identity":"a","destination_identity":"a",)"
      R"("destination_room":"attic","track_sid":"TR_x"})";
  for (const auto& [name, needs] : methods) {
    for (const auto& [presented, has] : bearers) {
      const auto answer = call(name, body, presented);
      if (has == needs) {
        EXPECT_NE(code_of(answer), "unauthenticated") << name;
        continue;
      }
      EXPECT_EQ(answer.status, 401) << name << " " << (has ? static_cast<int>(*has) : -1);
      EXPECT_EQ(code_of(answer), "unauthenticated") << name;
    }
  }
  EXPECT_NE(code_of(call("MoveParticipant", body, mover("attic"))), "unauthenticated");
  const auto bad = call("ListRooms", "{}", mint_token(nothing, "wrong", wall_now(), 1min));
  EXPECT_EQ(bad.status, 401);
  EXPECT_THAT(std::string(bad.headers.get("Content-Type").value_or("")), HasSubstr("text/plain"));
}

TEST_F(RoomServiceTest, LongTextsAreRefused) {
  ServiceConfig config;
  config.limits.name = 10;
  config.limits.metadata = 20;
  config.limits.attributes = 30;
  start(std::move(config));
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  const auto update = [&](const std::string& field, const std::string& value) {
    return call("UpdateParticipant",
                R"({"room":"lounge","identity":"alice",")" + field + "\":" + value + "}");
  };
  const auto text = [](size_t size) { return '"' + std::string(size, 'x') + '"'; };
  EXPECT_EQ(update("name", text(10)).status, 200);
  EXPECT_EQ(code_of(update("name", text(11))), "invalid_argument");
  EXPECT_EQ(update("metadata", text(20)).status, 200);
  EXPECT_EQ(code_of(update("metadata", text(21))), "invalid_argument");
  EXPECT_EQ(update("attributes", R"({"key":)" + text(27) + "}").status, 200);
  EXPECT_EQ(code_of(update("attributes", R"({"key":)" + text(28) + "}")), "invalid_argument");
  EXPECT_EQ(code_of(call("UpdateRoomMetadata", R"({"room":"lounge","metadata":)" + text(21) + "}")),
            "invalid_argument");
  EXPECT_EQ(code_of(call("CreateRoom", R"({"name":"b","metadata":)" + text(21) + "}")),
            "invalid_argument");
  EXPECT_EQ(code_of(call("CreateRoom", R"({"name":"b","agents":[{"agentName":"a","metadata":)" +
                                           text(21) + "}]}")),
            "invalid_argument");
}

TEST_F(RoomServiceTest, NobodyIsMovedToWhereNobodyCanGo) {
  ServiceConfig config;
  config.room.auto_create = false;
  start(std::move(config));
  ok(call("CreateRoom", R"({"name":"lounge"})"));
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  const auto move = [&](const std::string& to) {
    return code_of(call("MoveParticipant",
                        R"({"room":"lounge","identity":"alice","destinationRoom":")" + to + "\"}",
                        mover(to)));
  };
  EXPECT_EQ(move("lounge"), "invalid_argument");
  EXPECT_EQ(move(""), "invalid_argument");
  EXPECT_EQ(move(std::string(300, 'x')), "invalid_argument");
  EXPECT_EQ(move("attic"), "not_found");
  ok(call("CreateRoom", R"({"name":"attic","max_participants":1})"));
  auto bob = std::make_unique<testing::SignalClient>(
      loop, server->port(), "/rtc?access_token=" + token(member("bob", "attic")) + "&protocol=17");
  ASSERT_TRUE(bob->wait(pb::SignalResponse::kJoin));
  EXPECT_EQ(move("attic"), "resource_exhausted");
  ok(call("GetParticipant", R"({"room":"lounge","identity":"alice"})"));
}

TEST_F(RoomServiceTest, ErrorsHaveTwirpsForm) {
  start();
  const net::HttpHeaders as_json{{"Authorization", "Bearer " + admin_token()},
                                 {"Content-Type", "application/json"}};
  const net::HttpHeaders as_text{{"Authorization", "Bearer " + admin_token()},
                                 {"Content-Type", "text/plain"}};
  auto answer = http("POST", "/twirp/livekit.RoomService/Nothing", as_json, "{}");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(code_of(answer), "bad_route");
  EXPECT_EQ(json::parse(answer.body).at("meta").at("twirp_invalid_route").as_string(),
            "POST /twirp/livekit.RoomService/Nothing");
  answer = http("POST", "/twirp/livekit.RoomService/Nothing",
                {{"Content-Type", "application/json"}}, "{}");
  EXPECT_EQ(code_of(answer), "bad_route") << "whoever asks";
  answer = http("GET", "/twirp/livekit.RoomService/ListRooms", as_json);
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(code_of(answer), "bad_route");
  answer = http("POST", "/twirp/livekit.RoomService/ListRooms", as_text, "{}");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(code_of(answer), "bad_route");
  const net::HttpHeaders as_upper{{"Authorization", "Bearer " + admin_token()},
                                  {"Content-Type", "application/JSON; charset=utf-8"}};
  EXPECT_EQ(http("POST", "/twirp/livekit.RoomService/ListRooms", as_upper, "{}").status, 200);
  answer = http("POST", "/twirp/some.Service/Method", as_json, "{}");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(std::string(answer.headers.get("Content-Type").value_or("")),
              HasSubstr("text/plain"));
  for (const char* body : {"", "{", "[]", R"({"name":5})", R"({"empty_timeout":"soon"})",
                           R"({"empty_timeout":-1})", R"({"name":"a","name":"b"})"}) {
    answer = call("CreateRoom", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(code_of(answer), "malformed") << body;
  }
  answer = call("CreateRoom", R"({"name":"a","room_preset":"none"})");  // not configured
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(code_of(answer), "invalid_argument");
  const auto forward = [&](const char* body) {
    return code_of(call("ForwardParticipant", body, mover("attic")));
  };
  EXPECT_EQ(forward(R"({"room":"lounge","destination_room":"attic"})"), "unimplemented");
  EXPECT_EQ(forward(R"({"room":"lounge","destination_room":"cellar"})"), "unauthenticated");
  EXPECT_EQ(forward(R"({"room":"cellar","destination_room":"attic"})"), "unauthenticated");
  EXPECT_EQ(forward(R"({"room":5})"), "malformed");
  EXPECT_EQ(code_of(call("ForwardParticipant", R"({"room":"lounge","destination_room":"lounge"})",
                         mover("lounge"))),
            "invalid_argument");
  answer = call("CreateRoom", R"({"name":")" + std::string(300, 'x') + "\"}");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(code_of(answer), "invalid_argument");
  answer = call("CreateRoom", R"({"name":"a","metadata":")" + std::string(600 * 1024, 'x') + "\"}");
  EXPECT_EQ(code_of(answer), "invalid_argument");
}

TEST_F(RoomServiceTest, AParticipantIsMovedToAnotherRoom) {
  start();
  Grants sets_up = member("alice");
  sets_up.room_config = R"({"maxParticipants":5})";
  auto alice = std::make_unique<testing::SignalClient>(
      loop, server->port(), "/rtc?access_token=" + token(sets_up) + "&protocol=17");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kRefreshToken));
  ok(call("CreateRoom", R"({"name":"attic","metadata":"under the roof"})"));
  Grants mover;
  mover.api_key = kKey;
  mover.video.emplace();
  mover.video->room_admin = true;
  mover.video->room = "lounge";
  const std::string attic = R"({"room":"lounge","identity":"alice","destination_room":"attic"})";
  EXPECT_EQ(code_of(call("MoveParticipant", attic, token(mover))), "unauthenticated")
      << "the token must name the destination";
  mover.video->destination_room = "lounge";
  EXPECT_EQ(code_of(call("MoveParticipant",
                         R"({"room":"lounge","identity":"alice","destination_room":"lounge"})",
                         token(mover))),
            "invalid_argument");
  mover.video->destination_room = "attic";
  EXPECT_EQ(code_of(call("MoveParticipant",
                         R"({"room":"lounge","identity":"bob","destination_room":"attic"})",
                         token(mover))),
            "not_found");
  ok(call("MoveParticipant", attic, token(mover)));
  const auto refreshed = alice->wait(pb::SignalResponse::kRefreshToken);
  ASSERT_TRUE(refreshed);
  const auto grants = verify_token(refreshed->refresh_token(), {{kKey, kSecret}}, wall_now());
  ASSERT_TRUE(grants);
  EXPECT_EQ(grants->video->room, "attic");
  EXPECT_EQ(grants->identity, "alice");
  EXPECT_EQ(grants->room_config, "") << "it was for the room it left";
  const auto moved = alice->wait(pb::SignalResponse::kRoomMoved);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->room_moved().room().name(), "attic");
  EXPECT_EQ(moved->room_moved().room().metadata(), "under the roof");
  EXPECT_EQ(moved->room_moved().token(), refreshed->refresh_token());
  EXPECT_EQ(moved->room_moved().participant().identity(), "alice");
  const auto leave = alice->wait(pb::SignalResponse::kLeave);
  ASSERT_TRUE(leave);
  EXPECT_EQ(leave->leave().action(), pb::LeaveRequest::RECONNECT);
  EXPECT_EQ(
      ok(call("ListParticipants", R"({"room":"lounge"})")).at("participants").as_array().size(),
      0u);
}

TEST_F(RoomServiceTest, AFullRoomTakesNobodyIn) {
  start();
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  ok(call("CreateRoom", R"({"name":"attic","max_participants":1})"));
  SignalClient bob(loop, server->port(),
                   "/rtc?access_token=" + token(member("bob", "attic")) + "&protocol=17");
  ASSERT_TRUE(bob.wait(pb::SignalResponse::kJoin));
  Grants mover;
  mover.api_key = kKey;
  mover.video.emplace();
  mover.video->room_admin = true;
  mover.video->room = "lounge";
  mover.video->destination_room = "attic";
  EXPECT_EQ(code_of(call("MoveParticipant",
                         R"({"room":"lounge","identity":"alice","destination_room":"attic"})",
                         token(mover))),
            "resource_exhausted");
  EXPECT_EQ(
      ok(call("ListParticipants", R"({"room":"lounge"})")).at("participants").as_array().size(),
      1u);
}

TEST_F(RoomServiceTest, WhatOtherProductsDoIsUnimplementedInTheirWords) {
  start();
  Grants all;
  all.api_key = kKey;
  all.video.emplace();
  all.video->room_record = true;
  all.video->ingress_admin = true;
  all.video->room_admin = true;
  all.video->room = "lounge";
  all.video->destination_room = "attic";
  all.sip = {.admin = true, .call = true};
  const net::HttpHeaders as_json{{"Authorization", "Bearer " + token(all)},
                                 {"Content-Type", "application/json"}};
  for (const auto& [path, word] : {std::pair("livekit.Egress/StartRoomCompositeEgress", "record"),
                                   {"livekit.Ingress/CreateIngress", "/whip/v1"},
                                   {"livekit.SIP/CreateSIPInboundTrunk", "SIP"},
                                   {"livekit.SIP/CreateSIPParticipant", "SIP"},
                                   {"livekit.SIP/TransferSIPParticipant", "SIP"}}) {
    const auto answer = http("POST", std::string("/twirp/") + path, as_json, "{}");
    EXPECT_EQ(answer.status, 501) << path;
    EXPECT_EQ(code_of(answer), "unimplemented") << path;
    EXPECT_THAT(answer.body, HasSubstr(word)) << path;
  }
  const auto status = [&](const Grants& grants, const std::string& path) {
    const net::HttpHeaders headers{{"Authorization", "Bearer " + token(grants)},
                                   {"Content-Type", "application/json"}};
    return http("POST", "/twirp/livekit." + path, headers, "{}").status;
  };
  Grants calls = member("alice");
  calls.sip.call = true;
  Grants administers;
  administers.api_key = kKey;
  administers.sip.admin = true;
  EXPECT_EQ(status(member("alice"), "Egress/ListEgress"), 401);
  EXPECT_EQ(status(member("alice"), "Ingress/CreateIngress"), 401);
  EXPECT_EQ(status(member("alice"), "SIP/ListSIPInboundTrunk"), 401);
  EXPECT_EQ(status(member("alice"), "SIP/CreateSIPParticipant"), 401);
  EXPECT_EQ(status(calls, "SIP/ListSIPInboundTrunk"), 401);
  EXPECT_EQ(status(calls, "SIP/CreateSIPParticipant"), 501);
  EXPECT_EQ(status(calls, "SIP/TransferSIPParticipant"), 401) << "it needs the room as well";
  EXPECT_EQ(status(administers, "SIP/ListSIPInboundTrunk"), 501);
  EXPECT_EQ(status(administers, "SIP/CreateSIPParticipant"), 401);
}

TEST_F(RoomServiceTest, AnswersAreCountedByWhatThereIs) {
  start();
  const auto count = [](const std::string& method, const std::string& status,
                        const std::string& code, const std::string& of = "RoomService") {
    const std::string head = R"(livekit_node_twirp_request_status{code=")" + code +
                             R"(",method=")" + method + R"(",node_id="ND_)";
    const std::string tail =
        R"(",node_type="SERVER",service=")" + of + R"(",status=")" + status + R"("} )";
    // Every start of the service is another node.
    int sum = 0;
    std::istringstream lines(metrics::expose());
    for (std::string line; std::getline(lines, line);) {
      const size_t at = line.find(tail);
      if (!line.starts_with(head) || at == line.npos) continue;
      sum += std::stoi(line.substr(at + tail.size()));
    }
    return sum;
  };
  const int made = count("CreateRoom", "200", "");
  const int refused = count("CreateRoom", "4xx", "malformed");
  const int lost = count("", "4xx", "bad_route");
  const int unserved = count("", "5xx", "unimplemented", "Connector");
  ok(call("CreateRoom", R"({"name":"a"})"));
  call("CreateRoom", "{");
  call("NoSuchMethod", "{}");
  const net::HttpHeaders headers{{"Authorization", "Bearer " + admin_token()},
                                 {"Content-Type", "application/json"}};
  http("POST", "/twirp/livekit.Connector/NoSuchMethod", headers, "{}");
  http("POST", "/twirp/livekit.NoSuchService/Method", headers, "{}");
  EXPECT_EQ(count("CreateRoom", "200", ""), made + 1);
  EXPECT_EQ(count("CreateRoom", "4xx", "malformed"), refused + 1);
  EXPECT_EQ(count("", "4xx", "bad_route"), lost + 1);
  EXPECT_EQ(count("", "5xx", "unimplemented", "Connector"), unserved + 1);
  EXPECT_EQ(metrics::expose().find("NoSuch"), std::string::npos) << "strangers name no metric";
}

TEST_F(RoomServiceTest, ALongBodyIsRefusedInTwirpsForm) {
  ServiceConfig config;
  config.limits.api_body = 1000;
  start(std::move(config));
  const auto answer = call("CreateRoom", std::string(1001, ' '));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(code_of(answer), "malformed");
}

TEST_F(RoomServiceTest, ProtobufIsAnsweredInKind) {
  start();
  pb::CreateRoomRequest request;
  request.set_name("lounge");
  const net::HttpHeaders headers{{"Authorization", "Bearer " + admin_token()},
                                 {"Content-Type", "application/protobuf"}};
  auto answer =
      http("POST", "/twirp/livekit.RoomService/CreateRoom", headers, request.SerializeAsString());
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.get("Content-Type"), "application/protobuf");
  pb::Room room;
  ASSERT_TRUE(room.ParseFromString(answer.body));
  EXPECT_EQ(room.name(), "lounge");
  answer = http("POST", "//twirp/livekit.RoomService/CreateRoom", headers, "\xff\xff");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(code_of(answer), "malformed") << "errors are JSON all the same";
}

TEST_F(RoomServiceTest, ThePlayoutDelayOfARoomIsItsOwnOrTheConfiguredOne) {
  ServiceConfig config;
  config.room.playout_delay = media::PlayoutDelay{.min_ms = 50, .max_ms = 500};
  start(config);
  const auto delay = [&](const char* request) {
    ok(call("CreateRoom", request));
    const auto told = engine->room_settings.playout_delay;
    return told ? std::pair(told->min_ms, told->max_ms) : std::pair(0U, 0U);
  };
  EXPECT_EQ(delay(R"({"name":"a"})"), std::pair(50U, 500U));
  EXPECT_EQ(delay(R"({"name":"b","min_playout_delay":200})"), std::pair(200U, 10'000U));
  EXPECT_EQ(delay(R"({"name":"c","max_playout_delay":100,"min_playout_delay":300})"),
            std::pair(100U, 100U));
}

}  // namespace
}  // namespace turms::livekit
