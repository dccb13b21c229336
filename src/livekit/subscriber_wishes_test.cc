#include "livekit/subscriber_wishes.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace turms::livekit {
namespace {

using Mode = ReceiveProfile::Mode;

const std::array<VideoLayer, 3> kLayers = {{{VideoQuality::kLow, 320, 180},
                                            {VideoQuality::kMedium, 640, 360},
                                            {VideoQuality::kHigh, 1280, 720}}};

/// Spatial layer and frame rate (0: all), or that it is paused.
std::string text(const media::LayerRequest& request) {
  return request.paused ? "paused" : fmt::format("{}.{}", request.max_spatial, request.max_fps);
}

struct Row {
  const char* what;
  TrackSettings settings;
  ReceiveProfile profile;
  bool screen_share = false;
  std::string expected;
};

TEST(SubscriberWishes, OfOneTrack) {
  const Row rows[] = {
      {"nothing said", {}, {}, false, "2.0"},
      {"the quality that is named", {.quality = VideoQuality::kMedium}, {}, false, "1.0"},
      {"off", {.quality = VideoQuality::kOff}, {}, false, "paused"},
      {"hidden", {.disabled = true}, {}, false, "paused"},
      {"the size of the tile", {.width = 320, .height = 180}, {}, false, "0.0"},
      {"a little larger", {.width = 350, .height = 199}, {}, false, "0.0"},
      {"between two", {.width = 480, .height = 270}, {}, false, "1.0"},
      {"larger than all", {.width = 1920, .height = 1080}, {}, false, "2.0"},
      {"15 pictures", {.fps = 15}, {}, false, "2.15"},
      {"8 pictures", {.fps = 8}, {}, false, "2.8"},
      {"30 pictures", {.fps = 30}, {}, false, "2.30"},
      {"a saver", {}, {.mode = Mode::kSaver}, false, "1.15"},
      {"a saver, small tile", {.width = 320, .height = 180}, {.mode = Mode::kSaver}, false, "0.15"},
      {"a saver, slow tile", {.fps = 5}, {.mode = Mode::kSaver}, false, "1.5"},
      {"a saver, hidden", {.disabled = true}, {.mode = Mode::kSaver}, false, "paused"},
      {"a saver's screen", {}, {.mode = Mode::kSaver}, true, "2.8"},
      {"a saver with numbers",
       {},
       {.mode = Mode::kSaver, .max_px = 57600, .max_fps = 7},
       false,
       "0.7"},
      {"a saver that takes more",
       {},
       {.mode = Mode::kSaver, .max_px = 1 << 22, .max_fps = 60},
       false,
       "2.60"},
      {"small pictures", {}, {.max_px = 320 * 180}, false, "0.0"},
      {"smaller than there are", {}, {.max_px = 1}, false, "0.0"},
      {"a rate", {}, {.max_fps = 10}, false, "2.10"},
      {"a rate for a screen", {}, {.max_fps = 10}, true, "2.10"},
      {"sound only", {}, {.mode = Mode::kAudio}, false, "paused"},
      {"sound only, screen", {}, {.mode = Mode::kAudio}, true, "paused"},
  };
  for (const Row& row : rows) {
    const WishedTrack track{
        .screen_share = row.screen_share, .settings = row.settings, .layers = kLayers};
    EXPECT_EQ(text(SubscriberWishes(row.profile).request(track)), row.expected) << row.what;
  }
}

TEST(SubscriberWishes, SizesThatWereNotAnnouncedAreGuessed) {
  const std::array<VideoLayer, 3> layers = {
      {{VideoQuality::kLow}, {VideoQuality::kMedium}, {VideoQuality::kHigh}}};
  const SubscriberWishes saver({.mode = Mode::kSaver});
  EXPECT_EQ(text(saver.request({.layers = layers})), "1.15");
}

TEST(SubscriberWishes, SoundIsHeardWhateverIsSaved) {
  for (const Mode mode : {Mode::kAuto, Mode::kSaver, Mode::kAudio}) {
    const SubscriberWishes wishes({.mode = mode, .max_videos = 1});
    EXPECT_FALSE(wishes.request({.video = false}).paused);
  }
  const SubscriberWishes wishes;
  EXPECT_TRUE(wishes.request({.video = false, .settings = {.disabled = true}}).paused);
}

TEST(SubscriberWishes, OfManyVideosThoseThatMatterGoOn) {
  const auto tile = [](uint32_t height) {
    return WishedTrack{.settings = {.width = height * 16 / 9, .height = height}, .layers = kLayers};
  };
  std::vector<WishedTrack> tracks = {tile(180), tile(180), tile(360), tile(180), tile(180)};
  tracks.push_back({.video = false});
  const auto shown = [&](uint32_t max) {
    std::string out;
    for (const auto& request : SubscriberWishes({.max_videos = max}).requests(tracks)) {
      out += request.paused ? '-' : 'x';
    }
    return out;
  };
  EXPECT_EQ(shown(0), "xxxxxx");
  EXPECT_EQ(shown(5), "xxxxxx");
  EXPECT_EQ(shown(2), "x-x--x") << "the larger, and who came first";
  tracks[4].speaking = true;
  EXPECT_EQ(shown(2), "--x-xx");
  tracks[3].settings.priority = 1;
  EXPECT_EQ(shown(2), "---xxx");
  tracks[1].screen_share = true;
  EXPECT_EQ(shown(2), "-x-x-x");
  tracks[1].settings.disabled = true;
  EXPECT_EQ(shown(2), "---xxx") << "who is hidden takes nobody's place";
}

}  // namespace
}  // namespace turms::livekit
