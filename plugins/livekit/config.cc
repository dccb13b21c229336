#include "config.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "net/tls_client.h"
#include "turms/plugin.hpp"

namespace turms::livekit_plugin {

namespace {

std::unexpected<Error> wrong(const char* key, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("plugins.livekit.{} {}", key, what));
}

Result<Duration> seconds(const turms_host& host, const char* key, Duration otherwise) {
  const std::string value = sdk::setting(host, key);
  if (value.empty()) return otherwise;
  int64_t number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < 1 ||
      number > 366 * 24 * 3600) {
    return wrong(key, "is not a number of seconds");
  }
  return std::chrono::seconds(number);
}

}  // namespace

const turms_settings& settings() {
  constexpr int64_t kYear = 365 * 24 * 3600;
  constexpr auto text = [](const char* key, const char* help,
                           turms_setting_type type = TURMS_SETTING_TEXT) {
    return turms_setting{sizeof(turms_setting), key, type, "", 0, 0, help};
  };
  constexpr auto number = [](const char* key, const char* fallback, int64_t min, int64_t max,
                             const char* help) {
    return turms_setting{
        sizeof(turms_setting), key, TURMS_SETTING_NUMBER, fallback, min, max, help};
  };
  static constexpr auto kSettings = std::to_array<turms_setting>({
      text("url",
           "LiveKit server that holds the meetings, http(s)://host:port. Empty: the built-in SFU."),
      text("public_url",
           "The address clients connect to, ws(s)://host:port. Empty: plugins.livekit.url when "
           "set, else the origin of the page."),
      text("api_key",
           "API key at that server. The built-in SFU is asked with the key that signs its "
           "webhooks."),
      text("api_secret", "Its secret.", TURMS_SETTING_SECRET),
      text("ca_file",
           "PEM file of the authorities that vouch for that server's certificate (https), in place "
           "of the system's. Empty: the system's."),
      number("token_ttl_seconds", "600", 10, kYear,
             "How long a member may use a token to join a meeting."),
      number("reconcile_seconds", "5", 1, 3600,
             "How often the list of participants is compared with the server's."),
      number("max_participants", "100", 2, 100000, "Participants in a group meeting."),
  });
  static constexpr turms_settings kTable = {TURMS_PLUGIN_ABI_VERSION, sizeof(turms_settings),
                                            kSettings.data(), kSettings.size()};
  return kTable;
}

Result<Config> read_config(const turms_host& host) {
  Config config;
  config.url = sdk::setting(host, "url");
  while (config.url.ends_with('/')) config.url.pop_back();
  // LiveKit's own tools write the WebSocket scheme.
  if (config.url.starts_with("ws://")) config.url.replace(0, 2, "http");
  if (config.url.starts_with("wss://")) config.url.replace(0, 3, "https");
  if (!config.url.starts_with("http://") && !config.url.starts_with("https://")) {
    return wrong("url", "is not of the form http(s)://host:port");
  }
  config.api_key = sdk::setting(host, "api_key");
  config.api_secret = sdk::setting(host, "api_secret");
  if (config.api_key.empty()) return wrong("api_key", "is not set");
  if (config.api_secret.empty()) return wrong("api_secret", "is not set");
  config.ca_file = sdk::setting(host, "ca_file");
  if (!config.ca_file.empty() && !net::TlsClient::make_context(config.ca_file)) {
    return wrong("ca_file", "is not a file of certificates (PEM) that can be read");
  }
  auto ttl = seconds(host, "token_ttl_seconds", config.token_ttl);
  if (!ttl) return std::unexpected(ttl.error());
  config.token_ttl = *ttl;
  auto interval = seconds(host, "reconcile_seconds", config.reconcile_interval);
  if (!interval) return std::unexpected(interval.error());
  config.reconcile_interval = *interval;
  return config;
}

}  // namespace turms::livekit_plugin
