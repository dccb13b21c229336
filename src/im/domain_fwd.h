#pragma once

#include "base/result.h"
#include "base/task.h"
#include "im/delivery.h"

namespace turms::im {

/// What the services share (im/context.h).
struct Context;

}  // namespace turms::im
