#include <algorithm>
#include <map>
#include <set>

#include "admin/api_testing.h"
#include "im/ports/user_roles.h"

namespace turms::admin {
namespace {

std::string target_of(const Route& route) {
  return std::string(route.path);
}

// ------------------------------------------------------------------------- every route of the
// table

TEST_F(ApiTest, AskEveryRouteForItsPermission) {
  int asked = 0;
  for (const Route& route : api_.routes()) {
    SCOPED_TRACE(std::string(route.method) + " " + target_of(route));
    const std::string method(route.method);
    if (route.access == Access::kPublic) {
      EXPECT_EQ(ask(method, target_of(route), "", "").status, 200);
      continue;
    }
    const Reply nobody = ask(method, target_of(route), "", "");
    EXPECT_EQ(nobody.status, 401);
    EXPECT_EQ(nobody.code, 1300);
    EXPECT_TRUE(nobody.response.headers.has("WWW-Authenticate"));
    if (route.access == Access::kSignedIn) continue;
    ASSERT_TRUE(route.permission);
    ++asked;
  }
  EXPECT_GT(asked, 40);
}

TEST_F(ApiTest, RefuseEveryRouteToARoleWithoutItsPermission) {
  // All permissions but the one.
  int64_t role = 100;
  std::map<Permission, std::string> without;
  for (const Route& route : api_.routes()) {
    if (route.access != Access::kPermission) continue;
    SCOPED_TRACE(std::string(route.method) + " " + target_of(route));
    auto found = without.find(*route.permission);
    if (found == without.end()) {
      std::string names;
      for (const std::string& name : names_of(all_permissions())) {
        if (name == name_of(*route.permission)) continue;
        names += (names.empty() ? "\"" : ",\"") + name + "\"";
      }
      found = without.emplace(*route.permission, make_admin(role++, "[" + names + "]")).first;
    }
    const Reply refused = ask(std::string(route.method), target_of(route), "", found->second);
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.code, 1300);
  }
}

TEST_F(ApiTest, LetARoleWithTheOnePermissionIn) {
  int64_t role = 100;
  std::map<Permission, std::string> with;
  for (const Route& route : api_.routes()) {
    if (route.access != Access::kPermission) continue;
    SCOPED_TRACE(std::string(route.method) + " " + target_of(route));
    auto found = with.find(*route.permission);
    if (found == with.end()) {
      const std::string name(name_of(*route.permission));
      found = with.emplace(*route.permission, make_admin(role++, "[\"" + name + "\"]")).first;
    }
    // What is missing in the request is another matter.
    const int status = ask(std::string(route.method), target_of(route), "", found->second).status;
    EXPECT_TRUE(status == 200 || status == 400) << status;
  }
}

TEST_F(ApiTest, RefuseMalformedParametersOfEveryRoute) {
  for (const Route& route : api_.routes()) {
    if (route.access == Access::kPublic) continue;
    SCOPED_TRACE(std::string(route.method) + " " + target_of(route));
    const std::string method(route.method);
    const std::string target = target_of(route);
    EXPECT_EQ(ask(method, target + "?nonsense=1").status, 400);
    EXPECT_EQ(ask(method, target, "[]").status, 400);
    EXPECT_EQ(ask(method, target, "{").status, 400);
    EXPECT_EQ(ask(method, target, R"({"nonsense":1})").status, 400);
    for (const Field& field : route.query) {
      SCOPED_TRACE(field.name);
      if (field.type == FieldType::kText || field.type == FieldType::kTexts) {
        const auto size = static_cast<size_t>(field.max + 1);
        EXPECT_EQ(ask(method, target + "?" + std::string(field.name) + "=" + std::string(size, 'x'))
                      .status,
                  400);
      } else {
        EXPECT_EQ(ask(method, target + "?" + std::string(field.name) + "=x").code, 1102);
      }
    }
    for (const Field& field : route.body) {
      SCOPED_TRACE(field.name);
      const Reply refused = ask(method, target, "{\"" + std::string(field.name) + "\":{}}");
      EXPECT_EQ(refused.status, 400);
      EXPECT_EQ(refused.code, 1102);
    }
  }
}

TEST_F(ApiTest, HaveEachRouteOnceAndInTheDocument) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  const auto document = boost::json::parse(openapi_document(api_.routes(), "1")).get_object();
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  for (const Route& route : api_.routes()) {
    SCOPED_TRACE(std::string(route.method) + " " + target_of(route));
    EXPECT_TRUE(seen.insert({route.method, route.path}).second);
    EXPECT_FALSE(route.summary.empty());
    std::string method(route.method);
    std::ranges::transform(method, method.begin(), [](char c) { return c | 0x20; });
    const auto& operation = document.at("paths").at(route.path).at(method).as_object();
    EXPECT_EQ(operation.contains("parameters"), !route.query.empty());
    EXPECT_EQ(operation.contains("requestBody"), !route.body.empty());
  }
  const Reply served = ask("GET", "/openapi/docs", "", "");
  EXPECT_EQ(served.body.at("openapi").as_string(), "3.1.0");
}

