#include "livekit/agent_dispatcher.h"

#include <algorithm>

#include "base/overload.h"

namespace turms::livekit {
namespace {

constexpr std::string_view kAgentNameAttribute = "lk.agent_name";
constexpr size_t kIdLength = 12;

bool is_over(JobStatus status) {
  return status == JobStatus::kSuccess || status == JobStatus::kFailed;
}

}  // namespace

struct AgentDispatcher::Worker {
  std::string api_key;
  std::string id;
  bool registered = false;
  Skill skill;
  std::string name_space;
  Permission permission;
  bool full = false;
  float load = 0;
  std::set<std::string> jobs;  // offered or running
  TimePoint register_by;
};

struct AgentDispatcher::Task {
  enum class Phase : uint8_t { kWaiting, kOffered, kRunning, kLost, kOver };

  Job job;
  Phase phase = Phase::kWaiting;
  WorkerKey worker;     // of kOffered and kRunning
  std::string api_key;  // of the worker that has or had it
  std::set<WorkerKey> refused;
  int restarts = 0;
  TimePoint deadline = kNever;
};

AgentDispatcher::AgentDispatcher(server::ServerInfo server, Secrets secrets)
    : server_(std::move(server)), secrets_(std::move(secrets)) {}

AgentDispatcher::~AgentDispatcher() = default;

// ---- workers

Result<WorkerKey> AgentDispatcher::connect(Now now, std::string api_key) {
  if (workers_.size() >= kMaxWorkers) {
    return fail(ErrorCode::kResourceExhausted, "too many agent workers");
  }
  const WorkerKey key(++last_worker_.value);
  auto made = std::make_unique<Worker>();
  made->api_key = std::move(api_key);
  made->id = "AW_" + secrets_.token(kIdLength);
  made->register_by = now.monotonic + kAnswerTimeout;
  worker_deadlines_.emplace(made->register_by, key);
  workers_.emplace(key, std::move(made));
  return key;
}

void AgentDispatcher::on_message(Now now, WorkerKey from, const WorkerMessage& message) {
  const auto it = workers_.find(from);
  if (it == workers_.end()) return;
  Worker& worker = *it->second;
  if (const auto* ping = std::get_if<worker::Ping>(&message)) {
    return tell(from, to_worker::Pong{ping->timestamp, now.wall.unix_ms});
  }
  if (const auto* said = std::get_if<worker::Register>(&message)) {
    return register_worker(now, from, worker, *said);
  }
  if (!worker.registered) return;
  std::visit(Overload{
                 [&](const worker::Availability& said) { on_availability(now, from, said); },
                 [&](const worker::UpdateJob& said) { on_job(now, from, said); },
                 [&](const worker::SimulateJob& said) { simulate(now, from, said); },
                 [&](const worker::MigrateJobs& said) { take_over(now, from, said); },
                 [&](const worker::UpdateWorker& said) {
                   worker.load = said.load;
                   worker.full = said.full.value_or(worker.full);
                   if (!worker.full) serve_waiting(now, worker.skill);
                 },
                 [](const auto&) {},
             },
             message);
}

void AgentDispatcher::register_worker(Now now, WorkerKey key, Worker& worker,
                                      const worker::Register& said) {
  if (worker.registered) return;  // once
  worker.registered = true;
  worker_deadlines_.erase({worker.register_by, key});
  worker.skill = {said.agent_name, said.deployment, said.type};
  worker.name_space = said.name_space;
  Permission usual;
  usual.can_update_metadata = true;
  worker.permission = said.permissions.value_or(usual);
  by_skill_[worker.skill].insert(key);
  tell(key, to_worker::Registered{worker.id, server_});
  serve_waiting(now, worker.skill);
}

void AgentDispatcher::disconnect(Now now, WorkerKey key) {
  const auto it = workers_.find(key);
  if (it == workers_.end()) return;
  const auto worker = std::move(it->second);
  workers_.erase(it);
  worker_deadlines_.erase({worker->register_by, key});
  const auto skilled = by_skill_.find(worker->skill);
  if (skilled != by_skill_.end()) {
    skilled->second.erase(key);
    if (skilled->second.empty()) by_skill_.erase(skilled);
  }
  for (const std::string& id : worker->jobs) {
    Task& task = *jobs_.at(id);
    const bool offered = task.phase == Task::Phase::kOffered;
    task.phase = Task::Phase::kLost;
    if (task.job.dispatch_id.empty()) {
      forget(task);
    } else if (offered) {
      seek(now, task);
    } else {
      set_deadline(task, now.monotonic + kGrace);
    }
  }
}

void AgentDispatcher::on_availability(Now now, WorkerKey key, const worker::Availability& said) {
  Task* task = find_task(said.job_id);
  if (task == nullptr || task->phase != Task::Phase::kOffered || task->worker != key) return;
  if (said.terminate) return finish(now, *task, JobStatus::kSuccess);
  if (said.available) return assign(now, *task, key, *workers_.at(key), said);
  leave_worker(*task);
  if (task->job.dispatch_id.empty()) return forget(*task);
  task->refused.insert(key);
  seek(now, *task);
}

void AgentDispatcher::on_job(Now now, WorkerKey key, const worker::UpdateJob& said) {
  Task* task = find_task(said.job_id);
  // The room may have closed first, which ended the job.
  if (task == nullptr || task->phase != Task::Phase::kRunning || task->worker != key) return;
  if (is_over(said.status)) return finish(now, *task, said.status, said.error);
  task->job.state.status = said.status;
  task->job.state.error = said.error;
  task->job.state.updated = now.wall;
}

void AgentDispatcher::simulate(Now now, WorkerKey key, const worker::SimulateJob& said) {
  Worker& worker = *workers_.at(key);
  auto task = std::make_unique<Task>();
  task->job.id = "AJ_" + secrets_.token(kIdLength);
  task->job.type = said.participant ? JobType::kPublisher : JobType::kRoom;
  task->job.room = said.room;
  task->job.participant = said.participant;
  task->job.agent.agent_name = worker.skill.agent_name;
  Task& made = *jobs_.emplace(task->job.id, std::move(task)).first->second;
  offer(now, made, key, worker);
}

void AgentDispatcher::take_over(Now now, WorkerKey key, const worker::MigrateJobs& said) {
  Worker& worker = *workers_.at(key);
  for (const std::string& id : said.job_ids) {
    Task* task = find_task(id);
    if (task == nullptr || task->phase != Task::Phase::kLost || task->api_key != worker.api_key ||
        skill_of(*task) != worker.skill) {
      continue;
    }
    task->phase = Task::Phase::kRunning;
    task->worker = key;
    worker.jobs.insert(id);
    task->job.state.worker_id = worker.id;
    task->job.state.updated = now.wall;
    set_deadline(*task, in_room(*task) ? kNever : now.monotonic + kGrace);
  }
}

// ---- rooms

void AgentDispatcher::on_room_event(Now now, const Notify& event,
                                    const std::vector<RequestedAgent>& agents) {
  if (event.event == RoomEvent::kRoomFinished) return close_room(now, event.room.name);
  if (event.event == RoomEvent::kRoomStarted) {
    close_room(now, event.room.name);  // one of this name that ended unheard
    RoomAgents& room = rooms_[event.room.name];
    room.info = event.room;
    // LiveKit's default: whoever has no name is wanted everywhere.
    for (const RequestedAgent& agent : agents.empty() ? std::vector(1, RequestedAgent{}) : agents) {
      if (!add_dispatch(now, room, agent)) break;
    }
    return;
  }
  const auto it = rooms_.find(event.room.name);
  if (it == rooms_.end() || !event.participant) return;
  RoomAgents& room = it->second;
  room.info = event.room;
  if (event.event == RoomEvent::kParticipantJoined) {
    on_joined(now, room, *event.participant);
  } else if (event.event == RoomEvent::kParticipantLeft) {
    on_left(now, room, *event.participant);
  } else if (event.event == RoomEvent::kTrackPublished) {
    const auto member = room.members.find(event.participant->identity);
    if (member == room.members.end() || std::exchange(member->second.published, true)) return;
    member->second.info = *event.participant;
    if (member->second.info.is_dependent()) return;
    for (auto& [id, dispatch] : room.dispatches) {
      launch(now, room, dispatch, JobType::kPublisher, &member->second);
    }
  }
}

void AgentDispatcher::on_joined(Now now, RoomAgents& room, const ParticipantInfo& who) {
  Member& member = room.members[who.identity];
  member = {who, false};
  if (!who.is_dependent()) {
    for (auto& [id, dispatch] : room.dispatches) {
      launch(now, room, dispatch, JobType::kParticipant, &member);
    }
    return;
  }
  // An agent that came back in time.
  for (const auto& [id, dispatch] : room.dispatches) {
    for (const std::string& job : dispatch.task_ids) {
      Task& task = *jobs_.at(job);
      if (task.phase == Task::Phase::kRunning &&
          task.job.state.participant_identity == who.identity) {
        set_deadline(task, kNever);
      }
    }
  }
}

void AgentDispatcher::on_left(Now now, RoomAgents& room, const ParticipantInfo& who) {
  const auto member = room.members.find(who.identity);
  // An older session of the same person ends after the new one began.
  if (member == room.members.end() || member->second.info.sid != who.sid) return;
  room.members.erase(member);
  if (!who.is_dependent()) return;
  for (const auto& [id, dispatch] : room.dispatches) {
    for (const std::string& job : dispatch.task_ids) {
      Task& task = *jobs_.at(job);
      if (task.phase == Task::Phase::kRunning &&
          task.job.state.participant_identity == who.identity) {
        set_deadline(task, now.monotonic + kGrace);
      }
    }
  }
}

void AgentDispatcher::close_room(Now now, const std::string& name) {
  const auto it = rooms_.find(name);
  if (it == rooms_.end()) return;
  for (const auto& [id, dispatch] : it->second.dispatches) {
    for (const std::string& job : dispatch.task_ids) {
      Task& task = *jobs_.at(job);
      terminate(now, task, JobStatus::kSuccess);
      forget(task);
    }
  }
  rooms_.erase(it);
}

// ---- the server API

Result<AgentDispatch> AgentDispatcher::create(Now now, std::string_view name,
                                              const RequestedAgent& agent) {
  const auto it = rooms_.find(name);
  if (it == rooms_.end()) return fail(ErrorCode::kNotFound, "requested room does not exist");
  const auto made = add_dispatch(now, it->second, agent);
  if (!made) return std::unexpected(made.error());
  return complete(**made);
}

Result<AgentDispatch> AgentDispatcher::remove(Now now, std::string_view name, std::string_view id) {
  const auto it = rooms_.find(name);
  if (it != rooms_.end()) {
    const auto found = it->second.dispatches.find(std::string(id));
    if (found != it->second.dispatches.end()) {
      for (const std::string& job : found->second.task_ids) {
        terminate(now, *jobs_.at(job), JobStatus::kSuccess);
      }
      AgentDispatch out = complete(found->second);
      out.deleted = now.wall;
      for (const std::string& job : found->second.task_ids) forget(*jobs_.at(job));
      it->second.dispatches.erase(found);
      return out;
    }
  }
  return fail(ErrorCode::kNotFound, "agent dispatch not found");
}

std::vector<AgentDispatch> AgentDispatcher::list(std::string_view name, std::string_view id) const {
  std::vector<AgentDispatch> out;
  const auto it = rooms_.find(name);
  if (it == rooms_.end()) return out;
  for (const auto& [its_id, dispatch] : it->second.dispatches) {
    if (id.empty() || id == its_id) out.push_back(complete(dispatch));
  }
  return out;
}

// ---- jobs

Result<AgentDispatcher::Dispatch*> AgentDispatcher::add_dispatch(Now now, RoomAgents& room,
                                                                 const RequestedAgent& agent) {
  if (room.dispatches.size() >= kMaxDispatches) {
    return fail(ErrorCode::kResourceExhausted, "too many agent dispatches in the room");
  }
  Dispatch made;
  made.value.id = "AD_" + secrets_.token(kIdLength);
  made.value.room = room.info.name;
  made.value.agent = agent;
  made.value.created = now.wall;
  Dispatch& dispatch = room.dispatches.emplace(made.value.id, std::move(made)).first->second;
  launch(now, room, dispatch, JobType::kRoom, nullptr);
  for (const auto& [identity, member] : room.members) {
    if (member.info.is_dependent()) continue;
    launch(now, room, dispatch, JobType::kParticipant, &member);
    if (member.published) launch(now, room, dispatch, JobType::kPublisher, &member);
  }
  return &dispatch;
}

void AgentDispatcher::launch(Now now, RoomAgents& room, Dispatch& dispatch, JobType type,
                             const Member* member, int restarts) {
  if (!make_space(dispatch)) return;
  auto task = std::make_unique<Task>();
  task->job.id = "AJ_" + secrets_.token(kIdLength);
  task->job.dispatch_id = dispatch.value.id;
  task->job.type = type;
  task->job.room = room.info;
  if (member != nullptr) task->job.participant = member->info;
  task->job.agent = dispatch.value.agent;
  task->restarts = restarts;
  dispatch.task_ids.push_back(task->job.id);
  Task& made = *jobs_.emplace(task->job.id, std::move(task)).first->second;
  seek(now, made);
}

bool AgentDispatcher::make_space(Dispatch& dispatch) {
  if (dispatch.task_ids.size() < kMaxJobs) return true;
  const auto over = std::find_if(
      dispatch.task_ids.begin(), dispatch.task_ids.end(),
      [this](const std::string& id) { return jobs_.at(id)->phase == Task::Phase::kOver; });
  if (over == dispatch.task_ids.end()) return false;
  forget(*jobs_.at(*over));
  dispatch.task_ids.erase(over);
  return true;
}

void AgentDispatcher::seek(Now now, Task& task) {
  const Skill skill = skill_of(task);
  WorkerKey best;
  const auto able = by_skill_.find(skill);
  if (able != by_skill_.end()) {
    for (const WorkerKey key : able->second) {
      const Worker& worker = *workers_.at(key);
      if (worker.full || task.refused.contains(key)) continue;
      const auto burden = [](const Worker& w) { return std::pair(w.load, w.jobs.size()); };
      if (!best || burden(worker) < burden(*workers_.at(best))) best = key;
    }
  }
  if (best) return offer(now, task, best, *workers_.at(best));
  if (skill.agent_name.empty() && able == by_skill_.end()) {
    return finish(now, task, JobStatus::kFailed, "no worker is there");
  }
  task.phase = Task::Phase::kWaiting;
  task.job.state.status = JobStatus::kPending;
  task.job.state.worker_id.clear();
  set_deadline(task, kNever);
  waiting_[skill].push_back(task.job.id);
}

void AgentDispatcher::offer(Now now, Task& task, WorkerKey key, Worker& worker) {
  task.phase = Task::Phase::kOffered;
  task.worker = key;
  task.api_key = worker.api_key;
  task.job.name_space = worker.name_space;
  task.job.state.worker_id = worker.id;
  task.job.state.status = JobStatus::kRunning;
  task.job.state.started = task.job.state.updated = now.wall;
  worker.jobs.insert(task.job.id);
  set_deadline(task, now.monotonic + kAnswerTimeout);
  tell(key, to_worker::Availability{task.job});
}

void AgentDispatcher::assign(Now now, Task& task, WorkerKey key, Worker& worker,
                             const worker::Availability& said) {
  Grants grants;
  grants.api_key = worker.api_key;
  grants.identity = said.identity.empty() ? "agent-" + task.job.id : said.identity;
  grants.name = said.name;
  grants.metadata = said.metadata;
  grants.attributes = said.attributes;
  grants.attributes[std::string(kAgentNameAttribute)] = worker.skill.agent_name;
  grants.kind = ParticipantKind::kAgent;
  VideoGrants& video = grants.video.emplace();
  video.set_permission(worker.permission);
  video.agent = true;
  video.room_join = true;
  video.room = task.job.room.name;
  task.phase = Task::Phase::kRunning;
  task.job.state.participant_identity = grants.identity;
  set_deadline(task, kNever);
  tell(key, to_worker::Assignment{task.job, secrets_.mint(grants, now.wall, kTokenLife)});
}

void AgentDispatcher::serve_waiting(Now now, const Skill& skill) {
  const auto it = waiting_.find(skill);
  if (it == waiting_.end()) return;
  const auto ids = std::move(it->second);
  waiting_.erase(it);
  for (const std::string& id : ids) {
    if (Task* task = find_task(id); task != nullptr && task->phase == Task::Phase::kWaiting) {
      seek(now, *task);
    }
  }
}

void AgentDispatcher::terminate(Now now, Task& task, JobStatus status, std::string error) {
  if (task.phase == Task::Phase::kOver) return;
  if (task.phase == Task::Phase::kRunning) tell(task.worker, to_worker::Termination{task.job.id});
  finish(now, task, status, std::move(error));
}

void AgentDispatcher::finish(Now now, Task& task, JobStatus status, std::string error) {
  leave_worker(task);
  task.phase = Task::Phase::kOver;
  task.job.state.status = status;
  task.job.state.error = std::move(error);
  task.job.state.updated = task.job.state.ended = now.wall;
  set_deadline(task, kNever);
  if (task.job.dispatch_id.empty()) forget(task);
}

// Its worker did not come back, or its agent did not.
void AgentDispatcher::lose(Now now, Task& task) {
  if (task.phase == Task::Phase::kRunning) {
    return terminate(now, task, JobStatus::kFailed, "the agent left the room");
  }
  if (in_room(task)) return set_deadline(task, now.monotonic + kGrace);
  finish(now, task, JobStatus::kFailed, "the connection to the worker was lost");
  if (!task.job.agent.restart || task.restarts >= kMaxRestarts) return;
  RoomAgents& room = rooms_.find(task.job.room.name)->second;
  const Member* member = nullptr;
  if (task.job.participant) {
    const auto it = room.members.find(task.job.participant->identity);
    if (it == room.members.end()) return;
    member = &it->second;
  }
  launch(now, room, room.dispatches.at(task.job.dispatch_id), task.job.type, member,
         task.restarts + 1);
}

void AgentDispatcher::leave_worker(Task& task) {
  if (task.phase != Task::Phase::kOffered && task.phase != Task::Phase::kRunning) return;
  workers_.at(task.worker)->jobs.erase(task.job.id);
}

void AgentDispatcher::set_deadline(Task& task, TimePoint deadline) {
  if (task.deadline != kNever) job_deadlines_.erase({task.deadline, task.job.id});
  task.deadline = deadline;
  if (deadline != kNever) job_deadlines_.emplace(deadline, task.job.id);
}

bool AgentDispatcher::in_room(const Task& task) const {
  const auto room = rooms_.find(task.job.room.name);
  return room != rooms_.end() && room->second.members.contains(task.job.state.participant_identity);
}

AgentDispatch AgentDispatcher::complete(const Dispatch& dispatch) const {
  AgentDispatch out = dispatch.value;
  for (const std::string& id : dispatch.task_ids) out.jobs.push_back(jobs_.at(id)->job);
  return out;
}

AgentDispatcher::Skill AgentDispatcher::skill_of(const Task& task) {
  return {task.job.agent.agent_name, task.job.agent.deployment, task.job.type};
}

AgentDispatcher::Task* AgentDispatcher::find_task(std::string_view id) {
  const auto it = jobs_.find(id);
  return it == jobs_.end() ? nullptr : it->second.get();
}

void AgentDispatcher::forget(Task& task) {
  leave_worker(task);
  set_deadline(task, kNever);
  if (task.phase == Task::Phase::kWaiting) {
    const auto it = waiting_.find(skill_of(task));
    if (it != waiting_.end()) {
      std::erase(it->second, task.job.id);
      if (it->second.empty()) waiting_.erase(it);
    }
  }
  jobs_.erase(jobs_.find(task.job.id));
}

void AgentDispatcher::tell(WorkerKey worker, MessageToWorker message) {
  outputs_.emplace_back(SendToWorker{worker, std::move(message)});
}

// ---- driving

void AgentDispatcher::on_timer(Now now) {
  while (!worker_deadlines_.empty() && worker_deadlines_.begin()->first <= now.monotonic) {
    const WorkerKey key = worker_deadlines_.begin()->second;
    outputs_.emplace_back(CloseWorker{key, "not registered in time"});
    disconnect(now, key);
  }
  while (!job_deadlines_.empty() && job_deadlines_.begin()->first <= now.monotonic) {
    Task& task = *jobs_.at(job_deadlines_.begin()->second);
    set_deadline(task, kNever);
    if (task.phase != Task::Phase::kOffered) {
      lose(now, task);
      continue;
    }
    const WorkerKey silent = task.worker;
    leave_worker(task);
    task.refused.insert(silent);
    task.phase = Task::Phase::kWaiting;
    if (task.job.dispatch_id.empty()) {
      forget(task);
    } else {
      seek(now, task);
    }
  }
}

TimePoint AgentDispatcher::next_timeout() const {
  TimePoint next = kNever;
  if (!job_deadlines_.empty()) next = job_deadlines_.begin()->first;
  if (!worker_deadlines_.empty()) next = std::min(next, worker_deadlines_.begin()->first);
  return next;
}

}  // namespace turms::livekit
