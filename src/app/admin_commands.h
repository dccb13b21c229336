#pragma once

#include <functional>
#include <string>

#include "app/config.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace turms::app {

/// Adds what `turms user|group|admin|plugin|session|message` do over the admin API of a running
/// server. `add_common` adds the options by which every command finds its configuration; `run` is
/// called with the command that was given, loads the configuration and sets the exit status.
///
/// They sign in with the token in TURMS_ADMIN_TOKEN, or as --as with the password in
/// TURMS_ADMIN_PASSWORD.
void add_admin_commands(CLI::App& app, const std::function<void(CLI::App&)>& add_common,
                        std::function<void(std::function<Status(const Config&)>)> run);

}  // namespace turms::app
