#pragma once

#include <string>

#include "app/config.h"
#include "base/result.h"

namespace turms::app {

/// Where the commands ask a running server: `given`, or the admin port of the configuration when
/// that is empty. kInvalidArgument when it names none.
Result<std::string> admin_url(const Config& config, const std::string& given);

}  // namespace turms::app
