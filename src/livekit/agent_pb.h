#pragma once

// Protobuf forms of what concerns agents. Slow to compile: only for this module's .cc files at the
// edge.

#include "livekit/agent.pb.h"
#include "livekit/agent_types.h"
#include "livekit/signal_pb.h"

namespace turms::livekit {

void to_pb(const Job& in, pb::Job& out);
void to_pb(const AgentDispatch& in, pb::AgentDispatch& out);

/// Of a request to dispatch, in the room's configuration or alone.
template <class Wire>
RequestedAgent requested_agent(const Wire& in) {
  RequestedAgent out;
  out.agent_name = in.agent_name();
  out.metadata = in.metadata();
  out.deployment = in.deployment();
  out.attributes = {in.attributes().begin(), in.attributes().end()};
  out.restart = in.restart_policy() == pb::JRP_ON_FAILURE;
  return out;
}

}  // namespace turms::livekit
