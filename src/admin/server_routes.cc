#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "admin/backend.h"
#include "admin/json.h"
#include "base/recent_log.h"
#include "im/ports/administration.h"

namespace turms::admin {
namespace {

constexpr int64_t kDefaultLines = 100;

constexpr auto kPluginStatuses =
    std::to_array<std::string_view>({"STARTED", "STOPPED", "PAUSED", "RESUMED"});

constexpr auto kLevels = std::to_array<std::string_view>({"DEBUG", "INFO", "WARN", "ERROR"});

std::string write_node(const NodeInfo& node) {
  JsonObject object;
  object.text("nodeId", std::string_view(node.id))
      .text("version", std::string_view(node.version))
      .date("registrationDate", node.started)
      .flag("isLeader", true)
      .flag("isActive", true)
      .flag("isHealthy", node.ready);
  for (const auto& [name, address] :
       {std::pair("adminApiAddress", &node.admin_address),
        std::pair("wsAddress", &node.websocket_address), std::pair("tcpAddress", &node.tcp_address),
        std::pair("httpAddress", &node.http_address)}) {
    if (!address->empty()) object.text(name, std::string_view(*address));
  }
  return object.str();
}

std::string write_line(const log::Line& line) {
  return JsonObject()
      .date("date", line.date)
      .text("level", kLevels[static_cast<size_t>(line.level)])
      .text("text", std::string_view(line.text))
      .str();
}

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
  const auto add = adding_to(all, this);
  const auto ids = [](std::string_view help) { return texts_field("ids", help, 64); };
  add("GET", "/plugins", P::kPluginQuery, "List plugins", {ids("Of these names")}, {},
      &ServerRoutes::plugins);
  add("PUT", "/plugins", P::kPluginUpdate, "Start, stop, pause or resume plugins",
      {required(ids("Which plugins"))},
      {required(choice_field("status", "What they shall be", kPluginStatuses))},
      &ServerRoutes::update_plugins);
  add("POST", "/plugins", P::kPluginCreate,
      "Load plugins from the server's directory of plugins, and start them", {},
      {required(texts_field("names", "Which: NAME.so or turms-plugin-NAME.so", 64))},
      &ServerRoutes::load_plugins);
  add("DELETE", "/plugins", P::kPluginDelete,
      "Stop and unload plugins; their files stay, and may be replaced and loaded again",
      {required(ids("Which plugins"))}, {}, &ServerRoutes::unload_plugins);
  add("GET", "/cluster/members", P::kClusterMemberQuery, "The nodes: this one", {}, {},
      &ServerRoutes::members);
  add("GET", "/cluster/members/leader", P::kClusterLeaderQuery, "The leading node: this one", {},
      {}, &ServerRoutes::leader);
  add("GET", "/logs", P::kLogQuery, "The last lines of the server's log, of 2,000 that are kept",
      {choice_field("level", "Of this level, or a graver one", kLevels),
       text_field("text", "With this part", 256),
       number_field("size", "At most so many", 1, Paging::kMaxSize)},
      {}, &ServerRoutes::logs);
  add("POST", "/shutdown", P::kShutdown, "End the server, as the signal SIGTERM does", {}, {},
      &ServerRoutes::shut_down);
  add("GET", "/storage", P::kClusterMemberQuery,
      "What is stored: bytes of the database, of it those not in use, bytes of files that were "
      "sent, rows by kind (messages are counted up to a million)",
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

Task<Answer> ServerRoutes::load_plugins(Call call) {
  for (const std::string& name : call.body.texts("names")) {
    const Status done = backend_.plugins.load(name);
    if (!done) co_return refused(done.error());
  }
  co_return ok();
}

Task<Answer> ServerRoutes::unload_plugins(Call call) {
  int64_t count = 0;
  for (const std::string& name : call.query.texts("ids")) {
    const Status done = backend_.plugins.unload(name);
    if (!done) co_return refused(done.error());
    ++count;
  }
  co_return deleted(count);
}

Task<Answer> ServerRoutes::members(Call) {
  co_return ok(JsonArray().raw(write_node(backend_.server.node())).str());
}

Task<Answer> ServerRoutes::leader(Call) {
  co_return ok(write_node(backend_.server.node()));
}

Task<Answer> ServerRoutes::logs(Call call) {
  const auto level = enumerator<log::Level>(kLevels, call.query.text("level"));
  const std::string part = call.query.text("text").value_or("");
  std::vector<log::Line> lines = log::recent();
  std::erase_if(lines, [&](const log::Line& line) {
    return line.level < level.value_or(log::Level::kDebug) || !line.text.contains(part);
  });
  const auto size = static_cast<size_t>(call.query.number("size").value_or(kDefaultLines));
  if (lines.size() > size) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(size));
  }
  co_return ok(json_list(lines, write_line));
}

Task<Answer> ServerRoutes::shut_down(Call) {
  Answer answer = ok();
  answer.then = [this] { backend_.server.shut_down(); };
  co_return answer;
}

Task<Answer> ServerRoutes::storage(Call) {
  auto report = co_await backend_.data.storage();
  if (!report) co_return refused(report.error());
  JsonObject rows;
  for (const im::StoredAmount& amount : report->tables) rows.number(amount.name, amount.rows);
  const std::string bytes = JsonObject()
                                .number("database", report->database_bytes)
                                .number("unused", report->free_bytes)
                                .number("attachments", report->attachment_bytes)
                                .str();
  co_return ok(JsonObject()
                   .number("databaseBytes", report->database_bytes)
                   .raw("bytes", bytes)
                   .raw("rows", rows.str())
                   .str());
}

}  // namespace turms::admin
