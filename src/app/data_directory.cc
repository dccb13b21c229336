#include "app/data_directory.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>

#include "base/crypto.h"
#include "store/settings_table.h"

namespace turms::app {
namespace {

constexpr std::string_view kDefaultDatabase = "turms.db";

std::unexpected<Error> file_error(const std::filesystem::path& path, std::string_view what) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

// Writes to a temporary file and links it in place, so that a crash leaves no half a key and of two
// starting processes one wins.
Status create_private_file(const std::filesystem::path& path, std::string_view content) {
  std::string temporary = path.string() + ".XXXXXX";
  const int fd = ::mkstemp(temporary.data());  // mode 0600
  if (fd < 0) return file_error(path, "cannot be created");
  const bool written =
      ::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
      ::fsync(fd) == 0;
  ::close(fd);
  const bool linked = written && (::link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
  Status status;
  if (!linked) status = file_error(path, "cannot be written");
  ::unlink(temporary.c_str());
  return status;
}

/// `forbidden`: the bits of the mode that must not be set.
Result<DataDirectory::Keys> read_keys(const std::filesystem::path& file, mode_t forbidden) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return file_error(file, "cannot be read");
  if ((info.st_mode & forbidden) != 0) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: other users may read it; run chmod 600 on it", file.string()));
  }
  try {
    auto keys = YAML::LoadFile(file.string()).as<DataDirectory::Keys>();
    if (keys.empty())
      return fail(ErrorCode::kFailedPrecondition, fmt::format("{}: holds no key", file.string()));
    for (const auto& [key, secret] : keys) {
      if (key.empty() || secret.empty()) {
        return fail(ErrorCode::kFailedPrecondition,
                    fmt::format("{}: the secret of '{}' is empty", file.string(), key));
      }
    }
    return keys;
  } catch (const YAML::Exception& parse_error) {
    return fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("{}:{}: {}", file.string(), parse_error.mark.line + 1, parse_error.msg));
  }
}

}  // namespace

Result<DataDirectory> DataDirectory::open(std::filesystem::path path) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return file_error(path, "cannot be created");
  return look(std::move(path));
}

Result<DataDirectory> DataDirectory::look(std::filesystem::path path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return DataDirectory(std::move(path));
  if (!std::filesystem::is_directory(path))
    return fail(ErrorCode::kUnavailable, fmt::format("{}: is not a directory", path.string()));
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) return file_error(path, "cannot be used");
  return DataDirectory(std::move(path));
}

Status DataDirectory::lock() {
  const std::filesystem::path file = path_ / "turms.lock";
  // Never closed: the lock lives as long as the process.
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return file_error(file, "cannot be opened");
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return {};
  ::close(fd);
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("{}: another server uses this data directory", path_.string()));
}

std::filesystem::path DataDirectory::database(std::string_view store_url) const {
  const std::string_view name = store_url.empty()
                                    ? kDefaultDatabase
                                    : store_url.substr(store::Settings::kSqliteScheme.size());
  return path_ / name;  // an absolute name stands for itself
}

Result<DataDirectory::Keys> DataDirectory::livekit_keys(const Keys& configured,
                                                        const std::string& key_file) const {
  // A group may read it: that is how containers get their secrets.
  if (!key_file.empty()) return read_keys(key_file, 007);
  if (!configured.empty()) return configured;
  const std::filesystem::path file = path_ / "livekit-keys.yaml";
  if (!std::filesystem::exists(file)) {
    const std::string content =
        fmt::format("{}: {}\n", "API" + secure_random_token(12), secure_random_token(43));
    if (Status status = create_private_file(file, content); !status)
      return std::unexpected(status.error());
  }
  return read_keys(file, 077);
}

}  // namespace turms::app
