#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace turms::store {

/// Takes a line of one of the files: a JSON object, without the line break.
using ExportLine = std::function<Status(std::string_view file, std::string_view json)>;

/// All data of a user, or of a group, as of one moment, whether or not a server has the database
/// open (docs/export.md lists the files and their fields). The ids of its attachments are returned.
/// kNotFound when there is no such user or group.
Result<std::vector<int64_t>> export_user(const std::filesystem::path& database, int64_t user,
                                         const ExportLine& line);
Result<std::vector<int64_t>> export_group(const std::filesystem::path& database, int64_t group,
                                          const ExportLine& line);

}  // namespace turms::store
