// We offer what a subscriber receives, and read its answer (RFC 9429 sections 5.2 and 5.11).
#include <fmt/core.h>

#include <algorithm>
#include <functional>

#include "rtc/sdp/formats.h"
#include "rtc/sdp/negotiate.h"
#include "rtc/sdp/text.h"

namespace turms::rtc::sdp {

Result<std::string> SubscriberPlan::add(SentTrack track) {
  const MediaType type = track.kind == MediaKind::kAudio ? MediaType::kAudio : MediaType::kVideo;
  Section* same = nullptr;
  size_t parked = 0;
  for (Section& s : sections_) {
    if (s.type != type || s.track || s.stopped || !s.free) continue;
    const bool fits = track.shared_stream_id.empty() || s.last_track_id.empty();
    if (fits && s.last_track_id != track.track_id) return put(s, std::move(track));
    ++parked;
    // The one that was used longest ago.
    if (same == nullptr || s.last_used < same->last_used) same = &s;
  }
  if (same != nullptr && (parked >= kMaxParked || sections_.size() >= kMaxSections)) {
    return put(*same, std::move(track));
  }
  if (sections_.size() >= kMaxSections) {
    return fail(ErrorCode::kResourceExhausted, "no room for another m-section");
  }
  Section s;
  s.type = type;
  s.mid = std::to_string(sections_.size());
  sections_.push_back(std::move(s));
  return put(sections_.back(), std::move(track));
}

std::string SubscriberPlan::put(Section& section, SentTrack track) {
  if (section.last_track_id.empty() && !track.shared_stream_id.empty()) {
    track.stream_id = std::move(track.shared_stream_id);
  }
  section.track = std::move(track);
  section.free = false;
  section.text.clear();
  return section.mid;
}

bool SubscriberPlan::remove(std::string_view mid) {
  for (Section& s : sections_) {
    if (s.mid != mid || !s.track) continue;
    s.free = !s.offered_active;
    if (s.offered_active) {
      s.last_track_id = std::move(s.track->track_id);
      s.last_used = ++uses_;
    }
    s.track.reset();
    s.text.clear();
    return true;
  }
  return false;
}

std::string SubscriberPlan::add_data_channel() {
  for (const Section& s : sections_) {
    if (s.type == MediaType::kApplication) return s.mid;
  }
  Section s;
  s.type = MediaType::kApplication;
  s.mid = std::to_string(sections_.size());
  sections_.push_back(std::move(s));
  return sections_.back().mid;
}

const SentTrack* SubscriberPlan::track(std::string_view mid) const {
  for (const Section& s : sections_) {
    if (s.mid == mid && s.track) return &*s.track;
  }
  return nullptr;
}

namespace {

void add_formats(MediaSection& s, const std::vector<CodecCapability>& codecs,
                 const std::vector<std::string>& feedback, const SentTrack* track) {
  auto add = [&](const CodecCapability& c) {
    bool seen = std::any_of(s.formats.begin(), s.formats.end(), [&](const PayloadFormat& f) {
      return f.payload_type == c.payload_type;
    });
    if (seen) return;
    PayloadFormat format{c.payload_type, c.name, c.clock_rate, c.channels, c.fmtp, feedback};
    if (c.codec == Codec::kRed) format.feedback.clear();
    if (c.codec == Codec::kOpus && track != nullptr && track->stereo) {
      format.fmtp += ";stereo=1;sprop-stereo=1";
    }
    s.formats.push_back(std::move(format));
    bool rtx = c.rtx_payload_type != 0 && (track == nullptr || track->rtx_ssrc);
    if (!rtx) return;
    s.formats.push_back(
        {c.rtx_payload_type, "rtx", c.clock_rate, 1, "apt=" + std::to_string(c.payload_type), {}});
  };
  if (track != nullptr) {
    std::vector<Codec> seen;
    for (const CodecParameters& source : track->codecs) {
      if (std::find(seen.begin(), seen.end(), source.codec) != seen.end()) continue;
      const auto same = std::find_if(codecs.begin(), codecs.end(),
                                     [&](const CodecCapability& c) { return carries(c, source); });
      if (same == codecs.end()) continue;
      seen.push_back(source.codec);
      add(*same);
    }
  }
  // An m-line without any format would not be one.
  if (s.formats.empty()) {
    for (const CodecCapability& c : codecs) add(c);
  }
}

}  // namespace

MediaSection SubscriberPlan::describe(const Section& section,
                                      const LocalTransport& transport) const {
  MediaSection s;
  s.type = section.type;
  s.mid = section.mid;
  const bool data = section.type == MediaType::kApplication;
  const bool audio = section.type == MediaType::kAudio;
  s.protocol = data ? "UDP/DTLS/SCTP" : "UDP/TLS/RTP/SAVPF";
  const SentTrack* track = section.track && !section.stopped ? &*section.track : nullptr;
  if (!data) {
    add_formats(s, audio ? capabilities_->audio : capabilities_->video,
                audio ? capabilities_->audio_feedback : capabilities_->video_feedback, track);
    s.direction = track != nullptr ? Direction::kSendOnly : Direction::kInactive;
  }
  if (section.stopped) {
    s.port = 0;
    return s;
  }
  put_transport(s, transport, Setup::kActpass);
  if (data) {
    s.sctp_port = kSctpPort;
    s.max_message_size = kMaxMessageSize;
    return s;
  }
  s.rtcp_mux = true;
  s.rtcp_reduced_size = true;
  for (Extension e : audio ? capabilities_->audio_extensions : capabilities_->video_extensions) {
    s.extensions.push_back(
        {static_cast<uint8_t>(static_cast<int>(e) + 1), extension_uri(e), std::nullopt});
  }
  if (track != nullptr) put_track(s, *track);
  return s;
}

std::string SubscriberPlan::offer(const Capabilities& capabilities, const LocalTransport& transport,
                                  uint64_t session_id) {
  capabilities_ = &capabilities;
  SessionDescription head;
  head.session_id = session_id;
  head.session_version = ++version_;
  head.ice_lite = transport.ice_lite;
  head.extmap_allow_mixed = true;
  head.msid_semantic = "WMS *";
  head.has_bundle = true;
  for (const Section& section : sections_) {
    if (!section.stopped) head.bundle.push_back(section.mid);
  }

  // All run over the transport of the first, so the candidates stand only there.
  const auto first = std::find_if(sections_.begin(), sections_.end(),
                                  [](const Section& section) { return !section.stopped; });
  const auto tagged = static_cast<size_t>(first - sections_.begin());
  MediaSection transport_lines;
  put_transport(transport_lines, transport, Setup::kActpass);
  std::string transport_text = serialize(transport_lines);
  if (transport_text != transport_ || tagged != tagged_) {
    for (Section& section : sections_) section.text.clear();
    transport_ = std::move(transport_text);
    tagged_ = tagged;
  }
  LocalTransport bundled = transport;
  bundled.candidates.clear();

  std::string out = serialize_head(head);
  for (Section& section : sections_) {
    section.offered_active = section.track && !section.stopped;
    if (section.text.empty()) {
      const bool is_tagged = &section == &sections_[tagged_];
      MediaSection described = describe(section, is_tagged ? transport : bundled);
      // Nothing is trickled.
      if (!is_tagged) described.ice_options.clear();
      section.text = serialize(described);
      section.unanswered = true;
    }
    out += section.text;
  }
  offered_ = sections_.size();
  return out;
}

namespace {

/// Formats of the answer that were in the offer, under the offer's payload types.
std::vector<CodecParameters> accepted_codecs(const MediaSection& offered,
                                             const MediaSection& answered) {
  std::vector<CodecParameters> out;
  for (const CodecParameters& codec : codec_parameters(answered)) {
    bool known =
        std::any_of(offered.formats.begin(), offered.formats.end(), [&](const PayloadFormat& f) {
          return f.payload_type == codec.payload_type && codec_of(f) == codec.codec;
        });
    if (known) out.push_back(codec);
  }
  return out;
}

ExtensionMap accepted_extensions(const MediaSection& offered, const MediaSection& answered) {
  ExtensionMap ours = extension_map(offered);
  ExtensionMap theirs = extension_map(answered);
  ExtensionMap out;
  for (size_t i = 0; i < kExtensionCount; ++i) {
    auto extension = static_cast<Extension>(i);
    if (ours.id(extension) == theirs.id(extension)) out.set(extension, ours.id(extension));
  }
  return out;
}

/// Where the next section of a description begins; its end when there is none.
size_t next_section(std::string_view text, size_t from) {
  const size_t at = text.find("\nm=", from);
  return at == std::string_view::npos ? text.size() : at + 1;
}

bool is_rejected(std::string_view section) {
  text::take_word(section);
  return text::take_word(section) == "0";
}

/// Of what may say something for all sections: the origin differs in every description, and the
/// group in every one with another section.
uint64_t hash_of_head(std::string_view head) {
  uint64_t out = 0;
  while (!head.empty()) {
    const std::string_view line = text::take(head, '\n');
    if (line.starts_with("o=") || line.starts_with("a=group:")) continue;
    out = out * 31 + std::hash<std::string_view>()(line);
  }
  return out;
}

}  // namespace

/// An answer, cut where its sections begin.
struct SubscriberPlan::AnswerParts {
  std::string_view head;
  std::vector<std::string_view> sections;
  std::vector<uint64_t> hashes;
  size_t tagged = 0;  // the first that is not rejected
};

void SubscriberPlan::read_section(Section& section, const MediaSection& answered,
                                  SubscriberAnswer& out) const {
  if (!answered.usable()) section.stopped = true;
  if (section.type == MediaType::kApplication) {
    if (!answered.usable()) return;
    const uint64_t size = answered.max_message_size != 0 ? answered.max_message_size : 65536;
    out.data = DataSection{section.mid, answered.sctp_port, size};
    return;
  }
  // A track that was taken out since the offer has nothing to hear.
  if (!section.offered_active || !section.track) return;
  AcceptedSection accepted;
  accepted.mid = section.mid;
  accepted.kind = kind_of(section.type);
  accepted.receiving = answered.usable() && receives(answered.direction);
  if (accepted.receiving) {
    const MediaSection offered = describe(section, {});
    accepted.codecs = accepted_codecs(offered, answered);
    accepted.extensions = accepted_extensions(offered, answered);
  }
  out.sections.push_back(std::move(accepted));
}

/// Reads what changed since the last answer, or all.
Result<SubscriberAnswer> SubscriberPlan::read_parts(const AnswerParts& parts, bool all) {
  std::string text(parts.head);
  std::vector<size_t> chosen;
  std::vector<bool> news;
  for (size_t i = 0; i < offered_; ++i) {
    const Section& section = sections_[i];
    const bool changed = section.unanswered || section.answer != parts.hashes[i];
    if (!all && !changed && i != parts.tagged) continue;
    chosen.push_back(i);
    news.push_back(all || changed);
    text += parts.sections[i];
    if (!text.ends_with('\n')) text += '\n';
  }
  auto answer = parse(text);
  if (!answer) return std::unexpected(answer.error());
  if (answer->sections.size() != chosen.size()) {
    return fail(ErrorCode::kInvalidArgument, "m-sections that are none");
  }
  SubscriberAnswer out;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const Section& mine = sections_[chosen[i]];
    const MediaSection& theirs = answer->sections[i];
    const bool same_mid = theirs.mid == mine.mid || (theirs.rejected() && theirs.mid.empty());
    if (theirs.unusable.empty() && (theirs.type != mine.type || !same_mid)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("m-section {} of the answer is not that of the offer", chosen[i]));
    }
  }
  if (const MediaSection* tagged = tagged_section(*answer)) {
    auto remote = remote_transport(*answer);
    if (!remote) return std::unexpected(remote.error());
    if (!tagged->setup || *tagged->setup == Setup::kActpass) {
      return fail(ErrorCode::kInvalidArgument, "answer without a=setup active or passive");
    }
    out.remote = std::move(*remote);
  }
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (news[i]) read_section(sections_[chosen[i]], answer->sections[i], out);
  }
  out.notes = std::move(answer->oddities);
  return out;
}

