#include "rtc/sdp/negotiate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "rtc/sdp/negotiate_testing.h"

namespace turms::rtc::sdp {
namespace {

SentTrack track(MediaKind kind, int n, Codec codec, std::string fmtp = "") {
  SentTrack t;
  t.kind = kind;
  t.stream_id = "PA_x|TR_" + std::to_string(n);
  t.track_id = "TR_" + std::to_string(n);
  t.cname = "PA_x";
  t.ssrc = Ssrc(static_cast<uint32_t>(100 + n));
  if (kind == MediaKind::kVideo) t.rtx_ssrc = Ssrc(static_cast<uint32_t>(200 + n));
  CodecParameters p;
  p.codec = codec;
  p.fmtp = std::move(fmtp);
  t.codecs = {p};
  return t;
}

SessionDescription next_offer(SubscriberPlan& plan) {
  auto offer = parse(plan.offer(subscriber_capabilities(), transport(), 77));
  EXPECT_TRUE(offer) << offer.error().message;
  EXPECT_TRUE(offer->oddities.empty());
  return std::move(*offer);
}

Result<SubscriberAnswer> read(SubscriberPlan& plan, const SessionDescription& answered) {
  return plan.read_answer(serialize(answered));
}

/// What a browser would answer: accepts everything offered.
SessionDescription accept_all(const SessionDescription& offer) {
  SessionDescription a = offer;
  for (MediaSection& s : a.sections) {
    s.direction = reversed(s.direction);
    s.setup = sdp::Setup::kActive;
    s.ssrcs.clear();
    s.ssrc_groups.clear();
    s.msid.reset();
  }
  return a;
}

TEST(SubscriberOffer, ReadsChromiumsRecordedAnswer) {
  SubscriberPlan plan;
  EXPECT_EQ(plan.add_data_channel(), "0");
  (void)next_offer(plan);
  ASSERT_EQ(plan.add(track(MediaKind::kAudio, 1, Codec::kOpus)), "1");
  ASSERT_EQ(plan.add(track(MediaKind::kVideo, 2, Codec::kVp8)), "2");
  ASSERT_EQ(plan.add(track(MediaKind::kVideo, 3, Codec::kH264,
                           "packetization-mode=1;profile-level-id=42e01f")),
            "3");
  SessionDescription offer = next_offer(plan);
  EXPECT_EQ(offer.session_version, 2u);
  auto a = plan.read_answer(testdata("chromium_subscriber_answer.sdp"));
  ASSERT_TRUE(a) << a.error().message;
  EXPECT_EQ(a->remote->local_role, DtlsRole::kServer);
  ASSERT_TRUE(a->data);
  ASSERT_EQ(a->sections.size(), 3u);
  EXPECT_EQ(a->sections[0].codecs[0].payload_type, 111);
  EXPECT_EQ(a->sections[1].codecs[0].payload_type, 96);
  EXPECT_EQ(a->sections[1].codecs[0].rtx_payload_type, 97);
  EXPECT_EQ(a->sections[2].codecs[0].codec, Codec::kH264);
  for (const AcceptedSection& s : a->sections) {
    EXPECT_TRUE(s.receiving);
    EXPECT_EQ(s.extensions.id(Extension::kMid),
              extension_map(offer.sections[1]).id(Extension::kMid));
    EXPECT_NE(s.extensions.id(Extension::kTransportSequence), 0);
  }
}

TEST(SubscriberOffer, WritesTracks) {
  SubscriberPlan plan;
  ASSERT_TRUE(plan.add(track(MediaKind::kVideo, 1, Codec::kVp8)));
  SentTrack audio = track(MediaKind::kAudio, 2, Codec::kOpus);
  audio.stereo = true;
  ASSERT_TRUE(plan.add(audio));
  std::string text = serialize(next_offer(plan));
  for (const char* line :
       {"a=group:BUNDLE 0 1", "a=setup:actpass", "a=sendonly", "a=msid:PA_x|TR_1 TR_1",
        "a=ssrc-group:FID 101 201", "a=ssrc:101 cname:PA_x", "a=ssrc:201 msid:PA_x|TR_1 TR_1",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97", "a=fmtp:97 apt=96", "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1", "a=end-of-candidates",
        "a=rtcp-mux", "a=rtcp-fb:96 nack pli", "a=ice-lite"}) {
    EXPECT_NE(text.find(std::string(line) + "\r\n"), std::string::npos) << line << "\n" << text;
  }
}

TEST(SubscriberOffer, OffersOnlyFormatsThatCarryTheSource) {
  struct Case {
    const char* what;
    Codec codec;
    const char* fmtp;
    std::vector<int> payload_types;
  };
  const Case cases[] = {
      {"H264 constrained baseline, mode 1",
       Codec::kH264,
       "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
       {102, 103}},
      {"the same profile spelled by main with constraint",
       Codec::kH264,
       "packetization-mode=1;profile-level-id=4d801f",
       {102, 103}},
      {"H264 without fmtp: baseline, mode 0", Codec::kH264, "", {108, 109}},
      {"H264 high", Codec::kH264, "packetization-mode=1;profile-level-id=64001f", {116, 117}},
      {"VP9 profile 2", Codec::kVp9, "profile-id=2", {100, 101}},
      {"AV1", Codec::kAv1, "", {120, 121}},
  };
  for (const Case& c : cases) {
    SubscriberPlan plan;
    ASSERT_TRUE(plan.add(track(MediaKind::kVideo, 1, c.codec, c.fmtp)));
    EXPECT_EQ(payload_types(next_offer(plan).sections[0]), c.payload_types) << c.what;
  }
  SubscriberPlan plan;
  SentTrack without_rtx = track(MediaKind::kVideo, 1, Codec::kVp8);
  without_rtx.rtx_ssrc = Ssrc();
  ASSERT_TRUE(plan.add(without_rtx));
  EXPECT_EQ(payload_types(next_offer(plan).sections[0]), std::vector<int>{96});
}

TEST(SubscriberOffer, ATrackDoesNotReturnToItsSectionWhileAnotherCanBeHad) {
  SubscriberPlan plan;
  const auto answered = [&] {
    const SessionDescription offer = next_offer(plan);
    ASSERT_TRUE(read(plan, accept_all(offer)));
  };
  const auto toggle = [&](uint32_t n) {
    const std::string mid = *plan.add(track(MediaKind::kVideo, n, Codec::kVp8));
    answered();
    EXPECT_TRUE(plan.remove(mid));
    answered();
    return mid;
  };
  EXPECT_EQ(toggle(1), "0");
  EXPECT_EQ(toggle(1), "1");
  EXPECT_EQ(toggle(2), "0") << "it was another's";
  EXPECT_EQ(toggle(1), "0") << "and is again";
  EXPECT_EQ(toggle(2), "0");
  // Each further return leaves one more behind, up to 16; then the oldest serves again.
  for (int i = 2; i < 40; ++i) toggle(2);
  EXPECT_LE(next_offer(plan).sections.size(), 17u);
  EXPECT_TRUE(plan.add(track(MediaKind::kVideo, 2, Codec::kVp8)));
}

TEST(SubscriberOffer, AStreamIsSharedOnlyInNewSections) {
  SubscriberPlan plan;
  const auto add = [&](int n) {
    SentTrack t = track(MediaKind::kVideo, n, Codec::kVp8);
    t.shared_stream_id = "PA_x|camera";
    return *plan.add(std::move(t));
  };
  const auto answered = [&] {
    SessionDescription offer = next_offer(plan);
    EXPECT_TRUE(read(plan, accept_all(offer)));
    return offer;
  };
  EXPECT_EQ(add(1), "0");
  EXPECT_EQ(add(2), "1");
  SessionDescription offer = answered();
  EXPECT_EQ(offer.sections[0].msid->stream, "PA_x|camera");
  EXPECT_EQ(offer.sections[0].msid->track, "TR_1");
  EXPECT_EQ(offer.sections[1].msid->stream, "PA_x|camera");
  EXPECT_TRUE(plan.remove("0"));
  answered();
  EXPECT_EQ(add(3), "2") << "a browser would still call it TR_1 in the old one";
  offer = answered();
  EXPECT_EQ(offer.sections[2].msid->stream, "PA_x|camera");
  // When so many sections lie idle, one serves again, and its track has a stream of its own.
  EXPECT_TRUE(plan.remove("2"));
  answered();
  for (int n = 4; n < 40; ++n) {
    const std::string mid = add(n);
    offer = answered();
    EXPECT_EQ(plan.track(mid)->stream_id,
              mid == std::to_string(n - 1) ? "PA_x|camera" : "PA_x|TR_" + std::to_string(n));
    EXPECT_TRUE(plan.remove(mid));
    answered();
  }
  EXPECT_LE(next_offer(plan).sections.size(), 18u);
}

TEST(SubscriberOffer, ReusesOnlySectionsAnsweredInactive) {
  SubscriberPlan plan;
  auto answered = [&] {
    SessionDescription offer = next_offer(plan);
    auto a = read(plan, accept_all(offer));
    EXPECT_TRUE(a);
    return *a;
  };
  EXPECT_EQ(plan.add(track(MediaKind::kVideo, 1, Codec::kVp8)), "0");
  EXPECT_EQ(plan.add(track(MediaKind::kAudio, 2, Codec::kOpus)), "1");
  EXPECT_EQ(answered().sections.size(), 2u);

  EXPECT_TRUE(plan.remove("0"));
  EXPECT_FALSE(plan.remove("0")) << "already gone";
  EXPECT_FALSE(plan.remove("9"));
  EXPECT_EQ(plan.add(track(MediaKind::kVideo, 3, Codec::kVp8)), "2")
      << "0 is still active for the browser";
  SubscriberAnswer a = answered();
  ASSERT_EQ(a.sections.size(), 1u) << "of the other it says nothing new";
  EXPECT_EQ(a.sections[0].mid, "2");

  EXPECT_EQ(plan.add(track(MediaKind::kVideo, 4, Codec::kAv1)), "0") << "reused now";
  EXPECT_EQ(plan.add(track(MediaKind::kVideo, 5, Codec::kAv1)), "3") << "audio is not for video";
  SessionDescription offer = next_offer(plan);
  ASSERT_EQ(offer.sections.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(offer.sections[i].mid, std::to_string(i));
  EXPECT_EQ(offer.sections[0].msid->track, "TR_4");
  EXPECT_EQ(offer.sections[0].direction, Direction::kSendOnly);

  // Added and removed between two offers: nothing was announced, so it may be used at once.
  EXPECT_EQ(plan.add(track(MediaKind::kAudio, 6, Codec::kOpus)), "4");
  EXPECT_TRUE(plan.remove("4"));
  EXPECT_EQ(plan.add(track(MediaKind::kAudio, 7, Codec::kOpus)), "4");
}

TEST(SubscriberOffer, InactiveSectionsKeepTheirPlace) {
  SubscriberPlan plan;
  ASSERT_TRUE(plan.add(track(MediaKind::kVideo, 1, Codec::kVp8)));
  (void)next_offer(plan);
  plan.remove("0");
  SessionDescription offer = next_offer(plan);
  ASSERT_EQ(offer.sections.size(), 1u);
  EXPECT_EQ(offer.sections[0].direction, Direction::kInactive);
  EXPECT_FALSE(offer.sections[0].msid);
  EXPECT_FALSE(offer.sections[0].formats.empty());
  EXPECT_EQ(offer.bundle, std::vector<std::string>{"0"});
}

TEST(SubscriberAnswer, RejectedSectionIsNeverUsedAgain) {
  SubscriberPlan plan;
  ASSERT_TRUE(plan.add(track(MediaKind::kVideo, 1, Codec::kVp8)));
  ASSERT_TRUE(plan.add(track(MediaKind::kAudio, 2, Codec::kOpus)));
  SessionDescription offer = next_offer(plan);
  SessionDescription answered = accept_all(offer);
  answered.sections[0].port = 0;
  answered.bundle = {"1"};
  auto a = read(plan, answered);
  ASSERT_TRUE(a);
  EXPECT_FALSE(a->sections[0].receiving);
  EXPECT_TRUE(a->sections[1].receiving);
  plan.remove("0");
  EXPECT_EQ(plan.add(track(MediaKind::kVideo, 3, Codec::kVp8)), "2");
  offer = next_offer(plan);
  EXPECT_EQ(offer.sections[0].port, 0);
  EXPECT_EQ(offer.bundle, (std::vector<std::string>{"1", "2"}));
}

TEST(SubscriberAnswer, TakesOnlyWhatWasOffered) {
  SubscriberPlan plan;
  ASSERT_TRUE(plan.add(track(MediaKind::kVideo, 1, Codec::kVp8)));
  SessionDescription offer = next_offer(plan);
  SessionDescription answered = accept_all(offer);
  answered.sections[0].formats.push_back({98, "VP9", 90000});
  answered.sections[0].extensions = {
      {static_cast<uint8_t>(extension_map(offer.sections[0]).id(Extension::kMid) + 1),
       extension_uri(Extension::kMid), std::nullopt}};
  auto a = read(plan, answered);
  ASSERT_TRUE(a);
  ASSERT_EQ(a->sections[0].codecs.size(), 1u);
  EXPECT_EQ(a->sections[0].codecs[0].codec, Codec::kVp8);
  EXPECT_EQ(a->sections[0].extensions.id(Extension::kMid), 0) << "another id than offered";
}

TEST(SubscriberAnswer, RefusesWhatIsNoAnswer) {
  using Change = void (*)(SessionDescription&);
  const std::pair<const char*, Change> cases[] = {
      {"answer has 1 m-sections, the offer 2",
       [](SessionDescription& d) { d.sections.pop_back(); }},
      {"m-section 1 of the answer is not that of the offer",
       [](SessionDescription& d) { d.sections[1].mid = "7"; }},
      {"m-section 0 of the answer is not that of the offer",
       [](SessionDescription& d) { d.sections[0].type = MediaType::kAudio; }},
      {"answer without a=setup active or passive",
       [](SessionDescription& d) { d.sections[0].setup = sdp::Setup::kActpass; }},
      {"no fingerprint that can be compared",
       [](SessionDescription& d) { d.sections[0].fingerprint.reset(); }},
  };
  for (const auto& [message, change] : cases) {
    SubscriberPlan plan;
    ASSERT_TRUE(plan.add(track(MediaKind::kVideo, 1, Codec::kVp8)));
    ASSERT_TRUE(plan.add(track(MediaKind::kAudio, 2, Codec::kOpus)));
    SessionDescription offer = next_offer(plan);
    SessionDescription answered = accept_all(offer);
    change(answered);
    auto a = read(plan, answered);
    ASSERT_FALSE(a) << message;
    EXPECT_EQ(a.error().message, message);
  }
}

TEST(SubscriberAnswer, ThatRejectsAllIsOne) {
  SubscriberPlan plan;
  ASSERT_TRUE(plan.add(track(MediaKind::kVideo, 1, Codec::kVp8)));
  SessionDescription answered = accept_all(next_offer(plan));
  answered.sections[0].port = 0;
  const auto a = read(plan, answered);
  ASSERT_TRUE(a) << a.error().message;
  EXPECT_FALSE(a->remote);
  ASSERT_EQ(a->sections.size(), 1u);
  EXPECT_FALSE(a->sections[0].receiving);
}

TEST(SubscriberAnswer, ASectionMayBeAnsweredOtherwiseLater) {
  SubscriberPlan plan;
  ASSERT_TRUE(plan.add(track(MediaKind::kVideo, 1, Codec::kVp8)));
  ASSERT_TRUE(plan.add(track(MediaKind::kVideo, 2, Codec::kVp8)));
  auto a = read(plan, accept_all(next_offer(plan)));
  ASSERT_EQ(a->sections.size(), 2u);
  ASSERT_TRUE(plan.add(track(MediaKind::kAudio, 3, Codec::kOpus)));
  SessionDescription answered = accept_all(next_offer(plan));
  answered.sections[1].direction = Direction::kInactive;
  a = read(plan, answered);
  ASSERT_EQ(a->sections.size(), 2u);
  EXPECT_EQ(a->sections[0].mid, "1");
  EXPECT_FALSE(a->sections[0].receiving);
  EXPECT_TRUE(a->sections[1].receiving);
  // What stands before the sections is said for all of them.
  answered = accept_all(next_offer(plan));
  answered.sections[1].direction = Direction::kInactive;
  answered.extmap_allow_mixed = false;
  a = read(plan, answered);
  EXPECT_EQ(a->sections.size(), 3u);
}

TEST(SubscriberOffer, WhatIsKeptIsWhatWouldBeWritten) {
  Rng rng(7);
  SubscriberPlan plan;
  plan.add_data_channel();
  const auto body = [](const std::string& offer) { return offer.substr(offer.find("s=-")); };
  LocalTransport other = transport();
  other.ice.ufrag = "another";
  std::vector<std::string> mids;
  for (int i = 0; i < 200; ++i) {
    if (mids.empty() || rng.next() % 3 != 0) {
      const auto kind = rng.next() % 2 == 0 ? MediaKind::kVideo : MediaKind::kAudio;
      const Codec codec = kind == MediaKind::kVideo ? Codec::kVp8 : Codec::kOpus;
      if (auto mid = plan.add(track(kind, i, codec))) mids.push_back(*mid);
    } else {
      const size_t at = rng.next() % mids.size();
      plan.remove(mids[at]);
      mids.erase(mids.begin() + static_cast<ptrdiff_t>(at));
    }
    const std::string offer = plan.offer(subscriber_capabilities(), transport(), 77);
    SubscriberPlan copy = plan;
    (void)copy.offer(subscriber_capabilities(), other, 77);
    ASSERT_EQ(body(offer), body(copy.offer(subscriber_capabilities(), transport(), 77)));
    SessionDescription answered = accept_all(*parse(offer));
    if (rng.next() % 16 == 0) {
      MediaSection& section = answered.sections[rng.next() % answered.sections.size()];
      if (section.mid != "0") {
        section.port = 0;
        std::erase(answered.bundle, section.mid);
      }
    }
    ASSERT_TRUE(read(plan, answered));
  }
}

TEST(SubscriberPlan, IsBounded) {
  SubscriberPlan plan;
  for (size_t i = 0; i < kMaxSections; ++i) {
    ASSERT_TRUE(plan.add(track(MediaKind::kAudio, 1, Codec::kOpus)));
  }
  auto more = plan.add(track(MediaKind::kAudio, 1, Codec::kOpus));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace turms::rtc::sdp
