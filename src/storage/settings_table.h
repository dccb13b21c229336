#pragma once

#include <string>

#include "base/config_table.h"
#include "storage/s3_store.h"

namespace turms::storage {

/// Where files are kept.
struct Settings {
  bool enabled = true;
  /// Of the built-in store.
  std::string directory;
  std::string base_url;
  /// With an endpoint, S3 is used in its place.
  S3Store::Options s3;
};

const config::Table<Settings>& settings_table();

}  // namespace turms::storage
