// Datagrams from the network to a peer, before and after the remote side is known: demultiplexing,
// STUN, DTLS, SRTP.
#include <algorithm>

#include "rtc/dtls/context.h"
#include "rtc/peer.h"
#include "rtc/srtp/backend.h"
#include "tests/fuzz/check.h"

namespace {

using namespace turms;
using namespace turms::rtc;

struct Shared {
  dtls::Context dtls;
  std::unique_ptr<srtp::Backend> srtp = srtp::Backend::create();
};

Shared& shared() {
  static Shared instance;
  return instance;
}

}  // namespace

// The input is a sequence of datagrams: two bytes of length, then the datagram.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Rng rng(1);
  const PeerResources resources{shared().dtls, *shared().srtp, rng};
  PeerConfig config;
  config.local_ice = {"local", "password-of-22-letters"};
  TimePoint now{1s};
  Peer peer(now, config, resources);
  const Path path{TransportAddress::ipv4(127, 0, 0, 1, 7882),
                  TransportAddress::ipv4(127, 0, 0, 2, 5000)};
  ByteReader reader(ByteView(data, size));
  for (int i = 0; i < 32 && reader.remaining() > 2; ++i) {
    const uint16_t length = reader.u16();
    const ByteView bytes = reader.bytes(std::min<size_t>(length, reader.remaining()));
    Bytes datagram(bytes.begin(), bytes.end());
    if (i == 4) peer.set_remote(now, {"remote", "password-of-22-letters"}, {});
    (void)peer.receive(now, path, datagram);
    int outputs = 0;
    while (peer.poll_transmit()) fuzz::check(++outputs < 1000);
    while (peer.poll_event()) fuzz::check(++outputs < 1000);
    now += 20ms;
    if (peer.next_timeout() <= now) peer.handle_timeout(now);
  }
  return 0;
}
