#include "record/disk_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace turms::record {
namespace {

std::unexpected<Error> disk_error(int error) {
  switch (error) {
    case EEXIST:
      return fail(ErrorCode::kAlreadyExists, "the file exists");
    case ENOENT:
      return fail(ErrorCode::kNotFound, "no such file");
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return fail(ErrorCode::kResourceExhausted, "the disk is full");
    default:
      return fail(ErrorCode::kUnavailable, std::strerror(error));
  }
}

}  // namespace

Result<std::unique_ptr<DiskFile>> DiskFile::create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) return disk_error(errno);
  return std::unique_ptr<DiskFile>(new DiskFile(fd, 0));
}

Result<std::unique_ptr<DiskFile>> DiskFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return disk_error(errno);
  struct stat about {};
  if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
    ::close(fd);
    return fail(ErrorCode::kInvalidArgument, "not a file");
  }
  return std::unique_ptr<DiskFile>(new DiskFile(fd, static_cast<uint64_t>(about.st_size)));
}

DiskFile::~DiskFile() {
  ::close(fd_);
}

size_t DiskFile::read(uint64_t at, MutableByteView out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

Status DiskFile::write(uint64_t at, ByteView bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      const int error = put == 0 ? ENOSPC : errno;
      (void)truncate(size_);
      return disk_error(error);
    }
    done += static_cast<size_t>(put);
  }
  size_ = std::max<uint64_t>(size_, at + bytes.size());
  return {};
}

Status DiskFile::truncate(uint64_t size) {
  if (ftruncate(fd_, static_cast<off_t>(size)) != 0) return disk_error(errno);
  size_ = size;
  return {};
}

Status DiskFile::sync() {
  if (fdatasync(fd_) != 0) return disk_error(errno);
  return {};
}

Status make_directories_for(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return fail(ErrorCode::kUnavailable, "cannot make the directory: " + error.message());
  return {};
}

Status replace_file(const std::string& path, std::string_view content) {
  const std::string part = path + ".part";
  std::error_code ignored;
  std::filesystem::remove(part, ignored);
  {
    auto file = DiskFile::create(part);
    if (!file) return std::unexpected(file.error());
    if (const Status written = (*file)->write(0, as_bytes(content)); !written) return written;
    if (const Status synced = (*file)->sync(); !synced) return synced;
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) return disk_error(errno);
  return {};
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  const auto file = DiskFile::open(path);
  if (!file) return std::unexpected(file.error());
  if ((*file)->size() > limit) return fail(ErrorCode::kInvalidArgument, "too large");
  std::string out((*file)->size(), '\0');
  out.resize((*file)->read(0, {reinterpret_cast<uint8_t*>(out.data()), out.size()}));
  return out;
}

std::optional<uint64_t> free_bytes(const std::string& path) {
  struct statvfs about {};
  if (statvfs(path.c_str(), &about) != 0) return std::nullopt;
  return uint64_t{about.f_bavail} * about.f_frsize;
}

}  // namespace turms::record
