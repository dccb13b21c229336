#include "config.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "net/tls_client.h"

namespace turms::livekit_plugin {

namespace {

std::string text(const turms_host& host, const char* key) {
  const char* value = host.config(host.context, key);
  return value == nullptr ? "" : value;
}

std::unexpected<Error> wrong(const char* key, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("plugins.livekit.{} {}", key, what));
}

Result<Duration> seconds(const turms_host& host, const char* key, Duration otherwise) {
  const std::string value = text(host, key);
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

Result<Config> read_config(const turms_host& host) {
  Config config;
  config.url = text(host, "url");
  while (config.url.ends_with('/')) config.url.pop_back();
  // LiveKit's own tools write the WebSocket scheme.
  if (config.url.starts_with("ws://")) config.url.replace(0, 2, "http");
  if (config.url.starts_with("wss://")) config.url.replace(0, 3, "https");
  if (!config.url.starts_with("http://") && !config.url.starts_with("https://")) {
    return wrong("url", "is not of the form http(s)://host:port");
  }
  config.api_key = text(host, "api_key");
  config.api_secret = text(host, "api_secret");
  if (config.api_key.empty()) return wrong("api_key", "is not set");
  if (config.api_secret.empty()) return wrong("api_secret", "is not set");
  config.ca_file = text(host, "ca_file");
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
