// The plugin against a scripted server.
#include "base/jwt.h"
#include "fake_livekit_testing.h"
#include "net/tls_server_testing.h"
#include "plugin_fixture_testing.h"

namespace turms::livekit_plugin {
namespace {

class ScriptedLiveKit : public LiveKitPlugin {
 protected:
  ScriptedLiveKit() : fake_(loop_) {}

  std::map<std::string, std::string> settings() {
    return {{"url", fake_.url()},
            {"api_key", FakeLiveKit::kKey},
            {"api_secret", FakeLiveKit::kSecret},
            {"reconcile_seconds", "1"}};
  }
  void SetUp() override { ASSERT_TRUE(start(settings())); }
  /// Tells the plugin to look, as the server would.
  void hint(int64_t meeting, const std::string& event = "participant_joined") {
    const std::string body = R"({"event":")" + event + R"(","room":{"name":")" +
                             std::to_string(meeting) + R"(","sid":"RM_)" + std::to_string(meeting) +
                             R"("}})";
    EXPECT_EQ(webhook(body, FakeLiveKit::sign(body)), 200);
  }

  FakeLiveKit fake_;
};

TEST_F(ScriptedLiveKit, MakesTheRoomOfAMeeting) {
  ASSERT_TRUE(create(123456789, 1, 0xABC));
  const auto call = fake_.last("CreateRoom");
  EXPECT_EQ(call.trace_id, "0000000000000abc");
  EXPECT_EQ(text_field(call.body, "name"), "123456789");
  EXPECT_EQ(number_field(call.body, "max_participants"), 25);
  EXPECT_GT(number_field(call.body, "empty_timeout"), 0);
  EXPECT_GT(number_field(call.body, "departure_timeout"), 0);
  EXPECT_EQ(text_field(call.claims, "iss"), FakeLiveKit::kKey);
  EXPECT_TRUE(bool_field(*object_field(call.claims, "video"), "roomCreate"));
  EXPECT_EQ(run(conference().count_active_meetings(UserId(1))), 1);
  EXPECT_EQ(run(conference().count_active_meetings(UserId(2))), 0);

  ASSERT_TRUE(run(conference().cancel_meeting(MeetingId(123456789))));
  EXPECT_EQ(text_field(fake_.last("DeleteRoom").body, "room"), "123456789");
  EXPECT_EQ(run(conference().count_active_meetings(UserId(1))), 0);
  EXPECT_TRUE(run(conference().cancel_meeting(MeetingId(123456789)))) << "gone already";
}

TEST_F(ScriptedLiveKit, GivesTokensForKnownMeetings) {
  auto unknown = accept(5, 2);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(create(5));
  auto token = accept(5, 2, im::GroupMemberRole::kOwner);
  ASSERT_TRUE(token);
  auto claims = jwt::verify(*token, FakeLiveKit::kSecret);
  ASSERT_TRUE(claims);
  EXPECT_NE(claims->find(R"("sub":"2")"), std::string::npos);
  EXPECT_EQ(claims->find("roomAdmin"), std::string::npos) << "nobody's, the owner's neither";
}

TEST_F(ScriptedLiveKit, MutesWhatAUserPublishes) {
  auto unknown = run(conference().mute(MeetingId(5), UserId(2), im::meeting::kMicrophone));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(create(5));
  auto participant = FakeLiveKit::participant(2, 1000);
  participant["tracks"] =
      json::array{json::object{{"sid", "TR_cam"}, {"source", "CAMERA"}},
                  json::object{{"sid", "TR_mic"}, {"source", "MICROPHONE"}},
                  json::object{{"sid", "TR_off"}, {"source", "CAMERA"}, {"muted", true}}};
  fake_.rooms["5"] = {participant, FakeLiveKit::participant(3, 1000)};
  ASSERT_TRUE(run(conference().mute(MeetingId(5), UserId(2), im::meeting::kCamera)));
  ASSERT_EQ(fake_.count("MutePublishedTrack"), 1u);
  const auto call = fake_.last("MutePublishedTrack");
  EXPECT_EQ(text_field(call.body, "identity"), "2");
  EXPECT_EQ(text_field(call.body, "track_sid"), "TR_cam");
  EXPECT_TRUE(run(conference().mute(MeetingId(5), UserId(9), im::meeting::kCamera))) << "not there";
  fake_.scripted["MutePublishedTrack"] = {FakeLiveKit::twirp_error(404, "not_found")};
  EXPECT_TRUE(run(conference().mute(MeetingId(5), UserId(2), im::meeting::kCamera)))
      << "gone meanwhile";
  fake_.scripted["MutePublishedTrack"] = {FakeLiveKit::twirp_error(400, "bad")};
  EXPECT_FALSE(run(conference().mute(MeetingId(5), UserId(2), im::meeting::kCamera)));
}

