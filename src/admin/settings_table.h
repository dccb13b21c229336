#pragma once

#include "admin/api.h"
#include "base/config_table.h"

namespace turms::admin {

/// The keys of the admin API, with upstream's names where it has them.
const config::Table<ApiConfig>& settings_table();

}  // namespace turms::admin
