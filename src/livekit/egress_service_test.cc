#include "livekit/egress_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>

#include "livekit/service_testing.h"
#include "record/record_testing.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::SignalClient;
using ::testing::StartsWith;

class EgressServiceTest : public testing::ServiceTest {
 protected:
  EgressServiceTest() {
    std::string name = std::filesystem::temp_directory_path() / "turms-egress-XXXXXX";
    directory = mkdtemp(name.data());
    config.recording = {.directory = directory, .min_free_bytes = 0};
    config.recording_patience.unpublished = 10ms;
  }
  ~EgressServiceTest() override {
    service.reset();
    std::filesystem::remove_all(directory);
  }

  /// It posts to a server of the test.
  void begin() {
    auto listening = net::HttpServer::listen(loop, {.name = net::test_server_name() + ".hook"});
    ASSERT_TRUE(listening);
    hook = std::move(*listening);
    hook->route("POST", "/hook",
                [this](const net::HttpRequest& request, net::HttpResponder responder) {
                  bodies.push_back(request.body);
                  responder.send(net::HttpResponse::text(200, ""));
                });
    config.webhook.urls = {"http://127.0.0.1:" + std::to_string(hook->port()) + "/hook"};
    start(config);
  }

  net::HttpResponse egress(const std::string& method, const json::object& body,
                           bool may_record = true) {
    Grants grants;
    grants.api_key = kKey;
    grants.video.emplace();
    grants.video->room_record = may_record;
    return http(
        "POST", "/twirp/livekit.Egress/" + method,
        {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + token(grants)}},
        json::serialize(body));
  }
  /// What it answers when all is well.
  json::object told(const std::string& method, const json::object& body) {
    const net::HttpResponse answer = egress(method, body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.status == 200 ? json::parse(answer.body).as_object() : json::object();
  }
  std::string refusal(const std::string& method, const json::object& body) {
    const net::HttpResponse answer = egress(method, body);
    EXPECT_NE(answer.status, 200);
    const json::value about = json::parse(answer.body);
    return std::string(about.at("code").as_string()) + ": " +
           std::string(about.at("msg").as_string());
  }
  json::object record_track(const std::string& sid, const std::string& path = "") {
    return told("StartTrackEgress",
                {{"room_name", "lounge"}, {"track_id", sid}, {"file", {{"filepath", path}}}});
  }
  json::object state(const std::string& id) {
    const json::object listed = told("ListEgress", {{"egress_id", id}});
    return listed.at("items").as_array().at(0).as_object();
  }
  /// Asks until it is so.
  json::object wait_for(const std::string& id, std::string_view status) {
    json::object last;
    const auto deadline = std::chrono::steady_clock::now() + net::kTestLimit;
    while (std::chrono::steady_clock::now() < deadline) {
      last = state(id);
      if (text(last, "status") == status) return last;
    }
    ADD_FAILURE() << "not " << status << " but " << json::serialize(last);
    return last;
  }

  static std::string text(const json::object& object, std::string_view name) {
    const json::value* const value = object.if_contains(name);
    return value == nullptr ? "" : std::string(value->as_string());
  }
  static std::string id_of(const json::object& info) { return text(info, "egress_id"); }

  /// Names of events of a recording, once as many have come.
  std::vector<std::string> events_of(const std::string& id, size_t count) {
    std::vector<std::string> out;
    loop.run_until(
        [&] {
          out.clear();
          for (const std::string& body : bodies) {
            const json::object event = json::parse(body).as_object();
            const json::value* const info = event.if_contains("egressInfo");
            if (info != nullptr && text(info->as_object(), "egressId") == id) {
              out.push_back(text(event, "event"));
            }
          }
          return out.size() >= count;
        },
        net::kTestLimit);
    return out;
  }

  std::string publish(SignalClient& publisher, EncryptionType encryption = EncryptionType::kNone,
                      bool connected = true) {
    client::AddTrack add;
    add.cid = "mic";
    add.info.type = TrackType::kAudio;
    add.info.source = TrackSource::kMicrophone;
    add.info.encryption = encryption;
    publisher.send(add);
    const auto published = publisher.wait(pb::SignalResponse::kTrackPublished);
    publisher.send(client::Description{
        {"offer", testing::client_offer({{"1", rtc::MediaKind::kAudio, "mic", {}, true}}), 1}});
    EXPECT_TRUE(publisher.wait(pb::SignalResponse::kAnswer));
    if (connected) connect_all();
    return published ? published->track_published().track().sid() : "";
  }
  /// Everybody's transports come up.
  void connect_all() {
    std::vector<media::TransportId> ids;
    for (const auto& [id, transport] : engine->transports) ids.push_back(transport.parameters.id);
    for (const media::TransportId id : ids) events->on_transport_connected(id);
  }
  std::unique_ptr<SignalClient> join(const std::string& identity) {
    auto out = connect(identity);
    joined = out->wait(pb::SignalResponse::kJoin);
    EXPECT_TRUE(joined);
    return out;
  }

  /// Two seconds of sound into the queue that was made last.
  void speak() {
    ASSERT_FALSE(engine->queues.empty());
    const auto queue = engine->queues.rbegin()->second;
    const uint8_t opus = engine->sent.rbegin()->second.codecs.front().payload_type;
    for (int i = 0; i < 100; ++i) {
      const Bytes packet =
          record::rtp_packet(opus, sequence++, timestamp += 960, true, Bytes{0xF8, 1, 2});
      const MutableByteView out = queue->reserve(packet.size());
      ASSERT_FALSE(out.empty());
      std::ranges::copy(packet, out.begin());
      queue->commit(monotonic_now(), packet.size(), sfu::PacketKind::kRtp);
      queue->publish();
    }
  }
  bool room_is_recorded() {
    Grants grants;
    grants.api_key = kKey;
    grants.video.emplace();
    grants.video->room_list = true;
    const json::value rooms = json::parse(call("ListRooms", "{}", token(grants)).body);
    return rooms.at("rooms").at(0).at("active_recording").as_bool();
  }

  ServiceConfig config;
  std::string directory;
  std::unique_ptr<net::HttpServer> hook;
  std::vector<std::string> bodies;
  std::optional<pb::SignalResponse> joined;
  uint16_t sequence = 1;
  uint32_t timestamp = 1000;
};

