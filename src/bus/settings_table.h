#pragma once

#include <string>

#include "base/config_table.h"

namespace turms::bus {

struct Settings {
  std::string url = "local";
};

const config::Table<Settings>& settings_table();

}  // namespace turms::bus
