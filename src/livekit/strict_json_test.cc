#include "livekit/strict_json.h"

#include <gtest/gtest.h>

#include <string>

namespace turms::livekit {
namespace {

TEST(StrictJson, IsJsonWithoutDoubleNames) {
  for (const char* text :
       {"{}", " {\"a\":1} ", R"({"a":1,"b":2})", R"({"a":{"a":1},"b":[{"a":1}]})",
        R"([{"a":1},{"a":2}])", R"({"a":"a","b":"a"})", "null", "-1.5e3"}) {
    EXPECT_TRUE(is_strict_json(text)) << text;
  }
  for (const char* text : {"", " ", "{", "{}{}", "{} x", R"({"a":1,})", "{'a':1}", "{a:1}", "[1,]",
                           "// no\n{}", R"({"a":1,"a":2})", R"({"b":{"a":1,"c":2,"a":1}})",
                           R"([{"a":1,"\u0061":2}])", "{\"a\":\"\xff\"}"}) {
    EXPECT_FALSE(is_strict_json(text)) << text;
  }
}

TEST(StrictJson, DepthIsBounded) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(is_strict_json(nested(100)));
  EXPECT_FALSE(is_strict_json(nested(101)));
  EXPECT_FALSE(is_strict_json(std::string(1'000'000, '[')));
}

}  // namespace
}  // namespace turms::livekit
