#include "rtc/sdp/negotiate.h"

namespace turms::rtc::sdp {

namespace {

std::string h264_fmtp(int mode, std::string_view profile) {
  return "level-asymmetry-allowed=1;packetization-mode=" + std::to_string(mode) +
         ";profile-level-id=" + std::string(profile);
}

std::vector<CodecCapability> audio_codecs() {
  return {
      {Codec::kOpus, "opus", 48000, 2, "minptime=10;useinbandfec=1", 111, 0},
      {Codec::kRed, "red", 48000, 2, "111/111", 63, 0},
      {Codec::kPcmu, "PCMU", 8000, 1, "", 0, 0},
      {Codec::kPcma, "PCMA", 8000, 1, "", 8, 0},
  };
}

std::vector<CodecCapability> video_codecs() {
  // Payload types stay the same over all m-sections and offers of a peer connection.
  return {
      {Codec::kVp8, "VP8", 90000, 1, "", 96, 97},
      {Codec::kH264, "H264", 90000, 1, h264_fmtp(1, "42e01f"), 102, 103},
      {Codec::kH264, "H264", 90000, 1, h264_fmtp(0, "42e01f"), 104, 105},
      {Codec::kH264, "H264", 90000, 1, h264_fmtp(1, "42001f"), 106, 107},
      {Codec::kH264, "H264", 90000, 1, h264_fmtp(0, "42001f"), 108, 109},
      {Codec::kH264, "H264", 90000, 1, h264_fmtp(1, "4d001f"), 112, 113},
      {Codec::kH264, "H264", 90000, 1, h264_fmtp(0, "4d001f"), 114, 115},
      {Codec::kH264, "H264", 90000, 1, h264_fmtp(1, "640032"), 116, 117},
      {Codec::kH264, "H264", 90000, 1, h264_fmtp(1, "640c1f"), 118, 119},
      {Codec::kVp9, "VP9", 90000, 1, "profile-id=0", 98, 99},
      {Codec::kVp9, "VP9", 90000, 1, "profile-id=2", 100, 101},
      {Codec::kAv1, "AV1", 90000, 1, "level-idx=5;profile=0;tier=0", 120, 121},
      {Codec::kH265, "H265", 90000, 1, "level-id=180;profile-id=1;tier-flag=0;tx-mode=SRST", 124,
       125},
  };
}

Capabilities make_publisher() {
  Capabilities c;
  c.audio = audio_codecs();
  c.video = video_codecs();
  c.audio_extensions = {Extension::kMid, Extension::kAudioLevel, Extension::kTransportSequence,
                        Extension::kAbsCaptureTime};
  c.video_extensions = {Extension::kMid,
                        Extension::kRid,
                        Extension::kRepairedRid,
                        Extension::kTransportSequence,
                        Extension::kDependencyDescriptor,
                        Extension::kAbsCaptureTime};
  const std::string congestion_feedback(kCongestionFeedback);  // where all sections offer it
  c.audio_feedback = {"transport-cc", "nack", congestion_feedback};
  c.video_feedback = {"transport-cc", "ccm fir", "nack", "nack pli", congestion_feedback};
  return c;
}

Capabilities make_subscriber() {
  Capabilities c;
  c.audio = audio_codecs();
  c.video = video_codecs();
  c.audio_extensions = {Extension::kMid, Extension::kAudioLevel, Extension::kTransportSequence,
                        Extension::kAbsCaptureTime};
  c.video_extensions = {Extension::kMid, Extension::kTransportSequence,
                        Extension::kDependencyDescriptor, Extension::kPlayoutDelay,
                        Extension::kAbsCaptureTime};
  c.audio_feedback = {"transport-cc", "nack"};
  c.video_feedback = {"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"};
  return c;
}

}  // namespace

const Capabilities& publisher_capabilities() {
  static const Capabilities capabilities = make_publisher();
  return capabilities;
}

const Capabilities& subscriber_capabilities() {
  static const Capabilities capabilities = make_subscriber();
  return capabilities;
}

}  // namespace turms::rtc::sdp
