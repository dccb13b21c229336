#include "im/user_settings.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class UserSettingsTest : public DomainTest {
 protected:
  UserSettingsTest() { people().settings = {"theme", "sound", "born!"}; }
  Settings::People& people() { return domain_->context().settings.people; }
  UserSettings& user_settings() { return domain_->user_settings; }

  int put(ValueMap settings) {
    return code(user_settings().update(caller(1), std::move(settings)));
  }
  std::string kept(QueryUserSettings query = {}) {
    auto found = run(user_settings().query(caller(1), std::move(query)));
    if (!found) return std::to_string(static_cast<int>(found.error().code));
    std::string text;
    for (const auto& [name, value] : found->settings) {
      text += (text.empty() ? "" : " ") + name + "=" + value;
    }
    return text;
  }
};

TEST_F(UserSettingsTest, OnlyAllowedNamesAreKept) {
  EXPECT_EQ(kept(), "1001");
  EXPECT_EQ(put({{"theme", "dark"}, {"other", "x"}}), 1102);
  EXPECT_EQ(kept(), "1001");
  EXPECT_EQ(put({{"theme", "dark"}}), 1000);
  EXPECT_EQ(kept(), "theme=dark");
  people().ignore_unknown_settings = true;
  EXPECT_EQ(put({{"sound", "1"}, {"other", "x"}}), 1000);
  EXPECT_EQ(kept(), "sound=1 theme=dark");
  QueryUserSettings query;
  query.names = {"sound", "none"};
  EXPECT_EQ(kept(query), "sound=1");
}

TEST_F(UserSettingsTest, OtherSessionsAreToldOfWhatChanged) {
  EXPECT_EQ(relayed_to(ok(user_settings().update(caller(1), {{"theme", "dark"}}))), "+other");
  EXPECT_EQ(relayed_to(ok(user_settings().update(caller(1), {{"theme", "dark"}}))), "");
  EXPECT_EQ(relayed_to(ok(user_settings().update(caller(1), {}))), "");
  EXPECT_EQ(relayed_to(ok(user_settings().remove(caller(1), {}))), "+other");
  EXPECT_EQ(relayed_to(ok(user_settings().remove(caller(1), {}))), "");
}

TEST_F(UserSettingsTest, AnImmutableOneStays) {
  EXPECT_EQ(put({{"born", "1"}, {"theme", "dark"}}), 1000);
  EXPECT_EQ(put({{"born", "1"}}), 1000);
  EXPECT_EQ(put({{"born", "2"}, {"theme", "light"}}), 1102);
  EXPECT_EQ(code(user_settings().remove(caller(1), {"born"})), 1102);
  EXPECT_EQ(code(user_settings().remove(caller(1), {})), 1000);
  EXPECT_EQ(kept(), "born=1");
}

TEST_F(UserSettingsTest, WhatIsOlderIsLeftOut) {
  put({{"theme", "dark"}});
  QueryUserSettings query;
  query.last_updated_date_start = ok(user_settings().query(caller(1), {})).last_updated_date;
  EXPECT_EQ(kept(query), "theme=dark");
  query.last_updated_date_start->unix_ms += 1;
  EXPECT_EQ(kept(query), "1001");
  put({{"theme", "light"}});
  EXPECT_EQ(kept(query), "theme=light");
}

}  // namespace
}  // namespace turms::im
