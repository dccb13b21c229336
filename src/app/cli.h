#pragma once

namespace turms::app {

/// The `turms` program. Exit status: 0 clean, 1 runtime failure, 2 wrong usage or configuration.
int run_command_line(int argc, char** argv);

}  // namespace turms::app
