#pragma once

#include <optional>

#include "record/media_file.h"

namespace turms::record {

/// Where a WebM file keeps what is known only at its end: place for it is left at the beginning.
struct WebmLayout {
  static constexpr size_t kSeekHeadSize = 96;
  static constexpr size_t kDurationSize = 11;  // an element with a double
  uint64_t segment = 0;  // the data of it begins here: positions count from it
  uint64_t seek_head = 0;
  uint64_t info = 0;
  uint64_t duration = 0;
  uint64_t tracks = 0;
  uint64_t clusters = 0;
};

struct WebmCue {
  uint64_t time_ms = 0;
  uint64_t cluster = 0;  // from the beginning of the segment's data
};

/// Cues at the end, duration and seek head in their places. `end`: of the last cluster.
Status finish_webm(RandomAccessFile& file, const WebmLayout& layout,
                   const std::vector<WebmCue>& cues, uint64_t track, uint64_t end,
                   Duration duration);

/// WebM (Matroska, RFC 9559): VP8, VP9, AV1 and Opus. Clusters of at most kMaxCluster that begin
/// with a key frame of video where that is possible; each is open, of unknown size, until it ends,
/// so that a file whose writer died plays up to the last block.
class WebmWriter final : public FileWriter {
 public:
  static constexpr Duration kMaxCluster = 5s;
  static constexpr Duration kMinCluster = 1s;
  static constexpr size_t kMaxCues = 100'000;

  explicit WebmWriter(RandomAccessFile& file) : file_(file) {}

  Status begin(const std::vector<FileTrack>& tracks, WallTime started) override;
  Status write(const FileFrame& frame) override;
  Status flush() override;
  Status finish(Duration duration) override;

 private:
  static constexpr size_t kBuffer = 64 * 1024;

  [[nodiscard]] uint64_t position() const { return written_ + buffer_.size(); }
  Status open_cluster(const FileFrame& frame);
  Status close_cluster();

  RandomAccessFile& file_;
  Bytes buffer_;
  uint64_t written_ = 0;
  WebmLayout layout_;
  std::optional<size_t> video_;  // the track that is sought by
  std::vector<WebmCue> cues_;
  std::optional<uint64_t> cluster_;  // where the open one begins
  int64_t cluster_ms_ = 0;
};

}  // namespace turms::record
