#include "livekit/agent_pb.h"
#include "livekit/agent_service.h"
#include "livekit/twirp.h"

namespace turms::livekit::twirp {
namespace {

Status create_dispatch(const Call& call, const pb::CreateAgentDispatchRequest& in,
                       pb::AgentDispatch& out) {
  if (const Status allowed = call.admin_of(in.room()); !allowed) return allowed;
  if (in.room().empty()) return fail(ErrorCode::kInvalidArgument, "a room is needed");
  if (in.room().size() > call.config.limits.room_name) {
    return fail(ErrorCode::kInvalidArgument, "room name length exceeds limits");
  }
  if (in.metadata().size() > call.config.limits.metadata) {
    return fail(ErrorCode::kInvalidArgument, "metadata size exceeds limits");
  }
  // Agents may be the first in a room.
  const auto room = call.rooms.open(in.room(), RoomSettings{});
  if (!room) return std::unexpected(room.error());
  call.rooms.settle_now(**room);
  const auto dispatch = call.agents.create(call.now, in.room(), requested_agent(in));
  if (!dispatch) return std::unexpected(dispatch.error());
  to_pb(*dispatch, out);
  return {};
}

Status delete_dispatch(const Call& call, const pb::DeleteAgentDispatchRequest& in,
                       pb::AgentDispatch& out) {
  if (const Status allowed = call.admin_of(in.room()); !allowed) return allowed;
  const auto dispatch = call.agents.remove(call.now, in.room(), in.dispatch_id());
  if (!dispatch) return std::unexpected(dispatch.error());
  to_pb(*dispatch, out);
  return {};
}

Status list_dispatch(const Call& call, const pb::ListAgentDispatchRequest& in,
                     pb::ListAgentDispatchResponse& out) {
  if (const Status allowed = call.admin_of(in.room()); !allowed) return allowed;
  for (const AgentDispatch& dispatch : call.agents.list(in.room(), in.dispatch_id())) {
    to_pb(dispatch, *out.add_agent_dispatches());
  }
  return {};
}

}  // namespace

const Methods& agent_dispatch_service() {
  static const Methods table{
      {"CreateDispatch", method(create_dispatch)},
      {"DeleteDispatch", method(delete_dispatch)},
      {"ListDispatch", method(list_dispatch)},
  };
  return table;
}

}  // namespace turms::livekit::twirp
