// The client offers, we answer (RFC 9429 section 5.3, RFC 3264 section 6).
#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "rtc/sdp/formats.h"
#include "rtc/sdp/negotiate.h"
#include "rtc/sdp/text.h"

namespace turms::rtc::sdp {

namespace {

MediaSection rejected_like(const MediaSection& offered) {
  MediaSection s;
  s.type = offered.type;
  s.port = 0;
  s.protocol = offered.protocol;
  s.mid = offered.mid;
  s.direction = Direction::kInactive;
  s.formats = offered.formats;
  s.m_line = offered.m_line;
  return s;
}

bool contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

class SectionAnswer {
 public:
  SectionAnswer(const MediaSection& offered, const SectionDecision& decision,
                const Capabilities& capabilities, const AnswerOptions& options, Setup setup,
                bool congestion_feedback)
      : congestion_feedback_(congestion_feedback),
        offered_(offered),
        audio_(offered.type == MediaType::kAudio),
        codecs_(audio_ ? capabilities.audio : capabilities.video),
        decision_(decision),
        incoming_(capabilities) {
    if (options.outgoing != nullptr) outgoing_ = options.outgoing;
    answer_.type = offered.type;
    answer_.protocol = offered.protocol;
    answer_.mid = offered.mid;
    put_transport(answer_, options.transport, setup);
  }

  /// Why it is to be rejected, null when it is accepted.
  const char* media(ReceivedSection& received) {
    if (!decision_.accept) return "not wanted";
    if (!offered_.rtcp_mux) return "without a=rtcp-mux";
    answer_.rtcp_mux = true;
    answer_.rtcp_reduced_size = offered_.rtcp_reduced_size;
    received.mid = offered_.mid;
    received.kind = kind_of(offered_.type);
    received.sending = sends(offered_.direction);
    if (!choose_formats(received)) return "no codec that is known here";
    choose_extensions();
    received.extensions = extensions_of(incoming_);
    read_msid(received);
    choose_encodings(received);
    const bool sending = sends_track();
    if (sending) put_track(answer_, *decision_.send);
    answer_.direction = received.sending ? (sending ? Direction::kSendRecv : Direction::kRecvOnly)
                                         : (sending ? Direction::kSendOnly : Direction::kInactive);
    return nullptr;
  }

  /// What became of the track to send, once the section is accepted.
  AcceptedSection sent() const {
    AcceptedSection out;
    out.mid = offered_.mid;
    out.kind = kind_of(offered_.type);
    out.receiving = sends_track();
    if (!out.receiving) return out;
    out.codecs = codecs_for(*decision_.send);
    out.extensions = extensions_of(*outgoing_);
    return out;
  }

  const char* data(DataSection& data) {
    if (!decision_.accept) return "not wanted";
    if (offered_.protocol.find("DTLS/SCTP") == std::string::npos) return "not SCTP over DTLS";
    answer_.sctp_port = kSctpPort;
    answer_.max_message_size = kMaxMessageSize;
    data.mid = offered_.mid;
    data.remote_sctp_port = offered_.sctp_port;
    data.remote_max_message_size =
        offered_.max_message_size != 0 ? offered_.max_message_size : 65536;
    return nullptr;
  }

  MediaSection take() { return std::move(answer_); }

 private:
  struct Chosen {
    const PayloadFormat* format;
    Codec codec;
    size_t rank;
  };

  [[nodiscard]] bool sends_track() const {
    return decision_.send && receives(offered_.direction) && decodes(offered_, *decision_.send);
  }

  /// One format for each codec that the track may come in, the best for it.
  [[nodiscard]] std::vector<CodecParameters> codecs_for(const SentTrack& track) const {
    std::vector<CodecParameters> all = codec_parameters(answer_);
    if (track.codecs.empty()) return all;
    std::vector<CodecParameters> out;
    const auto take = [&](const CodecParameters& source, bool exactly) {
      const auto known = [&](const CodecParameters& c) { return c.codec == source.codec; };
      if (std::any_of(out.begin(), out.end(), known)) return;
      for (const CodecParameters& c : all) {
        if (!known(c) || (exactly && !same_profile(c, source))) continue;
        return out.push_back(c);
      }
    };
    for (const CodecParameters& source : track.codecs) take(source, true);
    for (const CodecParameters& source : track.codecs) take(source, false);
    return out;
  }

