#pragma once

#include "base/result.h"
#include "turms/plugin.h"

namespace turms::plugin {

ErrorCode error_code(turms_status status);
const char* describe(turms_status status);

}  // namespace turms::plugin
