// What clients say they wish to receive.
#include "base/bytes.h"
#include "livekit/receive_profile.h"
#include "livekit/subscriber_wishes.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  const auto profile = livekit::parse_receive_profile(as_text(ByteView(data, size)));
  if (!profile) return 0;
  fuzz::check(profile->reason.size() <= livekit::ReceiveProfile::kMaxReason);
  const livekit::SubscriberWishes wishes(*profile);
  const livekit::WishedTrack tracks[2];
  size_t shown = 0;
  for (const auto& request : wishes.requests(tracks)) shown += request.paused ? 0 : 1;
  fuzz::check(!wishes.counts_videos() || shown <= wishes.profile().max_videos);
  return 0;
}
