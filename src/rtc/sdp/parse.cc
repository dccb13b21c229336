#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/encoding.h"
#include "rtc/sdp/description.h"
#include "rtc/sdp/fragment.h"
#include "rtc/sdp/text.h"

namespace turms::rtc::sdp {

namespace {

constexpr size_t kMaxFormats = 128;
constexpr size_t kMaxPerSection =
    256;  // extensions, SSRCs, groups, rids, candidates of one section
constexpr size_t kMaxAlternatives = 16;  // rids of one simulcast stream
constexpr size_t kMaxMLine = 1024;       // kept of one that does not parse

std::optional<Direction> direction_of(std::string_view word) {
  if (word == "sendrecv") return Direction::kSendRecv;
  if (word == "sendonly") return Direction::kSendOnly;
  if (word == "recvonly") return Direction::kRecvOnly;
  if (word == "inactive") return Direction::kInactive;
  return std::nullopt;
}

/// What the session level says for sections that are silent.
struct SessionDefaults {
  IceCredentials ice;
  std::vector<std::string> ice_options;
  std::optional<DtlsFingerprint> fingerprint;
  std::optional<Setup> setup;
  std::optional<Direction> direction;
  std::vector<ExtensionEntry> extensions;
};

/// What begins a description, and is missing from a fragment.
enum class Head : uint8_t { kExpected, kNone };

class Parser {
 public:
  Result<SessionDescription> run(std::string_view text, Head head);

 private:
  using Bad = std::optional<std::string>;  // what is wrong with the line

  Bad line(char type, std::string_view value);
  Bad origin(std::string_view value);
  Bad media(std::string_view value);
  Bad attribute(std::string_view name, std::string_view value);
  Bad session_attribute(std::string_view name, std::string_view value);
  Bad mid(MediaSection& s, std::string_view value);
  Bad section_attribute(MediaSection& s, std::string_view name, std::string_view value);
  Bad format_attribute(MediaSection& s, std::string_view name, std::string_view value);
  Bad source_attribute(MediaSection& s, std::string_view name, std::string_view value);
  static Bad ice_options(std::string_view value, std::vector<std::string>& out);
  Bad ice_attribute(std::string_view name, std::string_view value, IceCredentials& ice);
  static Bad fingerprint(std::string_view value, std::optional<DtlsFingerprint>& out);
  static Bad setup(std::string_view value, std::optional<Setup>& out);
  static Bad extension(std::string_view value, std::vector<ExtensionEntry>& out);
  static Bad simulcast(std::string_view value, MediaSection& s);
  Bad feedback(std::string_view value, std::span<PayloadFormat> formats);
  Bad finish_section();
  Bad copied(size_t bytes);

  Bad fatal(std::string what);

  SessionDescription description_;
  SessionDefaults defaults_;
  bool fatal_ = false;  // what is wrong spoils the whole description
  size_t copied_ = 0;   // bytes of kMaxCopiedSize
  bool has_direction_ = false;
  bool has_origin_ = false;
};

size_t memory_of(const std::string& text) {
  return sizeof text + text.size();
}
size_t memory_of(const ExtensionEntry& extension) {
  return sizeof extension + extension.uri.size();
}
template <class T>
size_t memory_of(const std::vector<T>& list) {
  size_t sum = 0;
  for (const T& each : list) sum += memory_of(each);
  return sum;
}

Result<SessionDescription> Parser::run(std::string_view text, Head head) {
  if (text.size() > kMaxDescriptionSize) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("description of {} bytes is too large", text.size()));
  }
  size_t number = 0;
  bool first = true;
  while (!text.empty()) {
    ++number;
    std::string_view line_text = text::take(text, '\n');
    if (!line_text.empty() && line_text.back() == '\r') line_text.remove_suffix(1);
    if (line_text.empty()) continue;
    auto wrong = [&](std::string_view what) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("line {}: {}", number, what));
    };
    if (first && head == Head::kExpected && line_text != "v=0") return wrong("v=0 expected");
    first = false;
    Bad bad;
    if (line_text.size() > kMaxLineSize) {
      bad = "too long";
    } else if (line_text.size() < 2 || line_text[1] != '=') {
      bad = "not of the form x=value";
    } else {
      bad = line(line_text[0], line_text.substr(2));
    }
    if (!bad) continue;
    if (fatal_) return wrong(*bad);
    if (description_.oddities.size() < kMaxOddities) {
      description_.oddities.push_back(fmt::format("line {}: {}", number, *bad));
    }
  }
  if (first) return fail(ErrorCode::kInvalidArgument, "empty description");
  if (head == Head::kExpected && !has_origin_)
    return fail(ErrorCode::kInvalidArgument, "no o= line");
  if (Bad bad = finish_section()) return fail(ErrorCode::kInvalidArgument, *bad);
  return std::move(description_);
}

