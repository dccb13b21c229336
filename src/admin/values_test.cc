#include "admin/values.h"

#include <gtest/gtest.h>

#include <limits>

#include "admin/json.h"
#include "admin/permission.h"
#include "admin/throttle.h"

namespace turms::admin {
namespace {

std::vector<Field> fields() {
  Field count{"count", FieldType::kInt, "", false, 0, 10};
  Field ids{"ids", FieldType::kInts, "", false, INT64_MIN, INT64_MAX};
  Field name{"name", FieldType::kText, "", false, 1, 5};
  Field secret{"secret", FieldType::kText, "", false, 0, 10, true};
  return {count, ids, name, secret, {"on", FieldType::kBool}, {"at", FieldType::kDate}};
}

TEST(ValuesTest, ReadAQueryOfEveryType) {
  const auto all = fields();
  const auto values = parse_query({{"count", "7"},
                                   {"ids", "1,-2"},
                                   {"ids", "9223372036854775807"},
                                   {"name", "abc"},
                                   {"on", "true"},
                                   {"at", "1000"}},
                                  all);
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_EQ(values->number("count"), 7);
  EXPECT_EQ(values->numbers("ids"),
            (std::vector<int64_t>{1, -2, std::numeric_limits<int64_t>::max()}));
  EXPECT_EQ(values->text("name"), "abc");
  EXPECT_EQ(values->flag("on"), true);
  EXPECT_EQ(values->date("at"), WallTime{1000});
}

TEST(ValuesTest, ReadBodiesWhoseLongNumbersAreTexts) {
  const auto all = fields();
  const auto values =
      parse_body(R"({"ids":["9223372036854775807",1],"count":"3","name":null})", all);
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_EQ(values->numbers("ids").front(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(values->number("count"), 3);
  EXPECT_FALSE(values->has("name"));
}

TEST(ValuesTest, RefuseWhatIsOutOfBounds) {
  const auto all = fields();
  for (const char* body :
       {R"({"count":11})", R"({"count":-1})", R"({"count":1.5})", R"({"count":true})",
        R"({"count":9223372036854775808})", R"({"ids":[1.5]})", R"({"ids":3})", R"({"name":""})",
        R"({"name":"abcdef"})", R"({"name":3})", R"({"on":"true"})", R"({"at":"soon"})",
        R"({"other":1})", "[]", "{", "nonsense", R"({"ids":[[[[[[1]]]]]]})"}) {
    EXPECT_FALSE(parse_body(body, all)) << body;
  }
  EXPECT_FALSE(parse_query({{"count", "1"}, {"count", "2"}}, all));
  EXPECT_FALSE(parse_query({{"ids", "1,"}}, all));
  EXPECT_FALSE(parse_query({{"name", "\xff"}}, all));
  std::string many = "1";
  for (size_t i = 0; i < Field::kMaxItems; ++i) many += ",1";
  EXPECT_FALSE(parse_query({{"ids", many}}, all));
}

TEST(ValuesTest, WantWhatIsRequired) {
  std::vector<Field> all = fields();
  all[0].required = true;
  EXPECT_FALSE(parse_query({}, all));
  EXPECT_FALSE(parse_body("", all));
  EXPECT_TRUE(parse_body(R"({"count":1})", all));
}

TEST(ValuesTest, ReadDates) {
  EXPECT_EQ(parse_date("1970-01-02"), WallTime{86'400'000});
  EXPECT_EQ(parse_date("2026-01-02T03:04:05.678Z")->unix_ms, 1767323045678);
  EXPECT_EQ(parse_date("2026-01-02T03:04Z")->unix_ms, 1767323040000);
  EXPECT_EQ(parse_date("2026-01-02T03:04:05+01:00")->unix_ms, 1767319445000);
  EXPECT_EQ(iso_date(*parse_date("2026-01-02T03:04:05.678Z")), "2026-01-02T03:04:05.678Z");
  for (const char* text :
       {"", "2026-13-01", "2026-02-30", "2026-01-02T", "2026-01-02T25:00Z", "2026-01-02T03:04",
        "2026-01-02T03:04:05.Z", "-1", "1969-12-31", "2026-01-02T03:04Zx"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

TEST(ValuesTest, MaskSecretsWhenTheyAreWrittenDown) {
  const auto all = fields();
  const auto values = parse_body(R"({"secret":"hidden","name":"a\"b"})", all);
  ASSERT_TRUE(values);
  EXPECT_EQ(values->describe(all), R"({"name":"a\"b","secret":"***"})");
}

TEST(ValuesTest, MaskWhatIsCalledASecretAmongMembersOfAnyName) {
  const std::vector<Field> any = {{"*", FieldType::kMembers, ""}};
  const auto values = parse_body(
      R"({"plugins":{"x":{"api_secret":"s","apiSecret":["s"],"url":"u"}},"livekit.keys":"k: s",)"
      R"("livekit":{"keys":{"k":"s"}},"a.password.policy":"p","a":{"password":{"policy":"p"}},)"
      R"("token-lifetime":5})",
      any);
  ASSERT_TRUE(values);
  const std::string described = values->describe(any);
  EXPECT_EQ(described.find("\"s\""), std::string::npos) << described;
  EXPECT_EQ(described.find("k: s"), std::string::npos) << described;
  for (const char* part : {R"("url":"u")", R"("a.password.policy":"p")",
                           R"({"password":{"policy":"p"}})", R"("token-lifetime":5)"}) {
    EXPECT_NE(described.find(part), std::string::npos) << part << " in " << described;
  }
}

TEST(JsonTest, EscapeTexts) {
  EXPECT_EQ(json_text("a\"\\\n\t\x01"), R"("a\"\\\n\u0009\u0001")");
  EXPECT_EQ(json_text("\xff"), R"("\ufffd")");
  EXPECT_EQ(JsonObject().str(), "{}");
  EXPECT_EQ(JsonArray().str(), "[]");
}

TEST(PermissionTest, MatchPatterns) {
  const auto users = match_permissions({"USER_*"});
  ASSERT_TRUE(users);
  EXPECT_TRUE(users->test(static_cast<size_t>(Permission::kUserFriendRequestQuery)));
  EXPECT_FALSE(users->test(static_cast<size_t>(Permission::kGroupQuery)));
  EXPECT_EQ(match_permissions({"*"}), all_permissions());
  EXPECT_EQ(match_permissions({"*_QUERY"})->test(static_cast<size_t>(Permission::kUserQuery)),
            true);
  EXPECT_FALSE(match_permissions({"USER_QUERY", "NONSENSE"}));
  EXPECT_EQ(group_of(Permission::kUserFriendRequestQuery), "USER_FRIEND_REQUEST");
  for (const std::string& name : names_of(all_permissions())) EXPECT_TRUE(find_permission(name));
}

TEST(ThrottleTest, WaitLongerAfterEachWrongPassword) {
  WrongPasswords wrong;
  TimePoint now{1h};
  for (int i = 0; i < WrongPasswords::kFree; ++i) {
    EXPECT_TRUE(wrong.allows("a", now));
    wrong.charge("a", now);
  }
  EXPECT_FALSE(wrong.allows("a", now));
  EXPECT_TRUE(wrong.allows("b", now));
  now += 1s;
  EXPECT_TRUE(wrong.allows("a", now));
  wrong.charge("a", now);
  EXPECT_FALSE(wrong.allows("a", now + 1s));
  EXPECT_TRUE(wrong.allows("a", now + 2s));
  EXPECT_TRUE(wrong.allows("a", now + 16min));
  wrong.forgive("a");
  EXPECT_TRUE(wrong.allows("a", now));
}

}  // namespace
}  // namespace turms::admin
