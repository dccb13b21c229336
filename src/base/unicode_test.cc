#include "base/unicode.h"

#include <gtest/gtest.h>

namespace turms {
namespace {

using Tokens = std::vector<std::string>;

TEST(Unicode, FoldingTakesCaseWidthAndFormAway) {
  EXPECT_EQ(fold("ALICE"), "alice");
  EXPECT_EQ(fold("ｆｕｌｌ"), "full");
  EXPECT_EQ(fold("e\u0301"), "\u00e9");
  EXPECT_EQ(fold("Straße"), "strasse");
  EXPECT_EQ(fold("a\u200bb"), "ab");
  EXPECT_EQ(fold("\xff\xfe"), "");
  EXPECT_EQ(fold(""), "");
}

TEST(Unicode, CodePointsAreThoseOfTheText) {
  EXPECT_EQ(code_points("a你😀"), (std::vector<char32_t>{U'a', U'你', U'😀'}));
  EXPECT_TRUE(code_points("a\xc3").empty());
  std::string text;
  for (const char32_t point : code_points("a你😀é")) append_utf8(text, point);
  EXPECT_EQ(text, "a你😀é");
}

TEST(Unicode, APartOfANameHasTokensOfTheNameOnly) {
  EXPECT_EQ(name_tokens("你好吗"), (Tokens{"你", "你好", "吗", "好", "好吗"}));
  EXPECT_EQ(name_tokens("aaa"), (Tokens{"a", "aa"}));
  EXPECT_EQ(query_tokens("你"), (Tokens{"你"}));
  EXPECT_EQ(query_tokens("你好"), (Tokens{"你好"}));
  EXPECT_EQ(query_tokens("abc"), (Tokens{"ab", "bc"}));
  EXPECT_TRUE(query_tokens("").empty());
}

}  // namespace
}  // namespace turms
