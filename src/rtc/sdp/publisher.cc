// A publisher offers, we answer (RFC 9429 section 5.3, RFC 3264 section 6).
#include <algorithm>

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
  return s;
}

bool contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

class SectionAnswer {
 public:
  SectionAnswer(const MediaSection& offered, const Capabilities& capabilities,
                const AnswerOptions& options, Setup setup)
      : offered_(offered),
        audio_(offered.type == MediaType::kAudio),
        codecs_(audio_ ? capabilities.audio : capabilities.video),
        extensions_(audio_ ? capabilities.audio_extensions : capabilities.video_extensions),
        feedback_(audio_ ? capabilities.audio_feedback : capabilities.video_feedback) {
    for (const SectionDecision& d : options.decisions) {
      if (d.mid == offered.mid) decision_ = d;
    }
    answer_.type = offered.type;
    answer_.protocol = offered.protocol;
    answer_.mid = offered.mid;
    put_transport(answer_, options.transport, setup);
  }

  /// False: to be rejected.
  bool media(ReceivedSection& received) {
    if (!decision_.accept || !offered_.rtcp_mux) return false;
    answer_.rtcp_mux = true;
    answer_.rtcp_reduced_size = offered_.rtcp_reduced_size;
    received.mid = offered_.mid;
    received.kind = kind_of(offered_.type);
    received.sending = sends(offered_.direction);
    answer_.direction = received.sending ? Direction::kRecvOnly : Direction::kInactive;
    if (!choose_formats(received)) return false;
    choose_extensions();
    received.extensions = extension_map(answer_);
    read_msid(received);
    choose_encodings(received);
    return true;
  }

  bool data(DataSection& data) {
    if (!decision_.accept || offered_.protocol.find("DTLS/SCTP") == std::string::npos) return false;
    answer_.sctp_port = kSctpPort;
    answer_.max_message_size = kMaxMessageSize;
    data.mid = offered_.mid;
    data.remote_sctp_port = offered_.sctp_port;
    data.remote_max_message_size =
        offered_.max_message_size != 0 ? offered_.max_message_size : 65536;
    return true;
  }

  MediaSection take() { return std::move(answer_); }

 private:
  struct Chosen {
    const PayloadFormat* format;
    Codec codec;
    size_t rank;
  };

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

  void add_format(const PayloadFormat& offered, Codec codec) {
    PayloadFormat format = offered;
    std::erase_if(format.feedback, [&](const std::string& f) { return !contains(feedback_, f); });
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
      if (std::find(extensions_.begin(), extensions_.end(), *extension) == extensions_.end()) {
        continue;
      }
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

  const MediaSection& offered_;
  bool audio_;
  const std::vector<CodecCapability>& codecs_;
  const std::vector<Extension>& extensions_;
  const std::vector<std::string>& feedback_;
  SectionDecision decision_;
  MediaSection answer_;
};

}  // namespace

Result<PublisherAnswer> answer_publisher(const SessionDescription& offer,
                                         const Capabilities& capabilities,
                                         const AnswerOptions& options) {
  auto remote = remote_transport(offer);
  if (!remote) return std::unexpected(remote.error());
  PublisherAnswer out;
  out.remote = std::move(*remote);
  const MediaSection* tagged = tagged_section(offer);
  Setup setup = out.remote.local_role == DtlsRole::kServer ? Setup::kPassive : Setup::kActive;

  SessionDescription& answer = out.answer;
  answer.session_id = options.session_id;
  answer.session_version = options.session_version;
  answer.ice_lite = options.transport.ice_lite;
  answer.extmap_allow_mixed = offer.extmap_allow_mixed;
  answer.has_bundle = offer.has_bundle;
  answer.msid_semantic = "WMS *";
  for (const MediaSection& offered : offer.sections) {
    // Everything runs over one transport: what is not bundled has no place.
    bool bundled = offer.has_bundle ? contains(offer.bundle, offered.mid) : &offered == tagged;
    bool accepted = false;
    if (bundled && !offered.rejected()) {
      SectionAnswer section(offered, capabilities, options, setup);
      if (offered.type == MediaType::kApplication) {
        DataSection data;
        accepted = !out.data && section.data(data);
        if (accepted) out.data = std::move(data);
      } else {
        ReceivedSection received;
        accepted = section.media(received);
        if (accepted) out.sections.push_back(std::move(received));
      }
      if (accepted) answer.sections.push_back(section.take());
    }
    if (accepted) {
      if (offer.has_bundle) answer.bundle.push_back(offered.mid);
    } else {
      answer.sections.push_back(rejected_like(offered));
    }
  }
  if (out.sections.empty() && !out.data) {
    return fail(ErrorCode::kInvalidArgument, "no m-section of the offer can be accepted");
  }
  return out;
}

}  // namespace turms::rtc::sdp