TEST_F(ScriptedLiveKit, TakesSourcesThatAreNotAllowed) {
  ASSERT_TRUE(create(5));
  ASSERT_TRUE(accept(5, 2));
  fake_.rooms["5"] = {FakeLiveKit::participant(2, 1000)};
  tell(5, {{.user_id = UserId(2), .tracks = im::meeting::kScreen, .data = false}});
  ASSERT_TRUE(until([&] {
    return fake_.count("UpdateParticipant") > 0 && fake_.count("MutePublishedTrack") > 0;
  }));
  const auto call = fake_.last("UpdateParticipant");
  const json::object* permission = object_field(call.body, "permission");
  ASSERT_NE(permission, nullptr);
  EXPECT_FALSE(bool_field(*permission, "can_publish_data"));
  EXPECT_EQ(json::serialize(permission->at("can_publish_sources")),
            R"(["SCREEN_SHARE","SCREEN_SHARE_AUDIO"])");
}

TEST_F(ScriptedLiveKit, TriesAgainWhatFailedForNow) {
  fake_.scripted["CreateRoom"] = {FakeLiveKit::twirp_error(503, "unavailable"),
                                  FakeLiveKit::twirp_error(500, "internal")};
  EXPECT_TRUE(create(1));
  EXPECT_EQ(fake_.count("CreateRoom"), 3u);
}

TEST_F(ScriptedLiveKit, ReportsWhatDoesNotHeal) {
  const struct {
    std::vector<net::HttpResponse> answers;
    ErrorCode code;
    size_t calls;
  } cases[] = {
      {{FakeLiveKit::twirp_error(400, "invalid_argument")}, ErrorCode::kInvalidArgument, 1},
      {{FakeLiveKit::twirp_error(401, "unauthenticated")}, ErrorCode::kInternal, 1},
      {{net::HttpResponse::text(200, "<html>")}, ErrorCode::kInternal, 1},
      {std::vector<net::HttpResponse>(3, net::HttpResponse::text(502, "bad gateway")),
       ErrorCode::kUnavailable, 3},
  };
  for (const auto& c : cases) {
    const size_t before = fake_.count("CreateRoom");
    fake_.scripted["CreateRoom"] = c.answers;
    auto made = create(7);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, c.code);
    EXPECT_EQ(fake_.count("CreateRoom") - before, c.calls);
    EXPECT_FALSE(accept(7, 1)) << "no room, no token";
  }
}

TEST_F(ScriptedLiveKit, ServerThatIsNotThere) {
  auto unreachable = settings();
  unreachable["url"] = "http://127.0.0.1:1";
  ASSERT_TRUE(start(unreachable));
  auto made = create(1);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(conference().available());
}

