#include "app/backup.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "app/new_directory.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "store/store.h"

namespace turms::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr int kFormat = 1;
constexpr std::string_view kManifest = "manifest.json";
constexpr std::string_view kDataName = "data";
constexpr std::string_view kDatabaseName = "turms.db";

struct File {
  std::string path;  // below data/
  uint64_t size = 0;
  std::string sha256;
};

std::unexpected<Error> file_error(const fs::path& path, std::string_view what) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

// Reads a file to its end, and writes what it reads when there is a target.
Result<File> read_through(const fs::path& source, const Descriptor* target) {
  const Descriptor from(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.valid()) return file_error(source, "cannot be read");
  std::vector<uint8_t> piece(1 << 20);
  Sha256 hash;
  File read;
  while (true) {
    const ssize_t count = ::read(from.get(), piece.data(), piece.size());
    if (count < 0) return file_error(source, "cannot be read");
    if (count == 0) break;
    const auto size = static_cast<size_t>(count);
    hash.add({piece.data(), size});
    read.size += size;
    for (size_t done = 0; target != nullptr && done < size;) {
      const ssize_t written = ::write(target->get(), piece.data() + done, size - done);
      if (written < 0) return file_error(source, "cannot be copied");
      done += static_cast<size_t>(written);
    }
  }
  read.sha256 = hex(hash.finish());
  return read;
}

Result<File> duplicate(const fs::path& source, const fs::path& target) {
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  struct stat info {};
  if (::stat(source.c_str(), &info) != 0) return file_error(source, "cannot be read");
  const Descriptor to(
      ::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, info.st_mode & 0777));
  if (!to.valid()) return file_error(target, "cannot be created");
  auto copied = read_through(source, &to);
  if (copied && ::fsync(to.get()) != 0) return file_error(target, "cannot be written");
  return copied;
}

Status write_file(const fs::path& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary);
  out << content << std::flush;
  if (!out) return file_error(path, "cannot be written");
  return sync_path(path);
}

std::string manifest_of(const std::vector<File>& files) {
  json::array listed;
  for (const File& file : files) {
    listed.push_back({{"path", file.path}, {"bytes", file.size}, {"sha256", file.sha256}});
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const json::object manifest{{"format", kFormat},
                              {"turms", TURMS_VERSION},
                              {"made_at_unix_s", now.time_since_epoch().count()},
                              {"files", std::move(listed)}};
  return json::serialize(manifest) + "\n";
}

// A path that stays below the directory it is put under.
bool is_plain(const fs::path& path) {
  if (path.empty() || path.is_absolute()) return false;
  for (const fs::path& part : path) {
    if (part == ".." || part == "." || part.empty()) return false;
  }
  return true;
}

Result<std::vector<File>> read_manifest(const fs::path& backup) {
  const fs::path path = backup / kManifest;
  const auto damaged = [&](std::string_view why) {
    return fail(ErrorCode::kFailedPrecondition, fmt::format("{}: {}", path.string(), why));
  };
  std::ifstream in(path, std::ios::binary);
  if (!in) return damaged("is not there: this is no backup, or not a whole one");
  std::ostringstream text;
  text << in.rdbuf();
  boost::system::error_code error;
  const json::value parsed = json::parse(text.str(), error);
  if (error) return damaged("is damaged");
  try {
    if (parsed.at("format").to_number<int>() != kFormat) {
      return damaged("is of another version of turms");
    }
    std::vector<File> files;
    for (const json::value& entry : parsed.at("files").as_array()) {
      File file{std::string(entry.at("path").as_string()), entry.at("bytes").to_number<uint64_t>(),
                std::string(entry.at("sha256").as_string())};
      if (!is_plain(file.path)) return damaged("names a file outside of the backup");
      files.push_back(std::move(file));
    }
    return files;
  } catch (const std::exception&) {
    return damaged("is damaged");
  }
}

// Everything in a data directory but the database, and what belongs to a process.
Result<std::vector<fs::path>> files_beside_the_database(const fs::path& root,
                                                        const fs::path& database) {
  std::set<fs::path> left_out{root / "turms.lock"};
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    left_out.insert(database.string() + suffix);
  }
  std::vector<fs::path> found;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(root, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_regular_file(error) && !left_out.contains(it->path())) {
      found.push_back(it->path().lexically_relative(root));
    }
  }
  if (error) {
    return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", root.string(), error.message()));
  }
  return found;
}

