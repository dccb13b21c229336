#include "livekit/agent_dispatcher.h"

#include <gtest/gtest.h>

namespace turms::livekit {
namespace {

using namespace std::chrono_literals;

class AgentDispatcherTest : public ::testing::Test {
 protected:
  WorkerKey connect(const worker::Register& registration = {}, const std::string& key = "key") {
    const auto worker = dispatcher.connect(now, key);
    EXPECT_TRUE(worker);
    dispatcher.on_message(now, *worker, registration);
    EXPECT_TRUE(take<to_worker::Registered>(*worker));
    return *worker;
  }
  static ParticipantInfo person(const std::string& identity) {
    ParticipantInfo out;
    out.identity = identity;
    out.sid = "PA_" + identity;
    return out;
  }
  static ParticipantInfo agent(const std::string& identity) {
    ParticipantInfo out = person(identity);
    out.kind = ParticipantKind::kAgent;
    return out;
  }
  void event(RoomEvent what, std::optional<ParticipantInfo> who = std::nullopt,
             const std::vector<RequestedAgent>& agents = {}) {
    Notify out;
    out.event = what;
    out.room.name = "lounge";
    out.room.sid = "RM_1";
    out.participant = std::move(who);
    dispatcher.on_room_event(now, out, agents);
  }
  /// The next of this kind for the worker; others for it stay.
  template <class T>
  std::optional<T> take(WorkerKey worker) {
    for (AgentOutput& output : dispatcher.take_outputs()) pending.push_back(std::move(output));
    for (auto it = pending.begin(); it != pending.end(); ++it) {
      const auto* sent = std::get_if<SendToWorker>(&*it);
      if (sent == nullptr || sent->worker != worker || !std::holds_alternative<T>(sent->message)) {
        continue;
      }
      T out = std::get<T>(sent->message);
      pending.erase(it);
      return out;
    }
    return std::nullopt;
  }
  std::string offered(WorkerKey worker) {
    const auto offer = take<to_worker::Availability>(worker);
    return offer ? offer->job.id : "";
  }
  void accept(WorkerKey worker, const std::string& job, const std::string& identity = "robot") {
    dispatcher.on_message(
        now, worker, worker::Availability{.job_id = job, .available = true, .identity = identity});
  }
  void refuse(WorkerKey worker, const std::string& job) {
    dispatcher.on_message(now, worker, worker::Availability{.job_id = job});
  }
  void pass(Duration time) {
    now.monotonic += time;
    now.wall.unix_ms += to_ms(time);
    if (dispatcher.next_timeout() <= now.monotonic) dispatcher.on_timer(now);
  }
  JobState state(const std::string& job) {
    for (const AgentDispatch& dispatch : dispatcher.list("lounge", "")) {
      for (const Job& known : dispatch.jobs) {
        if (known.id == job) return known.state;
      }
    }
    ADD_FAILURE() << "no job " << job;
    return {};
  }