TEST_F(ScriptedLiveKit, TrustsTheAuthorityItIsGiven) {
  const net::Certificate certificate("IP:127.0.0.1");
  net::TlsServer server(certificate, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", true);
  auto secure = settings();
  secure["url"] = "https://127.0.0.1:" + std::to_string(server.port);
  ASSERT_TRUE(start(secure));
  auto made = create(1);
  ASSERT_FALSE(made) << "signed by nobody the system knows";
  EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
  secure["ca_file"] = certificate.file;
  ASSERT_TRUE(start(secure));
  made = create(1);
  EXPECT_TRUE(made) << made.error().message;
}

TEST_F(ScriptedLiveKit, RefusesWrongSettings) {
  const struct {
    const char* key;
    const char* value;
    const char* error;
  } cases[] = {
      {"url", "", "plugins.livekit.url is not of the form http(s)://host:port"},
      {"url", "localhost:7880", "plugins.livekit.url is not of the form http(s)://host:port"},
      {"api_key", "", "plugins.livekit.api_key is not set"},
      {"api_secret", "", "plugins.livekit.api_secret is not set"},
      {"ca_file", "/nonexistent",
       "plugins.livekit.ca_file is not a file of certificates (PEM) that can be read"},
      {"token_ttl_seconds", "soon", "plugins.livekit.token_ttl_seconds is not a number of seconds"},
      {"reconcile_seconds", "0", "plugins.livekit.reconcile_seconds is not a number of seconds"},
  };
  for (const auto& c : cases) {
    auto broken = settings();
    broken[c.key] = c.value;
    auto started = start(broken);
    ASSERT_FALSE(started) << c.key;
    EXPECT_EQ(started.error().message, std::string("did not start: ") + c.error);
  }
}

TEST_F(ScriptedLiveKit, LooksWhenAWebhookSaysSo) {
  ASSERT_TRUE(create(5));
  fake_.rooms["5"] = {FakeLiveKit::participant(2, 2000), FakeLiveKit::participant(1, 1000)};
  hint(5);
  ASSERT_TRUE(until([&] { return changes_ > 0; }));
  ASSERT_EQ(participants_[5].size(), 2u);
  EXPECT_EQ(participants_[5][0].user_id, UserId(1)) << "in the order of joining";
  EXPECT_EQ(participants_[5][0].joined_date, WallTime{1000});
  EXPECT_TRUE(participants_[5][0].microphone);
  EXPECT_FALSE(participants_[5][0].camera);
  auto listed = run(conference().participants(MeetingId(5)));
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->size(), 2u);

  // A mute, of which no webhook tells, is seen by watching.
  fake_.rooms["5"][0].as_object()["tracks"].as_array()[0].as_object()["muted"] = true;
  ASSERT_TRUE(until([&] { return changes_ > 1; }));
  EXPECT_FALSE(participants_[5][1].microphone);

  fake_.rooms["5"].clear();
  hint(5, "participant_left");
  ASSERT_TRUE(until([&] { return participants_[5].empty(); }));
}

TEST_F(ScriptedLiveKit, HealsALostWebhook) {
  ASSERT_TRUE(create(5));
  fake_.rooms["5"] = {FakeLiveKit::participant(1, 1000)};
  ASSERT_TRUE(until([&] { return participants_[5].size() == 1; }));
  fake_.rooms.erase("5");
  ASSERT_TRUE(until([&] { return !ended_.empty(); }));
  EXPECT_EQ(ended_, std::vector<int64_t>{5});
}

TEST_F(ScriptedLiveKit, DoesNotEndAMeetingOnAnError) {
  ASSERT_TRUE(create(5));
  fake_.scripted["ListRooms"] =
      std::vector<net::HttpResponse>(3, FakeLiveKit::twirp_error(500, "internal"));
  ASSERT_TRUE(until([&] { return fake_.count("ListRooms") == 4; })) << "asked again";
  // Answered after what the lists made the plugin say.
  ASSERT_TRUE(run(conference().participants(MeetingId(5))));
  EXPECT_TRUE(ended_.empty());
}

TEST_F(ScriptedLiveKit, ListsOnlyMembers) {
  ASSERT_TRUE(create(5));
  auto recorder = FakeLiveKit::participant(1, 1000);
  recorder["identity"] = "EG_recorder";
  auto joining = FakeLiveKit::participant(2, 1000);
  joining["state"] = "JOINING";
  fake_.rooms["5"] = {recorder, joining, FakeLiveKit::participant(3, 1000), 17, "x"};
  hint(5);
  ASSERT_TRUE(until([&] { return changes_ > 0; }));
  ASSERT_EQ(participants_[5].size(), 1u);
  EXPECT_EQ(participants_[5][0].user_id, UserId(3));
}

