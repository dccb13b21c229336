#include "app/room_stats_text.h"

#include <gtest/gtest.h>

namespace turms::app {
namespace {

TEST(RoomStatsText, ALineForEachTrackThatSaysWhy) {
  const auto text = room_stats_text(R"({"room":"lounge","sid":"RM_1","truncated":false,
    "participants":[
      {"identity":"1","sid":"PA_1","name":"alice","path":null,"subscriptions":[],"published":[
        {"track":"TR_1","source":"camera","codec":"VP8","muted":false,"layers":[
          {"active":true,"bits_per_second":150400,"packets_lost":2,"frames_per_second":29.9,
           "layer":{"spatial":0,"width":320,"height":180}},
          {"active":false,"bits_per_second":0,"layer":{"spatial":1,"width":640,"height":360}}]},
        {"track":"TR_2","source":"microphone","codec":"opus","muted":true,"layers":[
          {"active":false,"bits_per_second":0}]}]},
      {"identity":"bob","sid":"PA_2","name":"","published":[],
       "path":{"estimate_bits_per_second":540000,"wanted_bits_per_second":2100000,
               "allocated_bits_per_second":150000,"limited_by":"delay","loss":0.0151,
               "round_trip_ms":40.2,"queue_ms":3,"pacer_ms":2},
       "subscriptions":[
        {"track":"TR_1","publisher":"1","source":"camera","limit":"network",
         "why":"320x180 of 1280x720: the network carries 540 kbit/s","bits_per_second":148000,
         "packets":900,"packets_lost":9,"resends":3,"key_frame_requests":1}]}]})");
  ASSERT_TRUE(text);
  EXPECT_EQ(*text,
            "alice (1)\n"
            "  publishes camera TR_1 VP8: 320x180 30/s 150 kbit/s 2 lost, 640x360 not sent\n"
            "  publishes microphone TR_2 opus, muted: not sent\n"
            "bob: path 540 kbit/s by delay; wants 2.1 Mbit/s, has 150 kbit/s; loss 1.5 %, round "
            "trip 40 ms, queue 5 ms\n"
            "  camera of 1: 320x180 of 1280x720: the network carries 540 kbit/s; 148 kbit/s, 9 of "
            "900 packets lost, 3 sent again, 1 key frames asked for\n");
}

TEST(RoomStatsText, Rooms) {
  EXPECT_EQ(room_list_text(R"({"rooms":[{"room":"lounge","participants":3,"publishers":2}]})"),
            "lounge\t3 participants, 2 of them publish\n");
  EXPECT_EQ(room_list_text(R"({"rooms":[]})"), "");
}

TEST(RoomStatsText, WhatIsNoAnswerIsRefused) {
  for (const char* nonsense : {"", "<html>", "[]", "{}", R"({"error":"x"})"}) {
    EXPECT_FALSE(room_stats_text(nonsense)) << nonsense;
    EXPECT_FALSE(room_list_text(nonsense)) << nonsense;
  }
  // Of another version: what is missing is left out.
  EXPECT_TRUE(room_stats_text(R"({"participants":[{},7,{"path":{},"subscriptions":[{}]}]})"));
}

}  // namespace
}  // namespace turms::app
