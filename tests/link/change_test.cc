#include "link/change.h"

#include <gtest/gtest.h>

namespace turms::link {
namespace {

TEST(ChangeTest, NamesWhatItChangesOfEachDirection) {
  Profiles profiles;
  profiles.up.loss = 0.5;
  ASSERT_TRUE(apply_change(R"({"both": {"delay_ms": 12.5, "queue_ms": 200},
      "up": {"policer_kbps": 256, "policer_burst_bytes": 9000, "duplicate": 0.25},
      "down": {"rate_kbps": 700, "queue_bytes": 5000, "loss": 1, "burst_start": 0.1, "burst_length": 4,
               "jitter_ms": 3, "reorder": 0.5, "reorder_ms": 7, "hold": true}})",
                           profiles));
  EXPECT_EQ(profiles.up.delay, 12500us);
  EXPECT_EQ(profiles.up.queue_time, 200ms);
  EXPECT_EQ(profiles.up.policer_bits_per_second, 256'000u);
  EXPECT_EQ(profiles.up.policer_burst_bytes, 9000u);
  EXPECT_EQ(profiles.up.duplicate, 0.25);
  EXPECT_EQ(profiles.up.loss, 0.5);
  EXPECT_EQ(profiles.up.bits_per_second, 0u);
  EXPECT_EQ(profiles.down.delay, 12500us);
  EXPECT_EQ(profiles.down.bits_per_second, 700'000u);
  EXPECT_EQ(profiles.down.queue_bytes, 5000u);
  EXPECT_EQ(profiles.down.loss, 1);
  EXPECT_EQ(profiles.down.burst_start, 0.1);
  EXPECT_EQ(profiles.down.burst_length, 4);
  EXPECT_EQ(profiles.down.jitter, 3ms);
  EXPECT_EQ(profiles.down.reorder, 0.5);
  EXPECT_EQ(profiles.down.reorder_delay, 7ms);
  EXPECT_TRUE(profiles.down.hold);
}

TEST(ChangeTest, ChangesNothingWhenItIsWrong) {
  for (const char* wrong :
       {"", "[]", "{", R"({"side": {}})", R"({"up": 5})", R"({"up": {"speed": 5}})",
        R"({"up": {"loss": 1.5}})", R"({"up": {"loss": "much"}})", R"({"up": {"rate_kbps": -1}})",
        R"({"up": {"rate_kbps": 1e300}})", R"({"up": {"burst_length": 0}})",
        R"({"up": {"hold": 1}})", R"({"up": {"delay_ms": 5}, "down": {"delay": 5}})"}) {
    Profiles profiles;
    EXPECT_FALSE(apply_change(wrong, profiles)) << wrong;
    EXPECT_EQ(profiles.up.delay, 0ms) << wrong;
  }
}

TEST(ChangeTest, SaysWhen) {
  EXPECT_EQ(change_time(R"({"up": {}})"), Duration{});
  EXPECT_EQ(change_time(R"({"at_ms": 1500})"), 1500ms);
  EXPECT_FALSE(change_time(R"({"at_ms": -1})"));
  EXPECT_FALSE(change_time("no"));
}

TEST(ChangeTest, DescribesALink) {
  ShapedLink link({.bits_per_second = 8'000'000, .delay = 20ms}, 1);
  link.send(TimePoint{}, {Bytes(1000)});
  ASSERT_TRUE(link.receive(TimePoint{} + 21ms));
  EXPECT_EQ(describe(link, link.take_longest_queued()),
            R"({"rate_kbps":8000,"delay_ms":20,"packets_in":1,"bytes_in":1000,"packets_carried":1,)"
            R"("bytes_carried":1000,"packets_out":1,"bytes_out":1000,"policed":0,"queue_full":0,)"
            R"("lost":0,"overflow":0,"queued_us":1000,"longest_queued_us":1000})");
}

}  // namespace
}  // namespace turms::link