TEST_F(EgressServiceTest, ATrackIsRecordedUntilItIsToStop) {
  begin();
  const auto alice = join("alice");
  const std::string sid = publish(*alice);
  EXPECT_FALSE(room_is_recorded());
  const json::object started = record_track(sid, "{room_name}/{publisher_identity}.mp4");
  const std::string id = id_of(started);
  EXPECT_THAT(id, StartsWith("EG_"));
  EXPECT_EQ(text(started, "status"), "EGRESS_STARTING");
  EXPECT_EQ(text(started, "room_name"), "lounge");
  EXPECT_TRUE(room_is_recorded());
  const auto bob = join("bob");
  EXPECT_TRUE(joined->join().room().active_recording());
  speak();
  wait_for(id, "EGRESS_ACTIVE");
  EXPECT_EQ(text(told("StopEgress", {{"egress_id", id}}), "status"), "EGRESS_ENDING");
  const json::object ended = wait_for(id, "EGRESS_COMPLETE");
  EXPECT_EQ(text(ended, "details"), "End reason: StopEgress API");
  const json::array& files = ended.at("file_results").as_array();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(text(files[0].as_object(), "filename"), "lounge/alice.ogg");
  EXPECT_EQ(text(files[0].as_object(), "duration"), "2000000000");
  EXPECT_EQ(ended.at("file"), files[0]) << "applications that are older look there";
  EXPECT_TRUE(std::filesystem::exists(text(files[0].as_object(), "location")));
  EXPECT_TRUE(std::filesystem::exists(text(ended, "manifest_location")));
  EXPECT_THAT(events_of(id, 4),
              ElementsAre("egress_started", "egress_updated", "egress_updated", "egress_ended"));
  EXPECT_FALSE(room_is_recorded());
  EXPECT_TRUE(engine->queues.empty());
  EXPECT_EQ(refusal("StopEgress", {{"egress_id", id}}),
            "failed_precondition: egress with status EGRESS_COMPLETE cannot be stopped");
}

