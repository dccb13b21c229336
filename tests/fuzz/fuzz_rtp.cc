// RTP packets: the view, header extensions, payload descriptors, rewriting, retransmission.
#include <algorithm>
#include <array>

#include "rtc/rtp/packet.h"
#include "rtc/rtp/payload.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::rtc;
  const auto packet = rtp::PacketView::parse(ByteView(data, size));
  if (!packet) return 0;
  fuzz::check(packet->header_size() + packet->payload().size() + packet->padding_size() == size);
  ExtensionMap ids;
  for (size_t i = 0; i < kExtensionCount; ++i)
    ids.set(static_cast<Extension>(i), static_cast<uint8_t>(i + 1));
  packet->for_each_extension([&](uint8_t, ByteView value) {
    (void)rtp::parse_audio_level(value);
    (void)rtp::parse_transport_sequence(value);
    fuzz::check(rtp::parse_sdes_text(value).size() <= value.size());
  });
  for (Codec codec :
       {Codec::kVp8, Codec::kVp9, Codec::kH264, Codec::kAv1, Codec::kH265, Codec::kOpus}) {
    (void)rtp::inspect_payload(codec, packet->payload(), packet->marker());
  }
  (void)rtp::packet_trailer_size(packet->payload());
  for (Codec codec : {Codec::kH264, Codec::kH265, Codec::kAv1}) {
    rtp::for_each_unit(codec, packet->payload(), [&](ByteView unit) {
      fuzz::check(unit.size() <= packet->payload().size());
    });
  }
  const rtp::RedBlocks red = rtp::parse_red_redundancy(packet->payload());
  for (size_t i = 0; i < red.count; ++i) {
    fuzz::check(red.blocks[i].payload.size() < packet->payload().size());
  }
  (void)rtp::parse_rtx(packet->payload());
  if (const auto primary = rtp::parse_red_primary(packet->payload())) {
    fuzz::check(primary->payload.size() < packet->payload().size());
  }

  // A forwarded copy is a packet, and has the payload.
  Bytes out(size + rtp::kMaxWrittenHeaderSize);
  rtp::OwnExtensions own;
  own.mid = "7";
  const size_t written = rtp::copy_packet(out, *packet, ids, packet->header(), ids, own);
  if (written != 0) {
    const auto copy = rtp::PacketView::parse(ByteView(out).first(written));
    fuzz::check(copy.has_value());
    fuzz::check(std::ranges::equal(copy->payload(), packet->payload()));
    // So is a retransmission of it, and it gives the original back.
    Bytes rtx(written + rtp::kMaxWrittenHeaderSize);
    const size_t rtx_size = rtp::encapsulate_rtx(rtx, *copy, Ssrc(9), 97, rtp::SeqNum(1));
    if (rtx_size != 0) {
      const auto view = rtp::PacketView::parse(ByteView(rtx).first(rtx_size));
      fuzz::check(view.has_value());
      const MutableByteView restored = rtp::decapsulate_rtx(
          MutableByteView(rtx).first(rtx_size), *view, copy->ssrc(), copy->payload_type());
      const auto original = rtp::PacketView::parse(restored);
      fuzz::check(original.has_value() && original->sequence() == copy->sequence());
      fuzz::check(std::ranges::equal(original->payload(), copy->payload()));
    }
  }
  return 0;
}
