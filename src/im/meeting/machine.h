#pragma once

#include <optional>

#include "im/meeting/event.h"
#include "im/meeting/state.h"

namespace turms::im::meeting {

/// A meeting that was just made. `start` in the future: scheduled.
State make(UserId owner, bool in_group, WallTime start, WallTime now);

/// What becomes of a meeting, and what is to be done: a pure function. An event that changes
/// nothing has no effects but kMember of somebody who is where they may not be, which does nothing
/// the second time. What an answer other than kDone and kWaits refuses has changed nothing.
Step advance(State state, const Event& event, WallTime now, const Rules& rules);

/// When a Tick is due next; nullopt: never.
std::optional<WallTime> next_deadline(const State& state, const Rules& rules);

/// Whether the provider may let them into this room (0: the meeting itself), now and with tokens
/// given before. Who is not known may, unless it is locked or has a lobby.
bool may_be_in(const State& state, UserId user, uint8_t room);

}  // namespace turms::im::meeting
