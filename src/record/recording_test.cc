#include "record/recording.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "record/record_testing.h"
#include "record/recorder.h"

namespace turms::record {
namespace {

constexpr uint8_t kVp8 = 96;
constexpr uint8_t kOpus = 111;
// Behind a descriptor: a key frame of 320x180 and one that is none.
const Bytes kKey = {0x10, 0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00, 7, 8, 9};
const Bytes kDelta = {0x10, 0x11, 0x02, 0x00, 1, 2, 3};
const Bytes kSound = {0xF8, 1, 2};

class Directory {
 public:
  Directory() {
    std::string name = std::filesystem::temp_directory_path() / "turms-recording-XXXXXX";
    path = mkdtemp(name.data());
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string path;
};

/// A track whose packets a test sends, 50 of sound or 25 of pictures a second.
struct Track {
  explicit Track(rtc::MediaKind kind_in) : kind(kind_in), queue(Recorder::make_queue(kind_in)) {}

  void send(TimePoint now, const Bytes& payload) {
    const Bytes packet = rtp_packet(kind == rtc::MediaKind::kAudio ? kOpus : kVp8, sequence++,
                                    timestamp, true, payload);
    const MutableByteView out = queue->reserve(packet.size());
    if (out.empty()) return;
    std::ranges::copy(packet, out.begin());
    queue->commit(now, packet.size(), sfu::PacketKind::kRtp);
    queue->publish();
  }
  SourceParameters source(std::string sid) const {
    return {
        .sid = std::move(sid),
        .participant = "alice",
        .name = kind == rtc::MediaKind::kAudio ? "microphone" : "camera",
        .kind = kind,
        .codecs = {{.codec = kind == rtc::MediaKind::kAudio ? rtc::Codec::kOpus : rtc::Codec::kVp8,
                    .payload_type = kind == rtc::MediaKind::kAudio ? kOpus : kVp8}},
        .queue = queue};
  }

  const rtc::MediaKind kind;
  std::shared_ptr<media::PacketQueue> queue;
  uint16_t sequence = 1;
  uint32_t timestamp = 1000;
};

struct Meeting {
  Directory directory;
  TimePoint now{100s};
  Track camera{rtc::MediaKind::kVideo};
  Track microphone{rtc::MediaKind::kAudio};
  bool with_camera = true;

