#pragma once

#include <vector>

#include "app/options.h"
#include "im/storage.h"

namespace turms::app {

class Config;

/// The keys of stored files, by their upstream names where upstream has them.
std::vector<Option> storage_options();
im::StorageSettings read_storage_options(const Config& config);

}  // namespace turms::app