TEST_F(ScriptedLiveKit, RoomFinished) {
  ASSERT_TRUE(create(5));
  ASSERT_TRUE(create(6));
  // Of an earlier room of the same name: not believed, but looked into.
  const std::string old = R"({"event":"room_finished","room":{"name":"5","sid":"RM_old"}})";
  EXPECT_EQ(webhook(old, FakeLiveKit::sign(old)), 200);
  ASSERT_TRUE(until([&] { return fake_.count("ListRooms") > 0; }));
  EXPECT_TRUE(ended_.empty());
  hint(6, "room_finished");
  ASSERT_TRUE(until([&] { return !ended_.empty(); }));
  EXPECT_EQ(ended_, std::vector<int64_t>{6});
}

TEST_F(ScriptedLiveKit, WhatIsOverStaysOver) {
  auto rarely = settings();
  rarely["reconcile_seconds"] = "3600";
  ASSERT_TRUE(start(rarely));
  ASSERT_TRUE(create(5));
  ASSERT_TRUE(create(6));
  ASSERT_TRUE(run(conference().cancel_meeting(MeetingId(5))));
  hint(6, "room_finished");
  ASSERT_TRUE(until([&] { return !ended_.empty(); }));
  const size_t before = fake_.count("DeleteRoom");

  // Rooms that this plugin never knew are somebody else's.
  fake_.rooms["7"] = {};
  fake_.rooms["lounge"] = {};
  hint(7, "room_started");
  const std::string other = R"({"event":"room_started","room":{"name":"lounge","sid":"RM_l"}})";
  EXPECT_EQ(webhook(other, FakeLiveKit::sign(other)), 200);
  // What the end of a room makes the server say.
  hint(5, "participant_left");
  hint(5, "room_finished");

  fake_.rooms["5"] = {FakeLiveKit::participant(2, 1000)};
  hint(5, "participant_joined");
  ASSERT_TRUE(until([&] { return !fake_.rooms.contains("5"); }));
  fake_.rooms["6"] = {};
  hint(6, "room_started");
  ASSERT_TRUE(until([&] { return !fake_.rooms.contains("6"); }));
  EXPECT_EQ(fake_.count("DeleteRoom"), before + 2);
  EXPECT_TRUE(fake_.rooms.contains("7"));
  EXPECT_TRUE(fake_.rooms.contains("lounge"));
  EXPECT_EQ(ended_, std::vector<int64_t>{6}) << "said once";

  // Made anew by the host, it goes on.
  ASSERT_TRUE(create(5));
  fake_.rooms["5"] = {FakeLiveKit::participant(2, 1000)};
  hint(5, "participant_joined");
  ASSERT_TRUE(until([&] { return participants_[5].size() == 1; }));
  EXPECT_TRUE(fake_.rooms.contains("5"));
}

TEST_F(ScriptedLiveKit, WhatIsOverStaysOverWithoutWebhooks) {
  ASSERT_TRUE(create(5));
  ASSERT_TRUE(run(conference().cancel_meeting(MeetingId(5))));
  fake_.rooms["5"] = {FakeLiveKit::participant(2, 1000)};
  ASSERT_TRUE(until([&] { return !fake_.rooms.contains("5"); }));
}

TEST_F(ScriptedLiveKit, RefusesForeignWebhooks) {
  ASSERT_TRUE(create(5));
  const std::string body = R"({"event":"room_finished","room":{"name":"5","sid":"RM_5"}})";
  EXPECT_EQ(webhook(body, ""), 401);
  EXPECT_EQ(webhook(body, FakeLiveKit::sign(body, "wrong")), 401);
  EXPECT_EQ(webhook(body, FakeLiveKit::sign("{}")), 401);
  EXPECT_EQ(webhook("[1]", FakeLiveKit::sign("[1]")), 400);
  EXPECT_EQ(webhook(body, FakeLiveKit::sign(body), "PUT"), 405);
  EXPECT_EQ(webhook(body, FakeLiveKit::sign(body), "POST", "/other"), 404);
  // Answered after the refused ones were, so those did nothing.
  ASSERT_TRUE(run(conference().participants(MeetingId(5))));
  EXPECT_TRUE(ended_.empty());
}

