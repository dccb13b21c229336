#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace turms::app {

// Directories that are there only once they are whole: made under another name beside it, synced,
// and renamed.

/// The name it has until then.
std::filesystem::path unfinished(const std::filesystem::path& target);
/// Makes it (mode 0700), over what an attempt before has left.
Status make_directory(const std::filesystem::path& made);
/// Gives what was made its name, over an empty directory if there is one. Durable afterwards.
Status finish_directory(const std::filesystem::path& made, const std::filesystem::path& target);

/// kAlreadyExists, with the advice, unless `path` is not there or an empty directory.
Status refuse_existing(const std::filesystem::path& path, std::string_view advice);

/// Makes a file or a directory durable.
Status sync_path(const std::filesystem::path& path);

}  // namespace turms::app
