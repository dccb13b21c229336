#include "app/admin_stack.h"

#include <fmt/core.h>

#include <cstdio>
#include <utility>

#include "admin/accounts.h"
#include "admin/api.h"
#include "admin/backend.h"
#include "admin/settings.h"
#include "admin/settings_table.h"
#include "app/im_stack.h"
#include "base/log.h"
#include "gateway/service.h"
#include "im/meetings.h"
#include "im/operations.h"
#include "im/request_operations.h"
#include "net/address.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "plugin/host.h"

namespace turms::app {
namespace {

constexpr std::string_view kDevPassword = "turms";

admin::ApiConfig api_config(const Config& config, plugin::Host& plugins) {
  admin::ApiConfig api = admin::settings_table().read(config);
  api.on_action = [&plugins](const im::AuditEntry& entry) { plugins.admin_action(entry); };
  return api;
}

std::string_view name_of(plugin::PluginState state) {
  switch (state) {
    case plugin::PluginState::kRunning:
      return "STARTED";
    case plugin::PluginState::kPaused:
      return "PAUSED";
    case plugin::PluginState::kFailed:
      return "FAILED";
    case plugin::PluginState::kStuck:
      return "STUCK";
    case plugin::PluginState::kStopped:
      break;
  }
  return "STOPPED";
}

class HostPlugins final : public admin::Plugins {
 public:
  explicit HostPlugins(plugin::Host& host) : host_(host) {}
  std::vector<admin::PluginInfo> list() override {
    std::vector<admin::PluginInfo> all;
    for (const plugin::PluginStatus& status : host_.statuses()) {
      all.push_back(
          {status.name, status.version, std::string(name_of(status.state)), status.error});
    }
    return all;
  }
  Status start(const std::string& name) override { return host_.start(name); }
  Status stop(const std::string& name) override { return host_.stop(name); }
  Status pause(const std::string& name) override { return host_.pause(name); }
  Status resume(const std::string& name) override { return host_.resume(name); }
  Status load(const std::string& name) override { return host_.load_named(name); }
  Status unload(const std::string& name) override { return host_.unload(name); }

 private:
  plugin::Host& host_;
};

class Process final : public admin::ServerControl {
 public:
  Process(gateway::Service& gateway, ProcessControl control)
      : gateway_(gateway), control_(std::move(control)) {}
  im::Listed<admin::OnlineSession> sessions(const std::vector<UserId>& users,
                                            const admin::Paging& paging) override {
    auto found = gateway_.list_sessions(users, static_cast<size_t>(paging.skip),
                                        static_cast<size_t>(paging.limit));
    im::Listed<admin::OnlineSession> sessions;
    sessions.total = static_cast<int64_t>(found.total);
    for (gateway::SessionInfo& one : found.records) {
      sessions.records.push_back({one.caller.user_id, one.caller.session_id, one.caller.device_type,
                                  one.status, std::move(one.address), one.signed_in_at});
    }
    return sessions;
  }
  size_t online_users() override { return gateway_.users(); }
  admin::NodeInfo node() override { return control_.node(); }
  void shut_down() override { control_.shut_down(); }

 private:
  gateway::Service& gateway_;
  const ProcessControl control_;
};

}  // namespace

struct AdminStack::Parts {
  Parts(const Config& config, ImStack& im, im::Meetings& meetings, gateway::Service& gateway,
        plugin::Host& host, admin::Settings& settings, ProcessControl control)
      : accounts(im.admins(), im.hasher(), im.clock()),
        operations(im.domain().context(), im.administration(), im.domain().delivery),
        request_operations(im.domain().context(), im.administration()),
        plugins(host),
        process(gateway, std::move(control)),
        backend{im.domain(), im.administration(), operations, request_operations, meetings, plugins,
                process},
        admins(accounts, im.admins()),
        users(backend),
        online(backend),
        statistics(backend),
        people(backend),
        requests(backend),
        groups(backend),
        messages(backend),
        blocklist(backend),
        server(backend),
        configuration(settings),
        api(accounts, im.admins(), im.clock(), api_config(config, host)) {}

  admin::Accounts accounts;
  im::Operations operations;
  im::RequestOperations request_operations;
  HostPlugins plugins;
  Process process;
  admin::Backend backend;
  admin::AdminRoutes admins;
  admin::UserRoutes users;
  admin::OnlineRoutes online;
  admin::StatisticsRoutes statistics;
  admin::PeopleRoutes people;
  admin::RequestRoutes requests;
  admin::GroupRoutes groups;
  admin::MessageRoutes messages;
  admin::BlocklistRoutes blocklist;
  admin::ServerRoutes server;
  admin::SettingRoutes configuration;
  admin::Api api;
};

AdminStack::AdminStack(net::Loop& loop, net::HttpServer& server, const Config& config, ImStack& im,
                       im::Meetings& meetings, gateway::Service& gateway, plugin::Host& plugins,
                       admin::Settings& settings, ProcessControl process)
    : config_(config),
      parts_(std::make_unique<Parts>(config, im, meetings, gateway, plugins, settings,
                                     std::move(process))) {
  admin::Api& api = parts_->api;
  api.add(parts_->admins.routes());
  api.add(parts_->users.routes());
  api.add(parts_->online.routes());
  api.add(parts_->statistics.routes());
  api.add(parts_->people.routes());
  api.add(parts_->requests.routes());
  api.add(parts_->groups.routes());
  api.add(parts_->messages.routes());
  api.add(parts_->blocklist.routes());
  api.add(parts_->server.routes());
  api.add(parts_->configuration.routes());
  api.add(admin::openapi_routes(api, TURMS_VERSION));
  api.register_routes(server, [&loop] { return loop.now(); });
}

AdminStack::~AdminStack() = default;

Task<void> AdminStack::make_first_account(bool dev) {
  const auto address = net::Address::parse(config_.text("admin.bind"), 0);
  std::optional<std::string> fixed;
  if (dev && address && address->is_loopback()) fixed = kDevPassword;
  auto made = co_await parts_->accounts.make_first(fixed);
  if (!made) {
    log::error("the first admin could not be made: {}", made.error().message);
  } else if (*made) {
    // Not through the log, whose level may hide it: it is said only now.
    fmt::print(stderr, "turms: made the first admin of the admin API: account {}, password {}{}\n",
               admin::kFirstAccount, **made,
               fixed ? "" : " (said only now; `turms admin reset` gives a new one)");
    std::fflush(stderr);
  }
}

}  // namespace turms::app