Parser::Bad Parser::fatal(std::string what) {
  fatal_ = true;
  return what;
}

Parser::Bad Parser::line(char type, std::string_view value) {
  switch (type) {
    case 'o':
      return origin(value);
    case 's':
      description_.session_name = value;
      return {};
    case 'm': {
      if (Bad bad = finish_section()) return bad;
      Bad bad = media(value);
      if (bad && !fatal_) description_.sections.back().unusable = *bad;
      return bad;
    }
    case 'a': {
      const size_t colon = value.find(':');
      if (colon == std::string_view::npos) return attribute(text::trim(value), {});
      return attribute(text::trim(value.substr(0, colon)), text::trim(value.substr(colon + 1)));
    }
    default:
      return {};
  }
}

Parser::Bad Parser::origin(std::string_view value) {
  text::take_word(value);
  auto id = text::number<uint64_t>(text::take_word(value));
  auto version = text::number<uint64_t>(text::take_word(value));
  if (!id || !version) return fatal("o=: session id and version expected");
  description_.session_id = *id;
  description_.session_version = *version;
  has_origin_ = true;
  return {};
}

Parser::Bad Parser::media(std::string_view value) {
  if (description_.sections.size() >= kMaxSections) return fatal("m=: too many sections");
  MediaSection& s = description_.sections.emplace_back();
  has_direction_ = false;
  s.m_line = value.substr(0, kMaxMLine);
  std::string_view type = text::take_word(value);
  if (type == "audio") {
    s.type = MediaType::kAudio;
  } else if (type == "video") {
    s.type = MediaType::kVideo;
  } else if (type == "application") {
    s.type = MediaType::kApplication;
  } else {
    s.type = MediaType::kOther;
    return fmt::format("m=: unknown media \"{}\"", type.substr(0, 32));
  }
  std::string_view port_text = text::take_word(value);
  auto port = text::number<uint16_t>(text::take(port_text, '/'));
  if (!port) return "m=: port is not 0..65535";
  s.port = *port;
  std::string_view protocol = text::take_word(value);
  if (protocol.empty()) return "m=: no protocol";
  s.protocol = protocol;
  size_t formats = 0;
  while (!value.empty()) {
    std::string_view format = text::take_word(value);
    if (format.empty()) continue;
    ++formats;
    if (s.type == MediaType::kApplication) continue;  // "webrtc-datachannel", or a port (old form)
    auto payload_type = text::number<uint8_t>(format);
    if (!payload_type || *payload_type > 127) return "m=: payload type is not 0..127";
    if (s.formats.size() >= kMaxFormats) return "m=: too many formats";
    bool seen = std::any_of(s.formats.begin(), s.formats.end(), [&](const PayloadFormat& f) {
      return f.payload_type == *payload_type;
    });
    if (seen) return fmt::format("m=: payload type {} twice", *payload_type);
    s.formats.push_back({.payload_type = *payload_type});
  }
  if (formats == 0) return "m=: no format";
  s.m_line.clear();
  return {};
}

/// What one line makes parse() write in several places counts together: a description of 1 MB
/// must not become one of gigabytes.
Parser::Bad Parser::copied(size_t bytes) {
  copied_ += bytes;
  if (copied_ > kMaxCopiedSize) {
    return fatal("attributes for all sections or formats: too much together");
  }
  return {};
}

