#include <algorithm>
#include <array>

#include "admin/backend.h"
#include "admin/json.h"
#include "im/ports/administration.h"

namespace turms::admin {
namespace {

constexpr auto kPluginStatuses =
    std::to_array<std::string_view>({"STARTED", "STOPPED", "PAUSED", "RESUMED"});

std::string write_plugin(const PluginInfo& plugin) {
  JsonObject object;
  object.text("id", std::string_view(plugin.name))
      .text("version", std::string_view(plugin.version))
      .text("status", std::string_view(plugin.state));
  if (!plugin.error.empty()) object.text("error", std::string_view(plugin.error));
  return object.str();
}

}  // namespace

std::vector<Route> ServerRoutes::routes() {
  using P = Permission;
  std::vector<Route> all;
  const auto add = [&](std::string_view method, std::string_view path, Permission permission,
                       std::string_view summary, std::vector<Field> query, std::vector<Field> body,
                       Task<Answer> (ServerRoutes::*handler)(Call)) {
    all.push_back({method, path, Access::kPermission, permission, summary, std::move(query),
                   std::move(body), handled_by(this, handler)});
  };
  const auto ids = [](std::string_view help) { return texts_field("ids", help, 64); };
  add("GET", "/plugins", P::kPluginQuery, "List plugins", {ids("Of these names")}, {},
      &ServerRoutes::plugins);
  add("PUT", "/plugins", P::kPluginUpdate, "Start, stop, pause or resume plugins",
      {required(ids("Which plugins"))},
      {required(choice_field("status", "What they shall be", kPluginStatuses))},
      &ServerRoutes::update_plugins);
  add("GET", "/storage", P::kClusterMemberQuery,
      "What is stored: bytes of the database, rows by kind (messages are counted up to a million)",
      {}, {}, &ServerRoutes::storage);
  return all;
}

Task<Answer> ServerRoutes::plugins(Call call) {
  const auto wanted = call.query.texts("ids");
  JsonArray all;
  for (const PluginInfo& plugin : backend_.plugins.list()) {
    if (!wanted.empty() && std::ranges::find(wanted, plugin.name) == wanted.end()) continue;
    all.raw(write_plugin(plugin));
  }
  co_return ok(all.str());
}

Task<Answer> ServerRoutes::update_plugins(Call call) {
  const std::string status = *call.body.text("status");
  const auto act = status == "STARTED"   ? &Plugins::start
                   : status == "STOPPED" ? &Plugins::stop
                   : status == "PAUSED"  ? &Plugins::pause
                                         : &Plugins::resume;
  int64_t count = 0;
  for (const std::string& name : call.query.texts("ids")) {
    const Status done = (backend_.plugins.*act)(name);
    if (!done) co_return refused(done.error());
    ++count;
  }
  co_return updated(count);
}

Task<Answer> ServerRoutes::storage(Call) {
  auto report = co_await backend_.data.storage();
  if (!report) co_return refused(report.error());
  JsonObject rows;
  for (const im::StoredAmount& amount : report->tables) rows.number(amount.name, amount.rows);
  co_return ok(
      JsonObject().number("databaseBytes", report->database_bytes).raw("rows", rows.str()).str());
}

}  // namespace turms::admin
