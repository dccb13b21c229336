#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace turms::app {

/// Where one node keeps what outlives a run: the database and the keys made at first start.
class DataDirectory {
 public:
  /// Makes it (mode 0700) when it is not there. kUnavailable when it cannot be made or written.
  static Result<DataDirectory> open(std::filesystem::path path);
  /// As open(), but makes nothing: it may not be there.
  static Result<DataDirectory> look(std::filesystem::path path);

  /// API keys and their secrets: those of `key_file` (livekit.key_file) unless that is empty, else
  /// `configured` (livekit.keys) unless it is, else the pair in livekit-keys.yaml, made at first
  /// use with mode 0600. Errors when a file is not readable, malformed, readable by others, or
  /// holds an empty secret.
  using Keys = std::map<std::string, std::string>;
  [[nodiscard]] Result<Keys> livekit_keys(const Keys& configured,
                                          const std::string& key_file) const;

  /// For a server: at most one on a directory. Held until the process ends. kFailedPrecondition
  /// when another one has it.
  [[nodiscard]] Status lock();

  /// The file that store.url (valid, or empty) names; a relative path counts from here.
  [[nodiscard]] std::filesystem::path database(std::string_view store_url) const;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit DataDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace turms::app
