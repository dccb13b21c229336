#include "livekit/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/metrics.h"
#include "livekit/service_testing.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "turms-webhook-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class WebhookTest : public testing::ServiceTest {
 protected:
  struct Delivery {
    std::string event;
    std::string room;
    json::value body;
    std::string trace_id;
  };

  /// A service that posts to a route of its own HTTP server.
  void start_with_hook(size_t queue_size = 1000, WebhookConfig more = {}) {
    auto listening = net::HttpServer::listen(loop, {.name = net::test_server_name() + ".hook"});
    ASSERT_TRUE(listening);
    hook = std::move(*listening);
    hook->route("POST", "/hook",
                [this](const net::HttpRequest& request, net::HttpResponder responder) {
                  if (hold) return held.push_back(std::move(responder));
                  if (failures > 0) {
                    --failures;
                    responder.send(net::HttpResponse::text(503, "later"));
                    return;
                  }
                  check(request);
                  responder.send(net::HttpResponse::text(200, ""));
                });
    ServiceConfig config;
    config.webhook = std::move(more);
    config.webhook.urls.push_back(url());
    config.webhook.queue_size = queue_size;
    start(std::move(config));
  }

  std::string url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(hook->port()) + path;
  }
  /// The same receiver, another process.
  void start_again(WebhookConfig more) {
    ServiceConfig config;
    config.webhook = std::move(more);
    config.webhook.urls.push_back(url());
    start(std::move(config));
  }

  void check(const net::HttpRequest& request) {
    EXPECT_EQ(request.header("Content-Type"), "application/webhook+json");
    const auto grants = verify_token(std::string(request.header("Authorization").value_or("")),
                                     {{kKey, kSecret}}, wall_now());
    ASSERT_TRUE(grants) << grants.error().message;
    EXPECT_EQ(grants->api_key, kKey);
    EXPECT_EQ(grants->sha256, base64(sha256(as_bytes(request.body))));
    ASSERT_TRUE(grants->expires);
    json::value body = json::parse(request.body);
    EXPECT_TRUE(body.at("id").as_string().starts_with("EV_"));
    const std::string event(body.at("event").as_string());
    const std::string room(body.at("room").at("name").as_string());
    deliveries.push_back(
        {event, room, std::move(body), std::string(request.header("X-Trace-Id").value_or(""))});
  }

  std::vector<std::string> events_of(const std::string& room) const {
    std::vector<std::string> out;
    for (const Delivery& delivery : deliveries) {
      if (delivery.room == room) out.push_back(delivery.event);
    }
    return out;
  }

  bool wait_for(size_t count) {
    return loop.run_until([&] { return deliveries.size() >= count; }, net::kTestLimit);
  }

  std::unique_ptr<net::HttpServer> hook;
  int failures = 0;
  bool hold = false;
  std::vector<net::HttpResponder> held;
  std::vector<Delivery> deliveries;
};

TEST_F(WebhookTest, TellTheLifeOfARoomInOrder) {
  start_with_hook();
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  events->on_transport_connected(engine->transports.begin()->second.parameters.id);
  client::AddTrack add;
  add.cid = "mic";
  add.info.source = TrackSource::kMicrophone;
  alice->send(add);
  alice->send(client::Description{
      {"offer", testing::client_offer({{"1", rtc::MediaKind::kAudio, "mic", {}, true}}), 1}});
  ASSERT_TRUE(wait_for(3));
  EXPECT_EQ(call("DeleteRoom", R"({"room":"lounge"})").status, 200);
  ASSERT_TRUE(wait_for(6));
  EXPECT_THAT(events_of("lounge"),
              ElementsAre("room_started", "participant_joined", "track_published",
                          "track_unpublished", "participant_left", "room_finished"));
  const json::value& joined = deliveries[1].body;
  EXPECT_EQ(joined.at("participant").at("identity").as_string(), "alice");
  EXPECT_EQ(joined.at("participant").at("state").as_string(), "ACTIVE");
  EXPECT_TRUE(joined.at("participant").at("joinedAt").is_string());
  EXPECT_TRUE(joined.at("createdAt").is_string());
  const json::value& published = deliveries[2].body;
  EXPECT_TRUE(published.at("track").at("sid").as_string().starts_with("TR_AM"));
  EXPECT_EQ(published.at("track").at("source").as_string(), "MICROPHONE");
  EXPECT_EQ(published.at("track").at("mimeType").as_string(), "audio/opus");
}

