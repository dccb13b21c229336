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

TEST(Unicode, NamesThatLookAlikeAreOne) {
  for (const char* name :
       {"alice", "al\u200bice", "\u202ealice", "alice\u2060", " alice\u00a0", "al\u00adice",
        "\ufeffalice", "ali\u0007ce", "alice\ufe0e", "alice\u3164", "al\u200dice"}) {
    EXPECT_EQ(clean_name(name), "alice") << name;
  }
  EXPECT_EQ(clean_name("e\u0301"), "\u00e9");
  EXPECT_EQ(clean_name("e\u034f\u0301"), "\u00e9");
  EXPECT_EQ(clean_name("a  b\u3000c"), "a b c");
  EXPECT_EQ(clean_name("a\nb"), "ab");
  EXPECT_EQ(clean_name("\xff"), "");
}

TEST(Unicode, MarksAreBounded) {
  std::string tall = "x";
  for (int i = 0; i < 50; ++i) tall += "\u0335";
  EXPECT_EQ(code_points(clean_name(tall)).size(), 1u + kMaxMarks);
  EXPECT_EQ(code_points(clean_text(tall + "y\u0335")).size(), 3u + kMaxMarks);
  EXPECT_EQ(clean_name("\u0335\u0335"), "");
  // As people write Vietnamese, Thai and Hebrew.
  for (const char* name :
       {"Nguy\u1ec5n", "\u0e17\u0e35\u0e48\u0e19\u0e35\u0e48", "\u05e9\u05bc\u05c1\u05b8"}) {
    EXPECT_EQ(code_points(clean_name(name)).size(), code_points(name).size()) << name;
  }
}

TEST(Unicode, JoinersStayWhereTheyAreNeeded) {
  for (const char* name : {"👩‍👩‍👧", "👩🏽‍🚀", "❤️", "🏳️‍🌈", "1️⃣",
                           "🏴\U000e0067\U000e0062\U000e007f",
                           "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "王小明", "Ω"}) {
    EXPECT_EQ(clean_name(name), name) << name;
  }
  EXPECT_EQ(clean_name("👩‍"), "👩");
  EXPECT_EQ(clean_name("👩‍a"), "👩a");
}

TEST(Unicode, TextKeepsItsLines) {
  EXPECT_EQ(clean_text("a  b\n\tc\r\n"), "a  b\n\tc\n");
  EXPECT_EQ(clean_text("a\u202eb"), "ab");
}

TEST(Unicode, WhatLeavesNoInkShowsNothing) {
  for (const char* text : {"", " ", "\u200b\u200d", "\u3164", "\u2800", "\u0301", "\u00a0\n"}) {
    EXPECT_FALSE(shows_something(text)) << text;
  }
  for (const char* text : {"a", "王", "😀", ".", "\u00a0x", "1"}) {
    EXPECT_TRUE(shows_something(text)) << text;
  }
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