TEST_F(ApiTest, SayInTheEnvelopeThatThereIsNoSuchResource) {
  const Reply missing = ask("GET", "/nothing", "", "");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.code, 1302);
}

// ------------------------------------------------------------------------------------- signing in

TEST_F(ApiTest, SlowDownWrongPasswordsOfOneAddressAlone) {
  for (int i = 0; i < WrongPasswords::kFree; ++i) {
    EXPECT_EQ(ask("GET", "/admins/self", "", basic("turms", "wrong")).status, 401);
  }
  now_ -= 1s;  // at once
  const Reply slowed = ask("GET", "/admins/self");
  EXPECT_EQ(slowed.status, 429);
  EXPECT_EQ(slowed.code, 1304);
  EXPECT_TRUE(slowed.response.headers.has("Retry-After"));
  remote_ = net::Address::v4({192, 0, 2, 2}, 1000);
  EXPECT_EQ(ask("GET", "/admins/self").status, 200);
}

TEST_F(ApiTest, AnswerUnknownAccountsAsWrongPasswords) {
  Reply unknown = ask("GET", "/admins/self", "", basic("nobody", "wrong"));
  const int verified = plain_.verified;
  Reply wrong = ask("GET", "/admins/self", "", basic("turms", "wrong"));
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.body["reason"], wrong.body["reason"]);
  EXPECT_EQ(verified, 1);
  EXPECT_EQ(plain_.verified, 2);
}

TEST_F(ApiTest, HashAPasswordThatIsUsedAgainOnce) {
  EXPECT_EQ(ask("GET", "/admins/self").status, 200);
  EXPECT_EQ(ask("GET", "/admins/self").status, 200);
  EXPECT_EQ(plain_.verified, 1);
  // A new password is another one at once.
  EXPECT_EQ(ask("PUT", "/admins/self", R"({"password":"second password"})").status, 200);
  EXPECT_EQ(ask("GET", "/admins/self").status, 401);
  EXPECT_EQ(ask("GET", "/admins/self", "", basic("turms", "second password")).status, 200);
}

TEST_F(ApiTest, SignInWithATokenUntilItExpiresOrIsRevoked) {
  Reply made = ask("POST", "/admins/tokens", R"({"name":"script","ttlSeconds":60})");
  ASSERT_EQ(made.status, 200);
  const std::string token(made.data().at("token").as_string());
  EXPECT_EQ(ask("GET", "/admins/self", "", "Bearer " + token).status, 200);
  EXPECT_EQ(ask("GET", "/admins/self", "", "Bearer " + token + "x").status, 401);
  clock_.time.unix_ms += 60'000;
  EXPECT_EQ(ask("GET", "/admins/self", "", "Bearer " + token).status, 401);

  Reply other = ask("POST", "/admins/tokens", "{}");
  const std::string second(other.data().at("token").as_string());
  EXPECT_EQ(ask("GET", "/admins/tokens").data().as_array().size(), 1u);
  const auto id = std::to_string(other.data().at("id").as_int64());
  EXPECT_EQ(ask("DELETE", "/admins/tokens?ids=" + id).data().at("deletedCount").as_int64(), 1);
  EXPECT_EQ(ask("GET", "/admins/self", "", "Bearer " + second).status, 401);
}

TEST_F(ApiTest, RevokeTokensWithThePassword) {
  const std::string admin = make_admin(7, R"(["USER_QUERY"])");
  Reply made = ask("POST", "/admins/tokens", "{}", admin);
  const std::string token(made.data().at("token").as_string());
  EXPECT_EQ(ask("GET", "/users", "", "Bearer " + token).status, 200);
  EXPECT_EQ(ask("PUT", "/admins?accounts=admin7", R"({"password":"another one"})").status, 200);
  EXPECT_EQ(ask("GET", "/users", "", "Bearer " + token).status, 401);
  EXPECT_EQ(ask("DELETE", "/admins?accounts=admin7").data().at("deletedCount").as_int64(), 1);
  EXPECT_EQ(ask("GET", "/users", "", basic("admin7", "another one")).status, 401);
}

