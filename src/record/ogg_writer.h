#pragma once

#include <optional>

#include "record/media_file.h"

namespace turms::record {

/// Ogg with one stream of Opus (RFC 3533, RFC 7845). A page for at most a second; the end of the
/// stream is told by an empty page. What was flushed stands in whole pages.
class OggWriter final : public FileWriter {
 public:
  static constexpr Duration kMaxPage = 1s;

  explicit OggWriter(RandomAccessFile& file) : file_(file) {}

  Status begin(const std::vector<FileTrack>& tracks, WallTime started) override;
  Status write(const FileFrame& frame) override;
  Status flush() override;
  Status finish(Duration duration) override;

 private:
  Status write_page(uint8_t flags);

  RandomAccessFile& file_;
  uint64_t written_ = 0;
  uint32_t sequence_ = 0;
  uint64_t granule_ = 0;
  Bytes lacing_;
  Bytes data_;
  std::optional<Duration> page_start_;
};

}  // namespace turms::record
