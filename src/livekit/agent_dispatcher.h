#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/strong_int.h"
#include "livekit/agent_types.h"
#include "livekit/room.h"

namespace turms::livekit {

using WorkerKey = StrongInt<struct AgentWorkerTag, uint64_t>;

struct SendToWorker {
  WorkerKey worker;
  MessageToWorker message;
};
/// Its connection ends.
struct CloseWorker {
  WorkerKey worker;
  std::string reason;
};
using AgentOutput = std::variant<SendToWorker, CloseWorker>;

/// Which agents are wanted in which room, and which worker has which job. Sans-IO: what workers say
/// and what happens in rooms comes in with the time, and what workers shall hear is collected with
/// take_outputs(). One thread.
///
/// A room wants the agents of its configuration, or those without a name when it has none, and what
/// the server API adds. A wish is a dispatch; each makes a job for the room, for each participant
/// and for each that publishes. A job goes to the least loaded worker of its agent's name, type and
/// deployment that wants it. While there is none, a job that names its agent waits for one
/// (LiveKit's own server forgets it); one that does not fails, as there, for not every room needs
/// an agent.
///
/// Bounds: kMaxWorkers workers (beyond, they are refused), kMaxDispatches per room
/// (kResourceExhausted), kMaxJobs per dispatch: the oldest that ended is forgotten, and with none
/// ended nothing is added.
class AgentDispatcher {
 public:
  static constexpr size_t kMaxWorkers = 10'000;
  static constexpr size_t kMaxDispatches = 100;
  static constexpr size_t kMaxJobs = 1000;
  /// From the connection to the registration, and from a job's offer to the answer.
  static constexpr Duration kAnswerTimeout = std::chrono::seconds(10);
  /// A worker that lost its connection may take up its jobs again so long, and one whose agent left
  /// the room may say how the job ended.
  static constexpr Duration kGrace = std::chrono::seconds(10);
  /// A job whose worker was lost starts anew so often.
  static constexpr int kMaxRestarts = 3;
  /// How long an agent has to join with its token.
  static constexpr Duration kTokenLife = std::chrono::hours(6);

  struct Secrets {
    /// `length` characters that nobody can guess.
    std::function<std::string(size_t length)> token;
    /// Signs with the secret of `grants.api_key`.
    std::function<std::string(const Grants& grants, WallTime now, Duration life)> mint;
  };

  AgentDispatcher(server::ServerInfo server, Secrets secrets);
  ~AgentDispatcher();

  // ---- workers

  /// `api_key` signed its token, and will sign those of its agents. kResourceExhausted: too many.
  Result<WorkerKey> connect(Now now, std::string api_key);
  void on_message(Now now, WorkerKey from, const WorkerMessage& message);
  void disconnect(Now now, WorkerKey worker);

  // ---- rooms

  /// `agents`: those of its configuration.
  void on_room_event(Now now, const Notify& event, const std::vector<RequestedAgent>& agents);

  // ---- the server API

  /// kNotFound: there is no such room. kResourceExhausted: it has too many.
  Result<AgentDispatch> create(Now now, std::string_view room, const RequestedAgent& agent);
  /// Its jobs are told to end. kNotFound.
  Result<AgentDispatch> remove(Now now, std::string_view room, std::string_view id);
  /// Of a room; with an id, that one alone.
  [[nodiscard]] std::vector<AgentDispatch> list(std::string_view room, std::string_view id) const;

  // ---- driving

  void on_timer(Now now);
  [[nodiscard]] TimePoint next_timeout() const;
  std::vector<AgentOutput> take_outputs() { return std::exchange(outputs_, {}); }

  [[nodiscard]] size_t worker_count() const { return workers_.size(); }
  [[nodiscard]] size_t job_count() const { return jobs_.size(); }

 private:
  /// What a worker serves and a job wants.
  struct Skill {
    std::string agent_name;
    std::string deployment;
    JobType type = JobType::kRoom;
    auto operator<=>(const Skill&) const = default;
  };
  struct Worker;
  struct Task;
  struct Member {
    ParticipantInfo info;
    bool published = false;
  };
  struct Dispatch {
    AgentDispatch value;                // without its jobs
    std::vector<std::string> task_ids;  // oldest first
  };
  struct RoomAgents {
    RoomInfo info;
    std::map<std::string, Member> members;  // by identity
    std::map<std::string, Dispatch> dispatches;
  };

  void register_worker(Now now, WorkerKey key, Worker& worker, const worker::Register& said);
  void on_availability(Now now, WorkerKey key, const worker::Availability& said);
  void on_job(Now now, WorkerKey key, const worker::UpdateJob& said);
  void simulate(Now now, WorkerKey key, const worker::SimulateJob& said);
  void take_over(Now now, WorkerKey key, const worker::MigrateJobs& said);
  void on_joined(Now now, RoomAgents& room, const ParticipantInfo& who);
  void on_left(Now now, RoomAgents& room, const ParticipantInfo& who);
  void close_room(Now now, const std::string& name);

  Result<Dispatch*> add_dispatch(Now now, RoomAgents& room, const RequestedAgent& agent);
  void launch(Now now, RoomAgents& room, Dispatch& dispatch, JobType type, const Member* member,
              int restarts = 0);
  /// Makes space for one more job; false: all are under way.
  bool make_space(Dispatch& dispatch);
  void seek(Now now, Task& task);
  void offer(Now now, Task& task, WorkerKey key, Worker& worker);
  void assign(Now now, Task& task, WorkerKey key, Worker& worker, const worker::Availability& said);
  /// Those that wait for such a worker.
  void serve_waiting(Now now, const Skill& skill);
  void finish(Now now, Task& task, JobStatus status, std::string error = {});
  void terminate(Now now, Task& task, JobStatus status, std::string error = {});
  void lose(Now now, Task& task);
  void leave_worker(Task& task);
  void set_deadline(Task& task, TimePoint deadline);
  [[nodiscard]] bool in_room(const Task& task) const;
  [[nodiscard]] AgentDispatch complete(const Dispatch& dispatch) const;
  [[nodiscard]] static Skill skill_of(const Task& task);
  Task* find_task(std::string_view id);
  void forget(Task& task);
  void tell(WorkerKey worker, MessageToWorker message);

  server::ServerInfo server_;
  Secrets secrets_;
  WorkerKey last_worker_;
  std::map<WorkerKey, std::unique_ptr<Worker>> workers_;
  std::map<Skill, std::set<WorkerKey>> by_skill_;
  std::map<std::string, std::unique_ptr<Task>, std::less<>> jobs_;
  std::map<Skill, std::vector<std::string>> waiting_;  // ids of jobs, oldest first
  std::map<std::string, RoomAgents, std::less<>> rooms_;
  std::set<std::pair<TimePoint, std::string>> job_deadlines_;
  std::set<std::pair<TimePoint, WorkerKey>> worker_deadlines_;  // to register
  std::vector<AgentOutput> outputs_;
};

}  // namespace turms::livekit
