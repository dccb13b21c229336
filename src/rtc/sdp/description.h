#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rtc/parameters.h"

/// Session descriptions (RFC 8866) as WebRTC uses them (JSEP, RFC 9429): parsed into values,
/// written from values. What a description means is for negotiate.h.
namespace turms::rtc::sdp {

/// Bounds of parse(): a larger description is refused.
inline constexpr size_t kMaxDescriptionSize = 1 << 20;
/// A subscriber has a section for each track it receives: those of the other 99 members of a
/// meeting as large as it is by default, each with a microphone, a camera, and a screen with its
/// sound, make 396; the rest is for sections that cannot be reused yet and for data channels.
inline constexpr size_t kMaxSections = 512;
inline constexpr size_t kMaxLineSize = 8192;
/// Of one list of ICE options; browsers write up to two ("trickle renomination").
inline constexpr size_t kMaxIceOptions = 16;
inline constexpr size_t kMaxIceOptionSize = 64;
inline constexpr size_t kMaxExtensionUriSize = 256;
/// Of one format; browsers write five, the longest of 12 characters.
inline constexpr size_t kMaxFeedbackPerFormat = 16;
inline constexpr size_t kMaxFeedbackSize = 64;
/// What the session level says for silent sections, and a=rtcp-fb:* for all formats of one, is
/// copied to each: together at most so many bytes. The 13 extensions of a browser, were they said
/// once for kMaxSections, come to less than a quarter of it.
inline constexpr size_t kMaxCopiedSize = 4 << 20;
inline constexpr size_t kMaxMidSize = 255;
inline constexpr size_t kMaxOddities = 8;

/// kOther: anything that WebRTC has no use for, as "text"; rejected where it is offered.
enum class MediaType : uint8_t { kAudio, kVideo, kApplication, kOther };
const char* to_string(MediaType type);

enum class Direction : uint8_t { kSendRecv, kSendOnly, kRecvOnly, kInactive };
const char* to_string(Direction direction);
inline bool sends(Direction d) {
  return d == Direction::kSendRecv || d == Direction::kSendOnly;
}
inline bool receives(Direction d) {
  return d == Direction::kSendRecv || d == Direction::kRecvOnly;
}
/// The same as seen from the other side.
Direction reversed(Direction direction);

/// a=setup (RFC 8842).
enum class Setup : uint8_t { kActpass, kActive, kPassive };

/// a=rtpmap with its a=fmtp and a=rtcp-fb lines.
struct PayloadFormat {
  uint8_t payload_type = 0;
  std::string name;  // as written: "VP8", "opus", "rtx"
  uint32_t clock_rate = 0;
  uint8_t channels = 1;
  std::string fmtp;                   // without the payload type; empty: none
  std::vector<std::string> feedback;  // "nack", "nack pli", "transport-cc"
};

/// RFC 8888 section 6: of all formats of a section or of none, "a=rtcp-fb:* ack ccfb".
inline constexpr std::string_view kCongestionFeedback = "ack ccfb";

/// One parameter of an fmtp ("apt=96;x=1"); the name compares without case.
std::optional<std::string_view> fmtp_parameter(std::string_view fmtp, std::string_view name);

/// a=extmap (RFC 8285).
struct ExtensionEntry {
  uint8_t id = 0;
  std::string uri;
  std::optional<Direction> direction;
};

/// a=ssrc lines of one SSRC (RFC 5576).
struct SsrcEntry {
  Ssrc ssrc;
  std::string cname;
  std::string msid;  // "<stream> <track>"
};
struct SsrcGroup {
  std::string semantics;  // "FID", "SIM"
  std::vector<Ssrc> ssrcs;
};

/// a=msid (RFC 8830): "-" as stream means none.
struct Msid {
  std::string stream;
  std::string track;
};

/// a=rid (RFC 8851).
struct Rid {
  std::string id;
  bool send = true;
  std::string restrictions;
};

/// One simulcast stream of a=simulcast (RFC 8853): alternatives, most preferred first.
struct SimulcastStream {
  struct Alternative {
    std::string rid;
    bool paused = false;
  };
  std::vector<Alternative> alternatives;
};
struct Simulcast {
  std::vector<SimulcastStream> send;
  std::vector<SimulcastStream> receive;
};

/// a=candidate (RFC 8839 section 5.1).
struct Candidate {
  std::string foundation;
  uint16_t component = 1;
  std::string protocol = "udp";  // lower case
  uint32_t priority = 0;
  std::string address;  // IP or host name (mDNS)
  uint16_t port = 0;
  std::string type = "host";
  std::string tcp_type;  // "active", "passive", "so" for TCP
};
/// With or without "a=" and "candidate:" before it: the form of a=candidate and of
/// RTCIceCandidateInit.
Result<Candidate> parse_candidate(std::string_view text);
/// "candidate:…", without "a=".
std::string to_string(const Candidate& candidate);
/// A host candidate for component 1 over UDP: RFC 8445 section 5.1.2 priority, `preference` 65535
/// the most wanted.
Candidate host_candidate(std::string address, uint16_t port, uint16_t preference = 65535);
/// A passive host candidate over TCP (RFC 6544 section 4.2), behind all over UDP. `rank` 0 is the
/// most wanted of those; at most 8191.
Candidate tcp_candidate(std::string address, uint16_t port, uint16_t rank = 0);

struct MediaSection {
  MediaType type = MediaType::kAudio;
  /// Why nothing can be made of the section, empty when something can: its m-line or its mid does
  /// not parse. It is to be rejected.
  std::string unusable;
  std::string m_line;    // of an unusable section, as written: an answer repeats it
  uint16_t port = 9;     // 0: rejected, or (with bundle_only) bundled
  std::string protocol;  // "UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP"
  std::string mid;
  Direction direction = Direction::kSendRecv;

