#include "livekit/agent_codec.h"

#include <utility>

#include "base/overload.h"
#include "livekit/agent_pb.h"

namespace turms::livekit {
namespace {

int64_t nanoseconds(const std::optional<WallTime>& time) {
  return time ? time->unix_ms * 1'000'000 : 0;
}

JobStatus status_from_pb(int status) {
  return status < pb::JobStatus_MIN || status > pb::JobStatus_MAX ? JobStatus::kFailed
                                                                  : static_cast<JobStatus>(status);
}

/// A job and a dispatch say in the same words which agent is wanted.
template <class Wire>
void fill_agent(const RequestedAgent& in, Wire& out) {
  out.set_agent_name(in.agent_name);
  out.set_metadata(in.metadata);
  out.set_deployment(in.deployment);
  out.mutable_attributes()->insert(in.attributes.begin(), in.attributes.end());
}

void to_pb(const JobState& in, pb::JobState& out) {
  out.set_status(static_cast<pb::JobStatus>(in.status));
  out.set_error(in.error);
  out.set_worker_id(in.worker_id);
  out.set_participant_identity(in.participant_identity);
  out.set_started_at(nanoseconds(in.started));
  out.set_updated_at(nanoseconds(in.updated));
  out.set_ended_at(nanoseconds(in.ended));
}

Result<WorkerMessage> from_pb(const pb::RegisterWorkerRequest& in) {
  if (!pb::JobType_IsValid(in.type())) {
    return fail(ErrorCode::kInvalidArgument, "unknown job type");
  }
  worker::Register out;
  out.type = static_cast<JobType>(in.type());
  out.agent_name = in.agent_name();
  out.name_space = in.namespace_();
  out.deployment = in.deployment();
  out.version = in.version();
  if (in.has_allowed_permissions())
    out.permissions = turms::livekit::from_pb(in.allowed_permissions());
  return out;
}

worker::Availability from_pb(const pb::AvailabilityResponse& in) {
  worker::Availability out;
  out.job_id = in.job_id();
  out.available = in.available();
  out.terminate = in.terminate();
  out.identity = in.participant_identity();
  out.name = in.participant_name();
  out.metadata = in.participant_metadata();
  out.attributes = {in.participant_attributes().begin(), in.participant_attributes().end()};
  return out;
}

worker::SimulateJob from_pb(const pb::SimulateJobRequest& in) {
  worker::SimulateJob out;
  out.room.sid = in.room().sid();
  out.room.name = in.room().name();
  out.room.metadata = in.room().metadata();
  if (in.has_participant()) {
    ParticipantInfo& participant = out.participant.emplace();
    participant.sid = in.participant().sid();
    participant.identity = in.participant().identity();
    participant.name = in.participant().name();
    participant.metadata = in.participant().metadata();
  }
  return out;
}

}  // namespace

void to_pb(const Job& in, pb::Job& out) {
  out.set_id(in.id);
  out.set_dispatch_id(in.dispatch_id);
  out.set_type(static_cast<pb::JobType>(in.type));
  to_pb(in.room, *out.mutable_room());
  if (in.participant) to_pb(*in.participant, *out.mutable_participant());
  fill_agent(in.agent, out);
  out.set_namespace_(in.name_space);
  to_pb(in.state, *out.mutable_state());
}

void to_pb(const AgentDispatch& in, pb::AgentDispatch& out) {
  out.set_id(in.id);
  out.set_room(in.room);
  fill_agent(in.agent, out);
  out.set_restart_policy(in.agent.restart ? pb::JRP_ON_FAILURE : pb::JRP_NEVER);
  pb::AgentDispatchState& state = *out.mutable_state();
  state.set_created_at(nanoseconds(in.created));
  state.set_deleted_at(nanoseconds(in.deleted));
  for (const Job& job : in.jobs) to_pb(job, *state.add_jobs());
}

Result<WorkerMessage> decode_worker_message(Encoding encoding, ByteView data) {
  pb::WorkerMessage in;
  const bool ok = encoding == Encoding::kProtobuf
                      ? in.ParseFromArray(data.data(), static_cast<int>(data.size()))
                      : from_json(as_text(data), in);
  if (!ok) return fail(ErrorCode::kInvalidArgument, "not a worker message");
  switch (in.message_case()) {
    case pb::WorkerMessage::kRegister:
      return from_pb(in.register_());
    case pb::WorkerMessage::kAvailability:
      return from_pb(in.availability());
    case pb::WorkerMessage::kUpdateWorker: {
      worker::UpdateWorker out;
      if (in.update_worker().has_status()) {
        out.full = in.update_worker().status() == pb::WS_FULL;
      }
      out.load = in.update_worker().load();
      return out;
    }
    case pb::WorkerMessage::kUpdateJob:
      return worker::UpdateJob{in.update_job().job_id(), status_from_pb(in.update_job().status()),
                               in.update_job().error()};
    case pb::WorkerMessage::kPing:
      return worker::Ping{in.ping().timestamp()};
    case pb::WorkerMessage::kSimulateJob:
      return from_pb(in.simulate_job());
    case pb::WorkerMessage::kMigrateJob:
      return worker::MigrateJobs{
          {in.migrate_job().job_ids().begin(), in.migrate_job().job_ids().end()}};
    case pb::WorkerMessage::MESSAGE_NOT_SET:
      break;
  }
  return worker::Ignored{};
}

std::string encode_message_to_worker(Encoding encoding, const MessageToWorker& message) {
  pb::ServerMessage out;
  std::visit(Overload{
                 [&](const to_worker::Registered& in) {
                   out.mutable_register_()->set_worker_id(in.worker_id);
                   to_pb(in.server, *out.mutable_register_()->mutable_server_info());
                 },
                 [&](const to_worker::Availability& in) {
                   to_pb(in.job, *out.mutable_availability()->mutable_job());
                 },
                 [&](const to_worker::Assignment& in) {
                   to_pb(in.job, *out.mutable_assignment()->mutable_job());
                   out.mutable_assignment()->set_token(in.token);
                 },
                 [&](const to_worker::Termination& in) {
                   out.mutable_termination()->set_job_id(in.job_id);
                 },
                 [&](const to_worker::Pong& in) {
                   out.mutable_pong()->set_last_timestamp(in.last_timestamp);
                   out.mutable_pong()->set_timestamp(in.timestamp);
                 },
             },
             message);
  return encoding == Encoding::kProtobuf ? out.SerializeAsString()
                                         : to_json(out, JsonNames::kCamel);
}

}  // namespace turms::livekit
