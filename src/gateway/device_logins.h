#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "im/types.h"

namespace turms::gateway {

/// Which devices of a user may be signed in at the same time; upstream's `simultaneous-login`.
struct DeviceLogins {
  /// Named after upstream's, without ALLOW_ONE_DEVICE_ and _ONLINE. Mobile is iOS or Android. A
  /// device type always conflicts with itself.
  enum class Strategy : uint8_t {
    kOfEachDeviceType,
    kForAllDeviceTypes,
    kDesktopAndMobile,  // no browsers at all
    kDesktopOrBrowserAndMobile,
    kDesktopAndBrowserAndMobile,
    kDesktopOrMobile,  // no browsers at all
    kDesktopOrBrowserOrMobile,
  };
  enum class Conflict : uint8_t {
    /// The sessions of the other devices end.
    kDisconnectLoggedInDevices,
    /// Who is signing in is refused (2100).
    kDisconnectLoggingInDevice,
  };

  Strategy strategy = Strategy::kOfEachDeviceType;
  Conflict conflict = Conflict::kDisconnectLoggedInDevices;
  bool allow_unknown = true;
  bool allow_others = true;

  [[nodiscard]] bool forbids(im::DeviceType type) const;
  /// The types that may not be signed in beside this one, itself among them.
  [[nodiscard]] std::vector<im::DeviceType> conflicts_of(im::DeviceType type) const;
};

/// Upstream's names; nothing for another.
std::optional<DeviceLogins::Strategy> find_login_strategy(std::string_view name);
std::optional<DeviceLogins::Conflict> find_login_conflict(std::string_view name);

}  // namespace turms::gateway
