#include "store/mongo/dump.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "store/mongo/bson_testing.h"
#include "store/temporary_directory_testing.h"

namespace turms::store {
namespace {

using bson::Writer;

/// What was taken: "collection:x", in order.
struct Taken {
  std::string all;
  TakeDocument function() {
    return [this](std::string_view collection, const bson::Document& document) -> Status {
      all += std::string(collection) + ':' + std::to_string(*document.find("x")->integer()) + ' ';
      return {};
    };
  }
};

std::string doc(int x) {
  return Writer().int32("x", x).bytes();
}

std::string word(uint32_t value) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &value, 4);
  return bytes;
}

const std::string kEnd = word(0xffffffff);

std::string block(std::string_view collection, bool eof, const std::string& documents) {
  return Writer()
             .text("db", "turms")
             .text("collection", collection)
             .flag("EOF", eof)
             .int64("CRC", 0)
             .bytes() +
         documents + kEnd;
}

// As mongo-tools writes it: collections in turn, each with an empty block at its end.
std::string archive() {
  const std::string header = Writer().text("version", "0.1").bytes();
  const std::string listed =
      Writer().text("db", "turms").text("collection", "user").text("metadata", "{}").bytes();
  return word(DumpReader::kArchiveMagic) + header + listed + kEnd +
         block("user", false, doc(1) + doc(2)) + block("group", false, doc(3)) +
         block("user", false, doc(4)) + block("user", true, "") + block("group", true, "");
}

Status read(DumpReader reader, std::string_view bytes, size_t step) {
  for (size_t at = 0; at < bytes.size(); at += step) {
    if (Status fed = reader.feed(as_bytes(bytes.substr(at, step))); !fed) return fed;
  }
  return reader.finish();
}

TEST(DumpReader, ReadsCollectionsAndArchivesInPiecesOfAnySize) {
  for (const size_t step : {size_t{1}, size_t{7}, size_t{100000}}) {
    Taken one;
    EXPECT_TRUE(read(DumpReader::of_collection("user", one.function()), doc(1) + doc(2), step));
    EXPECT_EQ(one.all, "user:1 user:2 ");
    Taken many;
    EXPECT_TRUE(read(DumpReader::of_archive(many.function()), archive(), step));
    EXPECT_EQ(many.all, "user:1 user:2 group:3 user:4 ");
  }
}

TEST(DumpReader, RefusesWhatIsDamaged) {
  Taken taken;
  const std::string whole = archive();
  for (size_t size = 0; size + 1 < whole.size(); ++size) {
    // Between blocks nothing tells that more should come.
    if (whole.compare(size - std::min<size_t>(size, 4), 4, kEnd) == 0) continue;
    EXPECT_FALSE(read(DumpReader::of_archive(taken.function()), whole.substr(0, size), size + 1))
        << size;
  }
  EXPECT_FALSE(read(DumpReader::of_archive(taken.function()), doc(1), 100));
  EXPECT_FALSE(read(DumpReader::of_collection("user", taken.function()), whole, 100));
  const auto cut =
      read(DumpReader::of_collection("user", taken.function()), doc(1) + doc(2).substr(0, 5), 100);
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().message.find("byte 12"), std::string::npos) << cut.error().message;
}

TEST(DumpReader, AnErrorOfTheTakerEndsTheReading) {
  const auto refuse = [](std::string_view, const bson::Document&) {
    return Status(fail(ErrorCode::kResourceExhausted, "full"));
  };
  const auto status = read(DumpReader::of_collection("user", refuse), doc(1), 100);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted);
}

TEST(ReadDump, FindsTheFilesOfEachDatabase) {
  TemporaryDirectory directory;
  const std::filesystem::path root = directory.path();
  std::filesystem::create_directories(root / "turms-user");
  std::filesystem::create_directories(root / "turms-group");
  std::ofstream(root / "turms-user" / "user.bson", std::ios::binary) << doc(1);
  std::ofstream(root / "turms-user" / "user.metadata.json") << "{}";
  std::ofstream(root / "turms-group" / "group.bson", std::ios::binary) << doc(2);
  Taken taken;
  EXPECT_TRUE(read_dump(root, taken.function()));
  EXPECT_EQ(taken.all, "group:2 user:1 ");
  std::ofstream(root / "all.archive", std::ios::binary) << archive();
  EXPECT_TRUE(read_dump(root / "all.archive", taken.function()));
  EXPECT_FALSE(read_dump(root / "absent", taken.function()));
  std::filesystem::create_directories(root / "empty");
  EXPECT_FALSE(read_dump(root / "empty", taken.function()));
}

}  // namespace
}  // namespace turms::store
