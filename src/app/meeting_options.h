#pragma once

#include <vector>

#include "app/options.h"
#include "im/meetings.h"

namespace turms::app {

class Config;

/// The keys of meetings, by their upstream names, with the defaults of im::MeetingSettings.
std::vector<Option> meeting_options();
void read_meeting_options(const Config& config, im::MeetingSettings& settings);

}  // namespace turms::app