TEST_F(WebhookTest, SayForWhichRequestTheyAre) {
  start_with_hook();
  EXPECT_EQ(call("CreateRoom", R"({"name":"lounge"})", admin_token(), "0123456789abcdef").status,
            200);
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  events->on_transport_connected(engine->transports.begin()->second.parameters.id);
  ASSERT_TRUE(wait_for(2));
  EXPECT_EQ(call("DeleteRoom", R"({"room":"lounge"})", admin_token(), "another").status, 200);
  ASSERT_TRUE(wait_for(4));
  EXPECT_EQ(call("CreateRoom", R"({"name":"attic"})", admin_token(), "no id").status, 200);
  ASSERT_TRUE(wait_for(5));
  std::vector<std::string> traces;
  for (const Delivery& delivery : deliveries) traces.push_back(delivery.trace_id);
  EXPECT_THAT(traces,
              ElementsAre("0123456789abcdef", "0123456789abcdef", "another", "another", ""));
}

TEST_F(WebhookTest, AreTriedAgainInOrder) {
  start_with_hook();
  failures = 2;
  ASSERT_EQ(call("CreateRoom", R"({"name":"lounge"})").status, 200);
  ASSERT_EQ(call("DeleteRoom", R"({"room":"lounge"})").status, 200);
  ASSERT_TRUE(wait_for(2));
  EXPECT_THAT(events_of("lounge"), ElementsAre("room_started", "room_finished"));
}

TEST_F(WebhookTest, OneRoomDoesNotWaitForAnother) {
  start_with_hook();
  hold = true;
  ASSERT_EQ(call("CreateRoom", R"({"name":"stuck"})").status, 200);
  ASSERT_TRUE(loop.run_until([&] { return held.size() == 1; }, net::kTestLimit));
  hold = false;
  ASSERT_EQ(call("CreateRoom", R"({"name":"lounge"})").status, 200);
  ASSERT_TRUE(wait_for(1));
  EXPECT_EQ(deliveries[0].room, "lounge");
}

TEST_F(WebhookTest, TheQueueIsBounded) {
  start_with_hook(3);
  hold = true;
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(call("CreateRoom", "{\"name\":\"r" + std::to_string(i) + "\"}").status, 200);
  }
  ASSERT_TRUE(loop.run_until([&] { return held.size() == 3; }, net::kTestLimit));
  hold = false;
  for (net::HttpResponder& responder : held) responder.send(net::HttpResponse::text(200, ""));
  ASSERT_EQ(call("CreateRoom", R"({"name":"after"})").status, 200);
  ASSERT_TRUE(wait_for(1));
  EXPECT_THAT(deliveries, SizeIs(1));
  EXPECT_EQ(deliveries[0].room, "after");
  // The end of what was not told is not told either; the end of what was, is.
  ASSERT_EQ(call("DeleteRoom", R"({"room":"r9"})").status, 200);
  ASSERT_EQ(call("DeleteRoom", R"({"room":"r0"})").status, 200);
  ASSERT_TRUE(wait_for(2));
  EXPECT_THAT(deliveries, SizeIs(2));
  EXPECT_EQ(deliveries[1].room, "r0");
}

TEST_F(WebhookTest, SurviveTheProcessAndTellWhatEndedWithIt) {
  const TemporaryDirectory directory;
  WebhookConfig durable;
  durable.directory = (directory.path() / "webhooks").string();
  start_with_hook(1000, durable);
  failures = 1'000'000;
  ASSERT_EQ(call("CreateRoom", R"({"name":"lounge"})").status, 200);
  auto alice = connect("alice");
  ASSERT_TRUE(alice->wait(pb::SignalResponse::kJoin));
  events->on_transport_connected(engine->transports.begin()->second.parameters.id);
  const auto journal = [&] {
    std::string all;
    for (const auto& file : std::filesystem::directory_iterator(durable.directory)) {
      std::ifstream in(file.path());
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  };
  ASSERT_TRUE(
      loop.run_until([&] { return journal().contains("participant_joined"); }, net::kTestLimit));
  // As if killed: nobody is told.
  service.reset();
  server.reset();
  failures = 0;
  start_again(durable);
  ASSERT_TRUE(wait_for(4));
  EXPECT_THAT(events_of("lounge"), ElementsAre("room_started", "participant_joined",
                                               "participant_left", "room_finished"));
  EXPECT_NE(deliveries[0].body.at("id"), deliveries[3].body.at("id"));
  EXPECT_EQ(deliveries[2].body.at("participant").at("state").as_string(), "DISCONNECTED");
  // What was delivered, and the answer heard, is not delivered again.
  ASSERT_TRUE(
      loop.run_until([] { return metrics::gauge("livekit_webhook_queue_length", "").value() == 0; },
                     net::kTestLimit));
  service.reset();
  server.reset();
  start_again(durable);
  ASSERT_EQ(call("CreateRoom", R"({"name":"next"})").status, 200);
  ASSERT_TRUE(wait_for(5));
  EXPECT_EQ(deliveries[4].room, "next");
}

TEST_F(WebhookTest, AFailingAddressDoesNotHoldUpAnother) {
  WebhookConfig more;
  more.urls = {"http://127.0.0.1:1/nobody"};
  start_with_hook(1000, more);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(call("CreateRoom", "{\"name\":\"r" + std::to_string(i) + "\"}").status, 200);
  }
  EXPECT_TRUE(wait_for(20));
}