  Now now{TimePoint{} + 1h, {1'000'000}};
  int made = 0;
  std::vector<Grants> minted;
  AgentDispatcher dispatcher{{"eu", "ND_1"},
                             {[this](size_t) { return std::to_string(++made); },
                              [this](const Grants& grants, WallTime, Duration) {
                                minted.push_back(grants);
                                return "token-" + std::to_string(minted.size());
                              }}};
  std::vector<AgentOutput> pending;
};

TEST_F(AgentDispatcherTest, AnAgentWithoutANameIsWantedInEveryRoom) {
  const WorkerKey worker =
      connect({.permissions = Permission{.can_publish = false, .hidden = true}});
  event(RoomEvent::kRoomStarted);
  const auto offer = take<to_worker::Availability>(worker);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->job.room.name, "lounge");
  EXPECT_EQ(offer->job.type, JobType::kRoom);
  dispatcher.on_message(now, worker,
                        worker::Availability{.job_id = offer->job.id,
                                             .available = true,
                                             .identity = "robot",
                                             .name = "Robot",
                                             .metadata = "m",
                                             .attributes = {{"a", "b"}}});
  const auto assignment = take<to_worker::Assignment>(worker);
  ASSERT_TRUE(assignment);
  EXPECT_EQ(assignment->token, "token-1");
  EXPECT_EQ(assignment->job.state.status, JobStatus::kRunning);
  ASSERT_EQ(minted.size(), 1u);
  const Grants& grants = minted[0];
  EXPECT_EQ(grants.api_key, "key");
  EXPECT_EQ(grants.identity, "robot");
  EXPECT_EQ(grants.name, "Robot");
  EXPECT_EQ(grants.metadata, "m");
  EXPECT_EQ(grants.kind, ParticipantKind::kAgent);
  EXPECT_EQ(grants.attributes, (Attributes{{"a", "b"}, {"lk.agent_name", ""}}));
  EXPECT_TRUE(grants.video->room_join && grants.video->agent && grants.video->hidden);
  EXPECT_EQ(grants.video->room, "lounge");
  EXPECT_EQ(grants.video->can_publish, false);
}

TEST_F(AgentDispatcherTest, ANamedAgentComesOnlyWhereItIsWanted) {
  const WorkerKey scribe = connect({.agent_name = "scribe"});
  const WorkerKey nameless = connect();
  event(RoomEvent::kRoomStarted, {}, {{.agent_name = "scribe", .metadata = "from the room"}});
  const auto offer = take<to_worker::Availability>(scribe);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->job.agent.metadata, "from the room");
  EXPECT_EQ(offered(nameless), "") << "the room's configuration stands in place of the default";
  const auto more = dispatcher.create(now, "lounge", {.agent_name = "scribe", .metadata = "more"});
  ASSERT_TRUE(more);
  EXPECT_EQ(take<to_worker::Availability>(scribe)->job.agent.metadata, "more");
  EXPECT_EQ(dispatcher.list("lounge", "").size(), 2u);
  EXPECT_EQ(dispatcher.list("lounge", more->id).size(), 1u);
  EXPECT_EQ(dispatcher.list("lounge", "AD_none").size(), 0u);
  EXPECT_EQ(dispatcher.create(now, "attic", {}).error().code, ErrorCode::kNotFound);
}

TEST_F(AgentDispatcherTest, ParticipantsAndPublishersHaveAgentsOfTheirOwn) {
  const WorkerKey each = connect({.type = JobType::kParticipant});
  const WorkerKey loud = connect({.type = JobType::kPublisher});
  event(RoomEvent::kRoomStarted);
  event(RoomEvent::kParticipantJoined, person("alice"));
  const auto for_alice = take<to_worker::Availability>(each);
  ASSERT_TRUE(for_alice);
  EXPECT_EQ(for_alice->job.participant->identity, "alice");
  EXPECT_EQ(offered(loud), "");
  event(RoomEvent::kTrackPublished, person("alice"));
  EXPECT_NE(offered(loud), "");
  event(RoomEvent::kTrackPublished, person("alice"));
  EXPECT_EQ(offered(loud), "") << "once for each publisher";
  event(RoomEvent::kParticipantJoined, agent("robot"));
  event(RoomEvent::kTrackPublished, agent("robot"));
  EXPECT_EQ(offered(each), "") << "agents have no agents";
  EXPECT_EQ(offered(loud), "");
  // A dispatch that comes later finds who is there.
  ASSERT_TRUE(dispatcher.create(now, "lounge", {}));
  EXPECT_NE(offered(each), "");
  EXPECT_NE(offered(loud), "");
}