TEST_F(ApiTest, RefuseRequestsOfOtherSitesPages) {
  const auto from = [&](const std::string& origin) {
    return ask("GET", "/admins/self", "", basic("turms", "first password"),
               {{"Host", "127.0.0.1:8510"}, {"Origin", origin}})
        .status;
  };
  EXPECT_EQ(from("http://127.0.0.1:8510"), 200);
  EXPECT_EQ(from("https://evil.example"), 403);
  EXPECT_EQ(from("null"), 403);
  EXPECT_EQ(ask("PUT", "/admins/self", R"({"name":"x"})", basic("turms", "first password"),
                {{"Content-Type", "text/plain"}})
                .status,
            400);
}

TEST_F(ApiTest, LimitTheRequestsOfOneAddress) {
  int limited = 0;
  for (int i = 0; i < 60; ++i) {
    if (ask("GET", "/nothing", "", "").status == 429) ++limited;
    now_ -= 1s;
  }
  EXPECT_EQ(limited, 10);
  now_ += 1s;
  EXPECT_EQ(ask("GET", "/nothing", "", "").status, 404);
}

// ------------------------------------------------------------------------------------------ ranks

TEST_F(ApiTest, LetNobodyGainPermissions) {
  const std::string chief = make_admin(10, R"(["ADMIN_*","ADMIN_ROLE_*","USER_QUERY"])", 10);
  make_admin(11, R"(["SHUTDOWN"])", 5);
  // Rank above or the same as one's own, and permissions that one has not.
  EXPECT_EQ(ask("POST", "/admins/roles",
                R"({"id":12,"name":"x","permissions":["USER_QUERY"],"rank":10})", chief)
                .status,
            403);
  EXPECT_EQ(ask("POST", "/admins/roles",
                R"({"id":12,"name":"x","permissions":["USER_DELETE"],"rank":1})", chief)
                .status,
            403);
  EXPECT_EQ(ask("POST", "/admins/roles",
                R"({"id":12,"name":"x","permissions":["USER_QUERY"],"rank":9})", chief)
                .status,
            200);
  EXPECT_EQ(ask("PUT", "/admins/roles?ids=12", R"({"permissions":["*"]})", chief).status, 403);
  EXPECT_EQ(ask("PUT", "/admins/roles?ids=10", R"({"rank":1})", chief).status, 403);
  EXPECT_EQ(ask("PUT", "/admins/roles?ids=0", R"({"rank":1})", chief).status, 403);
  // An account of a lower rank that may more.
  EXPECT_EQ(ask("PUT", "/admins?accounts=admin11", R"({"password":"taken over"})", chief).status,
            403);
  EXPECT_EQ(ask("POST", "/admins", R"({"account":"b","password":"a password","roleId":11})", chief)
                .status,
            403);
  EXPECT_EQ(
      ask("POST", "/admins", R"({"account":"b","password":"a password","roleId":0})", chief).status,
      403);
  EXPECT_EQ(ask("PUT", "/admins?accounts=turms", R"({"password":"taken over"})", chief).status,
            403);
  EXPECT_EQ(ask("DELETE", "/admins?accounts=turms", "", chief).status, 403);
  EXPECT_EQ(ask("DELETE", "/admins?accounts=turms").status, 403);
  EXPECT_EQ(ask("POST", "/admins", R"({"account":"b","password":"a password","roleId":12})", chief)
                .status,
            200);
  EXPECT_EQ(ask("DELETE", "/admins/roles?ids=12", "", chief).status, 409);
  EXPECT_EQ(ask("DELETE", "/admins?accounts=b", "", chief).status, 200);
  EXPECT_EQ(ask("DELETE", "/admins/roles?ids=12", "", chief).status, 200);
}

TEST_F(ApiTest, RefuseADeletionWithoutAFilter) {
  for (const char* path : {"/admins", "/admins/roles", "/users", "/groups", "/messages"}) {
    const Reply refused = ask("DELETE", path);
    EXPECT_EQ(refused.status, 400) << path;
    EXPECT_EQ(refused.code, 1301) << path;
  }
}

// ------------------------------------------------------------------------------------------ audit

