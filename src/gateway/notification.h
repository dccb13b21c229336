#pragma once

#include <cstdint>

#include "gateway/proto.h"
#include "im/status.h"

namespace turms::gateway {

/// With the time and nothing else.
proto::TurmsNotification notification_now();

inline int32_t number(im::Code code) {
  return static_cast<int32_t>(code);
}

}  // namespace turms::gateway
