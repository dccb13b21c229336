#include "livekit/statistics_service.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "livekit/service_testing.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StatisticsServiceTest : public testing::ServiceTest {
 protected:
  void SetUp() override {
    start();
    service->register_admin_routes(*server);
  }
  /// Asks; the worker answers with `snapshot`, in as many parts as the engine said.
  net::HttpResponse ask(const std::string& target, const net::HttpHeaders& headers = {},
                        const media::RoomSnapshot& snapshot = {}) {
    snapshot_ = snapshot;
    answered_ = engine->snapshots.size();
    asking_ = true;
    answer_snapshots();
    auto answer = http("GET", target, headers);
    asking_ = false;
    return answer;
  }
  /// In each turn while a request waits.
  void answer_snapshots() {
    if (!asking_) return;
    for (; answered_ < engine->snapshots.size(); ++answered_) {
      for (size_t i = 0; i < engine->snapshot_parts; ++i) {
        events->on_snapshot(answered_ + 1, snapshot_);
      }
    }
    loop.post([this] { answer_snapshots(); });
  }
  net::HttpResponse own(const std::string& identity, const media::RoomSnapshot& snapshot = {}) {
    return ask("/rtc/stats", {{"Authorization", "Bearer " + token(member(identity))}}, snapshot);
  }

  media::RoomSnapshot snapshot_;
  size_t answered_ = 0;
  bool asking_ = false;
};

TEST_F(StatisticsServiceTest, AParticipantHearsOfItselfAlone) {
  const auto alice = connect("alice");
  ASSERT_EQ(alice->status(), 101);
  const auto bob = connect("bob");
  ASSERT_EQ(bob->status(), 101);
  const auto answer = own("bob");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(answer.headers.get("Cache-Control"), "no-store");
  const json::value value = json::parse(answer.body);
  EXPECT_EQ(value.at("identity").as_string(), "bob");
  EXPECT_EQ(answer.body.find("alice"), std::string::npos);
  ASSERT_THAT(engine->snapshots, SizeIs(1));
  EXPECT_THAT(engine->snapshots[0].second, ::testing::Not(IsEmpty()))
      << "only its transports are asked for";
}

TEST_F(StatisticsServiceTest, WhoMayNotIsRefused) {
  const auto alice = connect("alice");
  ASSERT_EQ(alice->status(), 101);
  EXPECT_EQ(http("GET", "/rtc/stats").status, 401);
  EXPECT_EQ(http("GET", "/rtc/stats", {{"Authorization", "Bearer nonsense"}}).status, 401);
  EXPECT_EQ(http("GET", "/rtc/stats", {{"Authorization", "Bearer " + admin_token()}}).status, 401);
  EXPECT_EQ(own("mallory").status, 404);
  const auto elsewhere =
      http("GET", "/rtc/stats", {{"Authorization", "Bearer " + token(member("alice", "attic"))}});
  EXPECT_EQ(elsewhere.status, 404);
  EXPECT_THAT(engine->snapshots, IsEmpty());
}

TEST_F(StatisticsServiceTest, WhoRunsTheServerSeesRooms) {
  EXPECT_EQ(http("GET", "/rooms").body, R"({"rooms":[]})");
  const auto alice = connect("alice");
  ASSERT_EQ(alice->status(), 101);
  const auto bob = connect("bob");
  ASSERT_EQ(bob->status(), 101);
  const json::value rooms = json::parse(http("GET", "/rooms").body);
  EXPECT_EQ(rooms.at_pointer("/rooms/0/room").as_string(), "lounge");

  const json::value all = json::parse(ask("/rooms/stats?room=lounge").body);
  EXPECT_THAT(all.at("participants").as_array(), SizeIs(2));
  EXPECT_THAT(engine->snapshots.back().second, IsEmpty()) << "all of them";
  const json::value one = json::parse(ask("/rooms/stats?room=lounge&identity=bob").body);
  EXPECT_THAT(one.at("participants").as_array(), SizeIs(1));

  EXPECT_EQ(http("GET", "/rooms/stats").status, 400);
  EXPECT_EQ(http("GET", "/rooms/stats?room=attic").status, 404);
  EXPECT_EQ(http("GET", "/rooms/stats?room=lounge&identity=mallory").status, 404);
}

TEST_F(StatisticsServiceTest, ARoomOnSeveralWorkersIsOne) {
  const auto alice = connect("alice");
  ASSERT_EQ(alice->status(), 101);
  engine->snapshot_parts = 3;
  EXPECT_EQ(ask("/rooms/stats?room=lounge", {}, {.truncated = true}).status, 200);
}

TEST_F(StatisticsServiceTest, WorkersThatCannotBeAskedAreSaidToBeBusy) {
  const auto alice = connect("alice");
  ASSERT_EQ(alice->status(), 101);
  engine->snapshot_parts = 0;
  const auto answer = http("GET", "/rooms/stats?room=lounge");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.get("Retry-After"), "1");
}

TEST_F(StatisticsServiceTest, WorkersThatDoNotAnswerAreNotWaitedForForEver) {
  const auto alice = connect("alice");
  ASSERT_EQ(alice->status(), 101);
  EXPECT_EQ(http("GET", "/rooms/stats?room=lounge").status, 503);
}

TEST_F(StatisticsServiceTest, ARoomThatEndsMeanwhileIsGone) {
  const auto alice = connect("alice");
  ASSERT_EQ(alice->status(), 101);
  std::function<void()> end = [&] {
    if (engine->snapshots.empty()) return loop.post(end);
    service->drain(1ms, [] {});
    events->on_snapshot(1, {});
  };
  loop.post(end);
  EXPECT_EQ(http("GET", "/rooms/stats?room=lounge").status, 404);
}

TEST(Snapshots, TooManyAreRefusedAtOnce) {
  net::Loop loop;
  testing::RecordingEngine engine;
  Snapshots snapshots(loop);
  size_t told = 0;
  size_t refused = 0;
  const auto ask = [&] {
    snapshots.take(engine, media::RoomId(1), {}, [&](Result<media::RoomSnapshot> result) {
      ++told;
      if (!result) refused += result.error().code == ErrorCode::kResourceExhausted ? 1 : 0;
    });
  };
  for (size_t i = 0; i < Snapshots::kMaxWaiting; ++i) ask();
  EXPECT_EQ(told, 0u);
  ask();
  EXPECT_EQ(refused, 1u);
  snapshots.add(7, {});
  snapshots.add(7, {});
  snapshots.add(999, {});
  EXPECT_EQ(told, 2u);
  ask();
  EXPECT_EQ(refused, 1u);
}

}  // namespace
}  // namespace turms::livekit