TEST_F(AgentDispatcherTest, AJobGoesToTheLeastLoadedWorkerThatWantsIt) {
  const WorkerKey busy = connect();
  const WorkerKey idle = connect();
  const WorkerKey full = connect();
  dispatcher.on_message(now, busy, worker::UpdateWorker{.full = false, .load = 0.6f});
  dispatcher.on_message(now, idle, worker::UpdateWorker{.full = std::nullopt, .load = 0.1f});
  dispatcher.on_message(now, full, worker::UpdateWorker{.full = true, .load = 0});
  event(RoomEvent::kRoomStarted);
  const std::string job = offered(idle);
  ASSERT_NE(job, "");
  refuse(idle, job);
  EXPECT_EQ(offered(busy), job);
  pass(AgentDispatcher::kAnswerTimeout);
  EXPECT_EQ(offered(full), "");
  EXPECT_EQ(state(job).status, JobStatus::kPending) << "one refused, one did not answer";
  dispatcher.on_message(now, idle, worker::UpdateWorker{.full = false, .load = 0.1f});
  EXPECT_EQ(offered(idle), "") << "who refused is not asked again";
  dispatcher.on_message(now, full, worker::UpdateWorker{.full = false, .load = 0.9f});
  EXPECT_EQ(offered(full), job) << "one that has space again is";
  accept(busy, job);
  EXPECT_FALSE(take<to_worker::Assignment>(busy)) << "its time is over";
  accept(full, job);
  EXPECT_TRUE(take<to_worker::Assignment>(full));
}

TEST_F(AgentDispatcherTest, AJobThatNamesItsAgentWaitsForAWorker) {
  event(RoomEvent::kRoomStarted, {}, {{.agent_name = "scribe"}});
  const WorkerKey other = connect({.agent_name = "other"});
  const WorkerKey canary = connect({.agent_name = "scribe", .deployment = "canary"});
  EXPECT_EQ(offered(other), "");
  EXPECT_EQ(offered(canary), "");
  const WorkerKey worker = connect({.agent_name = "scribe"});
  EXPECT_NE(offered(worker), "");
}

TEST_F(AgentDispatcherTest, ARoomThatNamesNoAgentDoesNotWaitForOne) {
  event(RoomEvent::kRoomStarted);
  const WorkerKey late = connect();
  EXPECT_EQ(offered(late), "");
  const auto dispatches = dispatcher.list("lounge", "");
  ASSERT_EQ(dispatches.size(), 1u);
  ASSERT_EQ(dispatches[0].jobs.size(), 1u);
  EXPECT_EQ(dispatches[0].jobs[0].state.status, JobStatus::kFailed);
  // While one is there but full, it waits.
  dispatcher.on_message(now, late, worker::UpdateWorker{.full = true, .load = 1});
  ASSERT_TRUE(dispatcher.create(now, "lounge", {}));
  dispatcher.on_message(now, late, worker::UpdateWorker{.full = false, .load = 0});
  EXPECT_NE(offered(late), "");
}

TEST_F(AgentDispatcherTest, AWorkerEndsItsJobs) {
  const WorkerKey worker = connect();
  event(RoomEvent::kRoomStarted);
  const std::string job = offered(worker);
  accept(worker, job);
  dispatcher.on_message(now, worker, worker::UpdateJob{job, JobStatus::kRunning, ""});
  EXPECT_EQ(state(job).status, JobStatus::kRunning);
  EXPECT_EQ(state(job).participant_identity, "robot");
  const WorkerKey stranger = connect({.agent_name = "stranger"});
  dispatcher.on_message(now, stranger, worker::UpdateJob{job, JobStatus::kFailed, "no"});
  EXPECT_EQ(state(job).status, JobStatus::kRunning) << "it is not the stranger's";
  dispatcher.on_message(now, worker, worker::UpdateJob{job, JobStatus::kFailed, "broken"});
  EXPECT_EQ(state(job).status, JobStatus::kFailed);
  EXPECT_EQ(state(job).error, "broken");
  EXPECT_TRUE(state(job).ended);
  event(RoomEvent::kRoomFinished);
  EXPECT_FALSE(take<to_worker::Termination>(worker)) << "it is over already";
  EXPECT_EQ(dispatcher.job_count(), 0u);
}

