#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "rtc/sdp/description.h"
#include "rtc/sdp/formats.h"
#include "rtc/sdp/fragment.h"
#include "rtc/sdp/text.h"

namespace turms::rtc::sdp {

const char* to_string(MediaType type) {
  switch (type) {
    case MediaType::kAudio:
      return "audio";
    case MediaType::kVideo:
      return "video";
    case MediaType::kApplication:
      return "application";
    case MediaType::kOther:
      return "other";
  }
  return "";
}

const char* to_string(Direction direction) {
  switch (direction) {
    case Direction::kSendRecv:
      return "sendrecv";
    case Direction::kSendOnly:
      return "sendonly";
    case Direction::kRecvOnly:
      return "recvonly";
    case Direction::kInactive:
      return "inactive";
  }
  return "";
}

Direction reversed(Direction direction) {
  if (direction == Direction::kSendOnly) return Direction::kRecvOnly;
  if (direction == Direction::kRecvOnly) return Direction::kSendOnly;
  return direction;
}

std::optional<std::string_view> fmtp_parameter(std::string_view fmtp, std::string_view name) {
  while (!fmtp.empty()) {
    std::string_view pair = text::trim(text::take(fmtp, ';'));
    std::string_view key = text::trim(text::take(pair, '='));
    if (text::equal_ignoring_case(key, name)) return text::trim(pair);
  }
  return std::nullopt;
}

const MediaSection* SessionDescription::find(std::string_view mid) const {
  for (const MediaSection& s : sections) {
    if (s.mid == mid) return &s;
  }
  return nullptr;
}

namespace {

class Writer {
 public:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += "\r\n";
  }
  void bundle(const SessionDescription& d);
  void media(const MediaSection& s);
  void ice(const MediaSection& s);
  void section(const MediaSection& s);
  std::string take() { return std::move(out_); }

 private:
  void rejected_line(const MediaSection& s);
  void transport(const MediaSection& s);
  void formats(const MediaSection& s);
  void sources(const MediaSection& s);

