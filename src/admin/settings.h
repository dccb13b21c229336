#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admin/route.h"
#include "base/config.h"

namespace turms::admin {

/// The configuration of the running server. Called on the control thread.
class Settings {
 public:
  /// By key. Nothing in place of a text: as the configuration says without changes.
  using Changes = std::map<std::string, std::optional<std::string>>;

  struct Setting {
    const config::Option* option = nullptr;
    /// Secrets are masked.
    config::Value value;
  };

  virtual ~Settings() = default;
  virtual std::vector<Setting> list() = 0;
  /// All of it as a configuration file, secrets masked.
  virtual std::string yaml() = 0;
  /// All of them or none, for this server and for those that start later. `reset`: what was changed
  /// before and is not named here is forgotten. kInvalidArgument: a key or value is wrong, or the
  /// key takes effect at a start only.
  virtual Task<Status> change(Changes changes, bool reset) = 0;
};

/// /cluster/settings. Keys are written as upstream writes them: those of `turms` as nested objects
/// with the names of upstream's properties ({"service":{"message":{"maxTextLimit":500}}}), the
/// others, which upstream has not, under their own names. In a change a dotted key will do too.
class SettingRoutes {
 public:
  explicit SettingRoutes(Settings& settings) : settings_(settings) {}
  std::vector<Route> routes();

 private:
  Task<Answer> list(Call call);
  Task<Answer> metadata(Call call);
  Task<Answer> update(Call call);

  Settings& settings_;
};

}  // namespace turms::admin
