#include "plugin/settings_table.h"

namespace turms::plugin {

const config::Table<Settings>& settings_table() {
  static const config::Table<Settings> table = [] {
    config::Table<Settings> made(config::Change::kAtStart);
    made.text("plugins.dir", &Settings::directory,
              "Directory of plugins (*.so). Empty: plugins/ beside the program.")
        .list("plugins.enabled", &Settings::enabled, "Names of the plugins to load.");
    return made;
  }();
  return table;
}

}  // namespace turms::plugin