TEST_F(ApiTest, WriteDownWhatIsChangedAndByWhom) {
  ask("POST", "/users", R"({"id":77,"name":"seven","password":"very secret"})",
      basic("turms", "first password"), {{"X-Request-ID", "trace-1"}});
  ask("GET", "/users");
  const std::string admin = make_admin(7, R"(["USER_QUERY"])");
  ask("DELETE", "/users?ids=77", "", admin);
  Reply log = ask("GET", "/audit-logs?accounts=turms,admin7&size=100");
  ASSERT_EQ(log.status, 200);
  const auto& records = log.data().at("records").as_array();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(log.data().at("total").as_int64(), 4);
  const auto& refused = records.front().as_object();
  EXPECT_EQ(refused.at("action").as_string(), "DELETE /users");
  EXPECT_EQ(refused.at("account").as_string(), "admin7");
  EXPECT_EQ(refused.at("status").as_int64(), 403);
  const auto& added = records.back().as_object();
  EXPECT_EQ(added.at("action").as_string(), "POST /users");
  EXPECT_EQ(added.at("account").as_string(), "turms");
  EXPECT_EQ(added.at("address").as_string(), "192.0.2.1");
  EXPECT_EQ(added.at("traceId").as_string(), "trace-1");
  EXPECT_EQ(added.at("status").as_int64(), 200);
  EXPECT_EQ(added.at("arguments").at("body").at("password").as_string(), "***");
  EXPECT_EQ(added.at("arguments").at("body").at("id").as_int64(), 77);
  EXPECT_EQ(log.response.body.find("very secret"), std::string::npos);
  Reply some = ask("GET", "/audit-logs?actions=POST%20/admins");
  EXPECT_EQ(some.data().at("total").as_int64(), 1);
}

// -------------------------------------------------------------------------------------- resources

TEST_F(ApiTest, AddFindChangeAndDeleteUsers) {
  Reply added = ask("POST", "/users", R"({"id":"77","name":"seven","password":"p","intro":"me"})");
  ASSERT_EQ(added.status, 200);
  EXPECT_EQ(added.data().at("intro").as_string(), "me");
  EXPECT_EQ(ask("POST", "/users", R"({"id":77,"name":"x","password":"p"})").code, 1303);
  Reply found = ask("GET", "/users?ids=77,1,4711");
  EXPECT_EQ(found.data().as_array().size(), 2u);
  Reply pages = ask("GET", "/users/page?page=1&size=4");
  EXPECT_EQ(pages.data().at("total").as_int64(), 10);
  EXPECT_EQ(pages.data().at("records").as_array().size(), 4u);
  EXPECT_EQ(pages.data().at("records").at(0).at("id").as_int64(), 5);
  Reply changed = ask("PUT", "/users?ids=77,78", R"({"name":"eight","isActive":false})");
  EXPECT_EQ(changed.data().at("modifiedCount").as_int64(), 1);
  ASSERT_EQ(told_.orders.size(), 1u);
  EXPECT_EQ(told_.orders.front().close_status, 700);
  EXPECT_EQ(ask("GET", "/users?isActive=false").data().as_array().size(), 2u);
  EXPECT_EQ(ask("DELETE", "/users?ids=1,4711").data().at("deletedCount").as_int64(), 1);
  EXPECT_EQ(ask("DELETE", "/users?deleteLogically=false").code, 1301);
  EXPECT_EQ(ask("GET", "/users/count").data().at("registeredUsers").as_int64(), 9);
  EXPECT_EQ(ask("POST", "/users", R"({"id":78,"name":" \u200b","password":"p"})").status, 400);
}

TEST_F(ApiTest, FindUsersByPartsOfTheirNames) {
  ask("POST", "/users", R"({"id":77,"name":"Seventy","password":"p"})");
  ask("POST", "/users", R"({"id":78,"name":"seven","password":"p"})");
  Reply found = ask("GET", "/users/page?name=SEVEN");
  EXPECT_EQ(found.data().at("total").as_int64(), 2);
  EXPECT_EQ(ask("GET", "/users?name=seven&ids=77,1").data().as_array().size(), 1u);
  EXPECT_EQ(ask("GET", "/users?name=nobody").data().as_array().size(), 0u);
}

TEST_F(ApiTest, EndSessionsFromBeforeANewPassword) {
  EXPECT_EQ(ask("PUT", "/users?ids=2", R"({"password":"another"})").status, 200);
  ASSERT_EQ(told_.orders.size(), 1u);
  EXPECT_EQ(told_.orders.front().user_id, UserId(2));
  EXPECT_EQ(told_.orders.front().close_status, 600);
  EXPECT_TRUE(told_.orders.front().password_version);
}

