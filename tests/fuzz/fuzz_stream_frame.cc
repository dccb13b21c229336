// RFC 4571 frames of a stream, in pieces of any size: the same datagrams however they arrive.
#include <algorithm>
#include <vector>

#include "rtc/stream_framing.h"
#include "tests/fuzz/check.h"

using namespace turms;

namespace {

std::vector<Bytes> datagrams(ByteView stream, size_t step) {
  std::vector<Bytes> out;
  Bytes waiting;
  for (size_t at = 0; at < stream.size(); at += step) {
    const ByteView piece = stream.subspan(at, std::min(step, stream.size() - at));
    waiting.insert(waiting.end(), piece.begin(), piece.end());
    while (true) {
      const rtc::StreamFrame frame = rtc::next_stream_frame(waiting);
      if (frame.kind == rtc::StreamFrame::Kind::kInvalid) return out;
      if (frame.kind == rtc::StreamFrame::Kind::kNeedMore) break;
      fuzz::check(frame.offset + frame.size == frame.total && frame.total <= waiting.size());
      fuzz::check(frame.size <= rtc::StreamFrame::kMaxSize);
      const auto first = waiting.begin() + static_cast<ptrdiff_t>(frame.offset);
      out.emplace_back(first, first + static_cast<ptrdiff_t>(frame.size));
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<ptrdiff_t>(frame.total));
    }
    fuzz::check(waiting.size() < rtc::StreamFrame::kHeaderSize + rtc::StreamFrame::kMaxSize);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView stream(data, size);
  const auto whole = datagrams(stream, std::max<size_t>(size, 1));
  fuzz::check(datagrams(stream, 7) == whole);
  Bytes again;
  for (const Bytes& datagram : whole) {
    const auto header = rtc::stream_frame_header(datagram.size());
    again.insert(again.end(), header.begin(), header.end());
    again.insert(again.end(), datagram.begin(), datagram.end());
  }
  fuzz::check(again.size() <= size && std::equal(again.begin(), again.end(), data));
  return 0;
}
