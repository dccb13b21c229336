#include "gateway/device_logins.h"

#include <array>
#include <utility>

namespace turms::gateway {
namespace {

using Strategy = DeviceLogins::Strategy;
using Conflict = DeviceLogins::Conflict;
using im::DeviceType;

constexpr auto kStrategies = std::to_array<std::pair<std::string_view, Strategy>>({
    {"ALLOW_ONE_DEVICE_OF_EACH_DEVICE_TYPE_ONLINE", Strategy::kOfEachDeviceType},
    {"ALLOW_ONE_DEVICE_FOR_ALL_DEVICE_TYPES_ONLINE", Strategy::kForAllDeviceTypes},
    {"ALLOW_ONE_DEVICE_OF_DESKTOP_AND_ONE_DEVICE_OF_MOBILE_ONLINE", Strategy::kDesktopAndMobile},
    {"ALLOW_ONE_DEVICE_OF_DESKTOP_OR_BROWSER_AND_ONE_DEVICE_OF_MOBILE_ONLINE",
     Strategy::kDesktopOrBrowserAndMobile},
    {"ALLOW_ONE_DEVICE_OF_DESKTOP_AND_ONE_DEVICE_OF_BROWSER_AND_ONE_DEVICE_OF_MOBILE_ONLINE",
     Strategy::kDesktopAndBrowserAndMobile},
    {"ALLOW_ONE_DEVICE_OF_DESKTOP_OR_MOBILE_ONLINE", Strategy::kDesktopOrMobile},
    {"ALLOW_ONE_DEVICE_OF_DESKTOP_OR_BROWSER_OR_MOBILE_ONLINE",
     Strategy::kDesktopOrBrowserOrMobile},
});

constexpr auto kConflicts = std::to_array<std::pair<std::string_view, Conflict>>({
    {"DISCONNECT_LOGGED_IN_DEVICES", Conflict::kDisconnectLoggedInDevices},
    {"DISCONNECT_LOGGING_IN_DEVICE", Conflict::kDisconnectLoggingInDevice},
});

template <class Table>
auto find(const Table& table, std::string_view name)
    -> std::optional<decltype(table.front().second)> {
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  return std::nullopt;
}

/// Types of one group exclude each other.
int group_of(Strategy strategy, DeviceType type) {
  constexpr int kAlone = 0;
  constexpr int kMobile = 1;
  constexpr int kSeat = 2;
  const bool mobile = type == DeviceType::kIos || type == DeviceType::kAndroid;
  const bool desktop = type == DeviceType::kDesktop;
  const bool browser = type == DeviceType::kBrowser;
  switch (strategy) {
    case Strategy::kOfEachDeviceType:
      return kAlone;
    case Strategy::kForAllDeviceTypes:
      return kSeat;
    case Strategy::kDesktopAndMobile:
    case Strategy::kDesktopAndBrowserAndMobile:
      return mobile ? kMobile : kAlone;
    case Strategy::kDesktopOrBrowserAndMobile:
      if (mobile) return kMobile;
      return desktop || browser ? kSeat : kAlone;
    case Strategy::kDesktopOrMobile:
      return desktop || mobile ? kSeat : kAlone;
    case Strategy::kDesktopOrBrowserOrMobile:
      return desktop || browser || mobile ? kSeat : kAlone;
  }
  std::unreachable();
}

}  // namespace

bool DeviceLogins::forbids(DeviceType type) const {
  if (type == DeviceType::kUnknown) return !allow_unknown;
  if (type == DeviceType::kOthers) return !allow_others;
  return type == DeviceType::kBrowser &&
         (strategy == Strategy::kDesktopAndMobile || strategy == Strategy::kDesktopOrMobile);
}

std::vector<DeviceType> DeviceLogins::conflicts_of(DeviceType type) const {
  std::vector<DeviceType> types;
  const int group = group_of(strategy, type);
  for (int i = 0; i <= static_cast<int>(DeviceType::kUnknown); ++i) {
    const auto other = static_cast<DeviceType>(i);
    if (other == type || (group != 0 && group_of(strategy, other) == group)) types.push_back(other);
  }
  return types;
}

std::optional<Strategy> find_login_strategy(std::string_view name) {
  return find(kStrategies, name);
}

std::optional<Conflict> find_login_conflict(std::string_view name) {
  return find(kConflicts, name);
}

}  // namespace turms::gateway