TEST_F(ApiTest, KeepRolesOfUsers) {
  EXPECT_EQ(ask("GET", "/users/roles").data().as_array().size(), 1u);
  Reply made = ask("POST", "/users/roles",
                   R"({"id":5,"name":"few","ownedGroupLimit":2,"groupTypeLimits":["0:1"]})");
  ASSERT_EQ(made.status, 200);
  EXPECT_EQ(made.data().at("groupTypeIdToLimit").at("0").as_int64(), 1);
  EXPECT_EQ(ask("POST", "/users/roles", R"({"id":5,"name":"again"})").code, 1303);
  EXPECT_EQ(ask("PUT", "/users/roles?ids=5", R"({"groupTypeLimits":["0"]})").status, 400);
  EXPECT_EQ(ask("PUT", "/users/roles?ids=5,6", R"({"ownedGroupLimit":3})")
                .data()
                .at("modifiedCount")
                .as_int64(),
            1);
  Reply roles = ask("GET", "/users/roles/page?page=1&size=1");
  EXPECT_EQ(roles.data().at("total").as_int64(), 2);
  EXPECT_EQ(roles.data().at("records").at(0).at("ownedGroupLimit").as_int64(), 3);
  EXPECT_EQ(roles.data().at("records").at(0).at("groupTypeIdToLimit").at("0").as_int64(), 1);
  EXPECT_EQ(ask("PUT", "/users?ids=2", R"({"roleId":5})").status, 200);
  EXPECT_EQ(run(store_->repositories().user_roles.of_user(UserId(2)))->id, 5);
  EXPECT_EQ(ask("PUT", "/users?ids=2", R"({"roleId":6})").code, 1302);
  EXPECT_EQ(ask("DELETE", "/users/roles?ids=5,6").data().at("deletedCount").as_int64(), 1);
}

TEST_F(ApiTest, KeepRelationshipsOneSided) {
  EXPECT_EQ(
      ask("POST", "/users/relationships", R"({"ownerId":1,"relatedUserId":2,"isBlocked":true})")
          .status,
      200);
  EXPECT_EQ(ask("POST", "/users/relationships", R"({"ownerId":1,"relatedUserId":1})").status, 400);
  Reply found = ask("GET", "/users/relationships?ownerIds=1,2&isBlocked=true");
  ASSERT_EQ(found.data().as_array().size(), 1u);
  EXPECT_EQ(found.data().at(0).at("relatedUserId").as_int64(), 2);
  EXPECT_TRUE(found.data().at(0).as_object().contains("blockDate"));
  EXPECT_EQ(ask("GET", "/users/relationships/groups?ownerIds=1").data().as_array().size(), 1u);
  EXPECT_EQ(ask("DELETE", "/users/relationships?ownerId=1&relatedUserIds=2,3")
                .data()
                .at("deletedCount")
                .as_int64(),
            1);
  EXPECT_EQ(ask("GET", "/users/relationships?ownerIds=1").data().as_array().size(), 0u);
}

TEST_F(ApiTest, BlockAddressesAndUsersForATime) {
  EXPECT_EQ(ask("POST", "/blocked-clients/ips", R"({"ids":["x"],"blockMinutes":5})").status, 400);
  EXPECT_EQ(ask("POST", "/blocked-clients/ips",
                R"({"ids":["192.0.2.9","2001:DB8:0::9"],"blockMinutes":5})")
                .status,
            200);
  EXPECT_TRUE(domain_->blocklist.is_blocked("2001:db8::9"));
  Reply ips = ask("GET", "/blocked-clients/ips/page?size=1");
  EXPECT_EQ(ips.data().at("total").as_int64(), 2);
  EXPECT_EQ(ips.data().at("records").at(0).at("id").as_string(), "192.0.2.9");
  EXPECT_EQ(ask("GET", "/blocked-clients/ips?ids=192.0.2.1").data().as_array().size(), 0u);
  EXPECT_EQ(ask("DELETE", "/blocked-clients/ips").code, 1301);
  EXPECT_EQ(ask("DELETE", "/blocked-clients/ips?deleteAll=true").status, 200);
  EXPECT_FALSE(domain_->blocklist.is_blocked("192.0.2.9"));

  EXPECT_EQ(ask("POST", "/blocked-clients/users", R"({"ids":[3],"blockMinutes":5})").status, 200);
  ASSERT_EQ(told_.orders.size(), 1u);
  EXPECT_EQ(told_.orders.front().close_status, 701);
  EXPECT_EQ(ask("GET", "/blocked-clients/users?ids=3").data().at(0).at("id").as_int64(), 3);
  pass(6min);
  EXPECT_EQ(ask("GET", "/blocked-clients/users/page").data().at("total").as_int64(), 0);
  EXPECT_EQ(ask("DELETE", "/blocked-clients/users?ids=3").status, 200);
}