Parser::Bad Parser::finish_section() {
  if (description_.sections.empty()) return {};
  MediaSection& s = description_.sections.back();
  size_t inherited = 0;
  if (s.ice_options.empty()) inherited += memory_of(defaults_.ice_options);
  if (s.extensions.empty()) inherited += memory_of(defaults_.extensions);
  if (Bad bad = copied(inherited)) return bad;
  if (s.ice.ufrag.empty()) s.ice.ufrag = defaults_.ice.ufrag;
  if (s.ice.password.empty()) s.ice.password = defaults_.ice.password;
  if (s.ice_options.empty()) s.ice_options = defaults_.ice_options;
  if (!s.fingerprint) s.fingerprint = defaults_.fingerprint;
  if (!s.setup) s.setup = defaults_.setup;
  if (!has_direction_ && defaults_.direction) s.direction = *defaults_.direction;
  if (s.extensions.empty()) s.extensions = defaults_.extensions;
  has_direction_ = true;  // so that a second call changes nothing
  // Static payload types need no rtpmap (RFC 3551 section 6); those without a name are of no use.
  for (PayloadFormat& f : s.formats) {
    if (!f.name.empty()) continue;
    if (f.payload_type == 0) f.name = "PCMU";
    if (f.payload_type == 8) f.name = "PCMA";
    if (f.payload_type == 9) f.name = "G722";
    if (!f.name.empty()) f.clock_rate = 8000;
  }
  return {};
}

Parser::Bad Parser::ice_options(std::string_view value, std::vector<std::string>& out) {
  while (!value.empty()) {
    std::string_view word = text::take_word(value);
    if (word.empty()) continue;
    if (out.size() >= kMaxIceOptions) return "a=ice-options: too many";
    if (word.size() > kMaxIceOptionSize) return "a=ice-options: word is too long";
    out.emplace_back(word);
  }
  return {};
}

Parser::Bad Parser::attribute(std::string_view name, std::string_view value) {
  if (description_.sections.empty()) return session_attribute(name, value);
  return section_attribute(description_.sections.back(), name, value);
}

Parser::Bad Parser::ice_attribute(std::string_view name, std::string_view value,
                                  IceCredentials& ice) {
  // RFC 8839 section 5.4: 4..256 and 22..256 ice-chars.
  bool user = name == "ice-ufrag";
  size_t least = user ? 4 : 22;
  bool good = value.size() >= least && value.size() <= 256 &&
              std::all_of(value.begin(), value.end(), [](char c) {
                return (c >= '0' && c <= '9') || (text::lower(c) >= 'a' && text::lower(c) <= 'z') ||
                       c == '+' || c == '/';
              });
  // Some clients write base64url or padding here; what STUN needs is only that it has no colon.
  good = good || (value.size() >= least && value.size() <= 256 && text::is_token(value) &&
                  value.find(':') == std::string_view::npos);
  if (!good) return fmt::format("a={}: {} to 256 characters expected", name, least);
  (user ? ice.ufrag : ice.password) = value;
  return {};
}

// Of several the best counts; what nobody here can compute stands beside it for others.
Parser::Bad Parser::fingerprint(std::string_view value, std::optional<DtlsFingerprint>& out) {
  constexpr std::array<std::string_view, kFingerprintHashCount> kNames = {"sha-1", "sha-256",
                                                                          "sha-384", "sha-512"};
  const std::string_view name = text::take_word(value);
  const auto known = std::find_if(kNames.begin(), kNames.end(), [&](std::string_view candidate) {
    return text::equal_ignoring_case(name, candidate);
  });
  if (known == kNames.end()) return {};
  DtlsFingerprint result;
  result.hash = static_cast<FingerprintHash>(known - kNames.begin());
  std::string_view digits = text::trim(value);
  for (size_t i = 0; i < digest_size(result.hash); ++i) {
    const auto byte = from_hex(text::take(digits, ':'));
    if (!byte || byte->size() != 1) {
      return fmt::format("a=fingerprint: {} bytes in hexadecimal expected",
                         digest_size(result.hash));
    }
    result.digest[i] = (*byte)[0];
  }
  if (!digits.empty()) {
    return fmt::format("a=fingerprint: more than {} bytes", digest_size(result.hash));
  }
  if (!out || out->hash < result.hash) out = result;
  return {};
}

