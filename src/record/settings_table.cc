#include "record/settings_table.h"

namespace turms::record {

const config::Table<Settings>& settings_table() {
  static const config::Table<Settings> table = [] {
    config::Table<Settings> made(config::Change::kAtStart);
    made.flag("record.enabled", &Settings::enabled,
              "Record when LiveKit's Egress API asks for it (tokens with roomRecord).")
        .text("record.directory", config::path(&Settings::recorder, &RecorderSettings::directory),
              "Where recordings go. Empty: the directory \"recordings\" below that of the data.")
        .add(config::number("record.min_free_mb", "512", 0, 1'000'000'000,
                            "Recordings end when less than this is free on their disk."),
             [](Settings& settings, const config::Value& value) {
               settings.recorder.min_free_bytes = static_cast<uint64_t>(value.number) << 20;
             })
        .number("record.max_recordings",
                config::path(&Settings::recorder, &RecorderSettings::max_recordings), 1, 100'000,
                "Recordings at once; what is beyond is refused.");
    return made;
  }();
  return table;
}

}  // namespace turms::record