  [[nodiscard]] bool same_profile(const CodecParameters& a, const CodecParameters& b) const {
    return std::any_of(codecs_.begin(), codecs_.end(),
                       [&](const CodecCapability& c) { return carries(c, a) && carries(c, b); });
  }

  size_t rank(Codec codec) const {
    auto at = std::find(decision_.preferred.begin(), decision_.preferred.end(), codec);
    return static_cast<size_t>(at - decision_.preferred.begin());
  }

  /// A RED format is of use only beside the Opus it wraps.
  bool red_has_opus(const PayloadFormat& red) const {
    std::string_view list = red.fmtp;
    auto inner = text::number<uint8_t>(text::take(list, '/'));
    return std::any_of(offered_.formats.begin(), offered_.formats.end(),
                       [&](const PayloadFormat& f) {
                         return codec_of(f) == Codec::kOpus && (!inner || f.payload_type == *inner);
                       });
  }

  bool choose_formats(ReceivedSection& received) {
    std::vector<Chosen> chosen;
    for (const PayloadFormat& format : offered_.formats) {
      auto same = std::find_if(codecs_.begin(), codecs_.end(),
                               [&](const CodecCapability& c) { return same_format(format, c); });
      if (same == codecs_.end()) continue;
      if (same->codec == Codec::kRed && !red_has_opus(format)) continue;
      size_t order = rank(same->codec);
      // Opus stays beside RED: it is what RED carries.
      bool needed = order < decision_.preferred.size() || same->codec == Codec::kOpus;
      if (decision_.only_preferred && !needed) continue;
      chosen.push_back({&format, same->codec, order});
    }
    if (chosen.empty()) return false;
    std::stable_sort(chosen.begin(), chosen.end(),
                     [](const Chosen& a, const Chosen& b) { return a.rank < b.rank; });
    for (const Chosen& c : chosen) {
      add_format(*c.format, c.codec);
      for (const PayloadFormat& rtx : offered_.formats) {
        if (audio_ || !is_rtx_for(rtx, c.format->payload_type)) continue;
        answer_.formats.push_back(rtx);
        answer_.formats.back().feedback.clear();
        break;
      }
    }
    received.codecs = codec_parameters(answer_);
    return true;
  }

  [[nodiscard]] bool knows_feedback(const std::string& feedback) const {
    const auto known = [&](const Capabilities& c) {
      return contains(audio_ ? c.audio_feedback : c.video_feedback, feedback);
    };
    return known(incoming_) || (outgoing_ != nullptr && known(*outgoing_));
  }

  [[nodiscard]] bool has_extension(const Capabilities& capabilities, Extension extension) const {
    const auto& known = audio_ ? capabilities.audio_extensions : capabilities.video_extensions;
    return std::find(known.begin(), known.end(), extension) != known.end();
  }

  /// Those of both directions, whatever this section's is: Chromium leaves out of sections that it
  /// adds later what others did not get, and then fails for want of it.
  [[nodiscard]] bool knows_extension(Extension extension) const {
    return has_extension(incoming_, extension) ||
           (outgoing_ != nullptr && has_extension(*outgoing_, extension));
  }

  /// What was agreed, as far as it is for this direction.
  [[nodiscard]] ExtensionMap extensions_of(const Capabilities& direction) const {
    ExtensionMap out;
    for (const ExtensionEntry& entry : answer_.extensions) {
      const auto extension = extension_of(entry.uri);
      if (extension && has_extension(direction, *extension)) out.set(*extension, entry.id);
    }
    return out;
  }

  void add_format(const PayloadFormat& offered, Codec codec) {
    PayloadFormat format = offered;
    const std::string_view other =
        congestion_feedback_ ? std::string_view("transport-cc") : kCongestionFeedback;
    std::erase_if(format.feedback,
                  [&](const std::string& f) { return f == other || !knows_feedback(f); });
    if (codec == Codec::kOpus) {
      auto say = [&](std::string_view key, const std::string& value) {
        if (fmtp_parameter(format.fmtp, key)) return;
        if (!format.fmtp.empty()) format.fmtp += ';';
        format.fmtp += std::string(key) + "=" + value;
      };
      if (decision_.opus_dtx) say("usedtx", "1");
      if (decision_.opus_stereo) say("stereo", "1");
      if (decision_.opus_max_average_bitrate != 0) {
        say("maxaveragebitrate", std::to_string(decision_.opus_max_average_bitrate));
      }
    }
    answer_.formats.push_back(std::move(format));
  }

