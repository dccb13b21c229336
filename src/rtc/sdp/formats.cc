#include "rtc/sdp/formats.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rtc/sdp/text.h"

namespace turms::rtc::sdp {

namespace {

constexpr std::array<std::pair<Extension, const char*>, kExtensionCount> kExtensionUris{{
    {Extension::kMid, "urn:ietf:params:rtp-hdrext:sdes:mid"},
    {Extension::kRid, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"},
    {Extension::kRepairedRid, "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"},
    {Extension::kAudioLevel, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"},
    {Extension::kTransportSequence,
     "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"},
    {Extension::kAbsSendTime, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"},
    {Extension::kDependencyDescriptor,
     "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"},
    {Extension::kVideoOrientation, "urn:3gpp:video-orientation"},
    {Extension::kPlayoutDelay, "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"},
    {Extension::kAbsCaptureTime, "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"},
}};

constexpr std::array<std::pair<const char*, Codec>, 9> kCodecNames{{
    {"opus", Codec::kOpus},
    {"red", Codec::kRed},
    {"PCMU", Codec::kPcmu},
    {"PCMA", Codec::kPcma},
    {"VP8", Codec::kVp8},
    {"H264", Codec::kH264},
    {"VP9", Codec::kVp9},
    {"AV1", Codec::kAv1},
    {"H265", Codec::kH265},
}};

enum class H264Profile { kBaseline, kConstrainedBaseline, kMain, kHigh, kConstrainedHigh, kOther };

/// RFC 6184 section 8.1, table 5: profile_idc and the constraint flags that matter.
H264Profile h264_profile(std::string_view fmtp) {
  // Without the parameter: baseline, level 1.
  std::string_view id = fmtp_parameter(fmtp, "profile-level-id").value_or("42000a");
  uint32_t value = 0;
  auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), value, 16);
  if (error != std::errc() || end != id.data() + id.size() || id.size() != 6) {
    return H264Profile::kOther;
  }
  uint32_t profile = value >> 16;
  uint32_t flags = value >> 8 & 0xFF;
  if (profile == 0x42) {
    return (flags & 0x40) != 0 ? H264Profile::kConstrainedBaseline : H264Profile::kBaseline;
  }
  if (profile == 0x4D) {
    return (flags & 0x80) != 0 ? H264Profile::kConstrainedBaseline : H264Profile::kMain;
  }
  if (profile == 0x64) {
    return (flags & 0x0C) == 0x0C ? H264Profile::kConstrainedHigh : H264Profile::kHigh;
  }
  return H264Profile::kOther;
}

bool same_parameter(std::string_view a, std::string_view b, std::string_view name,
                    std::string_view otherwise) {
  return fmtp_parameter(a, name).value_or(otherwise) == fmtp_parameter(b, name).value_or(otherwise);
}

}  // namespace

const char* extension_uri(Extension extension) {
  return kExtensionUris[static_cast<size_t>(extension)].second;
}

std::optional<Extension> extension_of(std::string_view uri) {
  for (const auto& [extension, known] : kExtensionUris) {
    if (uri == known) return extension;
  }
  return std::nullopt;
}

std::optional<Codec> codec_of(const PayloadFormat& format) {
  for (const auto& [name, codec] : kCodecNames) {
    if (text::equal_ignoring_case(format.name, name)) return codec;
  }
  return std::nullopt;
}

bool same_format(const PayloadFormat& format, const CodecCapability& capability) {
  if (!text::equal_ignoring_case(format.name, capability.name)) return false;
  if (format.clock_rate != capability.clock_rate) return false;
  // "red/48000" without channels is found in the wild.
  if (capability.codec == Codec::kRed) return true;
  // So is "opus/48000", though RFC 7587 section 7 has it that there are always two.
  if (capability.codec == Codec::kOpus && format.channels <= 2) return true;
  if (format.channels != capability.channels) return false;
  switch (capability.codec) {
    case Codec::kH264:
      return same_parameter(format.fmtp, capability.fmtp, "packetization-mode", "0") &&
             h264_profile(format.fmtp) == h264_profile(capability.fmtp);
    case Codec::kVp9:
      return same_parameter(format.fmtp, capability.fmtp, "profile-id", "0");
    case Codec::kH265:  // RFC 7798 section 7.1
      return same_parameter(format.fmtp, capability.fmtp, "profile-id", "1") &&
             same_parameter(format.fmtp, capability.fmtp, "tx-mode", "SRST");
    case Codec::kAv1:
      return same_parameter(format.fmtp, capability.fmtp, "profile", "0");
    default:
      return true;
  }
}

bool carries(const CodecCapability& capability, const CodecParameters& source) {
  if (source.codec != capability.codec) return false;
  PayloadFormat format;
  format.name = capability.name;
  format.clock_rate = capability.clock_rate;
  format.channels = capability.channels;
  format.fmtp = source.fmtp;
  return same_format(format, capability);
}

void put_track(MediaSection& section, const SentTrack& track) {
  section.msid = Msid{track.stream_id, track.track_id};
  const std::string msid = track.stream_id + " " + track.track_id;
  if (track.rtx_ssrc) section.ssrc_groups.push_back({"FID", {track.ssrc, track.rtx_ssrc}});
  section.ssrcs.push_back({track.ssrc, track.cname, msid});
  if (track.rtx_ssrc) section.ssrcs.push_back({track.rtx_ssrc, track.cname, msid});
}

bool is_rtx_for(const PayloadFormat& format, uint8_t payload_type) {
  if (!text::equal_ignoring_case(format.name, "rtx")) return false;
  auto apt = fmtp_parameter(format.fmtp, "apt");
  return apt && text::number<uint8_t>(*apt) == payload_type;
}

void put_transport(MediaSection& section, const LocalTransport& transport, Setup setup) {
  section.ice = transport.ice;
  section.fingerprint = transport.fingerprint;
  section.setup = setup;
  section.candidates = transport.candidates;
  section.end_of_candidates = !transport.candidates.empty();
  if (transport.candidates.empty()) section.ice_options = {"trickle"};
}

const MediaSection* tagged_section(const SessionDescription& description) {
  for (const std::string& mid : description.bundle) {
    const MediaSection* section = description.find(mid);
    if (section != nullptr && section->usable()) return section;
  }
  if (description.has_bundle) return nullptr;
  for (const MediaSection& section : description.sections) {
    if (section.usable()) return &section;
  }
  return nullptr;
}

Result<RemoteTransport> remote_transport(const SessionDescription& description) {
  const MediaSection* section = tagged_section(description);
  if (section == nullptr) return fail(ErrorCode::kInvalidArgument, "no usable m-section");
  if (section->ice.ufrag.empty() || section->ice.password.empty()) {
    return fail(ErrorCode::kInvalidArgument, "no ICE credentials");
  }
  if (!section->fingerprint)
    return fail(ErrorCode::kInvalidArgument, "no fingerprint that can be compared");
  RemoteTransport remote;
  remote.ice = section->ice;
  remote.fingerprint = *section->fingerprint;
  remote.candidates = section->candidates;
  remote.local_role = section->setup == Setup::kPassive ? DtlsRole::kClient : DtlsRole::kServer;
  return remote;
}

CodecParameters codec_parameters_of(const MediaSection& section, const PayloadFormat& format,
                                    Codec codec) {
  CodecParameters out;
  out.codec = codec;
  out.payload_type = format.payload_type;
  out.clock_rate = format.clock_rate;
  out.channels = format.channels;
  out.fmtp = format.fmtp;
  for (const std::string& feedback : format.feedback) {
    if (feedback == "nack") out.nack = true;
    if (feedback == "nack pli") out.pli = true;
    if (feedback == "transport-cc") out.transport_cc = true;
    if (feedback == kCongestionFeedback) out.congestion_feedback = true;
  }
  for (const PayloadFormat& other : section.formats) {
    if (is_rtx_for(other, format.payload_type)) out.rtx_payload_type = other.payload_type;
  }
  return out;
}

std::vector<CodecParameters> codec_parameters(const MediaSection& section) {
  std::vector<CodecParameters> out;
  for (const PayloadFormat& format : section.formats) {
    if (auto codec = codec_of(format)) out.push_back(codec_parameters_of(section, format, *codec));
  }
  return out;
}

ExtensionMap extension_map(const MediaSection& section) {
  ExtensionMap map;
  for (const ExtensionEntry& entry : section.extensions) {
    if (auto extension = extension_of(entry.uri)) map.set(*extension, entry.id);
  }
  return map;
}

}  // namespace turms::rtc::sdp
