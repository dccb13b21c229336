#pragma once

#include <optional>

#include "rtc/sdp/negotiate.h"

/// What both sides of a negotiation share: comparing formats, and filling in our transport.
namespace turms::rtc::sdp {

std::optional<Codec> codec_of(const PayloadFormat& format);
/// Same codec, and for codecs with profiles the same profile (H264: and packetization mode).
bool same_format(const PayloadFormat& format, const CodecCapability& capability);
/// Whether packets of `source` may be sent under this format of ours.
bool carries(const CodecCapability& capability, const CodecParameters& source);
/// a=msid and a=ssrc of a section in which we send this.
void put_track(MediaSection& section, const SentTrack& track);
bool is_rtx_for(const PayloadFormat& format, uint8_t payload_type);

/// ICE, DTLS and candidates of a section of ours.
void put_transport(MediaSection& section, const LocalTransport& transport, Setup setup);

/// The section whose transport all bundled ones use: the first of the BUNDLE group that is not
/// rejected, or without a group the only usable one.
const MediaSection* tagged_section(const SessionDescription& description);

/// Formats of `section` bound to their RTX, as the media workers take them.
CodecParameters codec_parameters_of(const MediaSection& section, const PayloadFormat& format,
                                    Codec codec);

inline MediaKind kind_of(MediaType type) {
  return type == MediaType::kAudio ? MediaKind::kAudio : MediaKind::kVideo;
}

}  // namespace turms::rtc::sdp
