#include "gateway/device_logins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace turms::gateway {
namespace {

using enum im::DeviceType;
using Types = std::vector<im::DeviceType>;

const Types kAll = {kDesktop, kBrowser, kIos, kAndroid, kOthers, kUnknown};

TEST(DeviceLogins, EachStrategyExcludesWhatUpstreamSays) {
  struct Case {
    std::string name;
    Types forbidden;
    /// Groups whose types exclude each other; all other types stand alone.
    std::vector<Types> groups;
  };
  const std::vector<Case> cases = {
      {"OF_EACH_DEVICE_TYPE", {}, {}},
      {"FOR_ALL_DEVICE_TYPES", {}, {kAll}},
      {"OF_DESKTOP_AND_ONE_DEVICE_OF_MOBILE", {kBrowser}, {{kIos, kAndroid}}},
      {"OF_DESKTOP_OR_BROWSER_AND_ONE_DEVICE_OF_MOBILE",
       {},
       {{kDesktop, kBrowser}, {kIos, kAndroid}}},
      {"OF_DESKTOP_AND_ONE_DEVICE_OF_BROWSER_AND_ONE_DEVICE_OF_MOBILE", {}, {{kIos, kAndroid}}},
      {"OF_DESKTOP_OR_MOBILE", {kBrowser}, {{kDesktop, kIos, kAndroid}}},
      {"OF_DESKTOP_OR_BROWSER_OR_MOBILE", {}, {{kDesktop, kBrowser, kIos, kAndroid}}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    const auto strategy = find_login_strategy("ALLOW_ONE_DEVICE_" + one.name + "_ONLINE");
    ASSERT_TRUE(strategy);
    const DeviceLogins logins{.strategy = *strategy};
    std::map<im::DeviceType, Types> expected;
    for (const auto type : kAll) expected[type] = {type};
    for (const Types& group : one.groups) {
      for (const auto type : group) expected[type] = group;
    }
    for (const auto type : kAll) {
      EXPECT_EQ(logins.conflicts_of(type), expected[type]) << static_cast<int>(type);
      const bool forbidden =
          std::find(one.forbidden.begin(), one.forbidden.end(), type) != one.forbidden.end();
      EXPECT_EQ(logins.forbids(type), forbidden) << static_cast<int>(type);
    }
  }
  EXPECT_FALSE(find_login_strategy("ALLOW_ALL"));
}

TEST(DeviceLogins, UnknownAndOtherDevicesCanBeShutOut) {
  const DeviceLogins logins{.allow_unknown = false, .allow_others = false};
  for (const auto type : kAll) {
    EXPECT_EQ(logins.forbids(type), type == kUnknown || type == kOthers);
  }
}

TEST(DeviceLogins, BothConflictStrategiesHaveTheirNames) {
  using enum DeviceLogins::Conflict;
  EXPECT_EQ(find_login_conflict("DISCONNECT_LOGGED_IN_DEVICES"), kDisconnectLoggedInDevices);
  EXPECT_EQ(find_login_conflict("DISCONNECT_LOGGING_IN_DEVICE"), kDisconnectLoggingInDevice);
  EXPECT_FALSE(find_login_conflict(""));
}

}  // namespace
}  // namespace turms::gateway
