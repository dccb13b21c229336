#include "word_matcher.h"

#include <gtest/gtest.h>

namespace turms::antispam {
namespace {

WordMatcher of(const std::vector<std::string>& words) {
  auto made = WordMatcher::create(words);
  EXPECT_TRUE(made);
  return std::move(*made);
}

TEST(WordMatcher, FindsWords) {
  const WordMatcher matcher = of({"he", "she", "his", "hers"});
  EXPECT_EQ(matcher.masked("ushers", "*"), "u*****");
  EXPECT_EQ(matcher.masked("ahis and she", "#"), "a### and ###");
  EXPECT_FALSE(matcher.contains("hxe s"));
  EXPECT_FALSE(matcher.contains(""));
  EXPECT_EQ(matcher.masked("nothing", "*"), "nothing") << "hi is not his";
}

TEST(WordMatcher, FindsAWordInsideOneThatIsNotFinished) {
  const WordMatcher matcher = of({"abcde", "bc"});
  EXPECT_EQ(matcher.masked("abcd", "*"), "a**d");
  EXPECT_EQ(matcher.masked("abcde", "*"), "*****");
}

TEST(WordMatcher, FoldsWidthCaseAccentsAndTraditionalCharacters) {
  const WordMatcher matcher = of({"casino", "赌场"});
  for (const char* text : {"CASINO", "Ｃａｓｉｎｏ", "Cásinö",
                           "c\xC2\xAD"
                           "asino",
                           "ca\xE2\x80\x8Bsino", "c a s i n o", "賭場", "赌 場"}) {
    EXPECT_TRUE(matcher.contains(text)) << text;
  }
  EXPECT_FALSE(matcher.contains("casin"));
  EXPECT_FALSE(matcher.contains("赌"));
  EXPECT_TRUE(of({"賭場"}).contains("赌场")) << "the list is folded too";
  EXPECT_EQ(matcher.masked("去賭場嗎", "*"), "去**嗎");
}

TEST(WordMatcher, TakesAnyBytes) {
  const WordMatcher matcher = of({"bad", "\xFF\xFF"});
  EXPECT_EQ(matcher.masked("\xC3"
                           "bad\xE4",
                           "*"),
            "\xC3***\xE4");
  EXPECT_TRUE(matcher.contains("\x80\x80")) << "what is no UTF-8 is all the same";
  EXPECT_FALSE(matcher.contains("\x80"));
}

TEST(WordMatcher, HasBounds) {
  EXPECT_EQ(of({"", " ", "\xE2\x80\x8B"}).words(), 0u) << "they would be found everywhere";
  EXPECT_FALSE(of({""}).contains("anything"));
  EXPECT_FALSE(WordMatcher::create(std::vector<std::string>(WordMatcher::kMaxWords + 1, "x")));
  EXPECT_FALSE(WordMatcher::create({std::string(WordMatcher::kMaxCharacters + 1, 'x')}));
}

}  // namespace
}  // namespace turms::antispam