TEST_F(EgressServiceTest, WhatDoesNotComeFails) {
  config.recording_patience.absent = 10ms;
  begin();
  const auto alice = join("alice");
  const std::string id = id_of(record_track("TR_nobody"));
  const json::object failed = wait_for(id, "EGRESS_FAILED");
  EXPECT_EQ(text(failed, "error"), "track TR_nobody not found");
  EXPECT_EQ(failed.at("error_code").as_int64(), 404);
  EXPECT_THAT(events_of(id, 2), ElementsAre("egress_started", "egress_ended"));
  const std::string nobody =
      id_of(told("StartParticipantEgress", {{"room_name", "lounge"},
                                            {"identity", "bob"},
                                            {"file_outputs", json::array{json::object()}}}));
  EXPECT_EQ(text(wait_for(nobody, "EGRESS_FAILED"), "error"), "participant bob not found");
}

TEST_F(EgressServiceTest, WhatComesLateIsRecorded) {
  begin();
  const auto alice = join("alice");
  const std::string id =
      id_of(told("StartParticipantEgress", {{"room_name", "lounge"},
                                            {"identity", "alice"},
                                            {"file_outputs", json::array{json::object()}}}));
  EXPECT_EQ(text(state(id), "status"), "EGRESS_STARTING");
  EXPECT_FALSE(room_is_recorded()) << "nothing is yet";
  publish(*alice);
  ASSERT_TRUE(loop.run_until([&] { return !engine->queues.empty(); }, net::kTestLimit));
  speak();
  wait_for(id, "EGRESS_ACTIVE");
  EXPECT_TRUE(room_is_recorded());
  // Who leaves ends it.
  alice->send(client::Leave{});
  const json::object ended = wait_for(id, "EGRESS_COMPLETE");
  EXPECT_EQ(text(ended, "details"), "End reason: Source closed");
  EXPECT_THAT(text(ended.at("file").as_object(), "filename"), StartsWith("alice-20"));
}

TEST_F(EgressServiceTest, ItEndsWithItsTrack) {
  begin();
  const auto alice = join("alice");
  const std::string id = id_of(record_track(publish(*alice)));
  speak();
  wait_for(id, "EGRESS_ACTIVE");
  // The room goes on.
  const auto bob = join("bob");
  alice->send(client::Leave{});
  EXPECT_EQ(text(wait_for(id, "EGRESS_COMPLETE"), "details"), "End reason: Source closed");
  EXPECT_FALSE(room_is_recorded());
}

TEST_F(EgressServiceTest, WhoNeverGetsInIsNotRecorded) {
  config.recording_patience.absent = 10ms;
  begin();
  const auto alice = join("alice");
  const std::string sid = publish(*alice, EncryptionType::kNone, false);
  const std::string id = id_of(record_track(sid));
  EXPECT_TRUE(engine->queues.empty());
  alice->send(client::Leave{});
  EXPECT_EQ(text(wait_for(id, "EGRESS_FAILED"), "error"), "track " + sid + " not found");
}

TEST_F(EgressServiceTest, ItEndsWithItsRoom) {
  begin();
  const auto alice = join("alice");
  const std::string id = id_of(record_track(publish(*alice)));
  const std::string waiting = id_of(record_track("TR_nobody"));
  speak();
  wait_for(id, "EGRESS_ACTIVE");
  EXPECT_EQ(call("DeleteRoom", R"({"room":"lounge"})").status, 200);
  wait_for(id, "EGRESS_COMPLETE");
  EXPECT_EQ(state(waiting).at("error_code").as_int64(), 412);
  EXPECT_EQ(events_of(id, 4).back(), "egress_ended") << "told though its room is gone";
}