Result<std::vector<File>> copy_data(const Config& config, const DataDirectory& data,
                                    const fs::path& target) {
  const fs::path database = data.database(config.text("store.url"));
  std::error_code error;
  fs::create_directories(target, error);
  if (error) return file_error(target, "cannot be created");
  const fs::path copy = target / kDatabaseName;
  if (Status status = store::copy_database({.file = database}, copy); !status) {
    return std::unexpected(status.error());
  }
  auto described = read_through(copy, nullptr);
  if (!described) return std::unexpected(described.error());
  described->path = kDatabaseName;
  std::vector<File> files{std::move(*described)};
  // Afterwards: what the database names is there, unless it was deleted meanwhile.
  const auto others = files_beside_the_database(data.path(), database);
  if (!others) return std::unexpected(others.error());
  for (const fs::path& path : *others) {
    if (path == kDatabaseName) continue;
    auto copied = duplicate(data.path() / path, target / path);
    // Stored files and logs go away while the server runs.
    if (!copied && !fs::exists(data.path() / path, error)) continue;
    if (!copied) return std::unexpected(copied.error());
    copied->path = path.string();
    files.push_back(std::move(*copied));
  }
  return files;
}

}  // namespace

Status create_backup(const Config& config, const DataDirectory& data, const fs::path& target) {
  if (Status status = refuse_existing(target, "is there; name a new directory"); !status) {
    return status;
  }
  const fs::path making = unfinished(target);
  if (Status status = make_directory(making); !status) return status;
  const auto make = [&]() -> Status {
    const auto files = copy_data(config, data, making / kDataName);
    if (!files) return std::unexpected(files.error());
    if (Status status = write_file(making / kManifest, manifest_of(*files)); !status) return status;
    return finish_directory(making, target);
  };
  const Status made = make();
  std::error_code error;
  if (!made) fs::remove_all(making, error);
  return made;
}

Status verify_backup(const fs::path& backup) {
  const auto files = read_manifest(backup);
  if (!files) return std::unexpected(files.error());
  const fs::path data = backup / kDataName;
  const auto bad = [](const fs::path& path, std::string_view why) {
    return fail(ErrorCode::kFailedPrecondition, fmt::format("{}: {}", path.string(), why));
  };
  bool has_database = false;
  for (const File& file : *files) {
    const fs::path path = data / file.path;
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return bad(path, "is missing");
    const auto found = read_through(path, nullptr);
    if (!found) return std::unexpected(found.error());
    if (found->size != file.size || found->sha256 != file.sha256) {
      return bad(path, "is not as it was when the backup was made");
    }
    has_database |= file.path == kDatabaseName;
  }
  if (!has_database) return bad(backup / kManifest, "names no database");
  const auto examined = store::examine({.file = data / kDatabaseName});
  if (!examined) return std::unexpected(examined.error());
  return {};
}

Status restore_backup(const Config& config, const fs::path& backup, const fs::path& data) {
  if (Status status = refuse_existing(data, "holds data; name a new directory"); !status) {
    return status;
  }
  if (Status status = verify_backup(backup); !status) return status;
  const auto files = read_manifest(backup);
  if (!files) return std::unexpected(files.error());
  const auto place = DataDirectory::look(data);
  if (!place) return std::unexpected(place.error());
  const fs::path database = place->database(config.text("store.url"));
  const fs::path in_data = database.lexically_relative(data);
  const bool inside = is_plain(in_data);
  if (!inside) {
    if (Status status = refuse_existing(database, "is there"); !status) return status;
  }
  const fs::path making = unfinished(data);
  if (Status status = make_directory(making); !status) return status;
  const auto make = [&]() -> Status {
    for (const File& file : *files) {
      fs::path to = making / file.path;
      if (file.path == kDatabaseName) to = inside ? making / in_data : database;
      const auto copied = duplicate(backup / kDataName / file.path, to);
      if (!copied) return std::unexpected(copied.error());
    }
    return finish_directory(making, data);
  };
  const Status made = make();
  std::error_code error;
  if (!made) fs::remove_all(making, error);
  return made;
}

}  // namespace turms::app
