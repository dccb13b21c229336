#include "livekit/agent.pb.h"
#include "livekit/service_testing.h"

namespace turms::livekit {
namespace {

using testing::SignalClient;

class AgentServiceTest : public testing::ServiceTest {
 protected:
  static std::string worker_token(bool agent = true) {
    Grants grants;
    grants.api_key = kKey;
    grants.video.emplace();
    grants.video->agent = agent;
    return token(grants);
  }
  std::unique_ptr<SignalClient> worker(const std::string& bearer = worker_token()) {
    return std::make_unique<SignalClient>(loop, server->port(), "/agent?protocol=1",
                                          "Authorization: Bearer " + bearer + "\r\n");
  }
  static void say(SignalClient& worker, const pb::WorkerMessage& message) {
    worker.send_frame(2, message.SerializeAsString());
  }
  static pb::WorkerMessage registration(const std::string& name) {
    pb::WorkerMessage out;
    out.mutable_register_()->set_agent_name(name);
    return out;
  }
  pb::ServerMessage heard(SignalClient& worker) {
    pb::ServerMessage out;
    const auto message = worker.wait_any();
    EXPECT_TRUE(message);
    if (message) {
      EXPECT_TRUE(out.ParseFromString(*message));
    }
    return out;
  }
  net::HttpResponse dispatch(const std::string& name, const std::string& json) {
    return http(
        "POST", "/twirp/livekit.AgentDispatchService/" + name,
        {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + admin_token()}}, json);
  }
};

TEST_F(AgentServiceTest, NeedsATokenOfAnAgent) {
  start();
  EXPECT_EQ(worker(worker_token(false))->status(), 401);
  EXPECT_EQ(worker("nonsense")->status(), 401);
  EXPECT_EQ(worker()->status(), 101);
  EXPECT_EQ(http("GET", "/agent").status, 404) << "no upgrade";
}

TEST_F(AgentServiceTest, ADispatchReachesItsWorkerAndTheTokenItsRoom) {
  start();
  auto scribe = worker();
  ASSERT_EQ(scribe->status(), 101);
  say(*scribe, registration("scribe"));
  const auto registered = heard(*scribe);
  EXPECT_TRUE(registered.register_().worker_id().starts_with("AW_"));
  EXPECT_EQ(registered.register_().server_info().agent_protocol(), 1);
  const auto made =
      dispatch("CreateDispatch", R"({"room":"lounge","agent_name":"scribe","metadata":"m"})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_NE(made.body.find("\"AD_"), std::string::npos) << made.body;
  const pb::Job job = heard(*scribe).availability().job();
  EXPECT_EQ(job.metadata(), "m");
  EXPECT_EQ(job.room().name(), "lounge");
  pb::WorkerMessage yes;
  yes.mutable_availability()->set_job_id(job.id());
  yes.mutable_availability()->set_available(true);
  yes.mutable_availability()->set_participant_identity("robot");
  say(*scribe, yes);
  const auto assignment = heard(*scribe).assignment();
  SignalClient robot(loop, server->port(), "/rtc?access_token=" + assignment.token());
  const auto joined = robot.wait(pb::SignalResponse::kJoin);
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->join().participant().kind(), pb::ParticipantInfo::AGENT);
  EXPECT_EQ(joined->join().participant().attributes().at("lk.agent_name"), "scribe");
  const auto listed = dispatch("ListDispatch", R"({"room":"lounge"})");
  EXPECT_NE(listed.body.find("\"participant_identity\":\"robot\""), std::string::npos)
      << listed.body;
  ASSERT_EQ(call("DeleteRoom", R"({"room":"lounge"})").status, 200);
  EXPECT_EQ(heard(*scribe).termination().job_id(), job.id());
}

TEST_F(AgentServiceTest, DispatchesAreDeletedAndUnknownOnesNotFound) {
  start();
  EXPECT_EQ(dispatch("DeleteDispatch", R"({"room":"lounge","dispatch_id":"AD_x"})").status, 404);
  EXPECT_EQ(dispatch("CreateDispatch", R"({"room":"attic"})").status, 401) << "another room";
  EXPECT_EQ(dispatch("CreateDispatch", R"({"agent_name":"x"})").status, 401) << "no room";
}

TEST_F(AgentServiceTest, WhatIsNoMessageEndsTheConnection) {
  start();
  auto broken = worker();
  ASSERT_EQ(broken->status(), 101);
  broken->send_frame(2, "\xff\xff");
  EXPECT_EQ(broken->wait_close(), 1007);
}

TEST_F(AgentServiceTest, WorkersMaySpeakJson) {
  start();
  auto scribe = worker();
  ASSERT_EQ(scribe->status(), 101);
  scribe->send_frame(1, R"({"register":{"agentName":"scribe"}})");
  const auto answer = scribe->wait_any();
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find("\"workerId\":\"AW_"), std::string::npos) << *answer;
  EXPECT_TRUE(scribe->last_was_text());
}

}  // namespace
}  // namespace turms::livekit
