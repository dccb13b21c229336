#include "store/sqlite/search_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace turms::store {
namespace {

TEST(SearchTokens, WordsStayAndCharactersArePaired) {
  EXPECT_EQ(index_tokens("Hello, World 42"), "Hello World 42 ");
  EXPECT_EQ(index_tokens("明天开会"), "明天 天开 开会 会 ");
  EXPECT_EQ(index_tokens("在QQ群"), "在 QQ 群 ");
  EXPECT_EQ(index_tokens("ＡＢ１"), "AB1 ") << "full width";
  EXPECT_EQ(index_tokens("？！…  "), "");
  EXPECT_EQ(index_tokens("bad \xff\xfe"), "");
}

TEST(SearchTokens, AQueryNamesWhatAllItsWordsNeed) {
  EXPECT_EQ(match_expression("hello wor"), "\"hello\" AND \"wor\"*");
  EXPECT_EQ(match_expression("会"), "\"会\"*");
  EXPECT_EQ(match_expression("开会"), "\"开会\"");
  EXPECT_EQ(match_expression("明天开会"), "\"明天 天开 开会\"");
  EXPECT_EQ(match_expression("\" OR *"), "\"OR\"*") << "no operator comes through";
  EXPECT_FALSE(match_expression(" ?! "));
  std::string many;
  for (int i = 0; i < 40; ++i) many += "a ";
  const std::string expression = *match_expression(many);
  EXPECT_EQ(std::ranges::count(expression, '*'), 1);
  EXPECT_EQ(std::ranges::count(expression, '"'), 2 * static_cast<int>(kMaxTerms));
}

TEST(SearchTokens, HighlightsAreCodeUnits) {
  using List = std::vector<Highlight>;
  EXPECT_EQ(find_highlights("Hello hello", "hell"), (List{{0, 4}, {6, 4}}));
  EXPECT_EQ(find_highlights("shell", "hell"), List{}) << "inside a word";
  EXPECT_EQ(find_highlights("\xF0\x9F\x98\x80 开会", "会"), (List{{4, 1}}));
  EXPECT_EQ(find_highlights("aa aa", "aa a"), (List{{0, 2}, {3, 2}})) << "apart from each other";
  EXPECT_EQ(find_highlights("\xff", "a"), List{});
}

}  // namespace
}  // namespace turms::store
