#include "gateway/authentication/permissions.h"

#include <gtest/gtest.h>

#include "gateway/proto.h"
#include "gateway/request_header.h"
#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

using Request = proto::TurmsRequest;

bool allows(std::string_view policy, int32_t kind) {
  const auto permissions = read_permissions(policy);
  EXPECT_TRUE(permissions) << policy;
  return permissions && permissions->allows(kind);
}

TEST(Permissions, WithoutStatementsAllIsAllowedAndWithNoneNothingIs) {
  EXPECT_TRUE(allows("{}", Request::kCreateMessageRequest));
  EXPECT_TRUE(Permissions().allows(Request::kCreateGroupRequest));
  EXPECT_FALSE(allows(R"({"statements":[]})", Request::kCreateMessageRequest));
}

TEST(Permissions, StatementsAllowByActionAndResource) {
  constexpr auto kPolicy = R"({"statements":[
    {"effect":"ALLOW","actions":["CREATE","QUERY"],"resources":"MESSAGE"},
    {"effect":"ALLOW","actions":"*","resources":["GROUP_MEMBER","MEETING"]}]})";
  EXPECT_TRUE(allows(kPolicy, Request::kCreateMessageRequest));
  EXPECT_TRUE(allows(kPolicy, Request::kQueryMessagesRequest));
  EXPECT_FALSE(allows(kPolicy, Request::kUpdateMessageRequest));
  EXPECT_TRUE(allows(kPolicy, Request::kDeleteGroupMembersRequest));
  EXPECT_TRUE(allows(kPolicy, Request::kQueryMeetingStateRequest));
  EXPECT_FALSE(allows(kPolicy, Request::kCreateGroupRequest));
}

TEST(Permissions, WhatOneDeniesNoOtherAllowsInWhateverOrder) {
  constexpr auto kPolicy = R"({"statements":[
    {"effect":"DENY","actions":"*","resources":"MEETING"},
    {"effect":"ALLOW","actions":"*","resources":"*"}]})";
  EXPECT_FALSE(allows(kPolicy, Request::kCreateMeetingRequest));
  EXPECT_TRUE(allows(kPolicy, Request::kCreateMessageRequest));
}

/// A kind that is in no rule could never be allowed again once a policy is there: right for an
/// extension that nobody has given a resource yet, and for no other.
TEST(Permissions, EveryKindIsOfSomeResource) {
  const auto all =
      read_permissions(R"({"statements":[{"effect":"ALLOW","actions":"*","resources":"*"}]})");
  ASSERT_TRUE(all);
  const auto* descriptor = Request::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->real_containing_oneof() == nullptr || field->message_type() == nullptr) continue;
    const int number = field->number();
    if (number >= kFirstExtensionKind) continue;
    if (number == Request::kCreateSessionRequest || number == Request::kDeleteSessionRequest) {
      continue;
    }
    EXPECT_TRUE(all->allows(number)) << field->name();
  }
}

TEST(Permissions, APolicyThatIsNoneIsRefused) {
  for (const std::string_view policy :
       {"", "[]", R"({"statements":{}})", R"({"statements":[7]})",
        R"({"statements":[{"effect":"allow","actions":"*","resources":"*"}]})",
        R"({"statements":[{"effect":"ALLOW","actions":"READ","resources":"*"}]})",
        R"({"statements":[{"effect":"ALLOW","actions":"*","resources":"MEETINGS"}]})",
        R"({"statements":[{"effect":"ALLOW","actions":"*"}]})",
        R"({"statements":[{"effect":"ALLOW","actions":[1],"resources":"*"}]})"}) {
    EXPECT_FALSE(read_permissions(policy)) << policy;
  }
  std::string many = R"({"statements":[)";
  for (size_t i = 0; i <= kMaxStatements; ++i) {
    many += std::string(i == 0 ? "" : ",") + R"({"effect":"ALLOW","actions":"*","resources":"*"})";
  }
  EXPECT_FALSE(read_permissions(many + "]}"));
}

TEST(Permissions, MembersAreComparedAsTheyAreWritten) {
  constexpr auto kJson = R"({"a":true,"b":"true","c":7,"d":{"e":1}})";
  EXPECT_TRUE(has_members(kJson, {}));
  EXPECT_TRUE(has_members(kJson, {{"a", "true"}, {"b", "true"}, {"c", "7"}}));
  EXPECT_FALSE(has_members(kJson, {{"a", "false"}}));
  EXPECT_FALSE(has_members(kJson, {{"x", "true"}}));
  EXPECT_FALSE(has_members("true", {}));
}

}  // namespace
}  // namespace turms::gateway