TEST_F(ApiTest, EndSessionsOfUsers) {
  bus_->signed_in(caller(1), im::UserStatus::kBusy);
  bus_->signed_in(caller(1, im::DeviceType::kIos), im::UserStatus::kBusy);
  Reply statuses = ask("GET", "/users/online-infos/statuses?ids=1,2");
  EXPECT_EQ(statuses.data().at(0).at("status").as_string(), "BUSY");
  EXPECT_EQ(statuses.data().at(0).at("deviceTypes").as_array().size(), 2u);
  EXPECT_EQ(statuses.data().at(1).at("status").as_string(), "OFFLINE");
  EXPECT_EQ(ask("GET", "/users/online-infos/count").data().at("sessions").as_int64(), 3);
  Reply ended = ask("DELETE", "/sessions?ids=1&deviceTypes=IOS");
  EXPECT_EQ(ended.data().at("deletedCount").as_int64(), 1);
  ASSERT_EQ(told_.orders.size(), 1u);
  EXPECT_EQ(told_.orders.front().close_status, 600);
  EXPECT_EQ(told_.orders.front().device_types.front(), im::DeviceType::kIos);
}

TEST_F(ApiTest, AddFindChangeAndDeleteGroups) {
  Reply made = ask("POST", "/groups",
                   R"({"name":"team","ownerId":1,"memberIds":[2,3],"announcement":"hello"})");
  ASSERT_EQ(made.status, 200);
  const std::string id = std::to_string(made.data().at("id").as_int64());
  EXPECT_EQ(made.data().at("announcement").as_string(), "hello");
  EXPECT_EQ(ask("GET", "/groups/members?groupId=" + id).data().as_array().size(), 3u);
  EXPECT_EQ(
      ask("POST", "/groups/members", R"({"groupId":)" + id + R"(,"userIds":[4],"role":"MANAGER"})")
          .status,
      200);
  EXPECT_EQ(ask("POST", "/groups/members", R"({"groupId":)" + id + R"(,"userIds":[4]})").code,
            1303);
  EXPECT_EQ(ask("PUT", "/groups?ids=" + id, R"({"successorId":4,"name":"crew"})").status, 200);
  EXPECT_EQ(role(GroupId(made.data().at("id").as_int64()), 4), im::GroupMemberRole::kOwner);
  EXPECT_EQ(ask("DELETE", "/groups/members?groupId=" + id + "&userIds=4").status, 400);
  EXPECT_EQ(ask("DELETE", "/groups/members?groupId=" + id + "&userIds=2,9")
                .data()
                .at("deletedCount")
                .as_int64(),
            1);
  EXPECT_EQ(ask("POST", "/groups/blocked-users", R"({"groupId":)" + id + R"(,"userId":3})").status,
            200);
  EXPECT_EQ(ask("GET", "/groups/members?groupId=" + id).data().as_array().size(), 2u);
  EXPECT_EQ(ask("GET", "/groups/blocked-users?groupId=" + id).data().as_array().size(), 1u);
  EXPECT_EQ(ask("DELETE", "/groups?ids=" + id).data().at("deletedCount").as_int64(), 1);
  EXPECT_EQ(ask("GET", "/groups/members?groupId=" + id).code, 1302);
}

TEST_F(ApiTest, TellSubscribersOfWhatChangedInGroups) {
  const GroupId group = make_group(1, {2, 3});
  domain_->add_group_subscriber(subscriber_);
  subscriber_.heard.clear();
  const std::string id = std::to_string(group.value);
  ask("PUT", "/groups/members?groupId=" + id + "&userIds=2",
      R"({"muteEndDate":"2100-01-01T00:00:00Z"})");
  ask("DELETE", "/groups/members?groupId=" + id + "&userIds=3");
  EXPECT_EQ(subscriber_.heard, (std::vector<std::string>{"muted 2", "left 3"}));
}

