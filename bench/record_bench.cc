// CPU time of recording: tracks of 720p at 30 pictures and 1.7 Mbit/s a second, and of sound, from
// their queues into files on the disk. Printed as tracks that one core records in real time.

#include <fmt/core.h>
#include <time.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "base/check.h"
#include "record/recording.h"
#include "rtc/rtp/packet.h"

namespace turms::bench {
namespace {

using namespace record;

constexpr int kSeconds = 60;
constexpr size_t kPayload = 1180;
constexpr size_t kPacketsPerPicture = 6;
constexpr uint8_t kVp8 = 96;
constexpr uint8_t kOpus = 111;

/// CPU time of this thread.
Duration cpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec);
}

struct Source {
  explicit Source(rtc::MediaKind kind_in) : kind(kind_in) {}
  void send(TimePoint now, bool marker, ByteView payload) {
    const rtc::rtp::Header header{.marker = marker,
                                  .payload_type = kind == rtc::MediaKind::kAudio ? kOpus : kVp8,
                                  .sequence = rtc::rtp::SeqNum(sequence++),
                                  .timestamp = rtc::rtp::RtpTime(timestamp),
                                  .ssrc = rtc::Ssrc(1)};
    const MutableByteView out = queue->reserve(payload.size() + rtc::rtp::kHeaderSize);
    TURMS_CHECK(!out.empty());
    const size_t size = rtc::rtp::write_packet(out, header, {}, payload);
    queue->commit(now, size, sfu::PacketKind::kRtp);
    queue->publish();
  }

  rtc::MediaKind kind;
  std::shared_ptr<media::PacketQueue> queue =
      std::make_shared<media::PacketQueue>(size_t{1} << 20, [] {});
  uint16_t sequence = 1;
  uint32_t timestamp = 1;
};

/// CPU time that a second of the track costs; without what writes into the queue.
Duration measure(rtc::MediaKind kind, const std::string& directory) {
  Source source(kind);
  TimePoint now{100s};
  Recording recording(directory,
                      {.id = "EG_bench",
                       .path = "bench",
                       .room_name = {},
                       .room_sid = {},
                       .about = {},
                       .container = {},
                       .started = {}},
                      now);
  const bool audio = kind == rtc::MediaKind::kAudio;
  recording.add({.sid = "TR_1",
                 .participant = {},
                 .name = {},
                 .kind = kind,
                 .codecs = {{.codec = audio ? rtc::Codec::kOpus : rtc::Codec::kVp8,
                             .payload_type = audio ? kOpus : kVp8}},
                 .queue = source.queue});
  Bytes first = {0x10, 0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x00, 0x05, 0xD0, 0x02};
  first.resize(kPayload);
  Bytes rest(kPayload, 0x55);
  rest[0] = 0x00;
  const Bytes sound(100, 0xF8);
  Duration spent{};
  int pictures = 0;
  for (int turn = 0; turn < kSeconds * 50; ++turn) {
    if (audio) {
      source.send(now, false, ByteView(sound));
      source.timestamp += 960;
    } else {
      for (; pictures * 50 < turn * 30; ++pictures) {
        first[1] = pictures % 600 == 0 ? 0x10 : 0x11;
        source.send(now, false, first);
        for (size_t i = 1; i < kPacketsPerPicture; ++i)
          source.send(now, i + 1 == kPacketsPerPicture, rest);
        source.timestamp += 3000;
      }
    }
    const Duration before = cpu();
    recording.tick(now);
    spent += cpu() - before;
    now += 20ms;
  }
  recording.finish(now, {});
  TURMS_CHECK(recording.began() && !recording.failed());
  return spent / kSeconds;
}

}  // namespace
}  // namespace turms::bench

int main() {
  using namespace turms;
  for (const auto& [name, kind] : {std::pair("720p30, 1.7 Mbit/s", rtc::MediaKind::kVideo),
                                   std::pair("sound", rtc::MediaKind::kAudio)}) {
    Duration best = 1h;
    for (int round = 0; round < 5; ++round) {
      std::string directory = std::filesystem::temp_directory_path() / "turms-record-bench-XXXXXX";
      TURMS_CHECK(mkdtemp(directory.data()) != nullptr);
      best = std::min(best, bench::measure(kind, directory));
      std::filesystem::remove_all(directory);
    }
    fmt::print("{:<20} {:>8.1f} us of CPU a second, {:>7.0f} tracks a core\n", name,
               static_cast<double>(best.count()) / 1000, 1e9 / static_cast<double>(best.count()));
  }
}
