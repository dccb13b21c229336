#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "admin/settings.h"
#include "app/config.h"
#include "im/ports/configuration.h"

namespace turms::app {

/// The configuration of a running server: the one place that changes it. What is in force is always
/// what a restart would bring, but for keys that only a start changes. Lives on the control thread;
/// the repository outlives it.
class LiveConfig final : public admin::Settings {
 public:
  using Apply = std::function<void(const Config&)>;

  /// `apply` hands the owners what has changed.
  LiveConfig(Config config, im::ConfigurationRepository& changes, Apply apply)
      : config_(std::move(config)), changes_(changes), apply_(std::move(apply)) {}

  [[nodiscard]] const Config& now() const { return config_; }

  /// Reads the file again. What is wrong with it is logged, and then nothing changes.
  void read_file();

  std::vector<Setting> list() override;
  std::string yaml() override { return config_.show(); }
  Task<Status> change(Changes changes, bool reset) override;

 private:
  /// What `changes` lead to; kInvalidArgument names the key.
  Result<Config> changed(const Changes& changes, bool reset) const;
  void take(Config next);

  Config config_;
  im::ConfigurationRepository& changes_;
  const Apply apply_;
};

}  // namespace turms::app
