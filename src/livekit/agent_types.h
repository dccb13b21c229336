#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "livekit/signal.h"
#include "livekit/token.h"
#include "livekit/types.h"

/// Agents: programs that join rooms on request. Their workers wait for jobs on a WebSocket. Numbers
/// and meanings are LiveKit's (livekit_agent.proto, livekit_agent_worker.proto,
/// livekit_agent_dispatch.proto).
namespace turms::livekit {

enum class JobType : uint8_t {
  kRoom = 0,         // one for a room
  kPublisher = 1,    // one for each participant that publishes
  kParticipant = 2,  // one for each participant
};
enum class JobStatus : uint8_t { kPending = 0, kRunning = 1, kSuccess = 2, kFailed = 3 };

struct JobState {
  JobStatus status = JobStatus::kPending;
  std::string error;
  std::string worker_id;
  std::string participant_identity;  // of the agent
  std::optional<WallTime> started;
  std::optional<WallTime> updated;
  std::optional<WallTime> ended;
};

struct Job {
  std::string id;           // AJ_…
  std::string dispatch_id;  // empty: a simulated one
  JobType type = JobType::kRoom;
  RoomInfo room;
  std::optional<ParticipantInfo> participant;  // for kPublisher and kParticipant
  RequestedAgent agent;
  std::string name_space;  // the worker's
  JobState state;
};

/// The wish for agents of one name in one room, and the jobs that came of it.
struct AgentDispatch {
  std::string id;  // AD_…
  std::string room;
  RequestedAgent agent;
  WallTime created;
  std::optional<WallTime> deleted;
  std::vector<Job> jobs;
};

/// What a worker says.
namespace worker {
struct Register {
  JobType type = JobType::kRoom;
  std::string agent_name;
  std::string name_space;
  std::string deployment;
  std::string version;
  /// Of its agents in rooms; none: they subscribe, publish and change their metadata.
  std::optional<Permission> permissions;
};
struct Availability {
  std::string job_id;
  bool available = false;
  bool terminate = false;  // nothing is to be done: the job is over
  std::string identity;
  std::string name;
  std::string metadata;
  Attributes attributes;
};
struct UpdateWorker {
  std::optional<bool> full;
  float load = 0;  // 0 to 1
};
struct UpdateJob {
  std::string job_id;
  JobStatus status = JobStatus::kPending;
  std::string error;
};
struct Ping {
  int64_t timestamp = 0;
};
struct SimulateJob {
  RoomInfo room;
  std::optional<ParticipantInfo> participant;
};
/// It goes on with jobs that it had on an earlier connection.
struct MigrateJobs {
  std::vector<std::string> job_ids;
};
/// A kind that this server does not know.
struct Ignored {};
}  // namespace worker
using WorkerMessage =
    std::variant<worker::Ignored, worker::Register, worker::Availability, worker::UpdateWorker,
                 worker::UpdateJob, worker::Ping, worker::SimulateJob, worker::MigrateJobs>;

/// What a worker hears.
namespace to_worker {
struct Registered {
  std::string worker_id;  // AW_…
  server::ServerInfo server;
};
/// Does it want this job?
struct Availability {
  Job job;
};
/// The token lets its agent into the room.
struct Assignment {
  Job job;
  std::string token;
};
struct Termination {
  std::string job_id;
};
struct Pong {
  int64_t last_timestamp = 0;
  int64_t timestamp = 0;
};
}  // namespace to_worker
using MessageToWorker =
    std::variant<to_worker::Registered, to_worker::Availability, to_worker::Assignment,
                 to_worker::Termination, to_worker::Pong>;

}  // namespace turms::livekit