Parser::Bad Parser::setup(std::string_view value, std::optional<Setup>& out) {
  if (value == "actpass") {
    out = Setup::kActpass;
  } else if (value == "active") {
    out = Setup::kActive;
  } else if (value == "passive") {
    out = Setup::kPassive;
  } else if (value != "holdconn") {
    return "a=setup: actpass, active or passive expected";
  }
  return {};
}

Parser::Bad Parser::extension(std::string_view value, std::vector<ExtensionEntry>& out) {
  if (out.size() >= kMaxPerSection) return "a=extmap: too many";
  std::string_view head = text::take_word(value);
  std::string_view id_text = text::take(head, '/');
  auto id = text::number<uint16_t>(id_text);
  // 4096..4351 are placeholders for negotiation without meaning on the wire (RFC 8285 section 5).
  if (!id || *id == 0 || (*id > 255 && (*id < 4096 || *id > 4351))) {
    return "a=extmap: id is not 1..255";
  }
  if (*id > 255) return {};
  ExtensionEntry entry;
  entry.id = static_cast<uint8_t>(*id);
  if (!head.empty()) {
    entry.direction = direction_of(head);
    if (!entry.direction) return "a=extmap: unknown direction";
  }
  entry.uri = text::take_word(value);
  if (entry.uri.empty()) return "a=extmap: no URI";
  if (entry.uri.size() > kMaxExtensionUriSize) return "a=extmap: URI is too long";
  out.push_back(std::move(entry));
  return {};
}

Parser::Bad Parser::session_attribute(std::string_view name, std::string_view value) {
  if (name == "group") {
    if (text::take_word(value) != "BUNDLE" || description_.has_bundle) return {};
    description_.has_bundle = true;
    while (!value.empty()) {
      std::string_view mid = text::take_word(value);
      if (!mid.empty()) description_.bundle.emplace_back(mid);
      if (description_.bundle.size() > kMaxSections) return fatal("a=group: too many mids");
    }
    return {};
  }
  if (name == "ice-lite") description_.ice_lite = true;
  if (name == "extmap-allow-mixed") description_.extmap_allow_mixed = true;
  if (name == "msid-semantic") description_.msid_semantic = text::trim(value);
  if (name == "ice-ufrag" || name == "ice-pwd") return ice_attribute(name, value, defaults_.ice);
  if (name == "ice-options") return ice_options(value, defaults_.ice_options);
  if (name == "fingerprint") return fingerprint(value, defaults_.fingerprint);
  if (name == "setup") return setup(value, defaults_.setup);
  if (name == "extmap") return extension(value, defaults_.extensions);
  if (auto direction = direction_of(name)) defaults_.direction = direction;
  return {};
}

// Without its mid nobody could tell which section is meant.
Parser::Bad Parser::mid(MediaSection& s, std::string_view value) {
  const bool seen = std::any_of(description_.sections.begin(), description_.sections.end(),
                                [&](const MediaSection& other) { return other.mid == value; });
  Bad bad;
  if (!text::is_token(value) || value.size() > kMaxMidSize) bad = "a=mid: token expected";
  if (!bad && seen) bad = fmt::format("a=mid: \"{}\" twice", value);
  if (bad) {
    s.unusable = *bad;
  } else {
    s.mid = value;
  }
  return bad;
}

