#include "admin/api_testing.h"
#include "base/recent_log.h"
#include "im/locations.h"

namespace turms::admin {
namespace {

TEST_F(ApiTest, ShowTheOnlyNodeAsMemberAndLeader) {
  Reply members = ask("GET", "/cluster/members");
  ASSERT_EQ(members.data().as_array().size(), 1u);
  const auto& node = members.data().at(0).as_object();
  EXPECT_EQ(node.at("version").as_string(), "1.2.3");
  EXPECT_EQ(node.at("tcpAddress").as_string(), "127.0.0.1:1");
  EXPECT_FALSE(node.contains("wsAddress"));
  EXPECT_EQ(ask("GET", "/cluster/members/leader").data().at("nodeId").as_string(), "node");
}

TEST_F(ApiTest, LoadAndUnloadPlugins) {
  EXPECT_EQ(ask("POST", "/plugins", R"({"names":["livekit"]})").status, 200);
  EXPECT_EQ(plugins_.loaded, std::vector<std::string>{"livekit"});
  EXPECT_EQ(ask("POST", "/plugins", R"({"names":["nowhere"]})").code, 1302);
  EXPECT_EQ(gone(ask("DELETE", "/plugins?ids=livekit")), 1);
  EXPECT_EQ(plugins_.running, "GONE");
  EXPECT_EQ(ask("DELETE", "/plugins").status, 400);
}

TEST_F(ApiTest, ShowTheLastLinesOfTheLog) {
  log::warn("something odd: 4711");
  log::info("something else: 4711");
  Reply all = ask("GET", "/logs?text=4711");
  ASSERT_GE(all.data().as_array().size(), 2u);
  EXPECT_EQ(all.data().as_array().back().at("text").as_string(), "something else: 4711");
  EXPECT_EQ(ask("GET", "/logs?text=4711&size=1").data().as_array().size(), 1u);
  Reply grave = ask("GET", "/logs?text=4711&level=WARN&size=1");
  EXPECT_EQ(grave.data().at(0).at("text").as_string(), "something odd: 4711");
  EXPECT_EQ(grave.data().at(0).at("level").as_string(), "WARN");
  EXPECT_EQ(ask("GET", "/logs?level=ALL").status, 400);
}

TEST_F(ApiTest, EndTheServer) {
  EXPECT_EQ(ask("POST", "/shutdown").status, 200);
  EXPECT_EQ(process_.shut_downs, 1);
}

TEST_F(ApiTest, ListSessions) {
  EXPECT_EQ(ask("GET", "/users/online-infos/count").data().at("total").as_int64(), 2);
  Reply one = ask("GET", "/users/online-infos/sessions?ids=2");
  ASSERT_EQ(one.data().as_array().size(), 1u);
  EXPECT_EQ(one.data().at(0).at("deviceType").as_string(), "DESKTOP");
  EXPECT_EQ(one.data().at(0).at("ip").as_string(), "192.0.2.8");
  Reply pages = ask("GET", "/users/online-infos/sessions/page?page=2&size=1");
  EXPECT_EQ(pages.data().at("total").as_int64(), 3);
  EXPECT_EQ(pages.data().at("records").at(0).at("userId").as_int64(), 2);
}

TEST_F(ApiTest, ChangeHowUsersAreSeen) {
  bus_->signed_in(caller(1), im::UserStatus::kAvailable);
  const std::string path = "/users/online-infos/statuses?ids=1,2";
  EXPECT_EQ(ask("PUT", path, R"({"onlineStatus":"GONE"})").status, 400);
  EXPECT_EQ(changed(ask("PUT", path, R"({"onlineStatus":"BUSY"})")), 1);
  EXPECT_EQ(ask("GET", path).data().at(0).at("status").as_string(), "BUSY");
  EXPECT_EQ(gone(ask("PUT", path, R"({"onlineStatus":"OFFLINE"})")), 1);
  ASSERT_FALSE(told_.orders.empty());
  EXPECT_EQ(told_.orders.back().close_status, 600);
}

TEST_F(ApiTest, FindWhoIsNearby) {
  ASSERT_TRUE(domain_->locations.update(caller(1), {48.0F, 11.5F}));
  ASSERT_TRUE(domain_->locations.update(caller(2), {48.001F, 11.5F}));
  ASSERT_TRUE(domain_->locations.update(caller(3), {50.0F, 11.5F}));
  Reply places = ask("GET", "/users/online-infos/locations?ids=1,2,4");
  ASSERT_EQ(places.data().as_array().size(), 2u);
  EXPECT_NEAR(places.data().at(0).at("longitude").to_number<double>(), 11.5, 0.001);
  Reply nearby = ask("GET",
                     "/users/online-infos/nearby-users?userId=1&withDistance=true"
                     "&withUserInfo=true");
  ASSERT_EQ(nearby.data().as_array().size(), 1u);
  const auto& found = nearby.data().at(0).as_object();
  EXPECT_EQ(found.at("userId").as_int64(), 2);
  EXPECT_NEAR(found.at("distance").to_number<double>(), 111, 2);
  EXPECT_TRUE(found.contains("name"));
  EXPECT_FALSE(found.contains("latitude"));
  EXPECT_EQ(ask("GET", "/users/online-infos/nearby-users?userId=4").data().as_array().size(), 0u);
  EXPECT_EQ(ask("GET", "/users/online-infos/nearby-users?userId=1&maxDistance=2000000").code, 1102);
}

TEST_F(ApiTest, CountByPartsOfATime) {
  const std::string group = add_group(R"("ownerId":1,"memberIds":[2])");
  const auto send = [&](const char* kind, const std::string& target) {
    ask("POST", "/messages",
        R"({"isGroupMessage":)" + std::string(kind) + R"(,"text":"x","targetId":)" + target + "}");
  };
  clock_.time = *parse_date("2030-01-31T10:30:00Z");
  send("true", group);
  send("false", "2");
  clock_.time = *parse_date("2030-01-31T12:10:00Z");
  send("true", group);
  clock_.time = *parse_date("2030-02-28T00:00:00Z");
  send("true", group);

  EXPECT_EQ(ask("GET", "/messages/count").data().at("sentMessages").as_int64(), 4);
  EXPECT_EQ(ask("GET", "/messages/count?areGroupMessages=true&sentEndDate=2030-02-01")
                .data()
                .at("sentMessages")
                .as_int64(),
            2);
  Reply hours = ask("GET",
                    "/messages/count?divideBy=HOUR&sentStartDate=2030-01-31T10:00:00Z"
                    "&sentEndDate=2030-01-31T13:00:00Z");
  ASSERT_EQ(hours.status, 200);
  const auto& records = hours.data().at("sentMessagesRecords").as_array();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].at("date").as_string(), "2030-01-31T10:00:00.000Z");
  EXPECT_EQ(records[0].at("total").as_int64(), 2);
  EXPECT_EQ(records[1].at("total").as_int64(), 0);
  EXPECT_EQ(records[2].at("total").as_int64(), 1);
  // From the last day of a month to that of the next one.
  Reply months = ask("GET",
                     "/groups/count?divideBy=MONTH&sentMessageStartDate=2030-01-31"
                     "&sentMessageEndDate=2030-03-01");
  const auto& parts = months.data().at("groupsThatSentMessagesRecords").as_array();
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[1].at("date").as_string(), "2030-02-28T00:00:00.000Z");
  EXPECT_EQ(parts[0].at("total").as_int64(), 1);
  EXPECT_EQ(parts[1].at("total").as_int64(), 1);

  EXPECT_EQ(ask("GET", "/messages/count?divideBy=DAY").status, 400);
  EXPECT_EQ(ask("GET", "/messages/count?divideBy=DAY&sentStartDate=2030-01-01").status, 400);
  EXPECT_EQ(
      ask("GET", "/messages/count?divideBy=DAY&sentStartDate=2030-01-01&sentEndDate=2030-03-01")
          .status,
      400);
  EXPECT_EQ(ask("GET", "/messages/count?sentStartDate=2030-01-02&sentEndDate=2030-01-01").status,
            400);
}

TEST_F(ApiTest, CountWhoRegisteredWroteAndWasDeleted) {
  EXPECT_EQ(ask("GET", "/users/count").data().at("registeredUsers").as_int64(), 9);
  EXPECT_EQ(ask("GET", "/users/count?sentMessageStartDate=0")
                .data()
                .at("usersWhoSentMessages")
                .as_int64(),
            0);
  ask("DELETE", "/users?ids=3&deleteLogically=true");
  Reply gone_users = ask("GET", "/users/count?deletedStartDate=0");
  EXPECT_EQ(gone_users.data().at("deletedUsers").as_int64(), 1);
  EXPECT_FALSE(gone_users.data().as_object().contains("registeredUsers"));
  const int64_t before = ask("GET", "/groups/count").data().at("createdGroups").as_int64();
  const std::string group = add_group(R"("ownerId":1)");
  ask("DELETE", "/groups?ids=" + group);
  Reply groups = ask("GET", "/groups/count?createdStartDate=0&deletedStartDate=0");
  EXPECT_EQ(groups.data().at("createdGroups").as_int64(), before + 1);
  EXPECT_EQ(groups.data().at("deletedGroups").as_int64(), 1);
}

}  // namespace
}  // namespace turms::admin
