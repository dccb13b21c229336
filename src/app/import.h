#pragma once

#include <filesystem>
#include <string>

#include "app/config.h"
#include "base/result.h"

namespace turms::app {

struct ImportRequest {
  /// Directory or archive of mongodump.
  std::filesystem::path dump;
  /// The data directory to make.
  std::filesystem::path data;
  /// SALTED_SHA256, BCRYPT or NOOP, as the deployment's configuration says.
  std::string user_passwords = "SALTED_SHA256";
  std::string admin_passwords = "BCRYPT";
  /// Reports as always, and leaves nothing.
  bool dry_run = false;
};

/// Makes a data directory of what a Turms deployment in Java had in MongoDB, and says on stdout
/// what became of it; progress on stderr. All of it or nothing. kAlreadyExists unless the data
/// directory is empty or not there.
Status import_data(const Config& config, const ImportRequest& request);

}  // namespace turms::app