Parser::Bad Parser::section_attribute(MediaSection& s, std::string_view name,
                                      std::string_view value) {
  if (name == "mid") {
    return mid(s, value);
  }
  if (auto direction = direction_of(name)) {
    s.direction = *direction;
    has_direction_ = true;
    return {};
  }
  if (name == "ice-ufrag" || name == "ice-pwd") return ice_attribute(name, value, s.ice);
  if (name == "ice-options") return ice_options(value, s.ice_options);
  if (name == "candidate") {
    if (s.candidates.size() >= kMaxPerSection) return "a=candidate: too many";
    auto candidate = parse_candidate(value);
    if (!candidate) return "a=" + candidate.error().message;
    s.candidates.push_back(std::move(*candidate));
    return {};
  }
  if (name == "end-of-candidates") s.end_of_candidates = true;
  if (name == "fingerprint") return fingerprint(value, s.fingerprint);
  if (name == "setup") return setup(value, s.setup);
  if (name == "rtcp-mux") s.rtcp_mux = true;
  if (name == "rtcp-rsize") s.rtcp_reduced_size = true;
  if (name == "bundle-only") s.bundle_only = true;
  if (name == "extmap-allow-mixed") s.extmap_allow_mixed = true;
  if (name == "extmap") return extension(value, s.extensions);
  if (name == "rtpmap" || name == "fmtp" || name == "rtcp-fb") {
    return format_attribute(s, name, value);
  }
  if (name == "sctp-port") {
    auto port = text::number<uint16_t>(value);
    if (!port) return "a=sctp-port: not 0..65535";
    s.sctp_port = *port;
    return {};
  }
  if (name == "sctpmap") {  // the form before RFC 8841: "5000 webrtc-datachannel 1024"
    if (auto port = text::number<uint16_t>(text::take_word(value))) s.sctp_port = *port;
    return {};
  }
  if (name == "max-message-size") {
    auto size = text::number<uint64_t>(value);
    if (!size) return "a=max-message-size: not a number";
    s.max_message_size = *size;
    return {};
  }
  return source_attribute(s, name, value);
}

Parser::Bad Parser::format_attribute(MediaSection& s, std::string_view name,
                                     std::string_view value) {
  std::string_view type_text = text::take_word(value);
  value = text::trim(value);
  auto type = text::number<uint8_t>(type_text);
  if (name == "rtcp-fb" && type_text == "*") {
    if (Bad bad = copied(s.formats.size() * (sizeof(std::string) + value.size()))) return bad;
    return feedback(value, s.formats);
  }
  if (!type || *type > 127) return fmt::format("a={}: payload type is not 0..127", name);
  auto format = std::find_if(s.formats.begin(), s.formats.end(),
                             [&](const PayloadFormat& f) { return f.payload_type == *type; });
  // Lines for a format that is not on the m-line are ignored (RFC 8866 section 6.6).
  if (format == s.formats.end()) return {};
  if (name == "fmtp") {
    format->fmtp = value;
    return {};
  }
  if (name == "rtcp-fb") return feedback(value, {&*format, 1});
  std::string_view encoding = text::take(value, '/');
  const auto rate = text::number<uint32_t>(text::trim(text::take(value, '/')));
  if (!text::is_token(encoding) || !rate || *rate == 0) return "a=rtpmap: name/rate expected";
  format->name = encoding;
  format->clock_rate = *rate;
  if (!value.empty()) {
    const auto channels = text::number<uint8_t>(text::trim(value));
    if (!channels || *channels == 0) return "a=rtpmap: channels is not 1..255";
    format->channels = *channels;
  }
  return {};
}

Parser::Bad Parser::feedback(std::string_view value, std::span<PayloadFormat> formats) {
  if (value.empty()) return "a=rtcp-fb: no type";
  if (value.size() > kMaxFeedbackSize) return "a=rtcp-fb: too long";
  for (PayloadFormat& f : formats) {
    if (f.feedback.size() >= kMaxFeedbackPerFormat) return "a=rtcp-fb: too many";
    f.feedback.emplace_back(value);
  }
  return {};
}

