#pragma once

#include <map>
#include <string>

#include "im/ports/configuration.h"
#include "store/sqlite/writer.h"

namespace turms::store {

class Configuration final : public im::ConfigurationRepository {
 public:
  explicit Configuration(Writer& writer) : writer_(writer) {}
  im::Stored<im::None> change(std::map<std::string, std::optional<std::string>> changes,
                              bool all) override;

  /// What there is at start.
  static std::map<std::string, std::string> load(Connection& connection);

 private:
  Writer& writer_;
};

}  // namespace turms::store
