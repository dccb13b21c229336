#include "record/media_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "record/ebml.h"
#include "record/media_clock.h"
#include "record/record_testing.h"

namespace turms::record {
namespace {

const Bytes kOpus = {0xF8, 0xFF, 0xFE};  // 20 ms

struct Written {
  MemoryFile file;
  Duration duration{};
};

/// Sound of so many frames, and pictures beside it where the container takes some. Not ended.
Written write_some(Container container, size_t frames, std::unique_ptr<FileWriter>& writer) {
  Written out;
  std::vector<FileTrack> tracks;
  if (container == Container::kWebm)
    tracks.push_back({.codec = rtc::Codec::kVp8, .width = 320, .height = 180});
  if (container == Container::kMp4) {
    tracks.push_back(
        {.codec = rtc::Codec::kH264, .width = 320, .height = 180, .config = {1, 2, 3, 4}});
  }
  tracks.push_back({.codec = rtc::Codec::kOpus});
  writer = make_writer(container, out.file);
  EXPECT_TRUE(writer->begin(tracks, WallTime{1'700'000'000'000}));
  const Bytes picture(100, 0x55);
  for (size_t i = 0; i < frames; ++i) {
    if (tracks.size() == 2 && i % 2 == 0) {
      EXPECT_TRUE(writer->write(
          {.track = 0, .time = i * 20ms, .key_frame = i % 100 == 0, .data = picture}));
    }
    EXPECT_TRUE(writer->write(
        {.track = tracks.size() - 1, .time = i * 20ms, .key_frame = true, .data = kOpus}));
    if (i % 10 == 9) {
      EXPECT_TRUE(writer->flush());
    }
  }
  out.duration = frames * 20ms;
  return out;
}

class MediaFile : public testing::TestWithParam<Container> {};
INSTANTIATE_TEST_SUITE_P(All, MediaFile,
                         testing::Values(Container::kWebm, Container::kMp4, Container::kOgg),
                         [](const auto& one) { return std::string(extension(one.param)); });

TEST_P(MediaFile, AFileWhoseWriterDiedIsFinishedUpToWhatWasFlushed) {
  std::unique_ptr<FileWriter> writer;
  Written written = write_some(GetParam(), 500, writer);
  const auto repaired = repair(GetParam(), written.file);
  ASSERT_TRUE(repaired) << repaired.error().message;
  EXPECT_GE(repaired->duration, written.duration - 60ms);
  EXPECT_LE(repaired->duration, written.duration);
  EXPECT_EQ(repaired->cut, 0U);
}

TEST_P(MediaFile, CutAnywhereItLosesNoMoreThanItsLastSecond) {
  std::unique_ptr<FileWriter> writer;
  const Written written = write_some(GetParam(), 500, writer);
  const size_t size = written.file.data.size();
  size_t repaired_files = 0;
  Duration before{};
  for (size_t cut = 0; cut <= size; cut += cut < 2000 ? 7 : 97) {
    MemoryFile file(
        Bytes(written.file.data.begin(), written.file.data.begin() + static_cast<ptrdiff_t>(cut)));
    const auto repaired = repair(GetParam(), file);
    if (!repaired) {
      EXPECT_LT(cut, 4000U) << cut;
      continue;
    }
    ++repaired_files;
    EXPECT_GE(repaired->duration, before);
    before = repaired->duration;
    EXPECT_LT(repaired->cut, 5000U);
    // A second time it finds a file that is whole.
    const Bytes once = file.data;
    const auto again = repair(GetParam(), file);
    ASSERT_TRUE(again) << cut << ": " << again.error().message;
    EXPECT_EQ(again->duration, repaired->duration);
    EXPECT_TRUE(file.data == once) << cut;
  }
  EXPECT_GT(repaired_files, 100U);
}

TEST_P(MediaFile, AFullDiskLeavesAFileThatCanBeFinished) {
  std::unique_ptr<FileWriter> writer;
  Written written = write_some(GetParam(), 200, writer);
  written.file.limit = written.file.data.size() + 10;
  auto again = make_writer(GetParam(), written.file);
  std::unique_ptr<FileWriter> other;
  MemoryFile full;
  full.limit = 3000;
  auto failing = make_writer(GetParam(), full);
  const bool audio = GetParam() == Container::kOgg;
  std::vector<FileTrack> tracks = {{.codec = rtc::Codec::kOpus}};
  ASSERT_TRUE(failing->begin(tracks, {}));
  Status status;
  for (size_t i = 0; i < 5000 && status; ++i) {
    status = failing->write({.track = 0, .time = i * 20ms, .key_frame = true, .data = kOpus});
    if (status) status = failing->flush();
  }
  EXPECT_FALSE(status);
  EXPECT_LE(full.data.size(), 3000U);
  full.limit = SIZE_MAX;
  const auto repaired = repair(GetParam(), full);
  ASSERT_TRUE(repaired);
  EXPECT_GT(repaired->duration, audio ? 500ms : 100ms);
}

TEST(WebmWriter, AFinishedFileTellsItsDurationAndCanBeSoughtIn) {
  std::unique_ptr<FileWriter> writer;
  Written written = write_some(Container::kWebm, 500, writer);
  ASSERT_TRUE(writer->finish(written.duration));
  const ByteView data = written.file.data;
  const auto find = [&](uint32_t id) {
    Bytes name;
    ebml::put_id(name, id);
    return std::search(data.begin(), data.end(), name.begin(), name.end()) - data.begin();
  };
  // The segment says how long it is, and the duration is there.
  const auto segment = ebml::parse_element(data.subspan(static_cast<size_t>(find(ebml::kSegment))));
  EXPECT_FALSE(segment.unknown);
  EXPECT_EQ(static_cast<size_t>(find(ebml::kSegment)) + segment.head + segment.size, data.size());
  const size_t at = static_cast<size_t>(find(ebml::kDuration)) + 3;
  const uint64_t bits = load_be64(&data[at]);
  double told = 0;
  std::memcpy(&told, &bits, 8);
  EXPECT_EQ(told, 10'000);
  // A cue for each cluster that begins with a key frame: each 2 s.
  size_t cues = 0;
  for (size_t i = static_cast<size_t>(data.size() - 500); i + 1 < data.size(); ++i) {
    if (data[i] == ebml::kCuePoint && data[i + 2] == ebml::kCueTime) ++cues;
  }
  EXPECT_EQ(cues, 5U);
}

TEST(MediaClock, ReportsMoveTheLineInSmallStepsOnly) {
  MediaClock clock(90'000);
  const TimePoint start{10s};
  clock.on_packet(1000, start);
  EXPECT_EQ(clock.at(1000), start);
  // The packet had taken 30 ms longer than the report says; nothing was heard of the line before.
  clock.on_report(1000, start - 30ms);
  EXPECT_EQ(clock.at(1000), start - 30ms);
  // A clock that runs 100 parts in a million fast, for an hour, with reports each second.
  for (int64_t second = 1; second <= 3600; ++second) {
    const int64_t rtp = 1000 + second * 90'009;
    clock.on_report(rtp, start - 30ms + second * 1s);
    ASSERT_LT(std::chrono::abs(*clock.at(rtp) - (start - 30ms + second * 1s)), 5ms);
  }
  const auto back = clock.rtp_at(*clock.at(123'456'789));
  EXPECT_NEAR(static_cast<double>(*back), 123'456'789, 1);
  // A late report is not believed at once.
  const TimePoint was = *clock.at(0);
  clock.on_report(0, was + 100ms);
  EXPECT_EQ(*clock.at(0), was + 5ms);
}

}  // namespace
}  // namespace turms::record
