// Bodies of PATCH requests of WHIP clients: parsed, written, and read again.
#include "base/bytes.h"
#include "rtc/sdp/fragment.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::rtc;
  const auto fragment = sdp::parse_fragment(as_text(ByteView(data, size)));
  if (!fragment) return 0;
  fuzz::check(fragment->sections.size() == 1);
  fuzz::check(!fragment->sections.front().mid.empty());
  const std::string written = sdp::serialize_fragment(*fragment);
  // A section that its BUNDLE group leaves out, or that has port 0, has no transport to tell.
  if (("\r\n" + written).find("\r\nm=") == std::string::npos) return 0;
  const auto again = sdp::parse_fragment(written);
  fuzz::check(again.has_value());
  fuzz::check(again->sections.front().ice.ufrag == fragment->sections.front().ice.ufrag);
  fuzz::check(again->sections.front().candidates.size() ==
              fragment->sections.front().candidates.size());
  return 0;
}
