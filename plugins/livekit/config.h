#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "turms/plugin.h"

namespace turms::livekit_plugin {

struct Config {
  std::string url;  // http(s)://host:port, no slash at the end
  std::string api_key;
  std::string api_secret;
  /// PEM file of the authorities that may vouch for an https server, in place of the system's;
  /// empty: the system's.
  std::string ca_file;
  Duration token_ttl = std::chrono::seconds(600);
  /// How often rooms are compared with the server whatever webhooks say.
  Duration reconcile_interval = std::chrono::seconds(5);
};

/// What may be configured below plugins.livekit.
const turms_settings& settings();

/// From plugins.livekit.*; kInvalidArgument names the key.
Result<Config> read_config(const turms_host& host);

}  // namespace turms::livekit_plugin