TEST_F(ApiTest, KeepGroupTypes) {
  EXPECT_EQ(ask("GET", "/groups/types").data().as_array().size(), 1u);
  EXPECT_EQ(ask("POST", "/groups/types",
                R"({"id":5,"name":"open","joinStrategy":"MEMBERSHIP_REQUEST","groupSizeLimit":3})")
                .status,
            200);
  EXPECT_EQ(ask("POST", "/groups/types", R"({"id":5,"name":"again"})").code, 1303);
  Reply types = ask("GET", "/groups/types");
  ASSERT_EQ(types.data().as_array().size(), 2u);
  EXPECT_EQ(types.data().at(1).at("joinStrategy").as_string(), "MEMBERSHIP_REQUEST");
  EXPECT_EQ(types.data().at(1).at("groupSizeLimit").as_int64(), 3);
  EXPECT_EQ(ask("PUT", "/groups/types?ids=5", R"({"joinStrategy":"NONSENSE"})").status, 400);
  Reply changed = ask("PUT", "/groups/types?ids=5,6", R"({"guestSpeakable":true})");
  EXPECT_EQ(changed.data().at("modifiedCount").as_int64(), 1);
  types = ask("GET", "/groups/types");
  EXPECT_TRUE(types.data().at(1).at("guestSpeakable").as_bool());
  EXPECT_EQ(types.data().at(1).at("groupSizeLimit").as_int64(), 3);
  EXPECT_EQ(ask("DELETE", "/groups/types?ids=5").data().at("deletedCount").as_int64(), 1);
}

TEST_F(ApiTest, SendSystemMessagesFromNobody) {
  const GroupId group = make_group(1, {2, 3});
  told_.envelopes.clear();
  told_.events.clear();
  Reply sent = ask("POST", "/messages",
                   R"({"isGroupMessage":true,"targetId":)" + std::to_string(group.value) +
                       R"(,"text":"maintenance"})");
  ASSERT_EQ(sent.status, 200);
  ASSERT_EQ(told_.events.size(), 1u);
  const auto& pushed = std::get<im::SystemMessagePushed>(told_.events.front());
  EXPECT_EQ(pushed.message.sender_id, UserId(0));
  EXPECT_EQ(*pushed.message.text, "maintenance");
  EXPECT_EQ(told_.envelopes.front().recipients->size(), 3u);
  Reply listed = ask("GET", "/messages?targetIds=" + std::to_string(group.value));
  ASSERT_EQ(listed.data().as_array().size(), 1u);
  EXPECT_TRUE(listed.data().at(0).at("isSystemMessage").as_bool());
  const std::string id = std::to_string(sent.data().at("id").as_int64());
  EXPECT_EQ(ask("DELETE", "/messages?ids=" + id).data().at("deletedCount").as_int64(), 1);
  EXPECT_EQ(ask("GET", "/messages?ids=" + id).data().as_array().size(), 0u);
  Reply gone = ask("GET", "/messages?withRecalled=true&ids=" + id);
  ASSERT_EQ(gone.data().as_array().size(), 1u);
  EXPECT_FALSE(gone.data().at(0).as_object().contains("text"));
  EXPECT_EQ(ask("GET", "/messages/count").data().at("sentMessages").as_int64(), 1);
}

TEST_F(ApiTest, FindMessagesByWhoSentThemAndWhen) {
  send(1, std::nullopt, 2, "private");
  pass(1min);
  send(2, std::nullopt, 1, "later");
  Reply mine = ask("GET", "/messages?senderIds=1&areGroupMessages=false");
  ASSERT_EQ(mine.data().as_array().size(), 1u);
  EXPECT_EQ(mine.data().at(0).at("text").as_string(), "private");
  const std::string date = mine.data().at(0).at("deliveryDate").as_string().c_str();
  EXPECT_EQ(ask("GET", "/messages/page?deliveryDateEnd=" + date).data().at("total").as_int64(), 0);
  EXPECT_EQ(ask("GET", "/messages/page?deliveryDateStart=" + date).data().at("total").as_int64(),
            2);
}

TEST_F(ApiTest, ListAndEndMeetings) {
  const MeetingId meeting = create(1, in_group());
  Reply listed = ask("GET", "/meetings?activeOnly=true");
  ASSERT_EQ(listed.data().as_array().size(), 1u);
  const std::string id = std::to_string(meeting.value);
  EXPECT_EQ(ask("DELETE", "/meetings?ids=" + id).data().at("deletedCount").as_int64(), 1);
  EXPECT_EQ(ask("DELETE", "/meetings?ids=" + id).data().at("deletedCount").as_int64(), 0);
  EXPECT_TRUE(stored(meeting).is_over());
  EXPECT_EQ(ask("GET", "/meetings?activeOnly=true").data().as_array().size(), 0u);
  until_call("cancel");
  EXPECT_TRUE(std::ranges::any_of(told_.events, [](const im::Event& event) {
    return std::holds_alternative<im::MeetingFinished>(event);
  }));
}