TEST_F(ScriptedLiveKit, RemovedMembersStayOut) {
  ASSERT_TRUE(create(5));
  ASSERT_TRUE(accept(5, 2));
  remove(5, 2);
  ASSERT_TRUE(until([&] { return fake_.count("RemoveParticipant") == 1; }));
  EXPECT_EQ(text_field(fake_.last("RemoveParticipant").body, "identity"), "2");
  const auto& claims = fake_.last("RemoveParticipant").claims;
  EXPECT_EQ(text_field(*object_field(claims, "video"), "room"), "5");

  // Back with the token from before.
  fake_.rooms["5"] = {FakeLiveKit::participant(2, 1000), FakeLiveKit::participant(3, 1000)};
  hint(5);
  ASSERT_TRUE(until([&] { return fake_.count("RemoveParticipant") >= 2 && changes_ > 0; }));
  ASSERT_EQ(participants_[5].size(), 1u);
  EXPECT_EQ(participants_[5][0].user_id, UserId(3));

  // A member again.
  ASSERT_TRUE(accept(5, 2));
  hint(5);
  ASSERT_TRUE(until([&] { return participants_[5].size() == 2; }));
}

/// Of a user who joined beside themselves with `/rtc?publish=SUFFIX`.
json::object further_connection(int64_t user, const std::string& suffix, int64_t joined_ms) {
  auto out = FakeLiveKit::participant(user, joined_ms);
  out["identity"] = std::to_string(user) + "#" + suffix;
  out["sid"] = "PA_further";
  out["permission"].as_object()["can_subscribe"] = false;
  auto& track = out["tracks"].as_array()[0].as_object();
  track["sid"] = "TR_further";
  return out;
}

TEST_F(ScriptedLiveKit, FurtherConnectionsAreOneUser) {
  ASSERT_TRUE(create(5));
  auto screen = further_connection(2, "screen", 2000);
  screen["tracks"].as_array()[0].as_object()["source"] = "SCREEN_SHARE";
  fake_.rooms["5"] = {screen, FakeLiveKit::participant(2, 1000), further_connection(3, "", 3000)};
  hint(5);
  ASSERT_TRUE(until([&] { return changes_ > 0; }));
  ASSERT_EQ(participants_[5].size(), 2u);
  EXPECT_EQ(participants_[5][0].user_id, UserId(2));
  EXPECT_EQ(participants_[5][0].joined_date, WallTime{1000}) << "since the first of them";
  EXPECT_TRUE(participants_[5][0].microphone);
  EXPECT_TRUE(participants_[5][0].screen);
  EXPECT_EQ(participants_[5][1].user_id, UserId(3));
}

TEST_F(ScriptedLiveKit, RemovedMembersDoNotStayByAFurtherConnection) {
  ASSERT_TRUE(create(5));
  ASSERT_TRUE(accept(5, 2));
  fake_.rooms["5"] = {further_connection(2, "x", 1000), FakeLiveKit::participant(3, 1000)};
  hint(5);
  ASSERT_TRUE(until([&] { return participants_[5].size() == 2; }));
  remove(5, 2);
  ASSERT_TRUE(until([&] {
    return std::any_of(fake_.calls.begin(), fake_.calls.end(), [](const auto& call) {
      return call.method == "RemoveParticipant" && text_field(call.body, "identity") == "2#x";
    });
  }));
  ASSERT_TRUE(until([&] { return participants_[5].size() == 1; }));
  EXPECT_EQ(participants_[5][0].user_id, UserId(3));
}

