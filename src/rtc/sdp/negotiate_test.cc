#include "rtc/sdp/negotiate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "rtc/sdp/negotiate_testing.h"

namespace turms::rtc::sdp {
namespace {

AnswerOptions options(std::vector<SectionDecision> decisions = {}) {
  AnswerOptions o;
  o.transport = transport();
  o.session_id = 9;
  o.session_version = 3;
  o.decisions = std::move(decisions);
  return o;
}

OfferAnswer answer(const SessionDescription& offer, const AnswerOptions& o) {
  return answer_offer(offer, publisher_capabilities(), o);
}

TEST(OfferAnswer, AnswersChromiumsSimulcast) {
  OfferAnswer a = answer(fixture("chromium_publisher_offer.sdp"), options());
  EXPECT_EQ(a.remote->local_role, DtlsRole::kServer);
  EXPECT_EQ(a.remote->ice.ufrag.size(), 4u);

  ASSERT_EQ(a.sections.size(), 2u);
  const ReceivedSection& audio = a.sections[0];
  EXPECT_EQ(audio.kind, MediaKind::kAudio);
  EXPECT_EQ(audio.track_id.size(), 36u);
  ASSERT_EQ(audio.codecs.size(), 4u);
  EXPECT_EQ(audio.codecs[0].codec, Codec::kOpus);
  EXPECT_TRUE(audio.codecs[0].transport_cc);
  EXPECT_FALSE(audio.codecs[0].nack);
  EXPECT_EQ(audio.codecs[1].codec, Codec::kRed);
  EXPECT_EQ(audio.codecs[2].codec, Codec::kPcmu);
  EXPECT_EQ(audio.codecs[3].codec, Codec::kPcma);
  EXPECT_NE(audio.extensions.id(Extension::kAudioLevel), 0);
  EXPECT_EQ(audio.extensions.id(Extension::kAbsSendTime), 0) << "never beside transport-wide";
  ASSERT_EQ(audio.encodings.size(), 1u);
  EXPECT_NE(audio.encodings[0].ssrc, Ssrc());

  const ReceivedSection& video = a.sections[1];
  ASSERT_EQ(video.encodings.size(), 3u);
  EXPECT_EQ(video.encodings[0].rid, "q");
  EXPECT_EQ(video.encodings[2].rid, "f");
  EXPECT_EQ(video.encodings[0].ssrc, Ssrc());
  ASSERT_FALSE(video.codecs.empty());
  EXPECT_EQ(video.codecs[0].codec, Codec::kVp8);
  EXPECT_EQ(video.codecs[0].payload_type, 96);
  EXPECT_EQ(video.codecs[0].rtx_payload_type, 97);
  EXPECT_TRUE(video.codecs[0].nack && video.codecs[0].pli && video.codecs[0].transport_cc);
  EXPECT_NE(video.extensions.id(Extension::kRid), 0);
  EXPECT_NE(video.extensions.id(Extension::kRepairedRid), 0);
  EXPECT_EQ(video.extensions.id(Extension::kVideoOrientation), 0);

  ASSERT_TRUE(a.data);
  EXPECT_EQ(a.data->mid, "2");
  EXPECT_EQ(a.data->remote_sctp_port, 5000);

  ASSERT_EQ(a.answer.sections.size(), 3u);
  EXPECT_EQ(a.answer.bundle, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_TRUE(a.answer.ice_lite);
  for (const MediaSection& s : a.answer.sections) {
    EXPECT_EQ(s.setup, sdp::Setup::kPassive);
    EXPECT_TRUE(s.end_of_candidates);
    EXPECT_EQ(s.candidates.size(), 1u);
  }
  const MediaSection& section = a.answer.sections[1];
  EXPECT_EQ(section.direction, Direction::kRecvOnly);
  ASSERT_TRUE(section.simulcast);
  EXPECT_EQ(section.simulcast->receive.size(), 3u);
  EXPECT_TRUE(section.simulcast->send.empty());
  for (const PayloadFormat& f : section.formats) {
    EXPECT_EQ(std::count(f.feedback.begin(), f.feedback.end(), "goog-remb"), 0) << f.name;
    EXPECT_NE(f.name, "ulpfec");
  }
  std::string text = serialize(a.answer);
  EXPECT_NE(text.find("a=simulcast:recv q;h;f\r\n"), std::string::npos);
  EXPECT_NE(text.find("o=- 9 3 IN"), std::string::npos);
}

TEST(OfferAnswer, TakesCongestionFeedbackWhereAllSectionsOfferIt) {
  const auto offered = [](bool audio_too) {
    SessionDescription offer = fixture("chromium_publisher_offer.sdp");
    for (MediaSection& s : offer.sections) {
      if (s.type == MediaType::kAudio && !audio_too) continue;
      for (PayloadFormat& f : s.formats) f.feedback.emplace_back(kCongestionFeedback);
    }
    return offer;
  };
  const OfferAnswer a = answer(offered(true), options());
  ASSERT_EQ(a.sections.size(), 2u);
  for (const ReceivedSection& s : a.sections) {
    EXPECT_EQ(s.extensions.id(Extension::kTransportSequence), 0);
    EXPECT_NE(s.extensions.id(Extension::kMid), 0);
    for (const CodecParameters& c : s.codecs) {
      EXPECT_TRUE(c.congestion_feedback);
      EXPECT_FALSE(c.transport_cc);
    }
  }
  const std::string text = serialize(a.answer);
  EXPECT_EQ(text.find("transport-cc"), std::string::npos);
  const auto says_send_time = [](const MediaSection& s) {
    return std::ranges::any_of(s.extensions, [](const ExtensionEntry& e) {
      return extension_of(e.uri) == Extension::kAbsSendTime;
    });
  };
  EXPECT_TRUE(says_send_time(a.answer.sections[1])) << "without it libwebrtc sends no padding";
  size_t lines = 0;
  for (size_t at = 0; (at = text.find("ack ccfb", at)) != std::string::npos; ++at) ++lines;
  EXPECT_EQ(lines, 2u);
  EXPECT_NE(text.find("a=rtcp-fb:* ack ccfb\r\n"), std::string::npos);

  // It is for the whole transport.
  const OfferAnswer mixed = answer(offered(false), options());
  EXPECT_EQ(serialize(mixed.answer).find("ccfb"), std::string::npos);
  EXPECT_FALSE(says_send_time(mixed.answer.sections[1])) << "never both";
  EXPECT_TRUE(mixed.sections.at(1).codecs.at(0).transport_cc);
}

TEST(OfferAnswer, AnswersFirefox) {
  OfferAnswer a = answer(fixture("firefox_publisher_offer.sdp"), options());
  ASSERT_EQ(a.sections.size(), 2u);
  EXPECT_EQ(a.sections[1].encodings.size(), 3u);
  EXPECT_EQ(payload_types(a.answer.sections[0]), (std::vector<int>{109, 0, 8}));
  EXPECT_EQ(payload_types(a.answer.sections[1]),
            (std::vector<int>{120, 124, 121, 125, 126, 127, 97, 98}));
  auto rid =
      std::find_if(a.answer.sections[1].extensions.begin(), a.answer.sections[1].extensions.end(),
                   [](const ExtensionEntry& e) { return extension_of(e.uri) == Extension::kRid; });
  ASSERT_NE(rid, a.answer.sections[1].extensions.end());
  EXPECT_EQ(rid->direction, Direction::kRecvOnly) << "sendonly as seen from here";
  ASSERT_TRUE(a.data) << "bundle-only with port 0 is an offer";
  EXPECT_FALSE(a.answer.sections[2].rejected());
}

TEST(OfferAnswer, ReadsSsrcSignalledSections) {
  SessionDescription offer = fixture("chromium_ssrc_offer.sdp");
  OfferAnswer a = answer(offer, options());
  ASSERT_EQ(a.sections.size(), 2u);
  ASSERT_EQ(a.sections[0].encodings.size(), 1u);
  const SsrcGroup& fid = offer.sections[0].ssrc_groups[0];
  EXPECT_EQ(a.sections[0].encodings[0].ssrc, fid.ssrcs[0]);
  EXPECT_EQ(a.sections[0].encodings[0].rtx_ssrc, fid.ssrcs[1]);
  EXPECT_EQ(a.answer.sections[0].direction, Direction::kRecvOnly) << "to sendrecv";

  // Simulcast by an SSRC group, as older clients write it.
  offer.sections[0].ssrc_groups = {{"SIM", {Ssrc(1), Ssrc(2), Ssrc(3)}},
                                   {"FID", {Ssrc(1), Ssrc(11)}},
                                   {"FID", {Ssrc(3), Ssrc(13)}}};
  a = answer(offer, options());
  ASSERT_EQ(a.sections[0].encodings.size(), 3u);
  EXPECT_EQ(a.sections[0].encodings[0].rtx_ssrc, Ssrc(11));
  EXPECT_EQ(a.sections[0].encodings[1].rtx_ssrc, Ssrc());
  EXPECT_EQ(a.sections[0].encodings[2].rtx_ssrc, Ssrc(13));
}

TEST(OfferAnswer, DataChannelOnly) {
  OfferAnswer a = answer(fixture("chromium_data_offer.sdp"), options());
  ASSERT_TRUE(a.data);
  EXPECT_EQ(a.answer.sections[0].sctp_port, kSctpPort);
  EXPECT_EQ(a.answer.sections[0].max_message_size, kMaxMessageSize);
}

TEST(OfferAnswer, DecisionsPerSection) {
  struct Case {
    const char* what;
    SectionDecision decision;
    Codec first;
    bool only;
  };
  const Case cases[] = {
      {"AV1 first", {.mid = "1", .preferred = {Codec::kAv1}}, Codec::kAv1, false},
      {"VP9, then H264",
       {.mid = "1", .preferred = {Codec::kVp9, Codec::kH264}},
       Codec::kVp9,
       false},
      {"only H264",
       {.mid = "1", .preferred = {Codec::kH264}, .only_preferred = true},
       Codec::kH264,
       true},
  };
  SessionDescription offer = fixture("chromium_publisher_offer.sdp");
  for (const Case& c : cases) {
    OfferAnswer a = answer(offer, options({c.decision}));
    const auto& codecs = a.sections[1].codecs;
    ASSERT_FALSE(codecs.empty()) << c.what;
    EXPECT_EQ(codecs[0].codec, c.first) << c.what;
    EXPECT_NE(codecs[0].rtx_payload_type, 0) << c.what;
    bool only = std::all_of(codecs.begin(), codecs.end(),
                            [&](const CodecParameters& p) { return p.codec == c.first; });
    EXPECT_EQ(only, c.only) << c.what;
  }
}

TEST(OfferAnswer, AsksOpusAsTold) {
  SessionDescription offer = fixture("chromium_publisher_offer.sdp");
  OfferAnswer a = answer(offer, options({{.mid = "0",
                                          .preferred = {Codec::kRed, Codec::kOpus},
                                          .opus_dtx = true,
                                          .opus_stereo = true,
                                          .opus_max_average_bitrate = 510000}}));
  const MediaSection& s = a.answer.sections[0];
  EXPECT_EQ(s.formats[0].name, "red");
  EXPECT_EQ(s.formats[1].fmtp,
            "minptime=10;useinbandfec=1;usedtx=1;stereo=1;maxaveragebitrate=510000");
}

TEST(OfferAnswer, RejectsWhatDoesNotFitAndKeepsTheOrder) {
  using Change = void (*)(SessionDescription&, AnswerOptions&);
  struct Case {
    const char* what;
    Change change;
    std::vector<bool> rejected;
  };
  const Case cases[] = {
      {"as told",
       [](SessionDescription&, AnswerOptions& o) { o.decisions = {{.mid = "0", .accept = false}}; },
       {true, false, false}},
      {"rejected by the offer",
       [](SessionDescription& d, AnswerOptions&) { d.sections[1].port = 0; },
       {false, true, false}},
      {"not in the bundle",
       [](SessionDescription& d, AnswerOptions&) {
         d.bundle = {"0", "2"};
       },
       {false, true, false}},
      {"no rtcp-mux",
       [](SessionDescription& d, AnswerOptions&) { d.sections[0].rtcp_mux = false; },
       {true, false, false}},
      {"no common codec",
       [](SessionDescription& d, AnswerOptions&) {
         d.sections[1].formats = {{35, "H261", 90000}};
       },
       {false, true, false}},
      {"red alone",
       [](SessionDescription& d, AnswerOptions&) {
         d.sections[0].formats = {{63, "red", 48000, 2, "111/111"}};
       },
       {true, false, false}},
      {"not SCTP over DTLS",
       [](SessionDescription& d, AnswerOptions&) { d.sections[2].protocol = "SCTP"; },
       {false, false, true}},
  };
  for (const Case& c : cases) {
    SessionDescription offer = fixture("chromium_publisher_offer.sdp");
    AnswerOptions o = options();
    c.change(offer, o);
    OfferAnswer a = answer(offer, o);
    ASSERT_EQ(a.answer.sections.size(), 3u) << c.what;
    std::vector<std::string> bundle;
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(a.answer.sections[i].rejected(), c.rejected[i]) << c.what << ", section " << i;
      EXPECT_EQ(a.answer.sections[i].mid, std::to_string(i)) << c.what;
      EXPECT_EQ(a.answer.sections[i].type, offer.sections[i].type) << c.what;
      if (!c.rejected[i]) bundle.push_back(std::to_string(i));
    }
    EXPECT_EQ(a.answer.bundle, bundle) << c.what;
    EXPECT_TRUE(parse(serialize(a.answer))) << c.what;
  }
}

TEST(OfferAnswer, RejectsAllThatHasNoTransport) {
  using Change = void (*)(SessionDescription&);
  const std::pair<const char*, Change> cases[] = {
      {"no usable m-section", [](SessionDescription& d) { d.sections.clear(); }},
      {"no ICE credentials", [](SessionDescription& d) { d.sections[0].ice = {}; }},
      {"no fingerprint that can be compared",
       [](SessionDescription& d) { d.sections[0].fingerprint.reset(); }},
      {"m-section \"0\": no codec that is known here",
       [](SessionDescription& d) {
         for (MediaSection& s : d.sections) {
           s.formats = {{35, "H261", 90000}};
           s.protocol = "RTP/AVP";
         }
       }},
      {"",
       [](SessionDescription& d) {
         // A lone section that was stopped, in no group.
         d.sections.resize(1);
         d.sections[0].port = 0;
         d.has_bundle = false;
         d.bundle.clear();
       }},
  };
  for (const auto& [message, change] : cases) {
    SessionDescription offer = fixture("chromium_publisher_offer.sdp");
    change(offer);
    const OfferAnswer a = answer(offer, options());
    EXPECT_FALSE(a.remote) << message;
    EXPECT_TRUE(a.sections.empty()) << message;
    ASSERT_EQ(a.answer.sections.size(), offer.sections.size()) << message;
    for (const MediaSection& section : a.answer.sections) EXPECT_TRUE(section.rejected());
    if (*message != 0) {
      ASSERT_FALSE(a.rejections.empty()) << message;
      EXPECT_EQ(a.rejections.front(), message);
    }
    EXPECT_TRUE(parse(serialize(a.answer))) << message;
  }
}

TEST(OfferAnswer, OneOddSectionCostsThatSectionOnly) {
  const std::string whole = testdata("chromium_publisher_offer.sdp");
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const struct {
    std::string text;
    std::vector<bool> rejected;
  } cases[] = {
      {replaced("m=audio 9 ", "m=audio 70000 "), {true, false, false}},
      {replaced("m=audio 9 ", "m=text 9 "), {true, false, false}},
      {replaced("a=mid:1\r\n", "a=mid:0\r\n"), {false, true, false}},
      {replaced("a=mid:1\r\n", "a=mid:one two\r\n"), {false, true, false}},
      // Unusual, and all the same usable.
      {replaced("a=mid:1\r\n", "a=mid: 1 \r\n"), {false, false, false}},
      {replaced("m=audio 9 ", "m=audio 0009/1 "), {false, false, false}},
      {replaced("opus/48000/2", "opus/48000/02"), {false, false, false}},
      {replaced("opus/48000/2", "opus/48000"), {false, false, false}},
      {replaced("a=rtcp-mux", "a=ssrc:x cname:y\r\na=extmap:0 urn:x\r\na=rtcp-mux"),
       {false, false, false}},
      {replaced("a=sctp-port:5000", "a=sctp-port:+5000 "), {false, false, false}},
  };
  for (const auto& c : cases) {
    const auto offer = parse(c.text);
    ASSERT_TRUE(offer) << offer.error().message;
    const OfferAnswer a = answer(*offer, options());
    EXPECT_TRUE(a.remote);
    ASSERT_EQ(a.answer.sections.size(), 3u);
    const std::string written = serialize(a.answer);
    const auto again = parse(written);
    ASSERT_TRUE(again);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(!again->sections[i].usable(), c.rejected[i]) << i << "\n" << written;
    }
  }
}

TEST(OfferAnswer, FingerprintsOfEveryHash) {
  const std::string whole = testdata("chromium_publisher_offer.sdp");
  const std::pair<const char*, FingerprintHash> hashes[] = {
      {"sha-1", FingerprintHash::kSha1},
      {"SHA-384", FingerprintHash::kSha384},
      {"sha-512", FingerprintHash::kSha512},
  };
  for (const auto& [name, hash] : hashes) {
    std::string text;
    std::string_view rest = whole;
    std::string digest = "01";
    for (size_t i = 1; i < digest_size(hash); ++i) digest += ":0A";
    while (!rest.empty()) {
      const size_t end = rest.find('\n') + 1;
      std::string line(rest.substr(0, end));
      rest.remove_prefix(end);
      if (line.starts_with("a=fingerprint:")) {
        line = "a=fingerprint:" + std::string(name) + " " + digest + "\r\n" +
               "a=fingerprint:md5 00:11\r\n";
      }
      text += line;
    }
    const auto offer = parse(text);
    ASSERT_TRUE(offer);
    const OfferAnswer a = answer(*offer, options());
    ASSERT_TRUE(a.remote) << name;
    EXPECT_EQ(a.remote->fingerprint.hash, hash);
    EXPECT_EQ(a.remote->fingerprint.digest[0], 1);
    EXPECT_EQ(a.remote->fingerprint.digest[digest_size(hash) - 1], 10);
  }
}

TEST(OfferAnswer, SendsInSectionsThatReceive) {
  SessionDescription offer = fixture("chromium_publisher_offer.sdp");
  offer.sections[1].direction = Direction::kRecvOnly;
  SentTrack sent;
  sent.kind = MediaKind::kVideo;
  sent.stream_id = "PA_x|TR_1";
  sent.track_id = "TR_1";
  sent.cname = "PA_x";
  sent.ssrc = Ssrc(11);
  sent.rtx_ssrc = Ssrc(12);
  sent.codecs = {{.codec = Codec::kVp9, .fmtp = "profile-id=0"}, {.codec = Codec::kVp8}};
  AnswerOptions o = options({{.mid = "1", .send = sent}, {.mid = "0", .send = sent}});
  o.outgoing = &subscriber_capabilities();
  const OfferAnswer a = answer(offer, o);
  EXPECT_EQ(a.answer.sections[1].direction, Direction::kSendOnly);
  EXPECT_EQ(a.answer.sections[1].msid->track, "TR_1");
  ASSERT_EQ(a.answer.sections[1].ssrcs.size(), 2u);
  ASSERT_EQ(a.sent.size(), 2u);
  EXPECT_FALSE(a.sent[0].receiving) << "the client sends there and does not receive";
  ASSERT_TRUE(a.sent[1].receiving);
  ASSERT_EQ(a.sent[1].codecs.size(), 2u) << "what it sends now and what it may change to";
  EXPECT_EQ(a.sent[1].codecs[0].codec, Codec::kVp9);
  EXPECT_EQ(a.sent[1].codecs[1].codec, Codec::kVp8);
  EXPECT_EQ(a.sent[1].extensions.id(Extension::kRid), 0) << "simulcast is for publishers";
  const auto& extensions = a.answer.sections[1].extensions;
  EXPECT_TRUE(std::any_of(extensions.begin(), extensions.end(), [](const ExtensionEntry& e) {
    return extension_of(e.uri) == Extension::kRid;
  })) << "Chromium would miss it in later sections";
}

TEST(OfferAnswer, DtlsRoles) {
  const std::tuple<sdp::Setup, sdp::Setup, DtlsRole> cases[] = {
      {sdp::Setup::kActpass, sdp::Setup::kPassive, DtlsRole::kServer},
      {sdp::Setup::kActive, sdp::Setup::kPassive, DtlsRole::kServer},
      {sdp::Setup::kPassive, sdp::Setup::kActive, DtlsRole::kClient},
  };
  for (const auto& [offered, answered, role] : cases) {
    SessionDescription offer = fixture("chromium_publisher_offer.sdp");
    for (MediaSection& s : offer.sections) s.setup = offered;
    OfferAnswer a = answer(offer, options());
    EXPECT_EQ(a.answer.sections[0].setup, answered);
    EXPECT_EQ(a.remote->local_role, role);
  }
}

TEST(OfferAnswer, InactiveSectionSendsNothing) {
  SessionDescription offer = fixture("chromium_publisher_offer.sdp");
  offer.sections[1].direction = Direction::kInactive;
  OfferAnswer a = answer(offer, options());
  EXPECT_FALSE(a.sections[1].sending);
  EXPECT_EQ(a.answer.sections[1].direction, Direction::kInactive);
  EXPECT_FALSE(a.answer.sections[1].rejected());
}

}  // namespace
}  // namespace turms::rtc::sdp
