#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "record/media_file.h"

namespace turms::record {

/// A file of the disk. Reads and writes wait for it. What was written in part is taken back, so
/// that a full disk leaves whole frames.
class DiskFile final : public RandomAccessFile {
 public:
  /// kAlreadyExists; kResourceExhausted: the disk is full; kUnavailable otherwise.
  static Result<std::unique_ptr<DiskFile>> create(const std::string& path);
  /// One that is there; kNotFound.
  static Result<std::unique_ptr<DiskFile>> open(const std::string& path);
  ~DiskFile() override;
  DiskFile(const DiskFile&) = delete;
  DiskFile& operator=(const DiskFile&) = delete;

  [[nodiscard]] uint64_t size() const override { return size_; }
  size_t read(uint64_t at, MutableByteView out) override;
  Status write(uint64_t at, ByteView bytes) override;
  Status truncate(uint64_t size) override;
  Status sync();

 private:
  explicit DiskFile(int fd, uint64_t size) : fd_(fd), size_(size) {}

  int fd_;
  uint64_t size_;
};

/// Makes the directories that a file needs. kUnavailable.
Status make_directories_for(const std::string& path);
/// Writes a small file at once or not at all.
Status replace_file(const std::string& path, std::string_view content);
/// kNotFound; kInvalidArgument: larger than `limit`.
Result<std::string> read_file(const std::string& path, size_t limit);
/// Bytes that are free where the path is; nothing when that cannot be told.
std::optional<uint64_t> free_bytes(const std::string& path);

}  // namespace turms::record
