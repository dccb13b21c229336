#include "admin/api_testing.h"

namespace turms::admin {
namespace {

TEST_F(ApiTest, AddSettleAndDeleteFriendRequests) {
  const std::string path = "/users/relationships/friend-requests";
  EXPECT_EQ(ask("POST", path, R"({"requesterId":1,"recipientId":1})").status, 400);
  EXPECT_EQ(ask("POST", path, R"({"requesterId":1,"recipientId":4711})").code, 1302);
  Reply made = ask("POST", path, R"({"requesterId":1,"recipientId":2,"content":"hello"})");
  ASSERT_EQ(made.status, 200);
  EXPECT_EQ(made.data().at("status").as_string(), "PENDING");
  EXPECT_EQ(ask("POST", path, R"({"requesterId":1,"recipientId":2})").code, 1303);
  ask("POST", path, R"({"requesterId":1,"recipientId":3})");
  ask("POST", path, R"({"requesterId":4,"recipientId":3})");
  Reply pages = ask("GET", path + "/page?requesterIds=1&statuses=PENDING&size=1");
  EXPECT_EQ(pages.data().at("total").as_int64(), 2);
  EXPECT_EQ(pages.data().at("records").as_array().size(), 1u);
  EXPECT_EQ(pages.data().at("records").at(0).at("recipientId").as_int64(), 3);
  EXPECT_EQ(ask("GET", path + "?statuses=NONE").status, 400);

  const std::string id = std::to_string(made.data().at("id").as_int64());
  EXPECT_EQ(ask("PUT", path + "?ids=" + id, R"({"status":"PENDING"})").status, 400);
  EXPECT_EQ(changed(ask("PUT", path + "?ids=" + id + ",4711", R"({"status":"ACCEPTED"})")), 1);
  EXPECT_EQ(changed(ask("PUT", path + "?ids=" + id, R"({"status":"DECLINED"})")), 0);
  EXPECT_EQ(
      ask("GET", "/users/relationships?ownerIds=1,2&isBlocked=false").data().as_array().size(), 2u);
  const std::string other = std::to_string(pages.data().at("records").at(0).at("id").as_int64());
  EXPECT_EQ(changed(ask("PUT", path + "?ids=" + other, R"({"status":"CANCELED"})")), 1);
  EXPECT_EQ(ask("GET", path + "?statuses=CANCELED").data().as_array().size(), 1u);
  pass(24h * 31);
  EXPECT_EQ(ask("GET", path + "?statuses=EXPIRED").data().as_array().size(), 1u);

  EXPECT_EQ(ask("DELETE", path).code, 1301);
  EXPECT_EQ(gone(ask("DELETE", path + "?ids=" + id + "," + other + ",4711")), 2);
  EXPECT_EQ(ask("GET", path).data().as_array().size(), 1u);
}

TEST_F(ApiTest, LetInvitedUsersIn) {
  const std::string group = add_group(R"("ownerId":1,"memberIds":[2])");
  const std::string path = "/groups/invitations";
  const auto invite = [&](const std::string& invitee) {
    return ask("POST", path,
               R"({"inviterId":1,"content":"come","inviteeId":)" + invitee + R"(,"groupId":)" +
                   group + "}");
  };
  EXPECT_EQ(invite("2").code, 1303);
  EXPECT_EQ(invite("4711").code, 1302);
  EXPECT_EQ(ask("POST", path, R"({"inviterId":1,"inviteeId":3,"groupId":4711})").code, 1302);
  const std::string first = std::to_string(invite("3").data().at("id").as_int64());
  const std::string second = std::to_string(invite("4").data().at("id").as_int64());
  EXPECT_EQ(ask("GET", path + "/page?groupIds=" + group + "&inviteeIds=3,4")
                .data()
                .at("total")
                .as_int64(),
            2);
  EXPECT_EQ(changed(ask("PUT", path + "?ids=" + first, R"({"status":"ACCEPTED"})")), 1);
  EXPECT_EQ(changed(ask("PUT", path + "?ids=" + second, R"({"status":"DECLINED"})")), 1);
  Reply members = ask("GET", "/groups/members/page?groupId=" + group + "&roles=MEMBER");
  EXPECT_EQ(members.data().at("total").as_int64(), 2);
  EXPECT_EQ(members.data().at("records").at(1).at("userId").as_int64(), 3);
  EXPECT_EQ(ask("GET", path + "?statuses=DECLINED").data().at(0).at("inviteeId").as_int64(), 4);

  // One that cannot be accepted.
  const std::string third = std::to_string(invite("5").data().at("id").as_int64());
  ask("POST", "/groups/blocked-users", R"({"groupId":)" + group + R"(,"userId":5})");
  EXPECT_EQ(ask("PUT", path + "?ids=" + third, R"({"status":"ACCEPTED"})").status, 409);
  EXPECT_EQ(ask("GET", "/groups/blocked-users/page?groupId=" + group)
                .data()
                .at("records")
                .at(0)
                .at("userId")
                .as_int64(),
            5);
  EXPECT_EQ(gone(ask("DELETE", path + "?ids=" + first + "," + second + "," + third)), 3);
}

TEST_F(ApiTest, LetInWhoAskedToJoin) {
  const std::string group = add_group(R"("ownerId":1)");
  const std::string path = "/groups/join-requests";
  const auto request = [&](const std::string& user) {
    return ask("POST", path, R"({"requesterId":)" + user + R"(,"groupId":)" + group + "}");
  };
  EXPECT_EQ(request("1").code, 1303);
  const std::string first = std::to_string(request("2").data().at("id").as_int64());
  const std::string second = std::to_string(request("3").data().at("id").as_int64());
  EXPECT_EQ(changed(ask("PUT", path + "?ids=" + first, R"({"status":"ACCEPTED"})")), 1);
  EXPECT_EQ(changed(ask("PUT", path + "?ids=" + second, R"({"status":"IGNORED"})")), 1);
  EXPECT_EQ(ask("GET", "/groups/members?groupId=" + group).data().as_array().size(), 2u);
  Reply accepted = ask("GET", path + "?statuses=ACCEPTED&groupIds=" + group);
  ASSERT_EQ(accepted.data().as_array().size(), 1u);
  EXPECT_EQ(accepted.data().at(0).at("responderId").as_int64(), 0);
  EXPECT_EQ(ask("GET", path + "/page?requesterIds=3").data().at("total").as_int64(), 1);
  EXPECT_EQ(gone(ask("DELETE", path + "?ids=" + first + "," + second)), 2);
}

TEST_F(ApiTest, KeepJoinQuestions) {
  const std::string group = add_group(R"("ownerId":1)");
  const std::string path = "/groups/questions";
  const auto add = [&](const std::string& answers) {
    return ask(
        "POST", path,
        R"({"groupId":)" + group + R"(,"question":"why?","score":3,"answers":)" + answers + "}");
  };
  EXPECT_EQ(add("[]").status, 400);
  Reply made = add(R"(["because"])");
  ASSERT_EQ(made.status, 200);
  const std::string id = std::to_string(made.data().at("id").as_int64());
  EXPECT_EQ(changed(ask("PUT", path + "?ids=" + id + ",4711", R"({"answers":["so","thus"]})")), 1);
  Reply found = ask("GET", path + "?groupIds=" + group);
  EXPECT_EQ(found.data().at(0).at("answers").as_array().size(), 2u);
  EXPECT_EQ(found.data().at(0).at("question").as_string(), "why?");
  EXPECT_EQ(ask("GET", path).status, 400);
  EXPECT_EQ(ask("GET", path + "/page?ids=" + id).data().at("total").as_int64(), 1);
  EXPECT_EQ(gone(ask("DELETE", path + "?ids=" + id)), 1);
}

TEST_F(ApiTest, KeepGroupsOfRelationships) {
  const std::string path = "/users/relationships/groups";
  Reply made = ask("POST", path, R"({"ownerId":1,"name":"work"})");
  ASSERT_EQ(made.status, 200);
  EXPECT_EQ(made.data().at("index").as_int64(), 1);
  EXPECT_EQ(ask("POST", path, R"({"ownerId":1,"name":"again","index":1})").code, 1303);
  EXPECT_EQ(ask("POST", path, R"({"ownerId":4711,"name":"work"})").code, 1302);
  EXPECT_EQ(changed(ask("PUT", path + "?ownerId=1&indexes=1,7", R"({"name":"home"})")), 1);
  EXPECT_EQ(ask("GET", path + "?ownerIds=1&indexes=1").data().at(0).at("name").as_string(), "home");
  EXPECT_EQ(ask("GET", path + "/page?ownerIds=1,2&size=1").data().at("total").as_int64(), 3);
  ask("POST", "/users/relationships", R"({"ownerId":1,"relatedUserId":2,"groupIndex":1})");
  EXPECT_EQ(
      changed(ask("PUT", "/users/relationships?ownerId=1&relatedUserIds=2,3", R"({"name":"two"})")),
      1);
  EXPECT_EQ(ask("GET", "/users/relationships/page?ownerIds=1&groupIndexes=1")
                .data()
                .at("records")
                .at(0)
                .at("name")
                .as_string(),
            "two");
  EXPECT_EQ(ask("DELETE", path + "?ownerId=1&indexes=0").status, 400);
  EXPECT_EQ(gone(ask("DELETE", path + "?ownerId=1&indexes=1")), 1);
  EXPECT_EQ(ask("GET", "/users/relationships?ownerIds=1&groupIndexes=0").data().as_array().size(),
            1u);
}

TEST_F(ApiTest, EditAndRecallMessages) {
  const std::string group = add_group(R"("ownerId":1,"memberIds":[2])");
  Reply sent = ask("POST", "/messages",
                   R"({"isGroupMessage":true,"text":"first","targetId":)" + group + "}");
  const std::string id = std::to_string(sent.data().at("id").as_int64());
  EXPECT_EQ(ask("PUT", "/messages?ids=" + id, "{}").status, 400);
  EXPECT_EQ(ask("PUT", "/messages?ids=" + id, R"({"text":"a","recallDate":1})").status, 400);
  EXPECT_EQ(changed(ask("PUT", "/messages?ids=" + id + ",4711", R"({"text":"second"})")), 1);
  EXPECT_EQ(ask("GET", "/messages?ids=" + id).data().at(0).at("text").as_string(), "second");
  const size_t told = told_.envelopes.size();
  EXPECT_EQ(changed(ask("PUT", "/messages?ids=" + id, R"({"recallDate":1})")), 1);
  EXPECT_EQ(told_.envelopes.size(), told + 1);
  EXPECT_EQ(told_.envelopes.back().recipients->size(), 2u);
  EXPECT_EQ(changed(ask("PUT", "/messages?ids=" + id, R"({"recallDate":1})")), 0);
  EXPECT_EQ(changed(ask("PUT", "/messages?ids=" + id, R"({"text":"third"})")), 0);
  EXPECT_EQ(ask("GET", "/messages?ids=" + id).data().as_array().size(), 0u);
}

TEST_F(ApiTest, MoveAndForgetHowFarUsersHaveRead) {
  const std::string group = add_group(R"("ownerId":1,"memberIds":[2])");
  ask("POST", "/messages", R"({"isGroupMessage":true,"text":"x","targetId":)" + group + "}");
  const std::string read = "/conversations?groupId=" + group + "&memberIds=2,3";
  EXPECT_EQ(ask("PUT", "/conversations?memberIds=2", R"({"readDate":1})").status, 400);
  EXPECT_EQ(changed(ask("PUT", read, R"({"readDate":"2100-01-01"})")), 1);
  const auto reads = [&] {
    Reply found = ask("GET", "/conversations?groupIds=" + group);
    const auto& all = found.data().at("groupConversations").as_array();
    return all.empty() ? std::string()
                       : boost::json::serialize(all.front().at("memberIdToReadDate"));
  };
  EXPECT_NE(reads().find("\"2\""), std::string::npos);
  EXPECT_EQ(ask("DELETE", "/conversations").code, 1301);
  EXPECT_EQ(gone(ask("DELETE", "/conversations?groupIds=" + group + "&memberIds=2")), 1);
  EXPECT_EQ(reads().find("\"2\""), std::string::npos);

  ask("POST", "/messages", R"({"isGroupMessage":false,"text":"x","targetId":3})");
  EXPECT_EQ(
      changed(ask("PUT", "/conversations?ownerIds=3,4&targetId=0", R"({"readDate":"2100-01-01"})")),
      1);
  EXPECT_EQ(ask("GET", "/conversations?ownerIds=3&targetId=0")
                .data()
                .at("privateConversations")
                .as_array()
                .size(),
            1u);
  EXPECT_EQ(gone(ask("DELETE", "/conversations?ownerIds=3")), 1);
}

}  // namespace
}  // namespace turms::admin
