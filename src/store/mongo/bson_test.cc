#include "store/mongo/bson.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "store/mongo/bson_testing.h"

namespace turms::store::bson {
namespace {

Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

TEST(Bson, ReadsTheExamplesOfTheSpecification) {
  // bsonspec.org: {"hello": "world"}, {"BSON": ["awesome", 5.05, 1986]}
  const Bytes hello = *from_hex("160000000268656c6c6f0006000000776f726c640000");
  const auto first = Document::parse(hello);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->find("hello")->text(), "world");
  const Bytes list = *from_hex(
      "310000000442534f4e002600000002300008000000617765736f6d65000131003333333333331440103200c20700"
      "000000");
  const auto second = Document::parse(list);
  ASSERT_TRUE(second);
  const auto items = second->find("BSON")->document()->elements();
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0].value.text(), "awesome");
  EXPECT_EQ(items[1].value.number(), 5.05);
  EXPECT_EQ(items[2].value.integer(), 1986);
}

TEST(Bson, GivesNothingForValuesOfAnotherKind) {
  const std::string bytes = Writer()
                                .int64("l", -5)
                                .int32("i", -6)
                                .real("whole", 7)
                                .real("part", 7.5)
                                .real("huge", 1e300)
                                .flag("b", true)
                                .date("d", 12)
                                .null("n")
                                .text("t", "\xff")
                                .binary("x", "abc")
                                .bytes();
  const Bytes kept = bytes_of(bytes);
  const auto document = Document::parse(kept);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->find("l")->integer(), -5);
  EXPECT_EQ(document->find("i")->integer(), -6);
  EXPECT_EQ(document->find("whole")->integer(), 7);
  EXPECT_FALSE(document->find("part")->integer());
  EXPECT_FALSE(document->find("huge")->integer());
  EXPECT_EQ(document->find("b")->boolean(), true);
  EXPECT_EQ(document->find("d")->date(), WallTime{12});
  EXPECT_TRUE(document->find("n")->is_null());
  EXPECT_FALSE(document->find("t")->text());
  EXPECT_EQ(as_text(*document->find("x")->binary()), "abc");
  EXPECT_FALSE(document->find("x")->text());
  EXPECT_FALSE(document->find("l")->document());
  EXPECT_FALSE(document->find("absent"));
}

TEST(Bson, TheOldBinarySaysItsLengthTwice) {
  const Bytes good = bytes_of(Writer().binary("x", std::string("\3\0\0\0abc", 7), 2).bytes());
  EXPECT_EQ(as_text(*Document::parse(good)->find("x")->binary()), "abc");
  const Bytes bad = bytes_of(Writer().binary("x", std::string("\4\0\0\0abc", 7), 2).bytes());
  EXPECT_FALSE(Document::parse(bad)->find("x")->binary());
}

TEST(Bson, RefusesWhatIsCutOrTooDeep) {
  const Bytes whole =
      bytes_of(Writer().document("d", Writer().text("t", "x")).binary("b", "12").bytes());
  ASSERT_TRUE(Document::parse(whole));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Document::parse(ByteView(whole).first(size))) << size;
  }
  Writer nested;
  for (int i = 0; i < Document::kMaxDepth; ++i) {
    Writer outer;
    outer.document("d", nested);
    nested = outer;
  }
  EXPECT_FALSE(Document::parse(bytes_of(nested.bytes())));
  // A type that there is not.
  EXPECT_FALSE(Document::parse(bytes_of(Writer().put(0x20, "x", "").bytes())));
}

}  // namespace
}  // namespace turms::store::bson
