#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "base/time.h"

/// Calls from one end of a room to another, as LiveKit's SDKs make them over data channels.
namespace turms::livekit {

struct RpcRequest {
  std::string destination_identity;
  std::string method;
  std::string payload;  // at most 15 KiB
  Duration timeout = std::chrono::seconds(10);
};

struct RpcError {
  // Codes below 1500 are the protocol's, others the application's.
  static constexpr uint32_t kUnsupportedMethod = 1400;
  static constexpr uint32_t kNotFound = 1401;
  static constexpr uint32_t kRequestTooLarge = 1402;
  static constexpr uint32_t kApplicationError = 1500;
  static constexpr uint32_t kConnectionTimeout = 1501;
  static constexpr uint32_t kResponseTimeout = 1502;
  static constexpr uint32_t kRecipientDisconnected = 1503;
  static constexpr uint32_t kResponseTooLarge = 1504;
  static constexpr uint32_t kSendFailed = 1505;

  uint32_t code = kApplicationError;
  std::string message;
  std::string data;

  /// With the protocol's text for it.
  static RpcError of(uint32_t code);
};

/// The answer's payload. Called once, on the room's thread, maybe before the request returns.
using RpcDone = std::function<void(std::expected<std::string, RpcError>)>;

}  // namespace turms::livekit
