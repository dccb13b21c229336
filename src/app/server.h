#pragma once

#include <memory>

#include "app/config.h"
#include "app/data_directory.h"
#include "base/result.h"

namespace turms::app {

/// The whole of `turms serve`: listens, prints the ready line, serves until SIGTERM or SIGINT,
/// drains. A second signal ends it without draining. Errors are what kept it from starting.
Status serve(const Config& config, DataDirectory& data, bool dev);

}  // namespace turms::app
