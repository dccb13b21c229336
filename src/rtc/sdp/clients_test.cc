// Offers as clients send them. Recorded here from Chromium 156, Firefox ESR 153, pion 4.2.17,
// aiortc 1.16, GStreamer 1.22 and libdatachannel (of libdatachannel-py 2026.1; OBS publishes with
// it). That of Safari is one that a public repository has among its examples, as
// kWebrtcSafariSdpExample of tau::sdp; a report about Safari 18.6 (livekit/client-sdk-js, issue
// 1617) shows the same formats.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "rtc/sdp/negotiate.h"
#include "rtc/sdp/testdata_testing.h"

namespace turms::rtc::sdp {
namespace {

struct Client {
  const char* offer;
  size_t audio;  // sections that send
  size_t video;
  size_t receiving;  // sections that only receive
  std::set<std::string> rids;
  bool data = true;
};

const Client kClients[] = {
    {"chromium_publisher_offer.sdp", 1, 1, 0, {"q", "h", "f"}},
    {"chromium_single_offer.sdp", 1, 1, 6, {"q", "h", "f"}},
    {"firefox_publisher_offer.sdp", 1, 1, 0, {"q", "h", "f"}},
    {"firefox_single_offer.sdp", 1, 1, 6, {"q", "h", "f"}},
    {"safari_offer.sdp", 1, 1, 0, {}, false},
    {"pion_offer.sdp", 1, 1, 1, {}},
    {"aiortc_offer.sdp", 1, 1, 1, {}},
    {"gstreamer_offer.sdp", 1, 1, 0, {}},
    {"libdatachannel_offer.sdp", 1, 1, 0, {}},
    {"libdatachannel_layers_offer.sdp", 1, 1, 0, {"0", "1", "2"}, false},
};

AnswerOptions options() {
  AnswerOptions out;
  out.transport.ice = {"ufrag", "password-of-22-letters-and-more"};
  out.transport.candidates = {host_candidate("192.0.2.9", 7882)};
  out.outgoing = &subscriber_capabilities();
  return out;
}

TEST(Clients, WhatTheyOfferIsTakenWhole) {
  for (const Client& client : kClients) {
    SCOPED_TRACE(client.offer);
    const auto offer = parse(testdata(client.offer));
    ASSERT_TRUE(offer) << offer.error().message;
    EXPECT_TRUE(offer->oddities.empty()) << offer->oddities.front();
    const OfferAnswer answer = answer_offer(*offer, publisher_capabilities(), options());
    EXPECT_TRUE(answer.rejections.empty()) << answer.rejections.front();
    ASSERT_TRUE(answer.remote);
    EXPECT_EQ(answer.data.has_value(), client.data);
    size_t audio = 0;
    size_t video = 0;
    size_t receiving = 0;
    for (const ReceivedSection& section : answer.sections) {
      if (!section.sending) {
        ++receiving;
        continue;
      }
      ++(section.kind == MediaKind::kAudio ? audio : video);
      EXPECT_FALSE(section.track_id.empty());
      EXPECT_FALSE(section.codecs.empty());
      if (section.kind == MediaKind::kAudio) {
        EXPECT_EQ(section.codecs.front().codec, Codec::kOpus);
      } else {
        std::set<std::string> rids;
        for (const EncodingParameters& e : section.encodings) rids.insert(e.rid);
        rids.erase("");
        EXPECT_EQ(rids, client.rids);
        EXPECT_TRUE(section.codecs.front().pli);
      }
    }
    EXPECT_EQ(audio, client.audio);
    EXPECT_EQ(video, client.video);
    EXPECT_EQ(receiving, client.receiving);
    EXPECT_TRUE(parse(serialize(answer.answer)));
  }
}

TEST(Clients, TheyReceiveInSectionsThatAreForIt) {
  for (const Client& client : kClients) {
    if (client.receiving == 0) continue;
    SCOPED_TRACE(client.offer);
    const auto offer = parse(testdata(client.offer));
    ASSERT_TRUE(offer);
    SentTrack track;
    track.kind = MediaKind::kVideo;
    track.stream_id = "PA_x|TR_1";
    track.track_id = "TR_1";
    track.cname = "PA_x";
    track.ssrc = Ssrc(1);
    track.rtx_ssrc = Ssrc(2);
    track.codecs = {{.codec = Codec::kVp8}};
    AnswerOptions o = options();
    for (const MediaSection& section : offer->sections) {
      if (section.type == MediaType::kVideo && section.direction == Direction::kRecvOnly) {
        o.decisions = {{.mid = section.mid, .send = track}};
      }
    }
    ASSERT_FALSE(o.decisions.empty());
    const OfferAnswer answer = answer_offer(*offer, publisher_capabilities(), o);
    ASSERT_EQ(answer.sent.size(), 1u);
    EXPECT_TRUE(answer.sent[0].receiving);
    ASSERT_EQ(answer.sent[0].codecs.size(), 1u);
    EXPECT_EQ(answer.sent[0].codecs[0].codec, Codec::kVp8);
    EXPECT_NE(answer.sent[0].codecs[0].rtx_payload_type, 0);
  }
}

}  // namespace
}  // namespace turms::rtc::sdp
