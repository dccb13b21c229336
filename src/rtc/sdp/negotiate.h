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

// --- (a) A publisher offers, we answer

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
};

struct AnswerOptions {
  LocalTransport transport;
  uint64_t session_id = 1;       // the same over all answers of one peer connection
  uint64_t session_version = 1;  // one more each time
  std::vector<SectionDecision> decisions;
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

struct PublisherAnswer {
  SessionDescription answer;
  RemoteTransport remote;
  std::vector<ReceivedSection> sections;
  std::optional<DataSection> data;
};

/// kInvalidArgument when the offer cannot be answered at all (no usable section, no ICE
/// credentials, no SHA-256 fingerprint). Sections that do not fit (not bundled, no common codec, no
/// rtcp-mux) are rejected, keeping their place and mid.
Result<PublisherAnswer> answer_publisher(const SessionDescription& offer,
                                         const Capabilities& capabilities,
                                         const AnswerOptions& options);

// --- (b) We offer what a subscriber is to receive

/// What is sent in one m-section.
struct SentTrack {
  MediaKind kind = MediaKind::kAudio;
  /// a=msid. A browser keeps the id of a reused m-line's track for ever, so who receives must find
  /// the track by `stream_id` (LiveKit clients do, when it is "PA_…|TR_…").
  std::string stream_id;
  std::string track_id;
  std::string cname;
  Ssrc ssrc;
  Ssrc rtx_ssrc;  // 0: none
  /// What the publisher may send: the formats offered are ours that can carry one of these (H264 by
  /// profile and packetization mode). Empty: all of the kind.
  std::vector<CodecParameters> codecs;
  bool stereo = false;  // says sprop-stereo=1 for Opus
};

struct SubscriberAnswer;

/// All m-sections of a subscriber's peer connection: appended, reused, never moved. A value: copy
/// it to try something. At most kMaxSections.
class SubscriberPlan {
 public:
  /// Puts the track in a free section of its kind, or a new one; returns its mid. A section becomes
  /// free when the offer that took its last track out has been answered, since a browser announces
  /// a new track only when the section was inactive in between. A track does not go back to the
  /// section it left while another can be had: the Rust SDKs say nothing of one that returns there.
  /// For that at most kMaxParked sections lie idle. kResourceExhausted when there is no room.
  Result<std::string> add(SentTrack track);
  /// Inactivates the section from the next offer on; false when the mid is unknown or has no track.
  bool remove(std::string_view mid);
  /// Adds the data channel section once; returns its mid.
  std::string add_data_channel();

  [[nodiscard]] const SentTrack* track(std::string_view mid) const;
  [[nodiscard]] bool empty() const { return sections_.empty(); }

 private:
  friend SessionDescription offer_subscriber(SubscriberPlan&, const Capabilities&,
                                             const LocalTransport&, uint64_t session_id);
  friend Result<SubscriberAnswer> read_subscriber_answer(SubscriberPlan&, const SessionDescription&,
                                                         const SessionDescription&);

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
  };
  static std::string put(Section& section, SentTrack track);

  static constexpr size_t kMaxParked = 16;
  std::vector<Section> sections_;
  uint64_t uses_ = 0;
  uint64_t version_ = 0;
};

/// The next offer; its session version grows by one each time. setup:actpass.
SessionDescription offer_subscriber(SubscriberPlan& plan, const Capabilities& capabilities,
                                    const LocalTransport& transport, uint64_t session_id);

// --- (c) The subscriber answers

/// One section with a track as the subscriber accepted it.
struct AcceptedSection {
  std::string mid;
  MediaKind kind = MediaKind::kAudio;
  bool receiving = false;  // false: rejected or inactive; send nothing
  std::vector<CodecParameters> codecs;
  ExtensionMap extensions;
};

struct SubscriberAnswer {
  RemoteTransport remote;
  std::vector<AcceptedSection> sections;  // of the sections that had a track in the offer
  std::optional<DataSection> data;
};

/// Checks the answer against `offer` (the last one made from `plan`), and updates `plan`: which
/// sections are free now, which are gone. kInvalidArgument when it is no answer to that offer.
Result<SubscriberAnswer> read_subscriber_answer(SubscriberPlan& plan,
                                                const SessionDescription& offer,
                                                const SessionDescription& answer);

// --- The client role (simulator, load generator)

/// The transport part of any description: from the first bundled section. `local_role` is what the
/// description's a=setup leaves to us; passive to actpass.
Result<RemoteTransport> remote_transport(const SessionDescription& description);

/// Formats of a section as parameters, RTX bound by apt; unknown codecs are left out.
std::vector<CodecParameters> codec_parameters(const MediaSection& section);
ExtensionMap extension_map(const MediaSection& section);

}  // namespace turms::rtc::sdp
