#pragma once

#include <string>

#include "base/config_table.h"
#include "store/store.h"

namespace turms::store {

struct Settings {
  /// What store.url begins with.
  static constexpr std::string_view kSqliteScheme = "sqlite:";

  /// "sqlite:PATH", or empty.
  std::string url;
  HashParameters passwords;
};

const config::Table<Settings>& settings_table();

}  // namespace turms::store
