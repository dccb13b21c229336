// Layers that are left out for want of time.
#include <gtest/gtest.h>

#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;

constexpr rtc::Ssrc kHigh{3333};

class LeftOutLayersTest : public testing::Test {
 protected:
  LeftOutLayersTest() {
    call_.publish.encodings = {{"", kSource, rtc::Ssrc()}, {"", kHigh, rtc::Ssrc()}};
    call_.start();
  }
  /// One frame of each encoding.
  void frames(bool key) {
    ++sequence_;
    for (const rtc::Ssrc layer : {kSource, kHigh}) {
      Bytes payload = Call::vp8(sequence_, key);
      payload.back() = layer == kHigh ? 1 : 0;
      call_.send(Call::header(sequence_, 96, layer), payload);
    }
    call_.advance(33ms);
  }
  /// Of which encoding the latest packet was: 0 or 1, −1: none came.
  int latest() {
    frames(true);
    call_.subscriber.clear();
    frames(false);
    const auto packets = call_.subscriber.of(kOut);
    return packets.empty() ? -1 : packets.back().payload().back();
  }

  Call call_;
  uint16_t sequence_ = 0;
};

TEST_F(LeftOutLayersTest, TheTopGoesAndComesBack) {
  EXPECT_EQ(latest(), 1);
  call_.room.leave_out_layers(call_.now, 1);
  frames(false);
  EXPECT_EQ(call_.subscriber.of(kOut).back().payload().back(), 1) << "until the other's key frame";
  EXPECT_EQ(latest(), 0);
  call_.room.leave_out_layers(call_.now, 0);
  EXPECT_EQ(latest(), 1);
}

TEST_F(LeftOutLayersTest, TheLowestStays) {
  call_.room.leave_out_layers(call_.now, 2);
  EXPECT_EQ(latest(), 0);
}

TEST_F(LeftOutLayersTest, WhoComesLaterGetsNoMore) {
  call_.room.leave_out_layers(call_.now, 1);
  call_.room.remove_send_track(call_.now, kSubscription);
  call_.room.add_send_track(call_.now, call_.subscribe, {});
  EXPECT_EQ(latest(), 0);
}

TEST(LeftOutLayers, OfOneEncodingHalfTheFramesStay) {
  Call call;
  call.start();
  call.frame(0, true);
  RoomEvents events;
  uint16_t sequence = 0;
  const auto forwarded = [&] {
    call.subscriber.clear();
    for (int i = 0; i < 40; ++i) {
      ++sequence;
      call.frame(sequence, false, sequence % 2 == 0 ? 0 : 1);
      call.advance(33ms);
    }
    return call.subscriber.of(kOut).size();
  };
  EXPECT_EQ(forwarded(), 40U);
  call.room.leave_out_layers(call.now, 1);
  EXPECT_EQ(forwarded(), 40U);
  call.room.leave_out_layers(call.now, 2);
  EXPECT_EQ(forwarded(), 20U);
  call.room.leave_out_layers(call.now, 0);
  EXPECT_EQ(forwarded(), 40U);
}

}  // namespace
}  // namespace turms::sfu
