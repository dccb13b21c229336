#include "livekit/egress_paths.h"

#include <gtest/gtest.h>

namespace turms::livekit {
namespace {

TEST(EgressPaths, NamesAreFilledIn) {
  PathValues values{{"room_name", "lounge"}, {"track_id", "TR_1"}};
  add_time(values, WallTime{1'700'000'000'000});
  EXPECT_EQ(recording_path("{room_name}/{track_id}-{time}.mp4", "x", values),
            "lounge/TR_1-2023-11-14T221320");
  EXPECT_EQ(recording_path("", "{track_id}-{utc}", values), "TR_1-20231114221320");
  EXPECT_EQ(recording_path("in/", "{track_id}", values), "in/TR_1");
  EXPECT_EQ(recording_path("{unknown}", "x", values), "{unknown}");
  EXPECT_EQ(recording_path("half{open", "x", values), "half{open");
}

TEST(EgressPaths, NobodyLeadsOutOfTheDirectory) {
  for (const char* const path :
       {"/etc/passwd", "../up", "a/../../up", ".hidden", "a//b", "a/./b"}) {
    EXPECT_FALSE(recording_path(path, "x", {})) << path;
  }
  // What users chose stays one part of a name.
  EXPECT_EQ(recording_path("{room_name}", "x", {{"room_name", "../../etc/passwd"}}),
            "_.._.._etc_passwd");
  EXPECT_EQ(recording_path("a/{room_name}", "x", {{"room_name", ""}}), "a/_");
  EXPECT_EQ(recording_path("{room_name}", "x", {{"room_name", "会议 1"}}), "会议_1");
  EXPECT_EQ(recording_path("{room_name}", "x", {{"room_name", std::string(500, 'a')}}),
            std::string(100, 'a'));
  // Nor is a character cut through.
  std::string long_name;
  for (int i = 0; i < 50; ++i) long_name += "会";
  EXPECT_EQ(recording_path("{room_name}", "x", {{"room_name", long_name}}),
            long_name.substr(0, 99));
}

}  // namespace
}  // namespace turms::livekit
