#include "config.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <string_view>

#include "net/tls_client.h"
#include "turms/plugin.hpp"
#include "vapid.h"

namespace turms::push {

namespace {

/// A payload must stay one record (encryption.h).
constexpr int64_t kMaxPreview = 2000;
constexpr int64_t kMaxTtl = 28 * 24 * 3600;
constexpr size_t kShortestSecret = 16;

std::unexpected<Error> wrong(const char* key, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("plugins.push.{} {}", key, what));
}

Result<int64_t> number(const turms_host& host, const char* key, int64_t otherwise, int64_t most) {
  const std::string value = sdk::setting(host, key);
  if (value.empty()) return otherwise;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < 0 || number > most) {
    return wrong(key, fmt::format("is not a number from 0 to {}", most));
  }
  return number;
}

Status read_web_push(const turms_host& host, Config& config) {
  const std::string file = sdk::setting(host, "vapid_key_file");
  if (file.empty()) return {};
  config.vapid_subject = sdk::setting(host, "vapid_subject");
  if (!config.vapid_subject.starts_with("mailto:") &&
      !config.vapid_subject.starts_with("https://")) {
    return wrong("vapid_subject", "is no mailto: or https: URL by which you can be reached");
  }
  auto key = load_vapid_key(file);
  if (!key) return wrong("vapid_key_file", key.error().message);
  config.vapid_key = std::move(*key);
  return {};
}

Status read_endpoint(const turms_host& host, Config& config) {
  config.endpoint_url = sdk::setting(host, "endpoint_url");
  config.endpoint_secret = sdk::setting(host, "endpoint_secret");
  if (config.endpoint_url.empty()) return {};
  if (!config.endpoint_url.starts_with("https://") &&
      !(config.allow_private_addresses && config.endpoint_url.starts_with("http://"))) {
    return wrong("endpoint_url", "is not of the form https://host/path");
  }
  if (config.endpoint_secret.size() < kShortestSecret) {
    return wrong("endpoint_secret", fmt::format("has less than {} bytes", kShortestSecret));
  }
  return {};
}

}  // namespace

const turms_settings& settings() {
  constexpr auto setting = [](const char* key, turms_setting_type type, const char* fallback,
                              int64_t max, const char* help) {
    return turms_setting{sizeof(turms_setting), key, type, fallback, 0, max, help};
  };
  static constexpr auto kSettings = std::to_array<turms_setting>({
      setting("vapid_key_file", TURMS_SETTING_TEXT, "", 0,
              "PEM file of the key that signs Web Push; made when it is not there. Empty: no Web "
              "Push."),
      setting("vapid_subject", TURMS_SETTING_TEXT, "", 0,
              "mailto: or https: URL where push services reach you."),
      setting("ttl_seconds", TURMS_SETTING_NUMBER, "86400", kMaxTtl,
              "How long a push service keeps what it cannot deliver."),
      setting("endpoint_url", TURMS_SETTING_TEXT, "", 0,
              "Where every message for a user who is nowhere is posted. Empty: nowhere."),
      setting("endpoint_secret", TURMS_SETTING_SECRET, "", 0, "Signs those posts."),
      setting("preview_bytes", TURMS_SETTING_NUMBER, "1000", kMaxPreview,
              "Bytes of the text that are sent along; 0: none."),
      setting("allow_private_addresses", TURMS_SETTING_FLAG, "false", 0,
              "Also send to addresses that are not of the public internet, and without TLS."),
      setting("ca_file", TURMS_SETTING_TEXT, "", 0,
              "PEM file of trusted authorities in place of the system's."),
  });
  static constexpr turms_settings kTable = {TURMS_PLUGIN_ABI_VERSION, sizeof(turms_settings),
                                            kSettings.data(), kSettings.size()};
  return kTable;
}

Result<Config> read_config(const turms_host& host) {
  Config config;
  config.allow_private_addresses = sdk::setting(host, "allow_private_addresses") == "true";
  config.ca_file = sdk::setting(host, "ca_file");
  if (!config.ca_file.empty() && !net::TlsClient::make_context(config.ca_file)) {
    return wrong("ca_file", "is not a file of certificates (PEM) that can be read");
  }
  if (Status status = read_web_push(host, config); !status) return std::unexpected(status.error());
  if (Status status = read_endpoint(host, config); !status) return std::unexpected(status.error());
  if (!config.vapid_key && config.endpoint_url.empty()) {
    return wrong("vapid_key_file", "and plugins.push.endpoint_url are not set: nobody is told");
  }
  auto ttl = number(host, "ttl_seconds", 24 * 3600, kMaxTtl);
  if (!ttl) return std::unexpected(ttl.error());
  config.ttl = std::chrono::seconds(*ttl);
  auto preview = number(host, "preview_bytes", 1000, kMaxPreview);
  if (!preview) return std::unexpected(preview.error());
  config.preview_bytes = static_cast<size_t>(*preview);
  return config;
}

}  // namespace turms::push