TEST_F(AgentDispatcherTest, JobsEndWithTheirRoomAndTheirDispatch) {
  const WorkerKey worker = connect();
  event(RoomEvent::kRoomStarted);
  const std::string first = offered(worker);
  accept(worker, first);
  const auto dispatch = dispatcher.create(now, "lounge", {});
  const std::string second = offered(worker);
  accept(worker, second, "robot 2");
  const auto removed = dispatcher.remove(now, "lounge", dispatch->id);
  ASSERT_TRUE(removed);
  EXPECT_TRUE(removed->deleted);
  ASSERT_EQ(removed->jobs.size(), 1u);
  EXPECT_EQ(removed->jobs[0].state.status, JobStatus::kSuccess);
  EXPECT_EQ(take<to_worker::Termination>(worker)->job_id, second);
  EXPECT_EQ(dispatcher.remove(now, "lounge", dispatch->id).error().code, ErrorCode::kNotFound);
  event(RoomEvent::kRoomFinished);
  EXPECT_EQ(take<to_worker::Termination>(worker)->job_id, first);
  EXPECT_EQ(dispatcher.job_count(), 0u);
  EXPECT_EQ(dispatcher.next_timeout(), kNever);
}

TEST_F(AgentDispatcherTest, AnAgentThatLeftTheRoomHasFailedUnlessItsWorkerSaysOtherwise) {
  const WorkerKey worker = connect();
  event(RoomEvent::kRoomStarted);
  const std::string job = offered(worker);
  accept(worker, job);
  event(RoomEvent::kParticipantJoined, agent("robot"));
  event(RoomEvent::kParticipantLeft, agent("robot"));
  pass(AgentDispatcher::kGrace - 1ms);
  event(RoomEvent::kParticipantJoined, agent("robot"));
  pass(1min);
  EXPECT_EQ(state(job).status, JobStatus::kRunning) << "it came back";
  event(RoomEvent::kParticipantLeft, agent("robot"));
  pass(AgentDispatcher::kGrace);
  EXPECT_EQ(state(job).status, JobStatus::kFailed);
  EXPECT_EQ(take<to_worker::Termination>(worker)->job_id, job);
}

TEST_F(AgentDispatcherTest, AWorkerThatReconnectsTakesUpItsJobs) {
  const WorkerKey worker = connect();
  event(RoomEvent::kRoomStarted);
  const std::string job = offered(worker);
  accept(worker, job);
  event(RoomEvent::kParticipantJoined, agent("robot"));
  dispatcher.disconnect(now, worker);
  const WorkerKey stranger = connect({}, "another key");
  dispatcher.on_message(now, stranger, worker::MigrateJobs{{job}});
  const WorkerKey again = connect();
  dispatcher.on_message(now, again, worker::MigrateJobs{{job, "AJ_none"}});
  dispatcher.on_message(now, stranger, worker::UpdateJob{job, JobStatus::kFailed, ""});
  EXPECT_EQ(state(job).status, JobStatus::kRunning);
  dispatcher.on_message(now, again, worker::UpdateJob{job, JobStatus::kSuccess, ""});
  EXPECT_EQ(state(job).status, JobStatus::kSuccess);
}

TEST_F(AgentDispatcherTest, AJobWhoseWorkerWasLostStartsAnew) {
  const WorkerKey lost = connect();
  event(RoomEvent::kRoomStarted);
  const std::string job = offered(lost);
  accept(lost, job);
  event(RoomEvent::kParticipantJoined, agent("robot"));
  const WorkerKey other = connect();
  dispatcher.disconnect(now, lost);
  pass(AgentDispatcher::kGrace);
  EXPECT_EQ(offered(other), "") << "the agent is still in the room";
  event(RoomEvent::kParticipantLeft, agent("robot"));
  pass(AgentDispatcher::kGrace);
  EXPECT_EQ(state(job).status, JobStatus::kFailed);
  const std::string next = offered(other);
  EXPECT_NE(next, "");
  EXPECT_NE(next, job);
}

