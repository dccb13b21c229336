#include "bus/settings_table.h"

namespace turms::bus {

const config::Table<Settings>& settings_table() {
  static const config::Table<Settings> table = [] {
    config::Table<Settings> made(config::Change::kAtStart);
    made.text("bus.url", &Settings::url, "How nodes talk: local (this process only).",
              [](std::string_view key, std::string_view value) {
                return value == "local" ? Status() : config::must_be(key, "local", value);
              });
    return made;
  }();
  return table;
}

}  // namespace turms::bus
