#pragma once

#include "base/result.h"
#include "base/task.h"

// What the domain needs from the outside, one narrow interface per aggregate. All of it is called
// on the control thread and completes there. A changing call has completed only when it is durable.
// Errors: kUnavailable (queue full, storage locked, shutting down), kResourceExhausted (disk full),
// kInternal (everything else); refusals that the domain expects are values, not errors.

namespace turms::im {

template <class T>
using Stored = Task<Result<T>>;

}  // namespace turms::im
