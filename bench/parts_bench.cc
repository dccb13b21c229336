// A room on two workers against one, without sockets and threads: the same publisher and
// subscribers, rewritten and encrypted, in one part, and in two with a ring between them. Each
// worker's share is measured alone, for what a room can carry is decided by the one with more to
// do: a machine with a core for each worker carries so much more.

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "bench/codecs.h"
#include "media/packet_queue.h"
#include "rtc/srtp/backend.h"
#include "rtc/srtp/session.h"
#include "sfu/room.h"

namespace turms::bench {
namespace {

constexpr size_t kPacketSize = 1200;
constexpr size_t kFramePackets = 8;
constexpr Duration kFrameInterval = 33ms;
constexpr int kFrames = 8;  // of a round
constexpr int kRounds = 151;

class EncryptingSink final : public sfu::TransportSink {
 public:
  explicit EncryptingSink(std::unique_ptr<rtc::srtp::Session> session)
      : session_(std::move(session)) {}
  MutableByteView reserve(size_t size) override { return MutableByteView(buffer_).first(size); }
  void commit(size_t size, sfu::PacketKind kind) override {
    if (kind != sfu::PacketKind::kRtp) return;
    TURMS_CHECK(session_->protect_rtp(buffer_, size) != 0);
    ++packets;
  }
  uint64_t packets = 0;

 private:
  std::unique_ptr<rtc::srtp::Session> session_;
  std::array<uint8_t, sfu::kMaxPacketSize + 64> buffer_{};
};

class Ring final : public sfu::PartSink {
 public:
  MutableByteView reserve(size_t size) override {
    const MutableByteView out = queue_.reserve(size);
    reserved_ = out.size();
    return out;
  }
  void commit() override { queue_.commit({}, reserved_, sfu::PacketKind::kRtp); }
  void publish() override { queue_.publish(); }

  void read(TimePoint now, sfu::Room& room, sfu::PartId from) {
    messages_.clear();
    while (const auto message = queue_.read_on()) messages_.push_back(message->data);
    if (!messages_.empty()) room.handle_part(now, from, messages_);
    queue_.release();
  }

 private:
  media::PacketQueue queue_{size_t{1} << 20, [] {}};
  size_t reserved_ = 0;
  std::vector<ByteView> messages_;
};

/// One publisher in the first of `parts`, subscribers in all of them.
class Meeting {
 public:
  Meeting(rtc::srtp::Backend& backend, size_t parts, size_t subscribers) {
    for (size_t i = 0; i < parts; ++i) {
      rooms_.push_back(std::make_unique<sfu::Room>(sfu::RoomConfig{.seed = i + 1}));
    }
    if (parts == 2) {
      rooms_[0]->add_part(now_, sfu::PartId(1), to_second_, false);
      rooms_[1]->add_part(now_, sfu::PartId(0), to_first_, true);
    }
    sfu::ReceiveTrackParameters track;
    track.id = sfu::TrackId(1);
    track.transport = sfu::TransportId(1);
    track.kind = rtc::MediaKind::kVideo;
    track.mid = "0";
    track.codecs = {vp8()};
    track.encodings = {{.rid = "", .ssrc = rtc::Ssrc(1111)}};
    rooms_[0]->add_transport(track.transport, publisher_);
    rooms_[0]->transport_connected(now_, track.transport);
    rooms_[0]->add_receive_track(now_, track);
    if (parts == 2) rooms_[1]->add_replica(now_, sfu::PartId(0), track);
    Rng rng(1);
    for (size_t i = 0; i < subscribers; ++i) subscribe(backend, rng, i);
    cross();
  }

  struct Cost {
    double first_ns = 0;  // for each packet of the publisher
    double second_ns = 0;
  };
  Cost forward(int frames) {
    using Clock = std::chrono::steady_clock;
    std::chrono::duration<double, std::nano> first{};
    std::chrono::duration<double, std::nano> second{};
    for (int i = 0; i < frames; ++i) {
      write_frame();
      const auto start = Clock::now();
      rooms_[0]->handle_rtp(now_, sfu::TransportId(1), views_);
      to_first_.read(now_, *rooms_[0], sfu::PartId(1));
      settle(*rooms_[0]);
      const auto middle = Clock::now();
      first += middle - start;
      if (rooms_.size() < 2) continue;
      to_second_.read(now_, *rooms_[1], sfu::PartId(0));
      settle(*rooms_[1]);
      second += Clock::now() - middle;
    }
    const double packets = static_cast<double>(frames) * kFramePackets;
    return {first.count() / packets, second.count() / packets};
  }
  [[nodiscard]] uint64_t forwarded() const {
    uint64_t sum = 0;
    for (const auto& sink : sinks_) sum += sink->packets;
    return sum;
  }

