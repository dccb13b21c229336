#include "rtc/rtp/packet.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>

#include "base/random.h"

namespace turms::rtc::rtp {
namespace {

Bytes bytes(std::initializer_list<int> list) {
  Bytes out;
  for (int b : list) out.push_back(static_cast<uint8_t>(b));
  return out;
}
Bytes fixed(int first, std::initializer_list<int> rest) {
  Bytes out = bytes({first, 0x60 | 0x80, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 7});
  for (int b : rest) out.push_back(static_cast<uint8_t>(b));
  return out;
}

TEST(RtpPacket, ReadsTheFixedHeader) {
  Bytes data = fixed(0x80, {1, 2, 3});
  auto p = PacketView::parse(data);
  ASSERT_TRUE(p);
  EXPECT_TRUE(p->marker());
  EXPECT_EQ(p->payload_type(), 0x60);
  EXPECT_EQ(p->sequence(), SeqNum(0x1234));
  EXPECT_EQ(p->timestamp(), RtpTime(9));
  EXPECT_EQ(p->ssrc(), Ssrc(7));
  EXPECT_EQ(p->payload().size(), 3u);
}

TEST(RtpPacket, ReadsCsrcsExtensionsAndPadding) {
  Bytes data = fixed(0xB2, {0,    0,    0, 1, 0,    0,   0,   2,                 // CSRCs
                            0xBE, 0xDE, 0, 2, 0x31, 'a', 'b', 0, 0x50, 9, 0, 0,  // 3: "ab", 5: 9
                            'x',  'y',  0, 2});
  auto p = PacketView::parse(data);
  ASSERT_TRUE(p);
  EXPECT_EQ(p->csrc_count(), 2u);
  ASSERT_TRUE(p->extension(3));
  EXPECT_EQ(parse_sdes_text(*p->extension(3)), "ab");
  ASSERT_TRUE(p->extension(5));
  EXPECT_EQ((*p->extension(5))[0], 9);
  EXPECT_FALSE(p->extension(4));
  EXPECT_FALSE(p->extension(0));
  EXPECT_EQ(as_text(p->payload()), "xy");
  EXPECT_EQ(p->padding_size(), 2u);
}

TEST(RtpPacket, ReadsTwoByteExtensions) {
  Bytes data = fixed(0x90, {0x10, 0x00, 0, 2, 200, 2, 'a', 'b', 0, 17, 0, 0});
  auto p = PacketView::parse(data);
  ASSERT_TRUE(p);
  ASSERT_TRUE(p->extension(200));
  EXPECT_EQ(as_text(*p->extension(200)), "ab");
  ASSERT_TRUE(p->extension(17));
  EXPECT_TRUE(p->extension(17)->empty());
}

TEST(RtpPacket, ExtensionsThatLie) {
  // Element longer than the block; "stop" id 15; unknown profile: the packet stands, no element.
  const Bytes cases[] = {
      fixed(0x90, {0xBE, 0xDE, 0, 1, 0x3F, 1, 2, 3}),
      fixed(0x90, {0xBE, 0xDE, 0, 1, 0xF0, 1, 0x30, 1}),
      fixed(0x90, {0x10, 0x00, 0, 1, 3, 9, 0, 0}),
      fixed(0x90, {0x10, 0x00, 0, 1, 0, 0, 0, 3}),
      fixed(0x90, {0x12, 0x34, 0, 1, 0x30, 1, 0, 0}),
  };
  for (const Bytes& data : cases) {
    auto p = PacketView::parse(data);
    ASSERT_TRUE(p);
    EXPECT_FALSE(p->extension(3));
    EXPECT_EQ(p->payload().size(), 0u);
  }
}

TEST(RtpPacket, RefusesMalformed) {
  struct Case {
    const char* what;
    Bytes data;
    DropReason reason;
  };
  Bytes rtcp = fixed(0x80, {});
  rtcp[1] = 200;
  const Case cases[] = {
      {"empty", {}, DropReason::kTooShort},
      {"11 bytes", Bytes(11, 0x80), DropReason::kTooShort},
      {"version 1", fixed(0x40, {}), DropReason::kBadVersion},
      {"RTCP", rtcp, DropReason::kNotRtp},
      {"CSRCs past the end", fixed(0x82, {0, 0, 0, 1}), DropReason::kBadCsrc},
      {"no extension head", fixed(0x90, {0xBE, 0xDE}), DropReason::kBadExtension},
      {"extension past the end", fixed(0x90, {0xBE, 0xDE, 0, 1, 0, 0}), DropReason::kBadExtension},
      {"padding of zero", fixed(0xA0, {1, 0}), DropReason::kBadPadding},
      {"padding past the payload", fixed(0xA0, {1, 3}), DropReason::kBadPadding},
      {"padding without payload", fixed(0xA0, {}), DropReason::kBadPadding},
  };
  for (const Case& c : cases) {
    auto p = PacketView::parse(c.data);
    ASSERT_FALSE(p) << c.what;
    EXPECT_EQ(p.error(), c.reason) << c.what;
  }
}

TEST(RtpPacket, WritesTheFormItsExtensionsNeed) {
  struct Case {
    std::vector<std::pair<int, std::string>> extensions;
    uint16_t profile;
  };
  const Case cases[] = {
      {{{1, "a"}, {14, std::string(16, 'x')}}, 0xBEDE},
      {{{1, "a"}, {16, "b"}}, 0x1000},
      {{{2, std::string(17, 'x')}}, 0x1000},
      {{{2, ""}}, 0x1000},
  };
  for (const Case& c : cases) {
    std::vector<ExtensionValue> values;
    for (const auto& [id, text] : c.extensions) {
      values.push_back({static_cast<uint8_t>(id), as_bytes(text)});
    }
    std::array<uint8_t, 200> out{};
    Header header{true, 96, SeqNum(5), RtpTime(6), Ssrc(7)};
    size_t size = write_packet(out, header, values, as_bytes("pay"), 4);
    ASSERT_GT(size, 0u);
    EXPECT_EQ(load_be16(&out[12]), c.profile);
    auto p = PacketView::parse(ByteView(out).first(size));
    ASSERT_TRUE(p);
    EXPECT_EQ(as_text(p->payload()), "pay");
    EXPECT_EQ(p->padding_size(), 4u);
    for (const auto& [id, text] : c.extensions) {
      auto value = p->extension(static_cast<uint8_t>(id));
      ASSERT_TRUE(value) << id;
      EXPECT_EQ(as_text(*value), text);
    }
    for (size_t small = 0; small < size; ++small) {
      EXPECT_EQ(write_packet(MutableByteView(out).first(small), header, values, as_bytes("pay"), 4),
                0u);
    }
  }
}

TEST(RtpPacket, CopiesUnderTheTargetsExtensions) {
  ExtensionMap source_ids;
  source_ids.set(Extension::kMid, 1);
  source_ids.set(Extension::kAudioLevel, 2);
  source_ids.set(Extension::kTransportSequence, 3);
  source_ids.set(Extension::kDependencyDescriptor, 4);
  source_ids.set(Extension::kRid, 5);
  ExtensionMap target_ids;
  target_ids.set(Extension::kMid, 9);
  target_ids.set(Extension::kAudioLevel, 8);
  target_ids.set(Extension::kTransportSequence, 7);
  target_ids.set(Extension::kAbsSendTime, 6);
  target_ids.set(Extension::kRid, 5);

  std::array<uint8_t, 200> in{};
  Bytes level = bytes({0x85});
  Bytes sequence = bytes({1, 2});
  const ExtensionValue values[] = {{1, as_bytes("pub")},
                                   {2, level},
                                   {3, sequence},
                                   {4, as_bytes("descriptor")},
                                   {5, as_bytes("q")}};
  size_t in_size =
      write_packet(in, {false, 111, SeqNum(1), RtpTime(2), Ssrc(3)}, values, as_bytes("media"), 3);
  auto source = PacketView::parse(ByteView(in).first(in_size));
  ASSERT_TRUE(source);

  std::array<uint8_t, 200> out{};
  OwnExtensions own;
  own.mid = "sub";
  own.transport_sequence = 0xABCD;
  own.abs_send_time = 0x123456;
  size_t size = copy_packet(out, *source, source_ids, {true, 96, SeqNum(4), RtpTime(5), Ssrc(6)},
                            target_ids, own);
  auto p = PacketView::parse(ByteView(out).first(size));
  ASSERT_TRUE(p);
  EXPECT_EQ(p->payload_type(), 96);
  EXPECT_EQ(as_text(p->payload()), "media");
  EXPECT_EQ(p->padding_size(), 0u);
  std::map<int, std::string> found;
  p->for_each_extension([&](uint8_t id, ByteView v) { found[id] = std::string(as_text(v)); });
  EXPECT_EQ(found, (std::map<int, std::string>{
                       {9, "sub"}, {8, "\x85"}, {7, "\xAB\xCD"}, {6, "\x12\x34\x56"}}))
      << "no rid, and no descriptor without an id";

  MutableByteView place = find_extension(MutableByteView(out).first(size), 7);
  ASSERT_EQ(place.size(), 2u);
  store_be16(place.data(), 0x1111);
  EXPECT_EQ(parse_transport_sequence(*p->extension(7)), 0x1111);
  EXPECT_TRUE(find_extension(MutableByteView(out).first(size), 3).empty());
}

TEST(RtpPacket, RewritesInPlace) {
  Bytes data = fixed(0x80, {1});
  auto p = PacketView::parse(data);
  set_payload_type(data, 111);
  set_sequence(data, SeqNum(1));
  set_timestamp(data, RtpTime(0xFFFFFFFF));
  set_ssrc(data, Ssrc(0x01020304));
  EXPECT_TRUE(p->marker()) << "kept";
  EXPECT_EQ(p->payload_type(), 111);
  EXPECT_EQ(p->sequence(), SeqNum(1));
  EXPECT_EQ(p->timestamp(), RtpTime(0xFFFFFFFF));
  EXPECT_EQ(p->ssrc(), Ssrc(0x01020304));
}

TEST(Rtx, RoundTrips) {
  std::array<uint8_t, 100> original{};
  const ExtensionValue values[] = {{1, as_bytes("m")}};
  size_t size = write_packet(original, {true, 96, SeqNum(500), RtpTime(5), Ssrc(10)}, values,
                             as_bytes("payload"), 5);
  auto view = PacketView::parse(ByteView(original).first(size));
  std::array<uint8_t, 100> rtx{};
  size_t rtx_size = encapsulate_rtx(rtx, *view, Ssrc(11), 97, SeqNum(3));
  auto rtx_view = PacketView::parse(ByteView(rtx).first(rtx_size));
  ASSERT_TRUE(rtx_view);
  EXPECT_EQ(rtx_view->ssrc(), Ssrc(11));
  EXPECT_EQ(rtx_view->sequence(), SeqNum(3));
  EXPECT_TRUE(rtx_view->marker());
  ASSERT_TRUE(rtx_view->extension(1));
  MutableByteView restored =
      decapsulate_rtx(MutableByteView(rtx).first(rtx_size), *rtx_view, Ssrc(10), 96);
  auto again = PacketView::parse(restored);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->header().sequence, SeqNum(500));
  EXPECT_EQ(again->ssrc(), Ssrc(10));
  EXPECT_EQ(again->payload_type(), 96);
  EXPECT_EQ(as_text(again->payload()), "payload");
  EXPECT_EQ(as_text(*again->extension(1)), "m");
}

TEST(Rtx, PaddingProbeIsNoRetransmission) {
  std::array<uint8_t, 100> probe{};
  size_t size = write_packet(probe, {false, 97, SeqNum(1), RtpTime(5), Ssrc(11)}, {}, {}, 50);
  auto view = PacketView::parse(ByteView(probe).first(size));
  ASSERT_TRUE(view);
  EXPECT_TRUE(decapsulate_rtx(MutableByteView(probe).first(size), *view, Ssrc(10), 96).empty());
}

TEST(RtpNumbers, Unwrap) {
  SeqUnwrapper seq;
  EXPECT_EQ(seq.unwrap(SeqNum(65534)), 65534);
  EXPECT_EQ(seq.unwrap(SeqNum(1)), 65537);
  EXPECT_EQ(seq.peek(SeqNum(65535)), 65535);
  EXPECT_EQ(seq.unwrap(SeqNum(65535)), 65535);
  EXPECT_EQ(seq.unwrap(SeqNum(1)), 65537);
  TimeUnwrapper time;
  EXPECT_EQ(time.unwrap(RtpTime(5)), 5);
  EXPECT_EQ(time.unwrap(RtpTime(0xFFFFFFFF)), -1);
  EXPECT_TRUE(SeqNum(0).newer_than(SeqNum(65535)));
  EXPECT_FALSE(SeqNum(0).newer_than(SeqNum(0)));
  EXPECT_EQ(RtpTime(1).distance_from(RtpTime(0xFFFFFFFF)), 2);
}

TEST(RtpExtensions, Values) {
  EXPECT_EQ(abs_send_time(TimePoint{1s}), 1u << 18);
  EXPECT_EQ(abs_send_time(TimePoint{64s + 500ms}), 1u << 17);
  Bytes level = bytes({0x80 | 30});
  EXPECT_TRUE(parse_audio_level(level)->voice);
  EXPECT_EQ(parse_audio_level(level)->level, 30);
  EXPECT_FALSE(parse_audio_level({}));
  EXPECT_EQ(parse_sdes_text(as_bytes("a b")), "");
}

TEST(RtpPacket, SurvivesRandomBytes) {
  Rng rng(7);
  for (int i = 0; i < 20000; ++i) {
    Bytes data(rng.below(90));
    rng.fill(data);
    if (!data.empty()) data[0] = static_cast<uint8_t>(0x80 | (data[0] & 0x3F));
    if (data.size() > 16 && rng.chance(0.7)) {
      size_t at = 12 + size_t{data[0] & 0x0Fu} * 4;
      if (at + 4 < data.size()) {
        store_be16(&data[at], rng.chance(0.5) ? 0xBEDE : 0x1000);
        store_be16(&data[at + 2], static_cast<uint16_t>(rng.below(data.size() / 4)));
      }
    }
    auto p = PacketView::parse(data);
    if (!p) continue;
    size_t total = p->payload().size();
    p->for_each_extension([&](uint8_t, ByteView v) { total += v.size(); });
    ASSERT_LE(total, data.size());
    (void)decapsulate_rtx(data, *p, Ssrc(1), 1);
  }
}

}  // namespace
}  // namespace turms::rtc::rtp