TEST_F(ScriptedLiveKit, RightsHoldOnFurtherConnections) {
  ASSERT_TRUE(create(5));
  ASSERT_TRUE(accept(5, 2));
  ASSERT_TRUE(accept(5, 3));
  fake_.rooms["5"] = {further_connection(2, "x", 1000), further_connection(3, "y", 1000)};
  const auto permission_given = [this](const std::string& identity) -> const json::object* {
    for (const auto& call : fake_.calls) {
      if (call.method == "UpdateParticipant" && text_field(call.body, "identity") == identity) {
        return object_field(call.body, "permission");
      }
    }
    return nullptr;
  };
  mute(5, 2, true);
  tell(5,
       {{.user_id = UserId(3), .role = im::GroupMemberRole::kGuest, .tracks = 0, .data = false}});
  ASSERT_TRUE(until([&] {
    return permission_given("2#x") != nullptr && permission_given("3#y") != nullptr &&
           fake_.count("MutePublishedTrack") > 0;
  }));
  const json::object& muted = *permission_given("2#x");
  EXPECT_TRUE(bool_field(muted, "can_publish"));
  EXPECT_EQ(json::serialize(muted.at("can_publish_sources")), R"(["CAMERA","SCREEN_SHARE"])");
  EXPECT_FALSE(bool_field(muted, "can_subscribe")) << "it never could";
  EXPECT_FALSE(bool_field(*permission_given("3#y"), "can_publish"));
  for (const auto& call : fake_.calls) {
    if (call.method == "MutePublishedTrack") {
      EXPECT_NE(text_field(call.body, "identity").find('#'), std::string::npos);
    }
  }
}

TEST_F(ScriptedLiveKit, MuteTakesTheRightToPublishSound) {
  ASSERT_TRUE(create(5));
  ASSERT_TRUE(accept(5, 2));
  fake_.rooms["5"] = {FakeLiveKit::participant(2, 1000)};
  mute(5, 2, true);
  ASSERT_TRUE(until([&] {
    return fake_.count("UpdateParticipant") >= 1 && fake_.count("MutePublishedTrack") >= 1;
  }));
  auto call = fake_.last("UpdateParticipant");
  const json::object* permission = object_field(call.body, "permission");
  ASSERT_NE(permission, nullptr);
  EXPECT_TRUE(bool_field(*permission, "can_publish"));
  EXPECT_TRUE(bool_field(*permission, "can_subscribe"));
  EXPECT_EQ(json::serialize(permission->at("can_publish_sources")), R"(["CAMERA","SCREEN_SHARE"])");
  EXPECT_EQ(text_field(fake_.last("MutePublishedTrack").body, "track_sid"), "TR_mic");
  EXPECT_TRUE(bool_field(fake_.last("MutePublishedTrack").body, "muted"));

  auto quiet = FakeLiveKit::participant(2, 1000);
  quiet["tracks"] = json::array();
  quiet["permission"].as_object()["can_publish_sources"] = json::array{"CAMERA", "SCREEN_SHARE"};
  fake_.rooms["5"] = {quiet};
  mute(5, 2, false);
  ASSERT_TRUE(until([&] {
    const auto last = fake_.last("UpdateParticipant");
    return !object_field(last.body, "permission")->contains("can_publish_sources");
  }));
}

TEST_F(ScriptedLiveKit, RolesChangeRights) {
  ASSERT_TRUE(create(5));
  ASSERT_TRUE(accept(5, 2));
  fake_.rooms["5"] = {FakeLiveKit::participant(2, 1000)};
  tell(5,
       {{.user_id = UserId(2), .role = im::GroupMemberRole::kGuest, .tracks = 0, .data = false}});
  ASSERT_TRUE(until([&] { return fake_.count("UpdateParticipant") > 0; }));
  const auto call = fake_.last("UpdateParticipant");
  EXPECT_FALSE(bool_field(*object_field(call.body, "permission"), "can_publish"));
  EXPECT_NE(text_field(call.body, "metadata").find("GUEST"), std::string::npos);
}

