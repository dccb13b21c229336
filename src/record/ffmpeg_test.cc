// What FFmpeg's RTP packetizers send is recorded, and FFmpeg's decoders read the files: somebody
// else's word on both ends. Skipped where the program is not installed (tools/deps test).
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "record/media_file.h"
#include "record/record_testing.h"
#include "record/track_recorder.h"

namespace turms::record {
namespace {

std::string run(const std::string& command) {
  std::string out;
  FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const size_t got = fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), got);
  pclose(pipe);
  return out;
}

bool has_ffmpeg() {
  return run("ffmpeg -hide_banner -encoders").find("libvpx-vp9") != std::string::npos;
}

/// Datagrams that a command sends to a port of ours.
std::vector<Bytes> capture(const std::string& arguments) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int room = 8 * 1024 * 1024;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
  timeval patience{0, 200'000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  socklen_t length = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  std::atomic<bool> ended{false};
  std::string said;
  std::thread sender([&] {
    said = run("ffmpeg -hide_banner -loglevel error -y " + arguments + " -f rtp 'rtp://127.0.0.1:" +
               std::to_string(ntohs(address.sin_port)) + "?pkt_size=1200'");
    ended = true;
  });
  std::vector<Bytes> out;
  for (;;) {
    Bytes datagram(2000);
    const ssize_t got = recv(fd, datagram.data(), datagram.size(), 0);
    if (got < 0 && ended) break;
    if (got < 12) continue;
    datagram.resize(static_cast<size_t>(got));
    out.push_back(std::move(datagram));
  }
  sender.join();
  close(fd);
  EXPECT_FALSE(out.empty()) << said;
  return out;
}

struct Case {
  std::string name;
  rtc::Codec codec;
  Container container;
  std::string arguments;
  std::string decoder;
};

class Ffmpeg : public testing::TestWithParam<Case> {};

constexpr const char* kPictures = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=4 ";
INSTANTIATE_TEST_SUITE_P(
    Codecs, Ffmpeg,
    testing::Values(
        Case{"vp8", rtc::Codec::kVp8, Container::kWebm,
             std::string(kPictures) +
                 "-c:v libvpx -deadline realtime -cpu-used 8 -g 50 -auto-alt-ref 0 -b:v 1M",
             "vp8"},
        Case{"vp9", rtc::Codec::kVp9, Container::kWebm,
             std::string(kPictures) + "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 50 "
                                      "-lag-in-frames 0 -b:v 1M -strict experimental",
             "vp9"},
        Case{"h264", rtc::Codec::kH264, Container::kMp4,
             std::string(kPictures) +
                 "-c:v libx264 -preset ultrafast -tune zerolatency -g 50 -pix_fmt yuv420p",
             "h264"},
        Case{"h265", rtc::Codec::kH265, Container::kMp4,
             std::string(kPictures) +
                 "-c:v libx265 -preset ultrafast -tune zerolatency -g 50 -bf 0 -x265-params "
                 "log-level=none:repeat-headers=1 -pix_fmt yuv420p",
             "hevc"},
        Case{"opus_in_webm", rtc::Codec::kOpus, Container::kWebm,
             "-f lavfi -i sine=440:d=4 -ac 2 -ar 48000 -c:a libopus", "opus"},
        Case{"opus_in_mp4", rtc::Codec::kOpus, Container::kMp4,
             "-f lavfi -i sine=440:d=4 -ac 2 -ar 48000 -c:a libopus", "opus"},
        Case{"opus_in_ogg", rtc::Codec::kOpus, Container::kOgg,
             "-f lavfi -i sine=440:d=4 -ac 2 -ar 48000 -c:a libopus", "opus"}),
    [](const auto& one) { return one.param.name; });