  RecordingParameters parameters() const {
    return {.id = "EG_1",
            .path = "room/alice",
            .room_name = "room",
            .room_sid = "RM_1",
            .about = "",
            .container = {},
            .started = {1'700'000'000'000}};
  }
  /// 20 ms each.
  void run(Recording& recording, int turns) {
    for (int i = 0; i < turns; ++i) {
      microphone.send(now, kSound);
      microphone.timestamp += 960;
      if (with_camera && i % 2 == 0) {
        camera.send(now, i % 100 == 0 ? kKey : kDelta);
        camera.timestamp += 3600;
      }
      recording.tick(now);
      now += 20ms;
    }
  }
};

TEST(Recording, SoundAndPictureShareAFileAndATimeLine) {
  Meeting meeting;
  Recording recording(meeting.directory.path, meeting.parameters(), meeting.now);
  recording.add(meeting.camera.source("TR_V"));
  recording.add(meeting.microphone.source("TR_A"));
  meeting.run(recording, 500);
  EXPECT_TRUE(recording.began());
  EXPECT_TRUE(std::filesystem::exists(note_path(meeting.directory.path, "EG_1")));
  recording.finish(meeting.now, {1'700'000'010'000});
  const Sidecar& sidecar = recording.sidecar();
  EXPECT_EQ(sidecar.error, "");
  ASSERT_EQ(sidecar.files.size(), 1U);
  EXPECT_EQ(sidecar.files[0].path, "room/alice.webm");
  EXPECT_EQ(sidecar.files[0].duration, 10s);
  ASSERT_EQ(sidecar.files[0].tracks.size(), 2U);
  EXPECT_EQ(sidecar.files[0].tracks[0].width, 320U);
  EXPECT_EQ(std::filesystem::file_size(meeting.directory.path + "/room/alice.webm"),
            sidecar.files[0].size);
  EXPECT_FALSE(std::filesystem::exists(note_path(meeting.directory.path, "EG_1")));
  const auto kept = parse_sidecar(*read_file(meeting.directory.path + "/room/EG_1.json", 1 << 20));
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->finished);
  EXPECT_EQ(kept->files[0].size, sidecar.files[0].size);
}

TEST(Recording, ATrackThatComesLaterBeginsANewFileWithAllOfThem) {
  Meeting meeting;
  Recording recording(meeting.directory.path, meeting.parameters(), meeting.now);
  recording.add(meeting.microphone.source("TR_A"));
  meeting.with_camera = false;
  meeting.run(recording, 200);
  recording.add(meeting.camera.source("TR_V"));
  meeting.with_camera = true;
  meeting.run(recording, 200);
  recording.finish(meeting.now, {});
  const auto& files = recording.sidecar().files;
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, "room/alice.ogg");
  EXPECT_EQ(files[1].path, "room/alice-2.webm");
  EXPECT_EQ(files[1].tracks.size(), 2U);
  // Where the first ends the second begins, on the recording's line.
  EXPECT_LE(std::chrono::abs(files[0].offset + files[0].duration - files[1].offset), 100ms);
  EXPECT_EQ(files[0].duration + files[1].duration, 8s);
}

TEST(Recording, AfterTheProcessDiedItsFilesAreFinishedAndTold) {
  Meeting meeting;
  {
    Recording recording(meeting.directory.path, meeting.parameters(), meeting.now);
    recording.add(meeting.camera.source("TR_V"));
    recording.add(meeting.microphone.source("TR_A"));
    meeting.run(recording, 500);
  }
  const auto found = recover(meeting.directory.path);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, "EG_1");
  EXPECT_EQ(found[0].error, "the server ended while it was under way");
  ASSERT_EQ(found[0].files.size(), 1U);
  EXPECT_GE(found[0].files[0].duration, 9s);
  EXPECT_TRUE(std::filesystem::exists(meeting.directory.path + "/room/EG_1.json"));
  EXPECT_TRUE(recover(meeting.directory.path).empty());
}

TEST(Recording, NothingIsLeftOfOneWithoutMedia) {
  Meeting meeting;
  Recording recording(meeting.directory.path, meeting.parameters(), meeting.now);
  recording.add(meeting.microphone.source("TR_A"));
  recording.tick(meeting.now);
  recording.finish(meeting.now, {});
  EXPECT_FALSE(recording.began());
  EXPECT_TRUE(std::filesystem::is_empty(meeting.directory.path + "/room"));
}

TEST(Recording, AsksForAKeyFrameUntilOneComes) {
  Meeting meeting;
  Recording recording(meeting.directory.path, meeting.parameters(), meeting.now);
  recording.add(meeting.camera.source("TR_V"));
  meeting.camera.send(meeting.now, kDelta);
  recording.tick(meeting.now);
  EXPECT_EQ(recording.take_key_frame_requests(), std::vector<std::string>{"TR_V"});
  recording.tick(meeting.now + 500ms);
  EXPECT_TRUE(recording.take_key_frame_requests().empty());
  recording.tick(meeting.now + 1s);
  EXPECT_EQ(recording.take_key_frame_requests().size(), 1U);
  meeting.camera.timestamp += 3600;
  meeting.camera.send(meeting.now + 2s, kKey);
  recording.tick(meeting.now + 2s);
  EXPECT_TRUE(recording.take_key_frame_requests().empty());
}

TEST(Recording, AMutedMicrophoneIsSilenceInTheFile) {
  Meeting meeting;
  Recording recording(meeting.directory.path, meeting.parameters(), meeting.now);
  recording.add(meeting.microphone.source("TR_A"));
  meeting.with_camera = false;
  meeting.run(recording, 100);
  for (int i = 0; i < 3000; ++i) {
    recording.tick(meeting.now);
    meeting.now += 20ms;
  }
  meeting.microphone.timestamp += 60 * 48'000;
  meeting.run(recording, 100);
  recording.finish(meeting.now, {});
  ASSERT_EQ(recording.sidecar().files.size(), 1U);
  EXPECT_LE(std::chrono::abs(recording.sidecar().files[0].duration - 64s), 40ms);
}

