#include "store/sqlite/search_tokens.h"

#include <gtest/gtest.h>

namespace turms::store {
namespace {

// What begins the tokens of beginnings.
#define BEGIN "\xEE\x80\x80"

TEST(SearchTokens, WordsStayAndCharactersArePaired) {
  EXPECT_EQ(index_tokens("Hello, 42 Hem"), "Hello 42 Hem " BEGIN "4 " BEGIN "42 " BEGIN "H " BEGIN
                                           "He " BEGIN "Hel " BEGIN "Hell " BEGIN "Hem");
  EXPECT_EQ(index_tokens("明天开"), "明天 天开 " BEGIN "天 " BEGIN "开 " BEGIN "明");
  EXPECT_EQ(index_tokens("在Q群"), "Q " BEGIN "Q " BEGIN "在 " BEGIN "群");
  EXPECT_EQ(index_tokens("ＡＢ"), "AB " BEGIN "A " BEGIN "AB") << "full width";
  EXPECT_EQ(index_tokens("e\u0301t"), "e\u0301t " BEGIN "e " BEGIN "et") << "accents apart";
  EXPECT_EQ(index_tokens("？！…  "), "");
  EXPECT_EQ(index_tokens("bad \xff\xfe"), "");
}

TEST(SearchTokens, AQueryNamesWhatAllItsWordsNeed) {
  using Terms = std::vector<std::string>;
  const auto terms = [](const char* query) { return search_terms(query).all; };
  EXPECT_EQ(terms("hello wor"), (Terms{"\"hello\"", "\"" BEGIN "wor\""}));
  EXPECT_FALSE(search_terms("hello wor").beginning) << "short beginnings are tokens";
  EXPECT_EQ(terms("hello world"), (Terms{"\"hello\"", "\"world\""}));
  EXPECT_EQ(search_terms("hello world").beginning, "\"world\"*");
  EXPECT_EQ(terms("会"), Terms{"\"" BEGIN "会\""});
  EXPECT_EQ(terms("开会"), Terms{"\"开会\""});
  EXPECT_EQ(terms("明天开会"), Terms{"\"明天 天开 开会\""});
  EXPECT_EQ(terms("\" OR *"), Terms{"\"" BEGIN "OR\""}) << "no operator comes through";
  EXPECT_EQ(terms(" ?! "), Terms{});
  std::string many;
  for (int i = 0; i < 40; ++i) many += "a ";
  EXPECT_EQ(search_terms(many).all.size(), kMaxTerms);
}

#undef BEGIN

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