TEST_F(AgentDispatcherTest, AJobThatShallNotRestartDoesNot) {
  const WorkerKey lost = connect();
  event(RoomEvent::kRoomStarted, {}, {{.restart = false}});
  const std::string job = offered(lost);
  accept(lost, job);
  dispatcher.disconnect(now, lost);
  const WorkerKey other = connect();
  pass(AgentDispatcher::kGrace);
  EXPECT_EQ(state(job).status, JobStatus::kFailed);
  EXPECT_EQ(offered(other), "");
}

TEST_F(AgentDispatcherTest, AWorkerThatGoesBeforeItAnsweredLeavesTheJobToOthers) {
  const WorkerKey first = connect();
  event(RoomEvent::kRoomStarted);
  const std::string job = offered(first);
  const WorkerKey second = connect();
  dispatcher.disconnect(now, first);
  EXPECT_EQ(offered(second), job);
}

TEST_F(AgentDispatcherTest, AWorkerCanSimulateAJob) {
  const WorkerKey worker = connect({.agent_name = "scribe"});
  worker::SimulateJob simulate;
  simulate.room.name = "made up";
  dispatcher.on_message(now, worker, simulate);
  const auto offer = take<to_worker::Availability>(worker);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->job.room.name, "made up");
  accept(worker, offer->job.id);
  EXPECT_TRUE(take<to_worker::Assignment>(worker));
  EXPECT_EQ(minted.back().video->room, "made up");
  dispatcher.disconnect(now, worker);
  EXPECT_EQ(dispatcher.job_count(), 0u);
}

TEST_F(AgentDispatcherTest, AWorkerMustRegisterInTime) {
  const auto worker = dispatcher.connect(now, "key");
  ASSERT_TRUE(worker);
  dispatcher.on_message(now, *worker, worker::Ping{77});
  const auto pong = take<to_worker::Pong>(*worker);
  ASSERT_TRUE(pong);
  EXPECT_EQ(pong->last_timestamp, 77);
  EXPECT_EQ(pong->timestamp, now.wall.unix_ms);
  dispatcher.on_message(now, *worker, worker::SimulateJob{});
  EXPECT_EQ(offered(*worker), "") << "not before it is registered";
  pass(AgentDispatcher::kAnswerTimeout);
  EXPECT_EQ(dispatcher.worker_count(), 0u);
  for (AgentOutput& output : dispatcher.take_outputs()) pending.push_back(std::move(output));
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(std::get<CloseWorker>(pending[0]).worker, *worker);
}

TEST_F(AgentDispatcherTest, EverythingIsBounded) {
  event(RoomEvent::kRoomStarted);
  for (size_t i = 1; i < AgentDispatcher::kMaxDispatches; ++i) {
    ASSERT_TRUE(dispatcher.create(now, "lounge", {.agent_name = "x"}));
  }
  EXPECT_EQ(dispatcher.create(now, "lounge", {}).error().code, ErrorCode::kResourceExhausted);
  event(RoomEvent::kRoomFinished);
  event(RoomEvent::kRoomStarted, {}, {{.agent_name = "x"}});
  for (size_t i = 0; i < AgentDispatcher::kMaxJobs + 10; ++i) {
    event(RoomEvent::kParticipantJoined, person(std::to_string(i)));
  }
  EXPECT_EQ(dispatcher.job_count(), AgentDispatcher::kMaxJobs);
  for (size_t i = 0; i < AgentDispatcher::kMaxWorkers; ++i)
    ASSERT_TRUE(dispatcher.connect(now, "k"));
  EXPECT_EQ(dispatcher.connect(now, "k").error().code, ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace turms::livekit
