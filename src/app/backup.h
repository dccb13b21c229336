#pragma once

#include <filesystem>

#include "app/config.h"
#include "app/data_directory.h"
#include "base/result.h"

namespace turms::app {

// A backup is a directory: `manifest.json`, and below `data/` the database and what else the data
// directory holds (keys, secrets, stored files), each with its size and SHA-256 in the manifest.

/// Makes `target` of the data directory, also while a server uses it: the database as of one
/// moment, then the files. Complete and durable once `target` is there; until then it is made
/// beside it, under another name. kAlreadyExists when `target` is there.
Status create_backup(const Config& config, const DataDirectory& data,
                     const std::filesystem::path& target);

/// Compares each file with the manifest, and looks into the database. kFailedPrecondition names
/// what is missing, changed or damaged.
Status verify_backup(const std::filesystem::path& backup);

/// Makes a data directory of a backup that verify_backup() finds good. kAlreadyExists unless
/// `data` is empty or not there. The database goes to where store.url says.
Status restore_backup(const Config& config, const std::filesystem::path& backup,
                      const std::filesystem::path& data);

}  // namespace turms::app
