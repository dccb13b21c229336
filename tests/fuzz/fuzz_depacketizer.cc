// Payloads of all codecs that recordings hold, put together from pieces: the first byte chooses the
// codec, then each piece has its length, whether it ends a frame, and whether something is missing
// before it.
#include <algorithm>
#include <iterator>

#include "base/bytes.h"
#include "record/bit_reader.h"
#include "record/depacketizer.h"
#include "record/opus_frames.h"
#include "record/stream_config.h"
#include "record/video_frames.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::record;
  ByteView rest(data, size);
  const auto byte = [&rest]() -> uint8_t {
    if (rest.empty()) return 0;
    const uint8_t value = rest.front();
    rest = rest.subspan(1);
    return value;
  };
  constexpr rtc::Codec kCodecs[] = {rtc::Codec::kVp8, rtc::Codec::kVp9, rtc::Codec::kAv1,
                                    rtc::Codec::kH264, rtc::Codec::kH265};
  const uint8_t chosen = byte();
  VideoFrames video(kCodecs[chosen % std::size(kCodecs)]);
  OpusFrames audio;
  std::vector<Frame> sound;
  TrackPacket packet;
  bool had_key = false;
  while (!rest.empty()) {
    const uint8_t flags = byte();
    const size_t length = byte();
    const ByteView payload = rest.first(std::min(length, rest.size()));
    rest = rest.subspan(payload.size());
    packet.payload.assign(payload.begin(), payload.end());
    packet.marker = (flags & 1) != 0;
    packet.rtp_time += (flags & 2) != 0 ? 3000 : 0;
    const bool gap = (flags & 4) != 0;
    if (gap) had_key = false;
    if (const auto frame = video.add(packet, gap)) {
      fuzz::check(!frame->data.empty());
      fuzz::check(had_key || frame->key_frame);
      fuzz::check(!frame->key_frame || (frame->width > 0 && frame->height > 0));
      had_key = true;
    }
    if (video.needs_key_frame()) had_key = false;
    const size_t before = sound.size();
    audio.add(packet, sound);
    fuzz::check(sound.size() == before || parse_opus_duration(packet.payload).has_value());
  }
  // What they are made of, alone.
  const ByteView whole(data, size);
  BitReader bits(whole);
  (void)bits.ue();
  (void)parse_vp8_key_frame(whole);
  (void)parse_vp9_frame(whole);
  (void)parse_h264_sps(whole);
  if (const auto sps = parse_h265_sps(whole))
    fuzz::check(make_hvcc(*sps, whole, whole, whole).size() > 23);
  if (const auto sequence = parse_av1_sequence(whole)) fuzz::check(sequence->config.size() > 4);
  return 0;
}
