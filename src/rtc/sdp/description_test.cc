#include "rtc/sdp/description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "rtc/sdp/testdata_testing.h"

namespace turms::rtc::sdp {
namespace {

const char* const kFixtures[] = {"chromium_publisher_offer.sdp", "chromium_ssrc_offer.sdp",
                                 "chromium_data_offer.sdp", "chromium_subscriber_answer.sdp",
                                 "firefox_publisher_offer.sdp"};

TEST(SdpParse, ReadsChromiumsOffer) {
  auto d = parse(testdata("chromium_publisher_offer.sdp"));
  ASSERT_TRUE(d) << d.error().message;
  EXPECT_EQ(d->session_version, 2u);
  EXPECT_EQ(d->bundle, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_TRUE(d->extmap_allow_mixed);
  ASSERT_EQ(d->sections.size(), 3u);

  const MediaSection& audio = d->sections[0];
  EXPECT_EQ(audio.type, MediaType::kAudio);
  EXPECT_EQ(audio.direction, Direction::kSendOnly);
  EXPECT_EQ(audio.setup, sdp::Setup::kActpass);
  EXPECT_EQ(audio.ice.ufrag.size(), 4u);
  EXPECT_EQ(audio.ice.password.size(), 24u);
  ASSERT_TRUE(audio.fingerprint);
  ASSERT_EQ(audio.candidates.size(), 2u);
  EXPECT_EQ(audio.candidates[0].type, "host");
  EXPECT_TRUE(audio.candidates[0].address.ends_with(".local"));
  ASSERT_EQ(audio.formats.size(), 8u);
  EXPECT_EQ(audio.formats[0].name, "opus");
  EXPECT_EQ(audio.formats[0].channels, 2);
  EXPECT_EQ(audio.formats[0].fmtp, "minptime=10;useinbandfec=1");
  EXPECT_EQ(audio.formats[0].feedback, std::vector<std::string>{"transport-cc"});
  ASSERT_TRUE(audio.msid);
  EXPECT_EQ(audio.msid->track.size(), 36u);
  ASSERT_EQ(audio.ssrcs.size(), 1u);
  EXPECT_EQ(audio.ssrcs[0].cname.size(), 16u);

  const MediaSection& video = d->sections[1];
  EXPECT_EQ(video.formats.size(), 23u);
  EXPECT_EQ(video.rids.size(), 3u);
  ASSERT_TRUE(video.simulcast);
  ASSERT_EQ(video.simulcast->send.size(), 3u);
  EXPECT_EQ(video.simulcast->send[2].alternatives[0].rid, "f");
  EXPECT_EQ(video.extensions.size(), 13u);

  const MediaSection& data = d->sections[2];
  EXPECT_EQ(data.type, MediaType::kApplication);
  EXPECT_EQ(data.sctp_port, 5000);
  EXPECT_EQ(data.max_message_size, 262144u);
}

TEST(SdpParse, ReadsWhatFirefoxSaysAtSessionLevel) {
  auto d = parse(testdata("firefox_publisher_offer.sdp"));
  ASSERT_TRUE(d) << d.error().message;
  for (const MediaSection& s : d->sections) {
    EXPECT_TRUE(s.fingerprint) << s.mid;
    EXPECT_EQ(s.ice_options, std::vector<std::string>{"trickle"}) << s.mid;
  }
  EXPECT_TRUE(d->sections[2].bundle_only);
  EXPECT_FALSE(d->sections[2].rejected()) << "port 0 with bundle-only";
  EXPECT_EQ(d->sections[1].extensions[5].direction, Direction::kSendOnly);
}

TEST(SdpParse, RoundTripsFixtures) {
  for (const char* name : kFixtures) {
    auto first = parse(testdata(name));
    ASSERT_TRUE(first) << name << ": " << first.error().message;
    std::string text = serialize(*first);
    auto second = parse(text);
    ASSERT_TRUE(second) << name << ": " << second.error().message;
    EXPECT_EQ(serialize(*second), text) << name;
    EXPECT_EQ(second->sections.size(), first->sections.size()) << name;
  }
}

TEST(SdpParse, SaysWhatIsWrongAndWhere) {
  const std::string head = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
  const std::string audio = head + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
  struct Case {
    std::string text;
    std::string error;
  };
  const Case cases[] = {
      {"", "empty description"},
      {"o=- 1 2 IN IP4 0.0.0.0\n", "line 1: v=0 expected"},
      {"v=0\ns=-\n", "no o= line"},
      {"v=0\no=- x 2\n", "line 2: o=: session id and version expected"},
      {head + "garbage\r\n", "line 5: not of the form x=value"},
      {head + "m=text 9 RTP/AVP 0\r\n", "line 5: m=: unknown media \"text\""},
      {head + "m=audio 70000 RTP/AVP 0\r\n", "line 5: m=: port is not 0..65535"},
      {head + "m=audio 9 RTP/AVP\r\n", "line 5: m=: no format"},
      {head + "m=audio 9 RTP/AVP 128\r\n", "line 5: m=: payload type is not 0..127"},
      {head + "m=audio 9 RTP/AVP 0 0\r\n", "line 5: m=: payload type 0 twice"},
      {audio + "a=mid:a b\r\n", "line 6: a=mid: token expected"},
      {audio + "a=mid:x\r\nm=audio 9 RTP/AVP 0\r\na=mid:x\r\n", "line 8: a=mid: \"x\" twice"},
      {audio + "a=ice-ufrag:abc\r\n", "line 6: a=ice-ufrag: 4 to 256 characters expected"},
      {audio + "a=ice-pwd:tooshort\r\n", "line 6: a=ice-pwd: 22 to 256 characters expected"},
      {audio + "a=fingerprint:sha-256 AA:BB\r\n",
       "line 6: a=fingerprint: 32 bytes in hexadecimal expected"},
      {audio + "a=setup:maybe\r\n", "line 6: a=setup: actpass, active or passive expected"},
      {audio + "a=extmap:0 urn:x\r\n", "line 6: a=extmap: id is not 1..255"},
      {audio + "a=extmap:1/up urn:x\r\n", "line 6: a=extmap: unknown direction"},
      {audio + "a=extmap:1\r\n", "line 6: a=extmap: no URI"},
      {audio + "a=rtpmap:111 opus\r\n", "line 6: a=rtpmap: name/rate expected"},
      {audio + "a=rtpmap:200 opus/48000\r\n", "line 6: a=rtpmap: payload type is not 0..127"},
      {audio + "a=ssrc:99999999999 cname:x\r\n", "line 6: a=ssrc: not a 32-bit number"},
      {audio + "a=ssrc-group:FID\r\n", "line 6: a=ssrc-group: semantics and SSRCs expected"},
      {audio + "a=rid:q sideways\r\n", "line 6: a=rid: send or recv expected"},
      {audio + "a=simulcast:send q;;f\r\n", "line 6: a=simulcast: empty stream"},
      {audio + "a=simulcast:send\r\n", "line 6: a=simulcast: send or recv with streams expected"},
      {audio + "a=candidate:1 1 udp x 1.2.3.4 9 typ host\r\n",
       "line 6: a=candidate: priority is not a number"},
      {audio + "a=max-message-size:big\r\n", "line 6: a=max-message-size: not a number"},
      {audio + "a=x:" + std::string(9000, 'x') + "\r\n", "line 6: too long"},
  };
  // What spoils the whole is an error; other lines are skipped and noted.
  for (const Case& c : cases) {
    const auto d = parse(c.text);
    const bool whole = &c - cases < 4;
    ASSERT_EQ(d.has_value(), !whole) << c.error;
    if (whole) {
      EXPECT_EQ(d.error().message, c.error);
      EXPECT_EQ(d.error().code, ErrorCode::kInvalidArgument);
    } else {
      EXPECT_THAT(d->oddities, ::testing::Contains(c.error));
    }
  }
}

TEST(SdpParse, NotesAFewOddLinesOnly) {
  std::string text = "v=0\no=- 1 2 IN IP4 0.0.0.0\nm=audio 9 RTP/AVP 0\n";
  for (int i = 0; i < 100; ++i) text += "a=ssrc:x\n";
  EXPECT_EQ(parse(text)->oddities.size(), kMaxOddities);
}

TEST(SdpParse, SkipsWhatItHasNoUseFor) {
  auto d = parse(
      "v=0\no=- 1 2 IN IP4 0.0.0.0\ns=x\ni=about\nb=AS:1\nt=0 0\na=unknown:1\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 0 111\nb=AS:9\na=rtpmap:96 VP8/90000\na=whatever\n"
      "a=fingerprint:sha-1 AA\na=extmap:4100 urn:x\na=rtcp-fb:* nack\n");
  ASSERT_TRUE(d) << d.error().message;
  const MediaSection& s = d->sections[0];
  EXPECT_EQ(s.formats[0].name, "PCMU") << "static payload type";
  EXPECT_EQ(s.formats[1].name, "") << "never mapped";
  EXPECT_EQ(s.formats[1].feedback, std::vector<std::string>{"nack"});
  EXPECT_TRUE(s.extensions.empty());
  EXPECT_FALSE(s.fingerprint);
}

const std::string kHead = "v=0\no=- 1 2 IN IP4 0.0.0.0\n";
const std::string kAudio = "m=audio 9 RTP/AVP 0\n";

std::string times(size_t count, const std::string& text) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string all_formats() {
  std::string line = "m=video 9 RTP/AVP";
  for (int i = 0; i < 128; ++i) line += " " + std::to_string(i);
  return line + "\n";
}

TEST(SdpParse, IsBounded) {
  EXPECT_TRUE(parse(kHead + times(kMaxSections, kAudio)));
  EXPECT_FALSE(parse(kHead + times(kMaxSections + 1, kAudio)));
  EXPECT_FALSE(parse(std::string(kMaxDescriptionSize + 1, '\n')));
}

TEST(SdpParse, TakesEachListAndWordUpToItsBound) {
  const auto uri = [](size_t size) { return "a=extmap:1 " + std::string(size, 'u') + "\n"; };
  const auto option = [](size_t size) { return "a=ice-options:" + std::string(size, 'o') + "\n"; };
  const auto feedback = [](size_t size) { return "a=rtcp-fb:0 " + std::string(size, 'f') + "\n"; };
  const auto rids = [](size_t count) {
    return "a=simulcast:send " + times(count - 1, "q,") + "q\n";
  };
  struct Case {
    std::string fits;
    std::string over;
    std::string error;
  };
  const Case cases[] = {
      {"a=ice-options:" + times(kMaxIceOptions, "o ") + "\n",
       "a=ice-options:" + times(kMaxIceOptions + 1, "o ") + "\n", "a=ice-options: too many"},
      {times(kMaxIceOptions, option(1)), times(kMaxIceOptions + 1, option(1)),
       "a=ice-options: too many"},
      {option(kMaxIceOptionSize), option(kMaxIceOptionSize + 1), "a=ice-options: word is too long"},
      {uri(kMaxExtensionUriSize), uri(kMaxExtensionUriSize + 1), "a=extmap: URI is too long"},
      {feedback(kMaxFeedbackSize), feedback(kMaxFeedbackSize + 1), "a=rtcp-fb: too long"},
      {times(kMaxFeedbackPerFormat, feedback(1)), times(kMaxFeedbackPerFormat + 1, feedback(1)),
       "a=rtcp-fb: too many"},
      {times(kMaxFeedbackPerFormat, "a=rtcp-fb:* nack\n"),
       times(kMaxFeedbackPerFormat + 1, "a=rtcp-fb:* nack\n"), "a=rtcp-fb: too many"},
      {rids(16), rids(17), "a=simulcast: too many alternatives"},
  };
  for (const Case& c : cases) {
    EXPECT_TRUE(parse(kHead + kAudio + c.fits)) << c.error;
    const auto over = parse(kHead + kAudio + c.over);
    ASSERT_TRUE(over) << "what is beyond is left out";
    ASSERT_FALSE(over->oddities.empty()) << c.error;
    EXPECT_EQ(over->oddities[0].substr(over->oddities[0].find("a=")), c.error);
  }
  // At the session level the same.
  for (const Case& c : {cases[0], cases[1], cases[2], cases[3]}) {
    EXPECT_TRUE(parse(kHead + c.fits + kAudio)->oddities.empty()) << c.error;
    EXPECT_FALSE(parse(kHead + c.over + kAudio)->oddities.empty()) << c.error;
  }
}

TEST(SdpParse, CopiesToSectionsAndFormatsUpToABound) {
  // One copy of this costs its entry and the URI.
  const std::string extension = "a=extmap:1 " + std::string(kMaxExtensionUriSize, 'u') + "\n";
  const size_t each = sizeof(ExtensionEntry) + kMaxExtensionUriSize;
  const size_t extensions = 64;
  const size_t sections = kMaxCopiedSize / (extensions * each);
  ASSERT_LT(sections, kMaxSections);
  EXPECT_TRUE(parse(kHead + times(extensions, extension) + times(sections, kAudio)));
  const auto over = parse(kHead + times(extensions, extension) + times(sections + 1, kAudio));
  ASSERT_FALSE(over);
  EXPECT_TRUE(over.error().message.ends_with("too much together")) << over.error().message;
  // A section with extensions of its own copies none.
  EXPECT_TRUE(parse(kHead + times(extensions, extension) +
                    times(sections, kAudio + "a=extmap:1 urn:x\n") + times(sections, kAudio)));

  const std::string feedback = "a=rtcp-fb:* " + std::string(kMaxFeedbackSize, 'f') + "\n";
  const size_t line = 128 * (sizeof(std::string) + kMaxFeedbackSize);
  const std::string full = all_formats() + times(kMaxFeedbackPerFormat, feedback);
  const size_t full_sections = kMaxCopiedSize / (line * kMaxFeedbackPerFormat);
  EXPECT_TRUE(parse(kHead + times(full_sections, full)));
  EXPECT_FALSE(parse(kHead + times(full_sections + 1, full)));
}

size_t heap_of(const std::string& text) {
  return text.capacity() > std::string().capacity() ? text.capacity() + 1 : 0;
}
size_t heap_of(const ExtensionEntry& e) {
  return heap_of(e.uri);
}
size_t heap_of(const SimulcastStream::Alternative& a) {
  return heap_of(a.rid);
}
size_t heap_of(const Ssrc&) {
  return 0;
}
size_t heap_of(const SsrcEntry& e) {
  return heap_of(e.cname) + heap_of(e.msid);
}
size_t heap_of(const Rid& r) {
  return heap_of(r.id) + heap_of(r.restrictions);
}
size_t heap_of(const Candidate& c) {
  return heap_of(c.foundation) + heap_of(c.protocol) + heap_of(c.address) + heap_of(c.type) +
         heap_of(c.tcp_type);
}
size_t heap_of(const SimulcastStream& s);
size_t heap_of(const SsrcGroup& g);
size_t heap_of(const PayloadFormat& f);
size_t heap_of(const MediaSection& s);
template <class T>
size_t heap_of(const std::vector<T>& list) {
  size_t sum = list.capacity() * sizeof(T);
  for (const T& each : list) sum += heap_of(each);
  return sum;
}
size_t heap_of(const SimulcastStream& s) {
  return heap_of(s.alternatives);
}
size_t heap_of(const SsrcGroup& g) {
  return heap_of(g.semantics) + heap_of(g.ssrcs);
}
size_t heap_of(const PayloadFormat& f) {
  return heap_of(f.name) + heap_of(f.fmtp) + heap_of(f.feedback);
}
size_t heap_of(const MediaSection& s) {
  size_t sum = heap_of(s.protocol) + heap_of(s.mid) + heap_of(s.ice.ufrag) +
               heap_of(s.ice.password) + heap_of(s.ice_options) + heap_of(s.candidates) +
               heap_of(s.formats) + heap_of(s.extensions) + heap_of(s.ssrcs) +
               heap_of(s.ssrc_groups) + heap_of(s.rids);
  if (s.msid) sum += heap_of(s.msid->stream) + heap_of(s.msid->track);
  if (s.simulcast) sum += heap_of(s.simulcast->send) + heap_of(s.simulcast->receive);
  return sum;
}

/// As much of `each` as a description may still hold, in a section for every `per_section`.
std::string fill(std::string text, const std::string& section, const std::string& each,
                 size_t per_section) {
  for (size_t i = 0; i < kMaxSections; ++i) {
    const std::string more = section + times(per_section, each);
    if (text.size() + more.size() > kMaxDescriptionSize) break;
    text += more;
  }
  return text;
}

TEST(SdpParse, WhatItHoldsIsBoundedByWhatWasSent) {
  constexpr size_t kMost = 32 * kMaxDescriptionSize;
  const std::string ufrag = "a=ice-ufrag:" + std::string(256, 'u') + "\n";
  const std::string password = "a=ice-pwd:" + std::string(256, 'p') + "\n";
  const std::string words = "a=ice-options:" + times(4096, "o ").substr(0, 8000) + "\n";
  const std::string words_at_bound =
      "a=ice-options:" + times(kMaxIceOptions, std::string(kMaxIceOptionSize, 'o') + " ") + "\n";
  const std::string uri = "a=extmap:1 " + std::string(kMaxExtensionUriSize, 'u') + "\n";
  const std::string long_uri = "a=extmap:1 " + std::string(8000, 'u') + "\n";
  struct Case {
    const char* what;
    std::string text;
    bool parses;
  };
  const Case cases[] = {
      {"ICE options for all sections", fill(kHead + times(60, words), kAudio, "", 0), true},
      {"as many as may be", fill(kHead + words_at_bound, kAudio, "", 0), true},
      {"ICE options of sections", fill(kHead, kAudio, words, 1), true},
      {"credentials for all sections", fill(kHead + ufrag + password, kAudio, "", 0), true},
      {"extensions for all sections", fill(kHead + times(100, long_uri), kAudio, "", 0), true},
      {"short ones", fill(kHead + times(256, "a=extmap:1 u\n"), kAudio, "", 0), false},
      {"as many as may be", fill(kHead + times(26, uri), kAudio, "", 0), true},
      {"extensions of sections", fill(kHead, kAudio, "a=extmap:1 u\n", 256), true},
      {"feedback for all formats", fill(kHead, all_formats(), "a=rtcp-fb:* x\n", 16), false},
      {"more of it", fill(kHead, all_formats(), "a=rtcp-fb:* x\n", 256), false},
      {"formats", fill(kHead, all_formats(), "", 0), true},
      {"SSRCs", fill(kHead, kAudio, "a=ssrc:1\na=rid:a send\na=ssrc-group:x 1\n", 256), true},
      {"candidates", fill(kHead, kAudio, "a=candidate:1 1 udp 1 h 1 typ host\n", 256), true},
      {"simulcast", fill(kHead, kAudio, "a=simulcast:send " + times(255, "a;") + "a\n", 1), true},
  };
  for (const Case& c : cases) {
    ASSERT_LE(c.text.size(), kMaxDescriptionSize);
    const auto d = parse(c.text);
    EXPECT_EQ(d.has_value(), c.parses) << c.what << (d ? "" : d.error().message);
    if (!d) continue;
    EXPECT_LE(heap_of(d->sections), kMost) << c.what;
  }
}

TEST(SdpParse, SurvivesDamage) {
  for (const char* name : kFixtures) {
    const std::string whole = testdata(name);
    Rng rng(3);
    for (int i = 0; i < 300; ++i) {
      std::string damaged = whole;
      for (int hits = 0; hits < 4; ++hits) {
        size_t at = rng.below(damaged.size());
        switch (rng.below(3)) {
          case 0:
            damaged[at] = static_cast<char>(rng.below(256));
            break;
          case 1:
            damaged.erase(at, rng.below(40));
            break;
          default:
            damaged.insert(at, damaged.substr(rng.below(damaged.size()), rng.below(60)));
        }
      }
      if (auto d = parse(damaged)) (void)parse(serialize(*d));
    }
  }
}

TEST(SdpCandidate, Forms) {
  auto c = parse_candidate(
      "a=candidate:842163049 1 TCP 1677729535 2001:db8::1 9 typ srflx raddr 10.0.0.1 rport 5 "
      "tcptype active generation 0");
  ASSERT_TRUE(c);
  EXPECT_EQ(c->protocol, "tcp");
  EXPECT_EQ(c->address, "2001:db8::1");
  EXPECT_EQ(c->type, "srflx");
  EXPECT_EQ(c->tcp_type, "active");
  Candidate host = host_candidate("192.0.2.1", 7882);
  EXPECT_EQ(to_string(host), "candidate:1 1 udp 2130706431 192.0.2.1 7882 typ host");
  auto again = parse_candidate(to_string(host));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->port, 7882);
  EXPECT_EQ(to_string(tcp_candidate("2001:db8::1", 7881, 2)),
            "candidate:3 1 tcp 1520434687 2001:db8::1 7881 typ host tcptype passive");
  for (const char* bad : {"", "candidate:", "1 0 udp 1 h 1 typ host", "1 1 udp 1 h 1 typ moon",
                          "1 1 udp 1 h 1 host", "1 1 udp 1 h 99999 typ host"}) {
    EXPECT_FALSE(parse_candidate(bad)) << bad;
  }
}

TEST(SdpFmtp, Parameters) {
  EXPECT_EQ(fmtp_parameter("a=1; B=2;c", "b"), "2");
  EXPECT_EQ(fmtp_parameter("a=1;c", "c"), "");
  EXPECT_FALSE(fmtp_parameter("a=1", "b"));
  EXPECT_FALSE(fmtp_parameter("", "b"));
}

}  // namespace
}  // namespace turms::rtc::sdp