TEST_F(EgressServiceTest, WhatWasStoppedBeforeItBeganIsAborted) {
  begin();
  const auto alice = join("alice");
  const std::string waiting = id_of(record_track("TR_nobody"));
  const json::object stopped = told("StopEgress", {{"egress_id", waiting}});
  EXPECT_EQ(text(stopped, "status"), "EGRESS_ABORTED");
  EXPECT_EQ(stopped.at("error_code").as_int64(), 412);
  // Nor is there a file of a track that sent nothing.
  const std::string silent = id_of(record_track(publish(*alice)));
  told("StopEgress", {{"egress_id", silent}});
  wait_for(silent, "EGRESS_ABORTED");
  EXPECT_THAT(state(silent).at("file_results").as_array(), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(directory) ||
              std::ranges::none_of(std::filesystem::recursive_directory_iterator(directory),
                                   [](const auto& entry) { return entry.is_regular_file(); }));
}

TEST_F(EgressServiceTest, WhatIsEncryptedEndToEndFailsWithTheReason) {
  begin();
  const auto alice = join("alice");
  const std::string sid = publish(*alice, EncryptionType::kGcm);
  const json::object failed = wait_for(id_of(record_track(sid)), "EGRESS_FAILED");
  EXPECT_EQ(text(failed, "error"), "track " + sid + " is end-to-end encrypted");
  EXPECT_EQ(failed.at("error_code").as_int64(), 412);
  EXPECT_FALSE(room_is_recorded());
}

TEST_F(EgressServiceTest, WhatCannotBeServedIsRefused) {
  config.recording.max_recordings = 1;
  begin();
  const auto alice = join("alice");
  const json::object to_file = {{"filepath", "x"}};
  const auto track = [&](json::object more) {
    json::object out = {{"room_name", "lounge"}, {"track_id", "TR_1"}, {"file", to_file}};
    for (const auto& [name, value] : more) out[name] = value;
    return refusal("StartTrackEgress", out);
  };
  EXPECT_EQ(track({{"room_name", "nowhere"}}), "not_found: requested room does not exist");
  EXPECT_EQ(track({{"track_id", ""}}),
            "invalid_argument: request has missing or invalid field: track_id");
  EXPECT_EQ(track({{"file", {{"filepath", "../x"}}}}),
            "invalid_argument: request has missing or invalid field: filepath");
  const std::string upload =
      track({{"file", {{"filepath", "x"}, {"s3", {{"bucket", "b"}, {"secret", "very-secret"}}}}}});
  EXPECT_THAT(upload, StartsWith("unimplemented: "));
  EXPECT_THAT(upload, ::testing::Not(HasSubstr("very-secret")));
  EXPECT_THAT(track({{"webhooks", json::array{{{"url", "http://x"}}}}}),
              StartsWith("unimplemented: "));
  EXPECT_EQ(refusal("StartTrackCompositeEgress", {{"room_name", "lounge"}, {"file", to_file}}),
            "invalid_argument: request has missing or invalid field: audio_track_id or "
            "video_track_id");
  EXPECT_THAT(refusal("StartTrackCompositeEgress", {{"room_name", "lounge"},
                                                    {"audio_track_id", "TR_1"},
                                                    {"file", to_file},
                                                    {"preset", "H264_1080P_30"}}),
              StartsWith("unimplemented: "));
  EXPECT_EQ(refusal("StartParticipantEgress",
                    {{"room_name", "lounge"}, {"file_outputs", json::array{to_file}}}),
            "invalid_argument: request has missing or invalid field: identity");
  for (const char* const method : {"StartRoomCompositeEgress", "StartWebEgress", "StartEgress"}) {
    EXPECT_THAT(refusal(method, {}), StartsWith("unimplemented: ")) << method;
  }
  for (const char* const method : {"StopEgress", "UpdateLayout", "UpdateStream"}) {
    EXPECT_EQ(refusal(method, {{"egress_id", "EG_nobody"}}), "not_found: egress does not exist");
  }
  EXPECT_EQ(egress("ListEgress", {}, false).status, 401);
  // One at once.
  record_track("TR_1");
  EXPECT_EQ(track({}), "unavailable: too many recordings");
}

