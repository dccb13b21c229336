#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace turms::push {

/// What a browser subscribed with: PushSubscription.toJSON() of the Push API.
struct Subscription {
  static constexpr size_t kMaxBytes = 4096;
  static constexpr size_t kMaxEndpointBytes = 2048;

  /// An http:// or https:// URL without a user, and its origin.
  std::string endpoint;
  std::string origin;
  std::array<uint8_t, 65> public_key{};
  std::array<uint8_t, 16> auth{};
};

/// kInvalidArgument: not of that form, at most kMaxBytes.
Result<Subscription> read_subscription(std::string_view json);

}  // namespace turms::push
