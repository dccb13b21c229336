#include "app/export.h"

#include <fmt/core.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <string>

#include "app/new_directory.h"
#include "base/time.h"
#include "storage/file_store.h"
#include "storage/settings_table.h"
#include "store/export.h"

namespace turms::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::unexpected<Error> file_error(const fs::path& path) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
}

/// Files of lines in one directory, each made with its first line.
class Lines {
 public:
  explicit Lines(fs::path directory) : directory_(std::move(directory)) {}

  Status add(std::string_view file, std::string_view line) {
    File& to = files_[std::string(file)];
    if (to.lines++ == 0) to.out.open(path_of(file), std::ios::binary);
    to.out << line << '\n';
    return to.out ? Status() : file_error(path_of(file));
  }

  Status finish() {
    for (auto& [name, file] : files_) {
      file.out.close();
      if (!file.out) return file_error(path_of(name));
      if (Status status = sync_path(path_of(name)); !status) return status;
    }
    return {};
  }

  [[nodiscard]] json::object counts() const {
    json::object counts;
    for (const auto& [name, file] : files_) counts[name + ".jsonl"] = file.lines;
    return counts;
  }

 private:
  struct File {
    std::ofstream out;
    int64_t lines = 0;
  };
  [[nodiscard]] fs::path path_of(std::string_view file) const {
    return directory_ / (std::string(file) + ".jsonl");
  }

  const fs::path directory_;
  std::map<std::string, File> files_;
};

/// Of the built-in store.
class Files {
 public:
  Files(const Config& config, const DataDirectory& data, fs::path to) : to_(std::move(to)) {
    const storage::Settings settings = storage::settings_table().read(config);
    if (!settings.s3.endpoint.empty()) return;
    from_ = data.path() / (settings.directory.empty() ? "storage" : settings.directory);
  }

  /// False when it is not there: elsewhere, or not uploaded yet.
  Result<bool> copy(const im::ResourceKey& key, const std::string& name) const {
    if (from_.empty()) return false;
    const auto path = storage::FileStore::locate(from_, key);
    std::error_code error;
    fs::create_directories(to_, error);
    if (!path || !fs::copy_file(*path, to_ / name, error)) return false;
    if (Status status = sync_path(to_ / name); !status) return std::unexpected(status.error());
    return true;
  }

 private:
  fs::path from_;
  const fs::path to_;
};

/// Attachments by their ids, and the picture. The ids of those that are missing.
Result<json::array> copy_files(const Files& files, const ExportRequest& request,
                               const std::vector<int64_t>& attachments) {
  json::array missing;
  for (const int64_t id : attachments) {
    const std::string name = std::to_string(id);
    const auto copied = files.copy({im::ResourceType::kMessageAttachment, id}, name);
    if (!copied) return std::unexpected(copied.error());
    if (!*copied) missing.emplace_back(name);
  }
  const auto picture = files.copy({request.of_group ? im::ResourceType::kGroupProfilePicture
                                                    : im::ResourceType::kUserProfilePicture,
                                   request.id},
                                  "profile-picture");
  if (!picture) return std::unexpected(picture.error());
  return missing;
}

Status write_manifest(const fs::path& path, const json::object& manifest) {
  std::ofstream out(path, std::ios::binary);
  out << json::serialize(manifest) << '\n' << std::flush;
  if (!out) return file_error(path);
  out.close();
  return sync_path(path);
}

Status make(const Config& config, const DataDirectory& data, const ExportRequest& request,
            const fs::path& making) {
  Lines lines(making);
  const auto add = [&](std::string_view file, std::string_view line) {
    return lines.add(file, line);
  };
  const fs::path database = data.database(config.text("store.url"));
  const auto files = request.of_group ? store::export_group(database, request.id, add)
                                      : store::export_user(database, request.id, add);
  if (!files) return std::unexpected(files.error());
  if (Status status = lines.finish(); !status) return status;
  auto missing = copy_files(Files(config, data, making / "files"), request, *files);
  if (!missing) return std::unexpected(missing.error());
  return write_manifest(making / "manifest.json", {{"format", 1},
                                                   {"kind", request.of_group ? "group" : "user"},
                                                   {"id", std::to_string(request.id)},
                                                   {"exported_at", wall_now().unix_ms},
                                                   {"lines", lines.counts()},
                                                   {"missing_files", std::move(*missing)}});
}

}  // namespace

Status export_data(const Config& config, const DataDirectory& data, const ExportRequest& request) {
  fs::path target = request.target;
  if (target.empty()) {
    target = fmt::format("turms-export-{}-{}", request.of_group ? "group" : "user", request.id);
  }
  if (Status status = refuse_existing(target, "is there; name a new directory"); !status) {
    return status;
  }
  const fs::path making = unfinished(target);
  if (Status status = make_directory(making); !status) return status;
  Status done = make(config, data, request, making);
  if (done) done = finish_directory(making, target);
  std::error_code error;
  if (!done) {
    fs::remove_all(making, error);
    return done;
  }
  fmt::print("{}\n", target.string());
  return {};
}

}  // namespace turms::app
