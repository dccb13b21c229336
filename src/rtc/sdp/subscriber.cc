// We offer what a subscriber receives, and read its answer (RFC 9429 sections 5.2 and 5.11).
#include <fmt/core.h>

#include <algorithm>

#include "rtc/sdp/formats.h"
#include "rtc/sdp/negotiate.h"

namespace turms::rtc::sdp {

Result<std::string> SubscriberPlan::add(SentTrack track) {
  const MediaType type = track.kind == MediaKind::kAudio ? MediaType::kAudio : MediaType::kVideo;
  Section* same = nullptr;
  size_t parked = 0;
  for (Section& s : sections_) {
    if (s.type != type || s.track || s.stopped || !s.free) continue;
    if (s.last_track_id != track.track_id) return put(s, std::move(track));
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
  section.track = std::move(track);
  section.free = false;
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

/// Whether packets of `source` may be sent under this format of ours.
bool carries(const CodecCapability& capability, const CodecParameters& source) {
  if (source.codec != capability.codec) return false;
  PayloadFormat format;
  format.name = capability.name;
  format.clock_rate = capability.clock_rate;
  format.channels = capability.channels;
  format.fmtp = source.fmtp;
  return same_format(format, capability);
}

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
    for (const CodecParameters& source : track->codecs) {
      for (const CodecCapability& c : codecs) {
        if (carries(c, source)) add(c);
      }
    }
  }
  // An m-line without any format would not be one.
  if (s.formats.empty()) {
    for (const CodecCapability& c : codecs) add(c);
  }
}

void add_track(MediaSection& s, const SentTrack& track) {
  s.msid = Msid{track.stream_id, track.track_id};
  std::string msid = track.stream_id + " " + track.track_id;
  if (track.rtx_ssrc) s.ssrc_groups.push_back({"FID", {track.ssrc, track.rtx_ssrc}});
  s.ssrcs.push_back({track.ssrc, track.cname, msid});
  if (track.rtx_ssrc) s.ssrcs.push_back({track.rtx_ssrc, track.cname, msid});
}

}  // namespace

SessionDescription offer_subscriber(SubscriberPlan& plan, const Capabilities& capabilities,
                                    const LocalTransport& transport, uint64_t session_id) {
  SessionDescription offer;
  offer.session_id = session_id;
  offer.session_version = ++plan.version_;
  offer.ice_lite = transport.ice_lite;
  offer.extmap_allow_mixed = true;
  offer.msid_semantic = "WMS *";
  offer.has_bundle = true;
  for (SubscriberPlan::Section& section : plan.sections_) {
    MediaSection s;
    s.type = section.type;
    s.mid = section.mid;
    bool data = section.type == MediaType::kApplication;
    bool audio = section.type == MediaType::kAudio;
    s.protocol = data ? "UDP/DTLS/SCTP" : "UDP/TLS/RTP/SAVPF";
    const SentTrack* track = section.track && !section.stopped ? &*section.track : nullptr;
    section.offered_active = track != nullptr;
    if (!data) {
      add_formats(s, audio ? capabilities.audio : capabilities.video,
                  audio ? capabilities.audio_feedback : capabilities.video_feedback, track);
      s.direction = track != nullptr ? Direction::kSendOnly : Direction::kInactive;
    }
    if (section.stopped) {
      s.port = 0;
      offer.sections.push_back(std::move(s));
      continue;
    }
    offer.bundle.push_back(section.mid);
    put_transport(s, transport, Setup::kActpass);
    if (data) {
      s.sctp_port = kSctpPort;
      s.max_message_size = kMaxMessageSize;
    } else {
      s.rtcp_mux = true;
      s.rtcp_reduced_size = true;
      for (Extension e : audio ? capabilities.audio_extensions : capabilities.video_extensions) {
        s.extensions.push_back(
            {static_cast<uint8_t>(static_cast<int>(e) + 1), extension_uri(e), std::nullopt});
      }
      if (track != nullptr) add_track(s, *track);
    }
    offer.sections.push_back(std::move(s));
  }
  return offer;
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

Status check_shape(const SessionDescription& offer, const SessionDescription& answer) {
  if (answer.sections.size() != offer.sections.size()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("answer has {} m-sections, the offer {}", answer.sections.size(),
                            offer.sections.size()));
  }
  for (size_t i = 0; i < offer.sections.size(); ++i) {
    const MediaSection& mine = offer.sections[i];
    const MediaSection& theirs = answer.sections[i];
    bool same_mid = theirs.mid == mine.mid || (theirs.rejected() && theirs.mid.empty());
    if (theirs.type != mine.type || !same_mid) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("m-section {} of the answer is not that of the offer", i));
    }
  }
  return {};
}

}  // namespace

Result<SubscriberAnswer> read_subscriber_answer(SubscriberPlan& plan,
                                                const SessionDescription& offer,
                                                const SessionDescription& answer) {
  if (auto shape = check_shape(offer, answer); !shape) return std::unexpected(shape.error());
  if (plan.sections_.size() < offer.sections.size()) {
    return fail(ErrorCode::kInvalidArgument, "the offer was not made from this plan");
  }
  auto remote = remote_transport(answer);
  if (!remote) return std::unexpected(remote.error());
  const MediaSection* tagged = tagged_section(answer);
  if (!tagged->setup || *tagged->setup == Setup::kActpass) {
    return fail(ErrorCode::kInvalidArgument, "answer without a=setup active or passive");
  }
  SubscriberAnswer out;
  out.remote = std::move(*remote);
  for (size_t i = 0; i < offer.sections.size(); ++i) {
    const MediaSection& offered = offer.sections[i];
    const MediaSection& answered = answer.sections[i];
    SubscriberPlan::Section& section = plan.sections_[i];
    if (answered.rejected()) section.stopped = true;
    if (!section.offered_active && !section.track) section.free = true;
    if (offered.type == MediaType::kApplication) {
      if (answered.rejected()) continue;
      uint64_t size = answered.max_message_size != 0 ? answered.max_message_size : 65536;
      out.data = DataSection{answered.mid, answered.sctp_port, size};
      continue;
    }
    if (!sends(offered.direction) || offered.rejected()) continue;
    AcceptedSection accepted;
    accepted.mid = offered.mid;
    accepted.kind = kind_of(offered.type);
    accepted.receiving = !answered.rejected() && receives(answered.direction);
    if (accepted.receiving) {
      accepted.codecs = accepted_codecs(offered, answered);
      accepted.extensions = accepted_extensions(offered, answered);
    }
    out.sections.push_back(std::move(accepted));
  }
  return out;
}

}  // namespace turms::rtc::sdp
