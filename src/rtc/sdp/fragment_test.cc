#include "rtc/sdp/fragment.h"

#include <gtest/gtest.h>

#include "rtc/sdp/negotiate.h"

namespace turms::rtc::sdp {
namespace {

// RFC 9725 section 4.3.2, with other addresses.
constexpr std::string_view kTrickled =
    "a=group:BUNDLE 0 1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "a=mid:0\r\n"
    "a=ice-ufrag:EsAw\r\n"
    "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
    "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw\r\n"
    "a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0\r\n"
    "a=end-of-candidates\r\n";

TEST(Fragment, SaysWhichCandidatesASectionHas) {
  const auto fragment = parse_fragment(kTrickled);
  ASSERT_TRUE(fragment) << fragment.error().message;
  const MediaSection& section = fragment->sections.front();
  EXPECT_EQ(section.mid, "0");
  EXPECT_EQ(section.ice.ufrag, "EsAw");
  EXPECT_EQ(section.ice.password, "P2uYro0UCOQ4zxjKXaWCBui1");
  ASSERT_EQ(section.candidates.size(), 2u);
  EXPECT_EQ(section.candidates[1].port, 61765);
  EXPECT_TRUE(section.end_of_candidates);
}

TEST(Fragment, CredentialsMayStandBeforeTheSection) {
  const auto fragment = parse_fragment(
      "a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\nm=video 9 RTP/AVP 0\na=mid:video\n");
  ASSERT_TRUE(fragment) << fragment.error().message;
  EXPECT_EQ(fragment->sections.front().ice.ufrag, "EsAw");
}

TEST(Fragment, WhatIsNoneIsRefusedWithItsReason) {
  const auto why = [](std::string_view text) {
    const auto fragment = parse_fragment(text);
    return fragment ? "" : fragment.error().message;
  };
  EXPECT_EQ(why(""), "empty description");
  EXPECT_EQ(why("a=ice-ufrag:EsAw\n"), "one m-section expected");
  EXPECT_EQ(why("m=audio 9 RTP/AVP 0\na=mid:0\nm=audio 9 RTP/AVP 0\na=mid:1\n"),
            "one m-section expected");
  EXPECT_EQ(why("m=audio 9 RTP/AVP 0\n"), "no a=mid");
  EXPECT_EQ(why("m=audio nine RTP/AVP 0\na=mid:0\n"), "m=: port is not 0..65535");
}

TEST(Fragment, TellsTheTransportOfADescription) {
  SessionDescription description;
  description.ice_lite = true;
  description.has_bundle = true;
  description.bundle = {"b", "c"};
  for (const char* mid : {"a", "b", "c"}) {
    MediaSection section;
    section.protocol = "UDP/TLS/RTP/SAVPF";
    section.mid = mid;
    section.port = mid[0] == 'a' ? 0 : 9;
    section.formats = {{111, "opus", 48000, 2, "", {}}};
    section.ice = {"ufrag", "password-of-22-letters-and-more"};
    section.candidates = {host_candidate("192.0.2.9", 7882)};
    section.end_of_candidates = true;
    description.sections.push_back(section);
  }
  const std::string text = serialize_fragment(description);
  EXPECT_EQ(text,
            "a=group:BUNDLE b c\r\n"
            "a=ice-lite\r\n"
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
            "a=mid:b\r\n"
            "a=" +
                to_string(host_candidate("192.0.2.9", 7882)) +
                "\r\n"
                "a=end-of-candidates\r\n"
                "a=ice-ufrag:ufrag\r\n"
                "a=ice-pwd:password-of-22-letters-and-more\r\n");
  const auto again = parse_fragment(text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->sections.front().ice.ufrag, "ufrag");
}

}  // namespace
}  // namespace turms::rtc::sdp
