// Messages of the data channel establishment protocol, alone and as sequences on the streams of a
// peer.
#include <algorithm>
#include <array>

#include "rtc/sctp/data_channels.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::rtc;
  using namespace turms::rtc::sctp;
  const ByteView input(data, size);
  if (const auto parameters = parse_open(input)) {
    const auto again = parse_open(serialize_open(*parameters));
    fuzz::check(again.has_value());
    fuzz::check(again->label == parameters->label && again->protocol == parameters->protocol);
    fuzz::check(again->ordered == parameters->ordered);
    fuzz::check(again->max_retransmits == parameters->max_retransmits);
    fuzz::check(again->lifetime == parameters->lifetime);
  }

  Rng rng(1);
  TimePoint now{1s};
  Association remote({}, rng);
  DataChannels local({}, DtlsRole::kServer, rng);
  remote.connect(now);
  ByteReader in(input.first(std::min<size_t>(size, 4096)));
  std::array<uint8_t, 1200> buffer;
  int left = 20'000;
  while (left > 0) {
    bool idle = true;
    while (const size_t written = remote.write_packet(now, buffer)) {
      fuzz::check(--left > 0);
      idle = false;
      (void)local.receive(now, ByteView(buffer).first(written));
    }
    while (const size_t written = local.write_packet(now, buffer)) {
      fuzz::check(--left > 0);
      idle = false;
      (void)remote.receive(now, ByteView(buffer).first(written));
    }
    while (remote.poll_message() || remote.poll_event()) {
    }
    while (auto event = local.poll_event()) {
      if (event->kind == DataEvent::Kind::kOpened && event->label.size() % 3 == 0) {
        local.close(now, event->channel);
      }
    }
    if (!idle) continue;
    if (in.remaining() < 4) break;
    const uint16_t stream = in.u8();
    const uint8_t action = in.u8();
    if (action < 32) {
      remote.reset_stream(now, stream);
    } else if (action < 48) {
      (void)local.open(now, {.label = "ours"});
    } else {
      const size_t length = std::clamp<size_t>(in.u8(), 1, in.remaining());
      const ByteView text = in.bytes(length);
      (void)remote.send(now, stream, SharedBytes::copy_of(text), 50 + action % 8, {});
    }
  }
  return 0;
}
