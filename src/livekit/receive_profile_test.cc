#include "livekit/receive_profile.h"

#include <gtest/gtest.h>

namespace turms::livekit {
namespace {

using Mode = ReceiveProfile::Mode;

TEST(ReceiveProfile, IsRead) {
  const auto profile = parse_receive_profile(
      R"({"mode":"saver","max_kbps":500,"max_px":57600,"max_fps":15,"max_videos":2,)"
      R"("reason":"battery","later":{"x":[1]}})");
  ASSERT_TRUE(profile);
  EXPECT_EQ(*profile, (ReceiveProfile{Mode::kSaver, 500, 57600, 15, 2, "battery"}));
  EXPECT_EQ(parse_receive_profile("{}"), ReceiveProfile{});
  EXPECT_EQ(parse_receive_profile(R"({"mode":"audio"})")->mode, Mode::kAudio);
  EXPECT_EQ(parse_receive_profile(R"({"mode":"auto","max_fps":0})"), ReceiveProfile{});
}

TEST(ReceiveProfile, AnythingElseIsRefused) {
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("saver"), std::string(R"({"mode":1})"),
        std::string(R"({"mode":"off"})"), std::string(R"({"max_kbps":-1})"),
        std::string(R"({"max_px":1.5})"), std::string(R"({"max_fps":"15"})"),
        std::string(R"({"max_videos":4294967296})"), std::string(R"({"reason":7})"),
        R"({"reason":")" + std::string(65, 'x') + "\"}", std::string(R"({"mode":"auto"} x)"),
        std::string(R"({"mode":"auto","mode":"audio"})"),
        std::string("{}") + std::string(1023, ' ')}) {
    EXPECT_FALSE(parse_receive_profile(text)) << text;
  }
}

}  // namespace
}  // namespace turms::livekit