struct Told final : RecorderEvents {
  void on_recording_began(const std::string& id) override { began.push_back(id); }
  void on_key_frame_wanted(const std::string&, const std::string&) override {}
  void on_recording_ended(const std::string&, Sidecar sidecar) override {
    ended.push_back(std::move(sidecar));
  }
  std::vector<std::string> began;
  std::vector<Sidecar> ended;
};

/// Runs on the test's thread what the recorder posts.
class Inbox {
 public:
  void post(std::function<void()> f) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(f));
    wake_.notify_one();
  }
  template <class Condition>
  bool wait(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
      std::vector<std::function<void()>> now;
      {
        std::unique_lock lock(mutex_);
        if (!wake_.wait_until(lock, deadline, [&] { return !waiting_.empty(); })) return false;
        now.swap(waiting_);
      }
      for (auto& f : now) f();
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::function<void()>> waiting_;
};

TEST(Recorder, RecordsOnItsOwnThreadAndTellsOfBeginningAndEnd) {
  Meeting meeting;
  Told told;
  Inbox inbox;
  Recorder recorder(
      {.directory = meeting.directory.path, .min_free_bytes = 0},
      [&](auto f) { inbox.post(std::move(f)); }, told);
  recorder.start(meeting.parameters());
  recorder.add("EG_1", meeting.microphone.source("TR_A"));
  for (int i = 0; i < 100; ++i) {
    meeting.microphone.send(monotonic_now(), kSound);
    meeting.microphone.timestamp += 960;
  }
  ASSERT_TRUE(inbox.wait([&] { return !told.began.empty(); }));
  recorder.stop("EG_1");
  ASSERT_TRUE(inbox.wait([&] { return !told.ended.empty(); }));
  EXPECT_EQ(told.ended[0].error, "");
  ASSERT_EQ(told.ended[0].files.size(), 1U);
  EXPECT_EQ(told.ended[0].files[0].duration, 2s);
}

TEST(Recorder, ADiskThatIsNearlyFullEndsRecordingsWhoseFilesStay) {
  Meeting meeting;
  Told told;
  Inbox inbox;
  Recorder recorder(
      {.directory = meeting.directory.path, .min_free_bytes = UINT64_MAX},
      [&](auto f) { inbox.post(std::move(f)); }, told);
  recorder.start(meeting.parameters());
  ASSERT_TRUE(inbox.wait([&] { return !told.ended.empty(); }));
  EXPECT_EQ(told.ended[0].error, "the disk is nearly full");
}

TEST(Sidecar, SaysWhatItWasMadeOf) {
  Sidecar sidecar{.id = "EG_1",
                  .room_name = "r\"oom",
                  .room_sid = "RM_1",
                  .about = "{}",
                  .path = "a/b",
                  .started = {5},
                  .ended = {6},
                  .finished = true,
                  .error = "",
                  .files = {}};
  sidecar.files.push_back({.path = "a/b.webm",
                           .container = Container::kWebm,
                           .offset = 5ms,
                           .duration = 7s,
                           .size = 8,
                           .tracks = {{.sid = "TR_1",
                                       .participant = "p",
                                       .name = "camera",
                                       .codec = "video/VP8",
                                       .width = 2,
                                       .height = 4}}});
  const auto again = parse_sidecar(to_json(sidecar));
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json(*again), to_json(sidecar));
  // Files elsewhere are none of ours.
  Sidecar elsewhere = sidecar;
  elsewhere.id = "../EG_1";
  EXPECT_FALSE(parse_sidecar(to_json(elsewhere)));
  for (const char* const path : {"/etc/passwd", "../x", "a/../../x", ".hidden", "a//b", ""}) {
    sidecar.files[0].path = path;
    EXPECT_FALSE(parse_sidecar(to_json(sidecar))) << path;
  }
  EXPECT_FALSE(parse_sidecar("[]"));
}

}  // namespace
}  // namespace turms::record