  std::string out_;
};

const char* to_string(FingerprintHash hash) {
  switch (hash) {
    case FingerprintHash::kSha1:
      return "sha-1";
    case FingerprintHash::kSha256:
      return "sha-256";
    case FingerprintHash::kSha384:
      return "sha-384";
    case FingerprintHash::kSha512:
      return "sha-512";
  }
  return "";
}

const char* to_string(Setup setup) {
  switch (setup) {
    case Setup::kActpass:
      return "actpass";
    case Setup::kActive:
      return "active";
    case Setup::kPassive:
      return "passive";
  }
  return "";
}

std::string fingerprint_text(const DtlsFingerprint& fingerprint) {
  std::string out;
  for (size_t i = 0; i < digest_size(fingerprint.hash); ++i) {
    if (i > 0) out += ':';
    fmt::format_to(std::back_inserter(out), "{:02X}", fingerprint.digest[i]);
  }
  return out;
}

void Writer::bundle(const SessionDescription& d) {
  if (!d.has_bundle) return;
  std::string mids;
  for (const std::string& mid : d.bundle) mids += " " + mid;
  line("a=group:BUNDLE{}", mids);
}

void Writer::ice(const MediaSection& s) {
  for (const Candidate& c : s.candidates) line("a={}", sdp::to_string(c));
  if (s.end_of_candidates) line("a=end-of-candidates");
  if (!s.ice.ufrag.empty()) line("a=ice-ufrag:{}", s.ice.ufrag);
  if (!s.ice.password.empty()) line("a=ice-pwd:{}", s.ice.password);
  if (!s.ice_options.empty()) line("a=ice-options:{}", fmt::join(s.ice_options, " "));
}

void Writer::transport(const MediaSection& s) {
  ice(s);
  if (s.fingerprint)
    line("a=fingerprint:{} {}", to_string(s.fingerprint->hash), fingerprint_text(*s.fingerprint));
  if (s.setup) line("a=setup:{}", to_string(*s.setup));
}

void Writer::formats(const MediaSection& s) {
  for (const PayloadFormat& f : s.formats) {
    if (f.name.empty()) continue;
    if (f.channels > 1) {
      line("a=rtpmap:{} {}/{}/{}", f.payload_type, f.name, f.clock_rate, f.channels);
    } else {
      line("a=rtpmap:{} {}/{}", f.payload_type, f.name, f.clock_rate);
    }
    for (const std::string& feedback : f.feedback) {
      if (feedback == kCongestionFeedback) continue;
      line("a=rtcp-fb:{} {}", f.payload_type, feedback);
    }
    if (!f.fmtp.empty()) line("a=fmtp:{} {}", f.payload_type, f.fmtp);
  }
  const bool congestion_feedback =
      std::any_of(s.formats.begin(), s.formats.end(), [](const PayloadFormat& f) {
        return !f.name.empty() &&
               std::ranges::find(f.feedback, kCongestionFeedback) != f.feedback.end();
      });
  if (congestion_feedback) line("a=rtcp-fb:* {}", kCongestionFeedback);
}

std::string streams_text(const std::vector<SimulcastStream>& streams) {
  std::string out;
  for (const SimulcastStream& stream : streams) {
    if (!out.empty()) out += ';';
    bool first = true;
    for (const auto& alternative : stream.alternatives) {
      if (!first) out += ',';
      first = false;
      if (alternative.paused) out += '~';
      out += alternative.rid;
    }
  }
  return out;
}

void Writer::sources(const MediaSection& s) {
  for (const SsrcGroup& group : s.ssrc_groups) {
    std::string list;
    for (Ssrc ssrc : group.ssrcs) fmt::format_to(std::back_inserter(list), " {}", ssrc.value);
    line("a=ssrc-group:{}{}", group.semantics, list);
  }
  for (const SsrcEntry& e : s.ssrcs) {
    if (!e.cname.empty()) line("a=ssrc:{} cname:{}", e.ssrc.value, e.cname);
    if (!e.msid.empty()) line("a=ssrc:{} msid:{}", e.ssrc.value, e.msid);
  }
  for (const Rid& rid : s.rids) {
    line("a=rid:{} {}{}{}", rid.id, rid.send ? "send" : "recv", rid.restrictions.empty() ? "" : " ",
         rid.restrictions);
  }
  if (s.simulcast) {
    std::string value;
    if (!s.simulcast->send.empty()) value += "send " + streams_text(s.simulcast->send);
    if (!s.simulcast->receive.empty()) {
      value += (value.empty() ? "recv " : " recv ") + streams_text(s.simulcast->receive);
    }
    line("a=simulcast:{}", value);
  }
}

// An m-line that could not be read is repeated with port 0 (RFC 3264 section 6).
void Writer::rejected_line(const MediaSection& s) {
  std::string_view rest = s.m_line;
  const std::string_view media = text::take_word(rest);
  text::take_word(rest);
  line("m={} 0 {}", media.empty() ? "other" : media, rest);
  line("c=IN IP4 0.0.0.0");
  if (!s.mid.empty()) line("a=mid:{}", s.mid);
}

void Writer::media(const MediaSection& s) {
  std::string formats_text;
  if (s.type == MediaType::kApplication) {
    formats_text = " webrtc-datachannel";
  } else {
    for (const PayloadFormat& f : s.formats) {
      fmt::format_to(std::back_inserter(formats_text), " {}", f.payload_type);
    }
  }
  line("m={} {} {}{}", sdp::to_string(s.type), s.port, s.protocol, formats_text);
}

void Writer::section(const MediaSection& s) {
  if (!s.m_line.empty()) return rejected_line(s);
  const bool data = s.type == MediaType::kApplication;
  media(s);
  line("c=IN IP4 0.0.0.0");
  if (!data) line("a=rtcp:9 IN IP4 0.0.0.0");
  transport(s);
  if (!s.mid.empty()) line("a=mid:{}", s.mid);
  if (s.bundle_only) line("a=bundle-only");
  if (data) {
    if (s.sctp_port != 0) line("a=sctp-port:{}", s.sctp_port);
    if (s.max_message_size != 0) line("a=max-message-size:{}", s.max_message_size);
    return;
  }
  if (s.extmap_allow_mixed) line("a=extmap-allow-mixed");
  for (const ExtensionEntry& e : s.extensions) {
    if (e.direction) {
      line("a=extmap:{}/{} {}", e.id, sdp::to_string(*e.direction), e.uri);
    } else {
      line("a=extmap:{} {}", e.id, e.uri);
    }
  }
  line("a={}", sdp::to_string(s.direction));
  if (s.msid) {
    line("a=msid:{}{}{}", s.msid->stream, s.msid->track.empty() ? "" : " ", s.msid->track);
  }
  if (s.rtcp_mux) line("a=rtcp-mux");
  if (s.rtcp_reduced_size) line("a=rtcp-rsize");
  formats(s);
  sources(s);
}

}  // namespace

std::string serialize_head(const SessionDescription& d) {
  Writer writer;
  writer.line("v=0");
  writer.line("o=- {} {} IN IP4 127.0.0.1", d.session_id, d.session_version);
  writer.line("s={}", d.session_name.empty() ? "-" : d.session_name);
  writer.line("t=0 0");
  writer.bundle(d);
  if (d.extmap_allow_mixed) writer.line("a=extmap-allow-mixed");
  if (!d.msid_semantic.empty()) writer.line("a=msid-semantic: {}", d.msid_semantic);
  if (d.ice_lite) writer.line("a=ice-lite");
  return writer.take();
}

std::string serialize(const MediaSection& section) {
  Writer writer;
  writer.section(section);
  return writer.take();
}

std::string serialize(const SessionDescription& d) {
  std::string out = serialize_head(d);
  for (const MediaSection& section : d.sections) out += serialize(section);
  return out;
}

std::string serialize_fragment(const SessionDescription& d) {
  Writer writer;
  writer.bundle(d);
  if (d.ice_lite) writer.line("a=ice-lite");
  if (const MediaSection* section = tagged_section(d)) {
    writer.media(*section);
    writer.line("a=mid:{}", section->mid);
    writer.ice(*section);
  }
  return writer.take();
}

}  // namespace turms::rtc::sdp