TEST_F(EgressServiceTest, WithoutADirectoryNothingIsRecorded) {
  config.recording.directory.clear();
  begin();
  EXPECT_THAT(refusal("StartTrackEgress", {{"room_name", "lounge"},
                                           {"track_id", "TR_1"},
                                           {"file", json::object{{"filepath", "x"}}}}),
              StartsWith("unimplemented: "));
  EXPECT_THAT(told("ListEgress", {}).at("items").as_array(), IsEmpty());
}

TEST_F(EgressServiceTest, AreListedByRoomAndIdAndWhatIsUnderWay) {
  begin();
  const auto alice = join("alice");
  const std::string over = id_of(record_track("TR_1"));
  told("StopEgress", {{"egress_id", over}});
  const std::string under_way = id_of(record_track("TR_2"));
  const auto listed = [&](const json::object& request) {
    std::vector<std::string> out;
    const json::object answer = told("ListEgress", request);
    for (const json::value& item : answer.at("items").as_array()) {
      out.push_back(id_of(item.as_object()));
    }
    return out;
  };
  EXPECT_THAT(listed({}), ::testing::UnorderedElementsAre(over, under_way));
  EXPECT_THAT(listed({{"active", true}}), ElementsAre(under_way));
  EXPECT_THAT(listed({{"egress_id", over}}), ElementsAre(over));
  EXPECT_THAT(listed({{"room_name", "elsewhere"}}), IsEmpty());
}

TEST_F(EgressServiceTest, WhatAnEarlierProcessLeftIsToldAsFinished) {
  pb::EgressInfo info;
  info.set_egress_id("EG_before");
  info.set_room_id("RM_before");
  info.set_room_name("lounge");
  {
    // Its end is never written, as in a process that was killed.
    const auto queue = record::Recorder::make_queue(rtc::MediaKind::kAudio);
    TimePoint now(100s);
    record::Recording left(directory,
                           {.id = "EG_before",
                            .path = "before",
                            .room_name = "lounge",
                            .room_sid = "RM_before",
                            .about = to_json(info, JsonNames::kProto),
                            .container = {},
                            .started = wall_now()},
                           now);
    left.add({.sid = "TR_1",
              .participant = "alice",
              .name = "microphone",
              .kind = rtc::MediaKind::kAudio,
              .codecs = {{.codec = rtc::Codec::kOpus, .payload_type = 96}},
              .queue = queue});
    for (int i = 0; i < 500; ++i, now += 20ms) {
      const Bytes packet =
          record::rtp_packet(96, sequence++, timestamp += 960, true, Bytes{0xF8, 1, 2});
      const MutableByteView out = queue->reserve(packet.size());
      ASSERT_FALSE(out.empty());
      std::ranges::copy(packet, out.begin());
      queue->commit(now, packet.size(), sfu::PacketKind::kRtp);
      queue->publish();
      left.tick(now);
    }
  }
  begin();
  EXPECT_THAT(events_of("EG_before", 1), ElementsAre("egress_ended"));
  const json::object found = state("EG_before");
  EXPECT_EQ(text(found, "status"), "EGRESS_COMPLETE");
  EXPECT_THAT(text(found, "details"), StartsWith("End reason: Failure, "));
  EXPECT_GE(std::stoll(text(found.at("file").as_object(), "duration")), 9'000'000'000);
}

}  // namespace
}  // namespace turms::livekit