TEST_F(WebhookTest, RedirectsThatKeepTheMethodAreFollowed) {
  start_with_hook();
  hook->route("POST", "/moved", [this](const net::HttpRequest& request, net::HttpResponder answer) {
    EXPECT_FALSE(request.body.empty());
    net::HttpResponse response = net::HttpResponse::text(308, "");
    response.headers.add("Location", url());
    answer.send(std::move(response));
  });
  hook->route("POST", "/old", [](const net::HttpRequest&, net::HttpResponder answer) {
    net::HttpResponse response = net::HttpResponse::text(307, "");
    response.headers.add("Location", "/moved");
    answer.send(std::move(response));
  });
  service.reset();
  server.reset();
  ServiceConfig config;
  config.webhook.urls = {url("/old")};
  start(std::move(config));
  ASSERT_EQ(call("CreateRoom", R"({"name":"lounge"})").status, 200);
  ASSERT_TRUE(wait_for(1));
  EXPECT_THAT(events_of("lounge"), ElementsAre("room_started"));
}

TEST_F(WebhookTest, FiltersChooseEvents) {
  WebhookConfig more;
  more.exclude_events = {"room_started"};
  start_with_hook(1000, more);
  ASSERT_EQ(call("CreateRoom", R"({"name":"lounge"})").status, 200);
  ASSERT_EQ(call("DeleteRoom", R"({"room":"lounge"})").status, 200);
  ASSERT_TRUE(wait_for(1));
  EXPECT_THAT(events_of("lounge"), ElementsAre("room_finished"));
}

TEST_F(WebhookTest, WhatIsTooOldIsDroppedWithItsEnd) {
  WebhookConfig more;
  more.max_age = -1s;
  start_with_hook(1000, more);
  ASSERT_EQ(call("CreateRoom", R"({"name":"lounge"})").status, 200);
  ASSERT_EQ(call("DeleteRoom", R"({"room":"lounge"})").status, 200);
  bool done = false;
  service->drain(10s, [&] { done = true; });
  ASSERT_TRUE(loop.run_until([&] { return done; }, net::kTestLimit));
  EXPECT_THAT(deliveries, SizeIs(0));
}

TEST(WebhookJournal, DropsALineThatWasCut) {
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / "journal").string();
  WebhookRecord record;
  record.number = 7;
  record.room = record.subject = "RM_1";
  record.phase = WebhookRecord::Phase::kBegin;
  record.body = R"({"event":"room_started"})";
  {
    auto journal = WebhookJournal::open(path);
    ASSERT_TRUE(journal);
    (*journal)->add(record);
    (*journal)->begin(record);
    record.number = 8;
    (*journal)->add(record);
    (*journal)->remove(7);
  }
  std::ofstream(path, std::ios::app) << R"({"kind":"remove","num)";
  auto again = WebhookJournal::open(path);
  ASSERT_TRUE(again);
  ASSERT_THAT((*again)->restored().waiting, SizeIs(1));
  EXPECT_EQ((*again)->restored().waiting[0].number, 8u);
  EXPECT_EQ((*again)->restored().waiting[0].body, record.body);
  EXPECT_EQ((*again)->restored().open.count("RM_1"), 1u);
  EXPECT_EQ((*again)->restored().last_number, 8u);
}

TEST_F(WebhookTest, DrainWaitsForThem) {
  start_with_hook();
  ASSERT_EQ(call("CreateRoom", R"({"name":"lounge"})").status, 200);
  bool done = false;
  service->drain(10s, [&] { done = true; });
  EXPECT_FALSE(done);
  ASSERT_TRUE(loop.run_until([&] { return done; }, net::kTestLimit));
  EXPECT_THAT(events_of("lounge"), ElementsAre("room_started", "room_finished"));
}

TEST_F(WebhookTest, DrainDoesNotWaitForADeadReceiver) {
  start_with_hook();
  failures = 1000;
  ASSERT_EQ(call("CreateRoom", R"({"name":"lounge"})").status, 200);
  ASSERT_TRUE(loop.run_until([&] { return failures < 1000; }, net::kTestLimit));
  bool done = false;
  service->drain(1h, [&] { done = true; });
  EXPECT_TRUE(loop.run_until([&] { return done; }, net::kTestLimit));
  EXPECT_GE(failures, 997) << "one more attempt, and none for what is behind";
}

TEST_F(WebhookTest, ASecretIsNeeded) {
  ServiceConfig config;
  config.keys = {{kKey, kSecret}};
  config.webhook.urls = {"http://127.0.0.1:1/"};
  config.webhook.api_key = "unknown";
  client = net::HttpClient::create(loop);
  Service other(config, loop, *client);
  EXPECT_EQ(other.start({}).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace turms::livekit
