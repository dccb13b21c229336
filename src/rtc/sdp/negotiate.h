#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rtc/parameters.h"
#include "rtc/sdp/description.h"

/// Offer and answer as pure functions (RFC 9429, RFC 3264): descriptions and what we can do in,
/// descriptions and parameters for the media workers out.
namespace turms::rtc::sdp {

const char* extension_uri(Extension extension);
std::optional<Extension> extension_of(std::string_view uri);

/// A payload format we take part in.
struct CodecCapability {
  Codec codec = Codec::kOpus;
  std::string name;  // of rtpmap
  uint32_t clock_rate = 90000;
  uint8_t channels = 1;
  std::string fmtp;
  uint8_t payload_type = 0;      // in our offers; an answer takes the offer's
  uint8_t rtx_payload_type = 0;  // 0: no RTX
};

/// What one peer connection may negotiate.
struct Capabilities {
  std::vector<CodecCapability> audio;
  std::vector<CodecCapability> video;
  std::vector<Extension> audio_extensions;
  std::vector<Extension> video_extensions;
  std::vector<std::string> audio_feedback;
  std::vector<std::string> video_feedback;
};

/// Opus, RED, VP8, H264 (baseline, constrained baseline, main, high; packetization mode 1 and 0),
/// VP9 profiles 0 and 2, AV1, RTX for each video format. The publisher's extensions leave out video
/// orientation, so that clients rotate before they encode and every subscriber sees it upright.
const Capabilities& publisher_capabilities();
const Capabilities& subscriber_capabilities();

/// Our side of a transport.
struct LocalTransport {
  IceCredentials ice;
  DtlsFingerprint fingerprint;
  /// Written into every bundled section, with end-of-candidates. Empty: they are trickled.
  std::vector<Candidate> candidates;
  bool ice_lite = true;
};

/// The other side of a transport, for media::Engine.
struct RemoteTransport {
  IceCredentials ice;
  DtlsFingerprint fingerprint;
  DtlsRole local_role = DtlsRole::kServer;
  std::vector<Candidate> candidates;
};

/// An accepted application section. Data channels run over it once both sides support them.
struct DataSection {
  std::string mid;
  uint16_t remote_sctp_port = 0;
  uint64_t remote_max_message_size = 0;  // RFC 8841 section 6: 65536 when not said
};
inline constexpr uint16_t kSctpPort = 5000;
inline constexpr uint64_t kMaxMessageSize = 262144;

/// What is sent in one m-section.
struct SentTrack {
  MediaKind kind = MediaKind::kAudio;
  /// a=msid. A browser keeps the id of a reused m-line's track for ever, so who receives must find
  /// the track by `stream_id` (LiveKit clients do, when it is "PA_…|TR_…").
  std::string stream_id;
  /// In place of it when set, for a track whose browser plays it in step with others of the stream:
  /// only in a section that had no other track, where its id is heard.
  std::string shared_stream_id;
  std::string track_id;
  std::string cname;
  Ssrc ssrc;
  Ssrc rtx_ssrc;  // 0: none
  /// What its publisher may send, what it sends now first. Offered, and accepted, is one format for
  /// each codec of these: the first that can carry it (H264 by profile and packetization mode), so
  /// that a publisher may change its codec without another negotiation. Empty: all of the kind.
  std::vector<CodecParameters> codecs;
  bool stereo = false;  // says sprop-stereo=1 for Opus
};

/// One section with a track of ours as the other side accepted it.
struct AcceptedSection {
  std::string mid;
  MediaKind kind = MediaKind::kAudio;
  bool receiving = false;  // false: rejected or inactive; send nothing
  std::vector<CodecParameters> codecs;
  ExtensionMap extensions;
};

// --- (a) The client offers, we answer

/// What to do with one m-section of the offer, by mid. Sections without a decision are accepted as
/// they come.
struct SectionDecision {
  std::string mid;
  /// false: rejected with port 0. A browser never uses such an m-line again; to pause a track use
  /// the description's direction or the SFU instead.
  bool accept = true;
  /// Most wanted first; formats of these codecs lead the answer in this order (what leads is what
  /// the client sends), the other acceptable ones follow.
  std::vector<Codec> preferred;
  /// Only `preferred` and nothing else (RTX apart).
  bool only_preferred = false;
  /// Added to the Opus fmtp of the answer: what we ask the client to send.
  bool opus_dtx = false;
  bool opus_stereo = false;
  uint32_t opus_max_average_bitrate = 0;  // 0: not said
  /// Sent in this section, when the other side receives in it.
  std::optional<SentTrack> send;
};

struct AnswerOptions {
  LocalTransport transport;
  uint64_t session_id = 1;       // the same over all answers of one peer connection
  uint64_t session_version = 1;  // one more each time
  std::vector<SectionDecision> decisions;
  /// What we can send in sections in which the other side receives. Null: nothing is sent.
  const Capabilities* outgoing = nullptr;
};

/// An accepted audio or video section: what its publisher may send us.
struct ReceivedSection {
  std::string mid;
  MediaKind kind = MediaKind::kAudio;
  /// From a=msid (or a=ssrc msid); livekit-client's cid is the track id.
  std::string stream_id;
  std::string track_id;
  /// false: the m-line is there but sends nothing now.
  bool sending = true;
  std::vector<CodecParameters> codecs;        // in the order of the answer
  std::vector<EncodingParameters> encodings;  // in the order of a=simulcast, or of the SSRCs
  ExtensionMap extensions;
};

struct OfferAnswer {
  SessionDescription answer;
  /// Nothing when no section is accepted: then there is nothing to connect for.
  std::optional<RemoteTransport> remote;
  std::vector<ReceivedSection> sections;
  std::vector<AcceptedSection> sent;  // of the sections whose decision has a track to send
  std::optional<DataSection> data;
  std::vector<std::string> rejections;  // why sections are rejected that the offer does not reject
};

/// Every offer has an answer. Sections that do not fit (not bundled, no common codec, no rtcp-mux,
/// unusable) are rejected, keeping their place and mid; all of them when the offer has no transport
/// to connect to (no usable section, no ICE credentials, no fingerprint of a known kind).
OfferAnswer answer_offer(const SessionDescription& offer, const Capabilities& capabilities,
                         const AnswerOptions& options);
/// Whether a section of an offer has a format that the track may come in.
bool decodes(const MediaSection& offered, const SentTrack& track);

// --- (b) We offer what a subscriber is to receive

struct SubscriberAnswer {
  /// Nothing when every section is rejected.
  std::optional<RemoteTransport> remote;
  /// Of the sections that had a track in the offer: those about which the answer says something
  /// else than the one before, or says it for the first time.
  std::vector<AcceptedSection> sections;
  std::optional<DataSection> data;  // when something is new about it
  std::vector<std::string> notes;   // what could not be read, for the log
};

/// All m-sections of a subscriber's peer connection: appended, reused, never moved. A value: copy
/// it to try something. At most kMaxSections.
///
/// A large room makes many offers that differ in one section: what did not change is kept as text,
/// and of an answer only sections that differ from the last are read.
class SubscriberPlan {
 public:
  /// Puts the track in a free section of its kind, or a new one; returns its mid. A section becomes
  /// free when the offer that took its last track out has been answered, since a browser announces
  /// a new track only when the section was inactive in between. A track does not go back to the
  /// section it left while another can be had: the Rust SDKs say nothing of one that returns there.
  /// For that, and for tracks that share a stream, at most kMaxParked sections lie idle.
  /// kResourceExhausted when there is no room.
  Result<std::string> add(SentTrack track);
  /// Inactivates the section from the next offer on; false when the mid is unknown or has no track.
  bool remove(std::string_view mid);
  /// Adds the data channel section once; returns its mid.
  std::string add_data_channel();

