// SCTP associations as sequences. The first byte chooses: chunks of the input's making against an
// association that is up, or two associations over a network that does what the input says, which
// must deliver everything once and in order as soon as the network behaves.
#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <string>

#include "rtc/sctp/data_channels.h"
#include "tests/fuzz/check.h"

namespace {

using namespace turms;
using namespace turms::rtc;
using sctp::Association;

struct World {
  explicit World(bool interleaving) {
    config.interleaving = interleaving;
    config.receive_window = 64 * 1024;
    config.max_message = 32 * 1024;
    a = std::make_unique<Association>(config, rng);
    b = std::make_unique<Association>(config, rng);
  }

  template <class Deliver>
  void drain(Association& from, Deliver deliver) {
    std::array<uint8_t, 1200> buffer;
    int packets = 0;
    while (const size_t size = from.write_packet(now, buffer)) {
      fuzz::check(++packets < 5000);
      fuzz::check(size <= config.max_packet && size % 4 == 0);
      deliver(Bytes(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size)));
    }
  }

  /// Both ways, nothing lost, until nobody has anything to say or wait for.
  void settle() {
    for (int round = 0; round < 20'000; ++round) {
      bool idle = true;
      drain(*a, [&](const Bytes& packet) {
        idle = false;
        (void)b->receive(now, packet);
      });
      drain(*b, [&](const Bytes& packet) {
        idle = false;
        (void)a->receive(now, packet);
      });
      if (!idle) continue;
      const TimePoint next = std::min(a->next_timeout(), b->next_timeout());
      if (next == kNever) return;
      now = std::max(now, next);
      if (a->next_timeout() <= now) a->handle_timeout(now);
      if (b->next_timeout() <= now) b->handle_timeout(now);
    }
    fuzz::check(false);  // never comes to rest
  }

  sctp::AssociationConfig config;
  Rng rng{1};
  TimePoint now{1s};
  std::unique_ptr<Association> a;
  std::unique_ptr<Association> b;
};

/// Chunks as they come, in packets with the right tag and checksum.
void inject(ByteReader& in, bool interleaving) {
  World world(interleaving);
  world.a->connect(world.now);
  uint32_t tag = 0;
  for (int i = 0; i < 4; ++i) {
    world.drain(*world.a, [&](const Bytes& p) { (void)world.b->receive(world.now, p); });
    world.drain(*world.b, [&](const Bytes& p) {
      tag = load_be32(&p[4]);
      (void)world.a->receive(world.now, p);
    });
  }
  fuzz::check(world.a->established() && world.b->established());
  uint16_t stream = 0;
  while (in.remaining() > 2 && !world.a->closed()) {
    const uint8_t action = in.u8();
    if (action < 32) {
      world.now += std::chrono::milliseconds(action * 16);
      if (world.a->next_timeout() <= world.now) world.a->handle_timeout(world.now);
    } else if (action < 48) {
      world.a->send(
          world.now, stream++ % 4, SharedBytes::of(Bytes(1 + action * 97)), 53,
          {.unordered = (action & 1) != 0,
           .max_retransmits = (action & 2) != 0 ? std::optional<uint16_t>(0) : std::nullopt});
    } else if (action < 50) {
      world.a->reset_stream(world.now, stream % 4);
    } else {
      const ByteView chunks = in.bytes(std::min<size_t>(in.u8() * 4U, in.remaining()));
      Bytes packet(sctp::kCommonHeader);
      packet.insert(packet.end(), chunks.begin(), chunks.end());
      sctp::finish_packet(packet, {5000, 5000, tag});
      (void)world.a->receive(world.now, packet);
    }
    while (auto message = world.a->poll_message()) {
      fuzz::check(!message->data.empty() && message->data.size() <= world.config.max_message);
    }
    while (world.a->poll_event()) {
    }
    world.drain(*world.a, [](const Bytes&) {});
  }
}

/// Every packet meets one byte of the input: lost, doubled, held back, or delivered.
void disturb(ByteReader& in, bool interleaving) {
  World world(interleaving);
  const uint8_t start = in.u8();
  world.a->connect(world.now);
  if ((start & 1) != 0) world.b->connect(world.now);
  std::deque<std::pair<bool, Bytes>> held;
  std::map<uint16_t, uint32_t> sent;
  std::map<uint16_t, uint32_t> received;
  const auto deliver = [&](bool to_b, const Bytes& packet) {
    (void)(to_b ? world.b : world.a)->receive(world.now, packet);
  };
  const auto take = [&] {
    while (auto message = world.b->poll_message()) {
      fuzz::check(message->data.size() >= 4);
      if (message->ppid != 53) continue;  // may be lost
      fuzz::check(load_be32(message->data.data()) == received[message->stream]++);
    }
  };
  while (in.remaining() > 0) {
    const uint8_t action = in.u8();
    const uint16_t stream = action % 3;
    if (action >= 128) {
      Bytes payload(4 + (action & 7) * 700U);
      const bool reliable = (action & 8) != 0;
      store_be32(payload.data(), sent[stream]);
      const auto status =
          world.a->send(world.now, stream, SharedBytes::of(std::move(payload)), reliable ? 53 : 51,
                        reliable ? sctp::SendOptions{} : sctp::SendOptions{.max_retransmits = 0});
      if (reliable && status == DataSendStatus::kQueued) ++sent[stream];
    }
    world.now += std::chrono::milliseconds(action & 63);
    for (Association* side : {world.a.get(), world.b.get()}) {
      if (side->next_timeout() <= world.now) side->handle_timeout(world.now);
    }
    for (const bool to_b : {true, false}) {
      world.drain(to_b ? *world.a : *world.b, [&](const Bytes& packet) {
        const uint8_t fate = in.remaining() > 0 ? in.u8() : 255;
        if (fate < 60) return;
        if (fate < 100) return held.push_back({to_b, packet});
        if (fate < 120) deliver(to_b, packet);
        deliver(to_b, packet);
      });
    }
    if (action % 5 == 0 && !held.empty()) {
      const auto [to_b, packet] = std::move(held.front());
      held.pop_front();
      deliver(to_b, packet);
    }
    take();
  }
  for (const auto& [to_b, packet] : held) deliver(to_b, packet);
  world.settle();
  take();
  fuzz::check(!world.a->closed() && !world.b->closed());
  for (const auto& [stream, count] : sent) fuzz::check(received[stream] == count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  ByteReader in(ByteView(data, std::min<size_t>(size, 4096)));
  const uint8_t mode = in.u8();
  if ((mode & 1) != 0) {
    inject(in, (mode & 2) != 0);
  } else {
    disturb(in, (mode & 2) != 0);
  }
  return 0;
}