/// As the recorder does it, with the RTP times taken for arrival.
MemoryFile record(const Case& one, bool finish, size_t& frames) {
  const bool audio = is_audio(one.codec);
  std::vector<TimedFrame> out;
  TrackRecorder recorder(audio ? rtc::MediaKind::kAudio : rtc::MediaKind::kVideo,
                         {{.codec = one.codec, .payload_type = audio ? uint8_t{97} : uint8_t{96}}});
  std::optional<uint32_t> first;
  TimePoint now{1s};
  for (const Bytes& datagram : capture(one.arguments)) {
    if (datagram[1] >= 192 && datagram[1] < 224) continue;  // its reports have a clock of their own
    const uint32_t time = load_be32(&datagram[4]);
    if (!first) first = time;
    now = TimePoint(1s + Duration(int64_t{time - *first} * 1'000'000'000 / clock_rate(one.codec)));
    recorder.receive({.kind = sfu::PacketKind::kRtp, .time = now, .data = datagram}, out);
  }
  EXPECT_EQ(recorder.lost_packets(), 0U);
  EXPECT_EQ(recorder.dropped_frames(), 0U);
  MemoryFile file;
  frames = out.size();
  if (out.empty()) return file;
  const auto writer = make_writer(one.container, file);
  EXPECT_TRUE(writer->begin({{.codec = one.codec,
                              .width = out[0].frame.width,
                              .height = out[0].frame.height,
                              .config = out[0].frame.config}},
                            {}));
  for (const TimedFrame& frame : out) {
    EXPECT_TRUE(writer->write({.track = 0,
                               .time = frame.time - out[0].time,
                               .key_frame = frame.frame.key_frame,
                               .data = frame.frame.data}));
  }
  EXPECT_TRUE(writer->flush());
  if (!finish) return file;
  EXPECT_TRUE(writer->finish(out.back().time - out[0].time + 40ms));
  return file;
}

struct Probe {
  std::string errors;
  size_t frames = 0;
  std::string stream;
};

Probe probe(const Case& one, const MemoryFile& file) {
  const auto path =
      std::filesystem::temp_directory_path() / ("turms-record-" + std::to_string(getpid()) + "-" +
                                                one.name + "." + extension(one.container));
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data.data()),
             static_cast<std::streamsize>(file.data.size()));
  Probe out;
  out.errors =
      run("ffmpeg -hide_banner -loglevel warning -xerror -i " + path.string() + " -f null -");
  out.stream =
      run("ffprobe -v error -count_frames -show_entries "
          "stream=codec_name,width,height,nb_read_frames:format=duration -of default=nw=1 " +
          path.string());
  const size_t at = out.stream.find("nb_read_frames=");
  if (at != std::string::npos) out.frames = std::stoul(out.stream.substr(at + 15));
  std::filesystem::remove(path);
  return out;
}

TEST_P(Ffmpeg, DecodesEveryFrameOfAFinishedAndOfARepairedFile) {
  if (!has_ffmpeg()) GTEST_SKIP() << "no ffmpeg";
  const Case& one = GetParam();
  for (const bool finished : {true, false}) {
    size_t frames = 0;
    MemoryFile file = record(one, finished, frames);
    ASSERT_GT(frames, 90U);
    if (!finished) {
      file.data.resize(file.data.size() - 20);
      ASSERT_TRUE(repair(one.container, file));
    }
    const Probe found = probe(one, file);
    EXPECT_EQ(found.errors, "");
    EXPECT_NE(found.stream.find("codec_name=" + one.decoder), std::string::npos) << found.stream;
    if (!is_audio(one.codec)) {
      EXPECT_NE(found.stream.find("width=320\nheight=180"), std::string::npos) << found.stream;
      EXPECT_GE(frames, 99U);
      EXPECT_GE(found.frames, finished ? frames : frames - 30) << found.stream;
      EXPECT_LE(found.frames, frames);
    }
    EXPECT_NE(found.stream.find(finished ? "duration=4.0" : "duration="), std::string::npos)
        << found.stream;
  }
}

}  // namespace
}  // namespace turms::record
