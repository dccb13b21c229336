#pragma once

#include <cstdint>
#include <filesystem>

#include "app/config.h"
#include "app/data_directory.h"
#include "base/result.h"

namespace turms::app {

struct ExportRequest {
  bool of_group = false;
  int64_t id = 0;
  /// The directory to make; empty: `turms-export-user-ID` or `-group-ID` here.
  std::filesystem::path target;
};

/// Writes all data of a user or a group to a directory: files of JSON lines, what was uploaded, and
/// `manifest.json` (docs/export.md). Also while a server uses the data. kAlreadyExists when the
/// directory is there; kNotFound when the user or the group is not.
Status export_data(const Config& config, const DataDirectory& data, const ExportRequest& request);

}  // namespace turms::app
