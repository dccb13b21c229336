#pragma once

#include <map>
#include <optional>
#include <string>

#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// Keys of the configuration that were changed while a server ran, as text.
class ConfigurationRepository {
 public:
  virtual ~ConfigurationRepository() = default;
  /// Nothing in place of a text: the key is as the configuration file says again. `all`: so are
  /// those that are not named.
  virtual Stored<None> change(std::map<std::string, std::optional<std::string>> changes,
                              bool all) = 0;
};

}  // namespace turms::im
