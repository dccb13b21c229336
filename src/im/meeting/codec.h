#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "im/meeting/state.h"

namespace turms::im::meeting {

/// A state as it is stored. A later version of the program adds fields behind those of before.
Bytes encode(const State& state);
/// kInvalidArgument: not made by encode(), or by a later version of the program.
Result<State> decode_state(ByteView data);

}  // namespace turms::im::meeting
