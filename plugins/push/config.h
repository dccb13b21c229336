#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "p256.h"
#include "turms/plugin.h"

namespace turms::push {

/// plugins.push.*
struct Config {
  /// Nothing: no Web Push.
  std::optional<P256Key> vapid_key;
  std::string vapid_subject;
  /// How long a push service keeps what it cannot deliver.
  Duration ttl = std::chrono::hours(24);
  /// Empty: none.
  std::string endpoint_url;
  std::string endpoint_secret;
  /// Bytes of the text that are sent; 0: none of it.
  size_t preview_bytes = 1000;
  /// Also to addresses that are not of the public internet, and without TLS.
  bool allow_private_addresses = false;
  /// PEM file of trusted authorities in place of the system's.
  std::string ca_file;
};

/// What may be configured below plugins.push.
const turms_settings& settings();

/// kInvalidArgument names the key.
Result<Config> read_config(const turms_host& host);

}  // namespace turms::push