  [[nodiscard]] const SentTrack* track(std::string_view mid) const;
  [[nodiscard]] bool empty() const { return sections_.empty(); }

  /// The next offer; its session version grows by one each time. setup:actpass. The capabilities
  /// are the same for all offers of a plan.
  std::string offer(const Capabilities& capabilities, const LocalTransport& transport,
                    uint64_t session_id);
  /// Checks the answer to the last offer, and notes which sections are free now, which are gone.
  /// kInvalidArgument when it is no answer to that offer.
  Result<SubscriberAnswer> read_answer(std::string_view answer);

 private:
  struct Section {
    MediaType type = MediaType::kAudio;
    std::string mid;
    std::optional<SentTrack> track;
    std::string last_track_id;
    uint64_t last_used = 0;
    bool offered_active = false;  // in the last offer
    bool stopped = false;         // the other side rejected it: never used again
    /// Inactive in an answered description (or never offered): may take a track.
    bool free = true;
    std::string text;         // as it is offered; empty: to be written
    uint64_t answer = 0;      // hash of what was last answered to it
    bool unanswered = false;  // nothing was answered to this text yet
  };
  struct AnswerParts;

  static std::string put(Section& section, SentTrack track);
  [[nodiscard]] MediaSection describe(const Section& section,
                                      const LocalTransport& transport) const;
  void read_section(Section& section, const MediaSection& answered, SubscriberAnswer& out) const;
  Result<SubscriberAnswer> read_parts(const AnswerParts& parts, bool all);

  static constexpr size_t kMaxParked = 16;
  std::vector<Section> sections_;
  uint64_t uses_ = 0;
  uint64_t version_ = 0;

  const Capabilities* capabilities_ = nullptr;  // of the last offer
  std::string transport_;                       // the texts are for this one
  size_t tagged_ = 0;                           // the section that has the candidates
  size_t offered_ = 0;                          // sections of the last offer
  uint64_t answer_head_ = 0;                    // hash of what stood before the answer's sections
};

// --- The client role (simulator, load generator)

/// The transport part of any description: from the first bundled section. `local_role` is what the
/// description's a=setup leaves to us; passive to actpass.
Result<RemoteTransport> remote_transport(const SessionDescription& description);

/// Formats of a section as parameters, RTX bound by apt; unknown codecs are left out.
std::vector<CodecParameters> codec_parameters(const MediaSection& section);
ExtensionMap extension_map(const MediaSection& section);

}  // namespace turms::rtc::sdp
