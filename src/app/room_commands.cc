#include "app/room_commands.h"

#include <fmt/core.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <boost/url.hpp>
#include <cstdio>
#include <optional>

#include "app/admin_url.h"
#include "app/room_stats_text.h"
#include "net/http_client.h"
#include "net/loop.h"

namespace turms::app {
namespace {

constexpr Duration kBetween = 1s;

Result<std::string> get(net::Loop& loop, net::HttpClient& client, std::string url) {
  net::HttpClientRequest request;
  request.url = std::move(url);
  std::optional<Result<net::HttpResponse>> answer;
  client.request(std::move(request), [&](Result<net::HttpResponse> response) {
    answer = std::move(response);
    loop.stop();
  });
  loop.run();
  if (!answer->has_value()) return std::unexpected(answer->error());
  const net::HttpResponse& response = **answer;
  if (response.status == 200) return response.body;
  boost::system::error_code error;
  const auto said = boost::json::parse(response.body, error);
  const auto* why = !error && said.is_object() ? said.get_object().if_contains("error") : nullptr;
  return fail(response.status == 404 ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
              why != nullptr && why->is_string()
                  ? std::string(why->get_string())
                  : fmt::format("the server answers {}", response.status));
}

void print(const std::string& text) {
  fmt::print("{}", text);
  if (!text.ends_with('\n') && !text.empty()) fmt::print("\n");
  std::fflush(stdout);
}

}  // namespace

Status list_rooms(const Config& config, const RoomQuery& query) {
  const auto base = admin_url(config, query.url);
  if (!base) return std::unexpected(base.error());
  net::Loop loop;
  const auto client = net::HttpClient::create(loop, {.max_response_bytes = size_t{64} << 20});
  const auto body = get(loop, *client, *base + "/rooms");
  if (!body) return std::unexpected(body.error());
  if (query.json) {
    print(*body);
    return {};
  }
  const auto text = room_list_text(*body);
  if (!text) return std::unexpected(text.error());
  print(*text);
  return {};
}

Status print_room_stats(const Config& config, const RoomQuery& query) {
  const auto base = admin_url(config, query.url);
  if (!base) return std::unexpected(base.error());
  boost::urls::url target("/rooms/stats");
  target.params().append({"room", query.room});
  if (!query.identity.empty()) target.params().append({"identity", query.identity});
  const std::string url = *base + std::string(target.buffer());
  net::Loop loop;
  const auto client = net::HttpClient::create(loop, {.max_response_bytes = size_t{64} << 20});
  const bool on_screen = query.watch && !query.json && ::isatty(STDOUT_FILENO) == 1;
  for (;;) {
    const auto body = get(loop, *client, url);
    if (!body) return std::unexpected(body.error());
    const auto text = query.json ? Result<std::string>(*body) : room_stats_text(*body);
    if (!text) return std::unexpected(text.error());
    if (on_screen) fmt::print("\x1b[H\x1b[2J");
    print(*text);
    if (!query.watch) return {};
    net::Timer pause(loop);
    pause.start(kBetween, [&] { loop.stop(); });
    loop.run();
  }
}

}  // namespace turms::app
