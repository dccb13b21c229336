#include "rtc/stream_framing.h"

#include <gtest/gtest.h>

#include <vector>

namespace turms::rtc {
namespace {

Bytes framed(const std::vector<size_t>& sizes) {
  Bytes stream;
  uint8_t mark = 1;
  for (const size_t size : sizes) {
    const auto header = stream_frame_header(size);
    stream.insert(stream.end(), header.begin(), header.end());
    stream.insert(stream.end(), size, mark++);
  }
  return stream;
}

TEST(StreamFraming, TakesDatagramsApartHoweverTheyArrive) {
  const std::vector<size_t> sizes = {20, 0, 1, 1200, StreamFrame::kMaxSize};
  const Bytes stream = framed(sizes);
  for (const size_t step : {size_t{1}, size_t{7}, size_t{1500}, stream.size()}) {
    Bytes received;
    std::vector<size_t> seen;
    for (size_t at = 0; at < stream.size(); at += step) {
      const auto first = stream.begin() + static_cast<ptrdiff_t>(at);
      received.insert(received.end(), first,
                      first + static_cast<ptrdiff_t>(std::min(step, stream.size() - at)));
      for (StreamFrame frame = next_stream_frame(received);
           frame.kind == StreamFrame::Kind::kDatagram; frame = next_stream_frame(received)) {
        ASSERT_EQ(frame.total, frame.offset + frame.size);
        for (size_t i = 0; i < frame.size; ++i) {
          ASSERT_EQ(received[frame.offset + i], seen.size() + 1);
        }
        seen.push_back(frame.size);
        received.erase(received.begin(), received.begin() + static_cast<ptrdiff_t>(frame.total));
      }
      ASSERT_EQ(next_stream_frame(received).kind, StreamFrame::Kind::kNeedMore);
    }
    EXPECT_EQ(seen, sizes);
    EXPECT_TRUE(received.empty());
  }
}

TEST(StreamFraming, RefusesMoreThanADatagramAtItsHeader) {
  const Bytes stream = framed({StreamFrame::kMaxSize + 1});
  EXPECT_EQ(next_stream_frame(ByteView(stream).first(1)).kind, StreamFrame::Kind::kNeedMore);
  EXPECT_EQ(next_stream_frame(ByteView(stream).first(2)).kind, StreamFrame::Kind::kInvalid);
}

}  // namespace
}  // namespace turms::rtc