  // Transport. Parsed: with what the session level says where the section is silent.
  IceCredentials ice;
  std::vector<std::string> ice_options;
  std::vector<Candidate> candidates;
  bool end_of_candidates = false;
  std::optional<DtlsFingerprint> fingerprint;
  std::optional<Setup> setup;

  bool rtcp_mux = false;
  bool rtcp_reduced_size = false;
  bool bundle_only = false;
  bool extmap_allow_mixed = false;

  std::vector<PayloadFormat> formats;  // in the order of the m-line
  std::vector<ExtensionEntry> extensions;
  std::optional<Msid> msid;
  std::vector<SsrcEntry> ssrcs;
  std::vector<SsrcGroup> ssrc_groups;
  std::vector<Rid> rids;
  std::optional<Simulcast> simulcast;

  // Application sections (RFC 8841).
  uint16_t sctp_port = 0;
  uint64_t max_message_size = 0;  // 0: not said

  [[nodiscard]] bool rejected() const { return port == 0 && !bundle_only; }
  [[nodiscard]] bool usable() const { return unusable.empty() && !rejected(); }
};

struct SessionDescription {
  uint64_t session_id = 0;
  uint64_t session_version = 0;
  std::string session_name = "-";
  bool ice_lite = false;
  bool extmap_allow_mixed = false;
  std::vector<std::string> bundle;  // mids of the first BUNDLE group
  bool has_bundle = false;
  std::string msid_semantic;  // "WMS *" or empty: not written
  /// Lines that parse() skipped since it could not read them: number and what is wrong, the first
  /// kMaxOddities of them.
  std::vector<std::string> oddities;
  std::vector<MediaSection> sections;

  [[nodiscard]] const MediaSection* find(std::string_view mid) const;
};

/// Takes what it can: a line that does not parse is skipped and noted, a section whose m-line or
/// mid does not parse is unusable. kInvalidArgument, with the number of the line and what is wrong
/// with it, for what is no description at all or breaks a bound of the whole. Attributes and line
/// types this code has no use for are skipped silently.
Result<SessionDescription> parse(std::string_view text);

/// With CRLF line ends, attributes in the order Chromium writes them.
std::string serialize(const SessionDescription& description);
/// Its parts: what stands before the sections, and one section.
std::string serialize_head(const SessionDescription& description);
std::string serialize(const MediaSection& section);

}  // namespace turms::rtc::sdp
