#include "rtc/parameters.h"

namespace turms::rtc {

const char* mime_type(Codec codec) {
  switch (codec) {
    case Codec::kOpus:
      return "audio/opus";
    case Codec::kRed:
      return "audio/red";
    case Codec::kPcmu:
      return "audio/PCMU";
    case Codec::kPcma:
      return "audio/PCMA";
    case Codec::kVp8:
      return "video/VP8";
    case Codec::kH264:
      return "video/H264";
    case Codec::kVp9:
      return "video/VP9";
    case Codec::kAv1:
      return "video/AV1";
    case Codec::kH265:
      return "video/H265";
  }
  return "";
}

}  // namespace turms::rtc
