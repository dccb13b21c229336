#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/task.h"
#include "im/status.h"
#include "im/types.h"

namespace turms::im {

/// Somebody who says who they are.
struct SignInDraft {
  UserId user_id;
  std::optional<std::string> password;
  DeviceType device_type = DeviceType::kUnknown;
  std::string ip;
  std::map<std::string, std::string> device_details;
  /// Caller::trace_id.
  uint64_t trace_id = 0;
};

/// May say whether somebody is the user they say. Implemented by the plugin host.
class SignInHook {
 public:
  virtual ~SignInHook() = default;
  /// False: there is nobody to ask, which costs no more than this call.
  [[nodiscard]] virtual bool asked_to_authenticate() const = 0;
  /// True: it is them. False: nobody has a say, and the server finds out itself. In bounded time.
  virtual Task<Outcome<bool>> authenticate(SignInDraft draft) = 0;
};

/// A request that its session may make, before anything is done.
struct RequestDraft {
  Caller caller;
  std::string ip;
  int64_t request_id = 0;
  /// Number of the kind's field in TurmsRequest.
  int32_t kind = 0;
  /// A TurmsRequest.
  std::string bytes;
};

struct ScreenedRequest {
  /// A TurmsRequest of the same kind that takes its place; absent: it stays.
  std::optional<std::string> request;
  /// A TurmsNotification: what it is answered with; nothing else is to be done.
  std::optional<std::string> answer;
};

/// May change requests, and answer them. Implemented by the plugin host.
class RequestHook {
 public:
  virtual ~RequestHook() = default;
  /// False: nobody asks for this kind, which costs no more than this call.
  [[nodiscard]] virtual bool asked_about(int32_t kind) const = 0;
  /// Or why it is refused. In bounded time.
  virtual Task<Outcome<ScreenedRequest>> before_request(RequestDraft draft) = 0;
};

}  // namespace turms::im
