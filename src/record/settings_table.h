#pragma once

#include "base/config_table.h"
#include "record/recorder.h"

namespace turms::record {

/// What the file says; the directory may be relative to that of the data.
struct Settings {
  bool enabled = true;
  RecorderSettings recorder;
};
const config::Table<Settings>& settings_table();

}  // namespace turms::record
