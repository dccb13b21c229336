#pragma once

#include <array>
#include <optional>

#include "record/media_file.h"

namespace turms::record {

struct Mp4FragmentCue {
  uint64_t time = 0;  // in ticks of the track
  uint64_t moof = 0;  // where it begins
};

/// Overwrites the duration of the whole in `mehd` at `at`, and puts an index of the fragments that
/// begin with a key frame behind the last one.
Status finish_mp4(RandomAccessFile& file, uint64_t mehd, const std::vector<Mp4FragmentCue>& cues,
                  uint32_t track, uint64_t end, Duration duration);

/// Fragmented MP4 (ISO/IEC 14496-12, -15): H264, H265 and Opus. A fragment is of at most
/// kMaxFragment; what has been flushed stands in whole fragments. Parameter sets stand in the head
/// and in the stream (`avc3`, `hev1`), which becomes `avc1` or `hvc1` at the end when they never
/// changed: some players take only these.
class Mp4Writer final : public FileWriter {
 public:
  static constexpr Duration kMaxFragment = 1s;
  static constexpr size_t kMaxFragmentBytes = 8 * 1024 * 1024;
  static constexpr size_t kMaxCues = 100'000;

  explicit Mp4Writer(RandomAccessFile& file) : file_(file) {}

  Status begin(const std::vector<FileTrack>& tracks, WallTime started) override;
  Status write(const FileFrame& frame) override;
  Status flush() override;
  Status finish(Duration duration) override;

 private:
  struct Sample {
    uint64_t time = 0;
    uint32_t size = 0;
    bool key_frame = false;
  };
  struct Track {
    FileTrack about;
    uint32_t timescale = 0;
    std::vector<Sample> samples;  // of the fragment; the duration of the last is not known yet
    Bytes data;
    uint64_t usual = 0;  // duration of a sample, as last seen
  };

  Status write_fragment(bool last);
  [[nodiscard]] Bytes make_head(WallTime started);

  RandomAccessFile& file_;
  uint64_t written_ = 0;
  std::vector<Track> tracks_;
  std::optional<size_t> video_;
  uint32_t sequence_ = 0;
  std::vector<Mp4FragmentCue> cues_;
  uint64_t mehd_ = 0;
  size_t waiting_bytes_ = 0;
  std::optional<Duration> fragment_start_;
  std::vector<uint64_t> names_;  // where the names of the sample entries of video stand
  bool reconfigured_ = false;
};

}  // namespace turms::record