 private:
  void subscribe(rtc::srtp::Backend& backend, Rng& rng, size_t i) {
    rtc::srtp::MasterKey key;
    rng.fill(key.key);
    rng.fill(key.salt);
    sinks_.push_back(std::make_unique<EncryptingSink>(std::make_unique<rtc::srtp::Session>(
        backend, rtc::srtp::Profile::kAeadAes128Gcm, key, key)));
    sfu::Room& room = *rooms_[i % rooms_.size()];
    const sfu::TransportId transport(100 + i);
    room.add_transport(transport, *sinks_.back());
    room.transport_connected(now_, transport);
    sfu::SendTrackParameters send;
    send.id = sfu::SubscriptionId(100 + i);
    send.transport = transport;
    send.source = sfu::TrackId(1);
    send.mid = "0";
    send.ssrc = rtc::Ssrc(static_cast<uint32_t>(5000 + i));
    send.codecs = {vp8()};
    room.add_send_track(now_, send, {});
  }
  void cross() {
    for (int i = 0; i < 4; ++i) {
      for (auto& room : rooms_) settle(*room);
      if (rooms_.size() < 2) return;
      to_second_.read(now_, *rooms_[1], sfu::PartId(0));
      to_first_.read(now_, *rooms_[0], sfu::PartId(1));
    }
  }
  /// What ends a turn of a worker.
  void settle(sfu::Room& room) {
    if (room.next_timeout() <= now_) room.handle_timeout(now_);
    room.settle_parts(now_);
    room.take_events(events_);
  }
  void write_frame() {
    now_ += kFrameInterval;
    for (size_t i = 0; i < kFramePackets; ++i) {
      auto& packet = packets_[i];
      packet[0] = 0x80;
      packet[1] = static_cast<uint8_t>(96 | (i + 1 == kFramePackets ? 0x80 : 0));
      store_be16(&packet[2], static_cast<uint16_t>(sequence_++));
      store_be32(&packet[4], frame_ * 3000);
      store_be32(&packet[8], 1111);
      packet[12] = static_cast<uint8_t>(0x80 | (i == 0 ? 0x10 : 0));  // X, S
      packet[13] = 0x80;                                              // I
      store_be16(&packet[14], static_cast<uint16_t>(0x8000 | (frame_ & 0x7fff)));
      packet[16] = frame_ == 0 ? 0x00 : 0x01;  // P bit of the VP8 frame header
      views_[i] = packet;
    }
    ++frame_;
  }

  class NullSink final : public sfu::TransportSink {
   public:
    MutableByteView reserve(size_t size) override { return MutableByteView(buffer_).first(size); }
    void commit(size_t, sfu::PacketKind) override {}

   private:
    std::array<uint8_t, sfu::kMaxPacketSize> buffer_{};
  };

  TimePoint now_{1s};
  Ring to_first_;
  Ring to_second_;
  NullSink publisher_;
  std::vector<std::unique_ptr<EncryptingSink>> sinks_;
  std::vector<std::unique_ptr<sfu::Room>> rooms_;
  sfu::RoomEvents events_;
  std::array<std::array<uint8_t, kPacketSize>, kFramePackets> packets_{};
  std::array<MutableByteView, kFramePackets> views_;
  uint32_t sequence_ = 0;
  uint32_t frame_ = 0;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void compare(rtc::srtp::Backend& backend, size_t subscribers) {
  Meeting one(backend, 1, subscribers);
  Meeting two(backend, 2, subscribers);
  std::vector<double> alone, first, second, scaling;
  for (int i = 0; i < kRounds; ++i) {
    const Meeting::Cost whole = one.forward(kFrames);
    const Meeting::Cost halves = two.forward(kFrames);
    if (i == 0) continue;  // warms up
    alone.push_back(whole.first_ns);
    first.push_back(halves.first_ns);
    second.push_back(halves.second_ns);
    scaling.push_back(whole.first_ns / std::max(halves.first_ns, halves.second_ns));
  }
  TURMS_CHECK(one.forwarded() == two.forwarded());
  const double each = median(alone) / static_cast<double>(subscribers);
  const double crossing = median(first) + median(second) - median(alone);
  fmt::print(
      "| {} | {:.2f} us | {:.2f} us | {:.2f} us | {:.2f} | {:.0f} ns = {:.1f} subscribers |\n",
      subscribers, median(alone) / 1000, median(first) / 1000, median(second) / 1000,
      median(scaling), crossing, crossing / each);
}

}  // namespace
}  // namespace turms::bench

int main() {
  auto backend = turms::rtc::srtp::Backend::create();
  fmt::print("A publisher's packet of 1200 bytes, to all subscribers, without sockets\n\n");
  fmt::print(
      "| subscribers | one worker | publisher's of two | the other | scaling (≥ 1.8 from 50 on) | "
      "crossing |\n|---|---|---|---|---|---|\n");
  for (const size_t subscribers : {10, 50, 100, 250}) {
    turms::bench::compare(*backend, subscribers);
  }
}
