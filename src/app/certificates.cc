#include "app/certificates.h"

#include <fmt/core.h>

#include "base/log.h"

namespace turms::app {
namespace {

/// Renewals come weeks before the end of a certificate.
constexpr Duration kLookInterval = 10s;

Result<std::unique_ptr<net::TlsServerContext>> load_pair(const Config& config,
                                                         const std::string& group) {
  const std::string& certificate = config.text(group + ".cert_file");
  const std::string& key = config.text(group + ".key_file");
  if (certificate.empty() && key.empty()) return nullptr;
  if (certificate.empty() || key.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{0}.cert_file and {0}.key_file go together", group));
  }
  auto context = net::TlsServerContext::load(certificate, key);
  if (!context) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", group, context.error().message));
  }
  return context;
}

void reload(net::TlsServerContext* context, std::string_view group) {
  if (context == nullptr) return;
  const auto reloaded = context->reload_if_changed();
  if (!reloaded) {
    log::error("{}: the former certificate stays in use: {}", group, reloaded.error().message);
  } else if (*reloaded) {
    log::info("{}: new connections get the new certificate", group);
  }
}

}  // namespace

Result<std::unique_ptr<Certificates>> Certificates::load(net::Loop& loop, const Config& config) {
  std::unique_ptr<Certificates> made(new Certificates(loop));
  auto http = load_pair(config, "http.tls");
  if (!http) return std::unexpected(http.error());
  made->http_ = std::move(*http);
  auto turn = load_pair(config, "livekit.turn");
  if (!turn) return std::unexpected(turn.error());
  made->turn_ = std::move(*turn);
  if (made->http_ || made->turn_) made->look();
  return made;
}

void Certificates::look() {
  reload(http_.get(), "http.tls");
  reload(turn_.get(), "livekit.turn");
  timer_.start(kLookInterval, [this] { look(); });
}

}  // namespace turms::app
