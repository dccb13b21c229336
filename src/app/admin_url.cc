#include "app/admin_url.h"

#include <fmt/core.h>

#include "net/address.h"

namespace turms::app {

Result<std::string> admin_url(const Config& config, const std::string& given) {
  if (!given.empty()) return given;
  const int64_t port = config.number("admin.port");
  if (!config.flag("admin.enabled") || port == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "the configuration names no admin port: say it with --url");
  }
  const auto address = net::Address::parse(config.text("admin.bind"), static_cast<uint16_t>(port));
  const bool here = !address || address->is_unspecified();
  return here ? fmt::format("http://127.0.0.1:{}", port) : "http://" + address->to_string();
}

}  // namespace turms::app