Result<SubscriberAnswer> SubscriberPlan::read_answer(std::string_view answer) {
  if (answer.size() > kMaxDescriptionSize) {
    return fail(ErrorCode::kInvalidArgument, "answer is too large");
  }
  AnswerParts parts;
  size_t begin = next_section(answer, 0);
  parts.head = answer.substr(0, begin);
  while (begin < answer.size() && parts.sections.size() <= offered_) {
    const size_t end = next_section(answer, begin);
    parts.sections.push_back(answer.substr(begin, end - begin));
    parts.hashes.push_back(std::hash<std::string_view>()(parts.sections.back()));
    begin = end;
  }
  if (parts.sections.size() != offered_) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("answer has {} m-sections, the offer {}",
                                                         parts.sections.size(), offered_));
  }
  while (parts.tagged < offered_ && is_rejected(parts.sections[parts.tagged])) ++parts.tagged;

  const uint64_t head = hash_of_head(parts.head);
  auto read = read_parts(parts, head != answer_head_);
  // Its group may begin with another section than the first, which alone has the transport.
  if (!read && head == answer_head_) read = read_parts(parts, true);
  if (!read) return read;
  answer_head_ = head;
  for (size_t i = 0; i < offered_; ++i) {
    Section& section = sections_[i];
    section.answer = parts.hashes[i];
    section.unanswered = section.text.empty();
    if (section.stopped) section.text.clear();
    if (!section.offered_active && !section.track) section.free = true;
  }
  return read;
}

}  // namespace turms::rtc::sdp
