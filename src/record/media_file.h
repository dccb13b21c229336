#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "rtc/parameters.h"

/// What is common to the containers that this module writes.
namespace turms::record {

/// A file as writers and repairs need it. Errors stay: after the first one nothing more is done.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  [[nodiscard]] virtual uint64_t size() const = 0;
  /// At most `out.size()` bytes; how many there were.
  virtual size_t read(uint64_t at, MutableByteView out) = 0;
  /// At the end, or over what is there.
  virtual Status write(uint64_t at, ByteView bytes) = 0;
  virtual Status truncate(uint64_t size) = 0;
};

enum class Container : uint8_t { kWebm, kMp4, kOgg };
/// "webm", "mp4" or "ogg".
const char* extension(Container container);

struct FileTrack {
  rtc::Codec codec = rtc::Codec::kOpus;
  uint32_t width = 0;
  uint32_t height = 0;
  uint8_t channels = 2;
  Bytes config;  // Frame::config
  std::string name;
};

struct FileFrame {
  size_t track = 0;
  Duration time{};  // from the beginning of the file; ascending per track
  bool key_frame = false;
  bool reconfigured = false;  // a key frame that FileTrack::config is not of
  ByteView data;
};

/// RFC 7845 section 5.1: what containers say about Opus.
Bytes opus_head(uint8_t channels);

/// Can the container hold this codec?
bool holds(Container container, rtc::Codec codec);

/// Writes a file that is playable up to what was flushed, whatever happens after that. One thread.
class FileWriter {
 public:
  static constexpr size_t kMaxTracks = 8;

  virtual ~FileWriter() = default;
  /// Before the first frame: what the file holds.
  virtual Status begin(const std::vector<FileTrack>& tracks, WallTime started) = 0;
  virtual Status write(const FileFrame& frame) = 0;
  /// Everything written so far reaches the file.
  virtual Status flush() = 0;
  /// Ends the file: index and duration. Nothing is written after.
  virtual Status finish(Duration duration) = 0;
};
std::unique_ptr<FileWriter> make_writer(Container container, RandomAccessFile& file);

struct Repaired {
  Duration duration{};
  uint64_t cut = 0;  // bytes behind the last whole frame
};
/// Finishes a file whose writer died. kInvalidArgument: it is none of ours, or without a frame.
Result<Repaired> repair(Container container, RandomAccessFile& file);

}  // namespace turms::record