TEST_F(ApiTest, StartAndStopPlugins) {
  EXPECT_EQ(ask("GET", "/plugins").data().at(0).at("status").as_string(), "STARTED");
  EXPECT_EQ(ask("PUT", "/plugins?ids=livekit", R"({"status":"STOPPED"})").status, 200);
  EXPECT_EQ(ask("GET", "/plugins?ids=livekit").data().at(0).at("status").as_string(), "STOPPED");
  EXPECT_EQ(ask("PUT", "/plugins?ids=livekit", R"({"status":"PAUSED"})").status, 200);
  EXPECT_EQ(ask("GET", "/plugins").data().at(0).at("status").as_string(), "PAUSED");
  EXPECT_EQ(ask("PUT", "/plugins?ids=livekit", R"({"status":"RESUMED"})").status, 200);
  EXPECT_EQ(ask("GET", "/plugins").data().at(0).at("status").as_string(), "STARTED");
  EXPECT_EQ(ask("PUT", "/plugins?ids=other", R"({"status":"STARTED"})").code, 1302);
}

TEST_F(ApiTest, TellSettingsInUpstreamsWords) {
  Reply told = ask("GET", "/cluster/settings");
  EXPECT_EQ(told.data().at("yaml").as_string(), "http:\n  port: 1\n");
  const auto& settings = told.data().at("settings");
  EXPECT_EQ(settings.at("service").at("message").at("maxTextLimit").as_int64(), 500);
  EXPECT_EQ(settings.at("service").at("user").at("settings").at("allowedSettings").as_array(),
            (boost::json::array{"a", "b"}));
  EXPECT_EQ(settings.at("http").at("port").as_int64(), 1);
  told = ask("GET", "/cluster/settings?onlyMutable=true");
  EXPECT_FALSE(told.data().at("settings").as_object().contains("http"));

  told = ask("GET", "/cluster/settings/metadata?withValue=true");
  const auto& limit = told.data().at("service").at("message").at("maxTextLimit");
  EXPECT_EQ(limit.at("key").as_string(), "turms.service.message.max-text-limit");
  EXPECT_EQ(limit.at("type").as_string(), "long");
  EXPECT_TRUE(limit.at("mutable").as_bool());
  EXPECT_EQ(limit.at("value").as_int64(), 500);
  EXPECT_FALSE(told.data().at("http").at("port").at("mutable").as_bool());
}

TEST_F(ApiTest, ChangeSettingsByEitherSpelling) {
  const std::string limit = "turms.service.message.max-text-limit";
  const std::string names = "turms.service.user.settings.allowed-settings";
  EXPECT_EQ(ask("PUT", "/cluster/settings", R"({"service":{"message":{"maxTextLimit":7}}})").status,
            200);
  EXPECT_EQ(settings_.values[limit], "7");
  EXPECT_FALSE(settings_.was_reset);
  EXPECT_EQ(ask("PUT", "/cluster/settings?reset=true", "{\"" + limit + "\":\"8\"}").status, 200);
  EXPECT_EQ(settings_.values[limit], "8");
  EXPECT_TRUE(settings_.was_reset);
  EXPECT_EQ(ask("PUT", "/cluster/settings",
                R"({"turms":{"service":{"user":{"settings":{"allowed-settings":["x","y"]}}}}})")
                .status,
            200);
  EXPECT_EQ(settings_.values[names], "x,y");
  EXPECT_EQ(ask("PUT", "/cluster/settings", "{\"" + limit + "\":null}").status, 200);
  EXPECT_EQ(settings_.values[limit], "500");

  EXPECT_EQ(ask("PUT", "/cluster/settings", R"({"service":{"message":{"nonsense":1}}})").code,
            1102);
  EXPECT_EQ(ask("PUT", "/cluster/settings", "{\"" + names + "\":[\"a,b\"]}").code, 1102);
  EXPECT_EQ(ask("PUT", "/cluster/settings", "{\"" + limit + "\":1.5}").code, 1102);
  EXPECT_EQ(ask("PUT", "/cluster/settings",
                R"({"service":{"message":{"maxTextLimit":1}},")" + limit + R"(":2})")
                .code,
            1102)
      << "twice";
  EXPECT_EQ(settings_.values[limit], "500");
  const Reply log = ask("GET", "/audit-logs?size=1000");
  EXPECT_NE(log.response.body.find("maxTextLimit"), std::string::npos) << "as it was asked for";
}

TEST_F(ApiTest, TellWhatIsStored) {
  Reply stored = ask("GET", "/storage");
  EXPECT_EQ(stored.data().at("rows").at("users").as_int64(), 9);
  EXPECT_GT(stored.data().at("databaseBytes").as_int64(), 0);
}

}  // namespace
}  // namespace turms::admin