  void choose_extensions() {
    for (const ExtensionEntry& entry : offered_.extensions) {
      auto extension = extension_of(entry.uri);
      if (!extension) continue;
      // libwebrtc sends padding, so probes too, only where it may say when a packet was sent.
      const bool for_padding =
          congestion_feedback_ && !audio_ && *extension == Extension::kAbsSendTime;
      if (!knows_extension(*extension) && !for_padding) continue;
      if (congestion_feedback_ && *extension == Extension::kTransportSequence) continue;
      ExtensionEntry mine = entry;
      // Each direction is offered from the other's point of view (RFC 8285 section 6).
      if (mine.direction) mine.direction = reversed(*mine.direction);
      answer_.extensions.push_back(std::move(mine));
    }
    answer_.extmap_allow_mixed = offered_.extmap_allow_mixed;
  }

  void read_msid(ReceivedSection& received) const {
    if (offered_.msid) {
      received.stream_id = offered_.msid->stream == "-" ? "" : offered_.msid->stream;
      received.track_id = offered_.msid->track;
    }
    if (!received.track_id.empty()) return;
    for (const SsrcEntry& entry : offered_.ssrcs) {
      if (entry.msid.empty()) continue;
      std::string_view rest = entry.msid;
      received.stream_id = text::take_word(rest);
      received.track_id = text::take_word(rest);
      return;
    }
  }

  bool sends_rid(std::string_view id) const {
    return std::any_of(offered_.rids.begin(), offered_.rids.end(),
                       [&](const Rid& r) { return r.send && r.id == id; });
  }

  Ssrc rtx_of(Ssrc primary) const {
    for (const SsrcGroup& group : offered_.ssrc_groups) {
      if (group.semantics == "FID" && group.ssrcs.size() == 2 && group.ssrcs[0] == primary) {
        return group.ssrcs[1];
      }
    }
    return Ssrc();
  }

  void choose_encodings(ReceivedSection& received) {
    if (offered_.simulcast && !offered_.simulcast->send.empty()) {
      Simulcast simulcast;
      for (const SimulcastStream& stream : offered_.simulcast->send) {
        const std::string& rid = stream.alternatives.front().rid;
        if (!sends_rid(rid)) continue;
        add_rid(received, rid);
        simulcast.receive.push_back({{{rid, false}}});
      }
      if (!simulcast.receive.empty()) answer_.simulcast = std::move(simulcast);
    } else {
      for (const Rid& rid : offered_.rids) {
        if (rid.send) add_rid(received, rid.id);
      }
    }
    if (!received.encodings.empty()) return;
    for (const SsrcGroup& group : offered_.ssrc_groups) {
      if (group.semantics != "SIM") continue;
      for (Ssrc ssrc : group.ssrcs) received.encodings.push_back({"", ssrc, rtx_of(ssrc)});
      return;
    }
    Ssrc primary;
    for (const SsrcGroup& group : offered_.ssrc_groups) {
      if (group.semantics == "FID" && !primary) primary = group.ssrcs.front();
    }
    if (!primary && !offered_.ssrcs.empty()) primary = offered_.ssrcs.front().ssrc;
    received.encodings.push_back({"", primary, primary ? rtx_of(primary) : Ssrc()});
  }

  void add_rid(ReceivedSection& received, const std::string& rid) {
    answer_.rids.push_back({rid, false, ""});
    received.encodings.push_back({rid, Ssrc(), Ssrc()});
  }

