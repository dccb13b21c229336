#include "gateway/access_log.h"

#include <fmt/core.h>

#include <chrono>

#include "gateway/request_header.h"

namespace turms::gateway {

std::string access_line(const Access& access, const net::Address& remote, const Accessed& done) {
  std::string who = "||";
  if (access.caller) {
    who = fmt::format("{}|{}|{}", access.caller->client_session_id(), access.caller->user_id.value,
                      static_cast<int>(access.caller->device_type));
  }
  const double ms = std::chrono::duration<double, std::milli>(done.took).count();
  return fmt::format("request|{:016x}|{}|{}|{}|{}|{}|{}|{}|{}|{:.3f}", access.trace_id, who,
                     remote.ip(), access.request_id, kind_name(access.kind), access.bytes,
                     access.date.unix_ms, done.code, done.bytes, ms);
}

}  // namespace turms::gateway
