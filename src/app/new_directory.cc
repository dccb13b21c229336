#include "app/new_directory.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace turms::app {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> file_error(const fs::path& path, std::string_view what) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

// Every directory below, and the one above it: what is in them is durable then.
Status sync_directories(const fs::path& root) {
  std::vector<fs::path> directories{root, fs::absolute(root).parent_path()};
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_directory()) directories.push_back(entry.path());
  }
  for (const fs::path& directory : directories) {
    if (Status status = sync_path(directory); !status) return status;
  }
  return {};
}

}  // namespace

fs::path unfinished(const fs::path& target) {
  // A name with a slash at its end means the same directory.
  const fs::path plain = target.has_filename() ? target : target.parent_path();
  return plain.string() + ".unfinished";
}

Status make_directory(const fs::path& made) {
  std::error_code error;
  fs::remove_all(made, error);
  fs::create_directories(fs::absolute(made).parent_path(), error);
  if (::mkdir(made.c_str(), 0700) != 0) return file_error(made, "cannot be created");
  return {};
}

Status finish_directory(const fs::path& made, const fs::path& target) {
  if (Status status = sync_directories(made); !status) return status;
  if (::rename(made.c_str(), target.c_str()) != 0) return file_error(target, "cannot be made");
  return sync_path(fs::absolute(target).parent_path());
}

Status refuse_existing(const fs::path& path, std::string_view advice) {
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  if (fs::is_directory(path, error) && fs::is_empty(path, error)) return {};
  return fail(ErrorCode::kAlreadyExists, fmt::format("{}: {}", path.string(), advice));
}

Status sync_path(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  Status status;
  if (fd < 0 || ::fsync(fd) != 0) status = file_error(path, "cannot be written");
  if (fd >= 0) ::close(fd);
  return status;
}

}  // namespace turms::app