  const bool congestion_feedback_;  // in place of transport-wide feedback
  const MediaSection& offered_;
  bool audio_;
  const std::vector<CodecCapability>& codecs_;
  const SectionDecision& decision_;
  const Capabilities& incoming_;
  const Capabilities* outgoing_ = nullptr;
  MediaSection answer_;
};

/// Adds the answer to one section; why it has none, empty when it has.
std::string answer_section(const MediaSection& offered, const SectionDecision& decision,
                           const Capabilities& capabilities, const AnswerOptions& options,
                           Setup setup, bool congestion_feedback, OfferAnswer& out) {
  SectionAnswer section(offered, decision, capabilities, options, setup, congestion_feedback);
  if (offered.type == MediaType::kApplication) {
    DataSection data;
    if (out.data) return "a second one for data";
    if (const char* why = section.data(data)) return why;
    out.data = std::move(data);
  } else {
    ReceivedSection received;
    const char* why = section.media(received);
    if (why != nullptr) return why;
    if (decision.send) out.sent.push_back(section.sent());
    out.sections.push_back(std::move(received));
  }
  out.answer.sections.push_back(section.take());
  return {};
}

/// It is for the whole transport: where one section lacks it none has it.
bool offers_congestion_feedback(const SessionDescription& offer) {
  bool any = false;
  for (const MediaSection& s : offer.sections) {
    if (s.type == MediaType::kApplication || !s.usable()) continue;
    any = std::any_of(s.formats.begin(), s.formats.end(), [](const PayloadFormat& f) {
      return std::ranges::find(f.feedback, kCongestionFeedback) != f.feedback.end();
    });
    if (!any) return false;
  }
  return any;
}

}  // namespace

bool decodes(const MediaSection& offered, const SentTrack& track) {
  const auto sent = [&](const PayloadFormat& format) {
    const auto codec = codec_of(format);
    return std::any_of(track.codecs.begin(), track.codecs.end(),
                       [&](const CodecParameters& one) { return one.codec == codec; });
  };
  return track.codecs.empty() || std::any_of(offered.formats.begin(), offered.formats.end(), sent);
}

OfferAnswer answer_offer(const SessionDescription& offer, const Capabilities& capabilities,
                         const AnswerOptions& options) {
  OfferAnswer out;
  auto remote = remote_transport(offer);
  if (!remote) out.rejections.push_back(remote.error().message);
  const MediaSection* tagged = tagged_section(offer);
  const Setup setup =
      remote && remote->local_role == DtlsRole::kClient ? Setup::kActive : Setup::kPassive;

  const bool congestion_feedback = offers_congestion_feedback(offer);
  SessionDescription& answer = out.answer;
  answer.session_id = options.session_id;
  answer.session_version = options.session_version;
  answer.ice_lite = options.transport.ice_lite;
  answer.extmap_allow_mixed = offer.extmap_allow_mixed;
  answer.has_bundle = offer.has_bundle;
  answer.msid_semantic = "WMS *";
  static const SectionDecision kAsItComes;
  std::unordered_map<std::string_view, const SectionDecision*> decisions;
  for (const SectionDecision& d : options.decisions) decisions[d.mid] = &d;
  for (const MediaSection& offered : offer.sections) {
    const auto decided = decisions.find(offered.mid);
    const SectionDecision& decision = decided == decisions.end() ? kAsItComes : *decided->second;
    // Everything runs over one transport: what is not bundled has no place.
    const bool bundled =
        offer.has_bundle ? contains(offer.bundle, offered.mid) : &offered == tagged;
    std::string why;
    if (offered.rejected()) {
      // It is the offer that rejects it.
    } else if (!offered.unusable.empty()) {
      why = offered.unusable;
    } else if (!remote) {
      why = remote.error().message;
    } else if (!bundled) {
      why = "not bundled with the first";
    } else {
      why =
          answer_section(offered, decision, capabilities, options, setup, congestion_feedback, out);
      if (why.empty()) {
        if (offer.has_bundle) answer.bundle.push_back(offered.mid);
        continue;
      }
    }
    answer.sections.push_back(rejected_like(offered));
    if (decision.send) out.sent.push_back({.mid = offered.mid, .kind = kind_of(offered.type)});
    if (!why.empty()) {
      out.rejections.push_back(fmt::format("m-section \"{}\": {}", offered.mid, why));
    }
  }
  if (remote && (!out.sections.empty() || out.data)) out.remote = std::move(*remote);
  return out;
}

}  // namespace turms::rtc::sdp
