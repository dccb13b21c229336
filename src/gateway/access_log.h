#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "im/types.h"
#include "net/address.h"

namespace turms::gateway {

/// A request as it came.
struct Access {
  /// Nobody has signed in: nothing.
  std::optional<im::Caller> caller;
  uint64_t trace_id = 0;
  int64_t request_id = 0;
  /// 0: no kind that is known.
  int32_t kind = 0;
  size_t bytes = 0;
  WallTime date;
  TimePoint begun;
};

/// What became of it.
struct Accessed {
  int32_t code = 0;
  size_t bytes = 0;
  Duration took{};
};

/// A line of the access log, in upstream's order: trace id, session, user, device type, address,
/// request id, kind, bytes, date (ms since 1970), code, bytes of the answer, milliseconds. Nothing
/// of what the request says.
std::string access_line(const Access& access, const net::Address& remote, const Accessed& done);

}  // namespace turms::gateway