/// Somebody in a room since before the plugin was started.
json::object from_before(int64_t user, bool may_publish, const char* role) {
  auto out = FakeLiveKit::participant(user, 1000, may_publish);
  out["metadata"] = std::string(R"({"device":"BROWSER","role":")") + role + R"("})";
  out["tracks"].as_array()[0].as_object()["sid"] = "TR_" + std::to_string(user);
  return out;
}

TEST_F(ScriptedLiveKit, PutsRightWhoWasThereBefore) {
  fake_.rooms["5"] = {from_before(1, true, "OWNER"),   from_before(2, true, "MEMBER"),
                      from_before(3, false, "MEMBER"), from_before(4, true, "MEMBER"),
                      from_before(5, true, "MEMBER"),  from_before(6, true, "MEMBER")};
  ASSERT_TRUE(create(5));
  const auto update_of = [this](const std::string& identity) -> const json::object* {
    const json::object* last = nullptr;
    for (const auto& call : fake_.calls) {
      if (call.method == "UpdateParticipant" && text_field(call.body, "identity") == identity) {
        last = &call.body;
      }
    }
    return last;
  };
  const auto removed = [this](const std::string& identity) {
    return std::any_of(fake_.calls.begin(), fake_.calls.end(), [&](const auto& call) {
      return call.method == "RemoveParticipant" && text_field(call.body, "identity") == identity;
    });
  };
  using Role = im::GroupMemberRole;
  tell(5,
       {{.user_id = UserId(1), .role = Role::kOwner},
        {.user_id = UserId(2), .muted = true},
        {.user_id = UserId(3)},
        {.user_id = UserId(4), .role = Role::kGuest, .tracks = 0, .data = false},
        {.user_id = UserId(6), .role = Role::kManager}},
       true);
  ASSERT_TRUE(until([&] {
    return update_of("2") != nullptr && update_of("3") != nullptr && update_of("4") != nullptr &&
           update_of("6") != nullptr && removed("5");
  }));
  EXPECT_EQ(json::serialize(object_field(*update_of("2"), "permission")->at("can_publish_sources")),
            R"(["CAMERA","SCREEN_SHARE"])");
  EXPECT_TRUE(bool_field(*object_field(*update_of("3"), "permission"), "can_publish"))
      << "the mute had ended";
  EXPECT_FALSE(bool_field(*object_field(*update_of("4"), "permission"), "can_publish"));
  EXPECT_EQ(text_field(*update_of("6"), "metadata"), R"({"device":"BROWSER","role":"MANAGER"})");
  EXPECT_FALSE(update_of("2")->contains("metadata")) << "as it is";
  EXPECT_EQ(update_of("1"), nullptr);
  EXPECT_FALSE(removed("1"));
  EXPECT_FALSE(removed("2"));
  ASSERT_TRUE(until([&] { return participants_[5].size() == 5; }));

  // The same again is nothing new.
  tell(5, {{.user_id = UserId(1), .role = Role::kOwner}});
  ASSERT_TRUE(run(conference().participants(MeetingId(5))));
  EXPECT_EQ(update_of("1"), nullptr);
}

TEST_F(ScriptedLiveKit, SaysWhenItStartsAgain) {
  const int before = started_;
  ASSERT_TRUE(host_->stop("livekit"));
  ASSERT_TRUE(host_->start("livekit"));
  EXPECT_EQ(started_, before + 1);
  ASSERT_TRUE(host_->start("livekit")) << "it runs already";
  EXPECT_EQ(started_, before + 1);
}

TEST_F(ScriptedLiveKit, StopsWithCallsUnderWay) {
  std::optional<Result<im::None>> made;
  spawn([](im::Stored<im::None> task, std::optional<Result<im::None>>& out) -> Task<void> {
    out = co_await std::move(task);
  }(conference().create_meeting({}, 1, 0), made));
  ASSERT_TRUE(host_->stop("livekit"));
  ASSERT_TRUE(made);
  EXPECT_FALSE(*made);
  ASSERT_TRUE(host_->start("livekit"));
  EXPECT_TRUE(create(5));
}

}  // namespace
}  // namespace turms::livekit_plugin
