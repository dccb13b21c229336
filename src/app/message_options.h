#pragma once

#include <vector>

#include "app/options.h"
#include "im/settings.h"

namespace turms::app {

class Config;

/// The keys of messages, by their upstream names: each is bound to its field in im::Settings, whose
/// default is the key's.
std::vector<Option> message_options();
void read_message_options(const Config& config, im::Settings& settings);

}  // namespace turms::app