Parser::Bad Parser::source_attribute(MediaSection& s, std::string_view name,
                                     std::string_view value) {
  if (name == "msid") {
    if (s.msid) return {};  // further streams of the same track
    Msid msid;
    msid.stream = text::take_word(value);
    msid.track = text::take_word(value);
    if (!text::is_token(msid.stream)) return "a=msid: stream id expected";
    s.msid = std::move(msid);
    return {};
  }
  if (name == "ssrc") {
    auto ssrc = text::number<uint32_t>(text::take_word(value));
    if (!ssrc) return "a=ssrc: not a 32-bit number";
    auto entry = std::find_if(s.ssrcs.begin(), s.ssrcs.end(),
                              [&](const SsrcEntry& e) { return e.ssrc.value == *ssrc; });
    if (entry == s.ssrcs.end()) {
      if (s.ssrcs.size() >= kMaxPerSection) return "a=ssrc: too many";
      s.ssrcs.push_back({.ssrc = Ssrc(*ssrc)});
      entry = s.ssrcs.end() - 1;
    }
    std::string_view key = text::take(value, ':');
    if (key == "cname") entry->cname = value;
    if (key == "msid") entry->msid = value;
    return {};
  }
  if (name == "ssrc-group") {
    if (s.ssrc_groups.size() >= kMaxPerSection) return "a=ssrc-group: too many";
    SsrcGroup group;
    group.semantics = text::take_word(value);
    while (!value.empty()) {
      std::string_view word = text::take_word(value);
      if (word.empty()) continue;
      auto ssrc = text::number<uint32_t>(word);
      if (!ssrc) return "a=ssrc-group: not a 32-bit number";
      if (group.ssrcs.size() >= kMaxPerSection) return "a=ssrc-group: too many";
      group.ssrcs.emplace_back(*ssrc);
    }
    if (group.semantics.empty() || group.ssrcs.empty())
      return "a=ssrc-group: semantics and SSRCs expected";
    s.ssrc_groups.push_back(std::move(group));
    return {};
  }
  if (name == "rid") {
    if (s.rids.size() >= kMaxPerSection) return "a=rid: too many";
    Rid rid;
    rid.id = text::take_word(value);
    std::string_view way = text::take_word(value);
    if (!text::is_token(rid.id) || rid.id.size() > 255) return "a=rid: no id";
    if (way != "send" && way != "recv") return "a=rid: send or recv expected";
    rid.send = way == "send";
    rid.restrictions = text::trim(value);
    s.rids.push_back(std::move(rid));
    return {};
  }
  if (name == "simulcast") return simulcast(value, s);
  return {};
}

Parser::Bad Parser::simulcast(std::string_view value, MediaSection& s) {
  if (s.simulcast) return "a=simulcast: twice";
  Simulcast result;
  while (!value.empty()) {
    std::string_view way = text::take_word(value);
    std::string_view list = text::take_word(value);
    if (way.empty()) break;
    if ((way != "send" && way != "recv") || list.empty()) {
      return "a=simulcast: send or recv with streams expected";
    }
    auto& streams = way == "send" ? result.send : result.receive;
    if (!streams.empty()) return "a=simulcast: a direction twice";
    while (!list.empty()) {
      std::string_view alternatives = text::take(list, ';');
      SimulcastStream stream;
      while (!alternatives.empty()) {
        std::string_view rid = text::take(alternatives, ',');
        bool paused = rid.starts_with('~');
        if (paused) rid.remove_prefix(1);
        if (rid.empty()) return "a=simulcast: empty rid";
        if (stream.alternatives.size() >= kMaxAlternatives) {
          return "a=simulcast: too many alternatives";
        }
        stream.alternatives.push_back({std::string(rid), paused});
      }
      if (stream.alternatives.empty()) return "a=simulcast: empty stream";
      streams.push_back(std::move(stream));
      if (streams.size() > kMaxPerSection) return "a=simulcast: too many streams";
    }
  }
  s.simulcast = std::move(result);
  return {};
}

}  // namespace

Result<SessionDescription> parse(std::string_view text) {
  return Parser().run(text, Head::kExpected);
}

Result<SessionDescription> parse_fragment(std::string_view text) {
  auto fragment = Parser().run(text, Head::kNone);
  if (!fragment) return fragment;
  const auto bad = [](std::string_view what) {
    return fail(ErrorCode::kInvalidArgument, std::string(what));
  };
  if (fragment->sections.size() != 1) return bad("one m-section expected");
  const MediaSection& section = fragment->sections.front();
  if (!section.unusable.empty()) return bad(section.unusable);
  if (section.mid.empty()) return bad("no a=mid");
  return fragment;
}

}  // namespace turms::rtc::sdp
