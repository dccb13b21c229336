#include "app/admin_stack.h"

#include <fmt/core.h>

#include <cstdio>

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
#include "net/address.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "plugin/host.h"

namespace turms::app {
namespace {

constexpr std::string_view kDevPassword = "turms";

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

 private:
  plugin::Host& host_;
};

}  // namespace

struct AdminStack::Parts {
  Parts(const Config& config, ImStack& im, im::Meetings& meetings, gateway::Service& gateway,
        plugin::Host& host, admin::Settings& settings)
      : accounts(im.admins(), im.hasher(), im.clock()),
        operations(im.domain().context(), im.administration(), im.domain().delivery),
        plugins(host),
        backend{im.domain(), im.administration(),
                operations,  meetings,
                plugins,     [&gateway] { return gateway.sessions(); }},
        admins(accounts, im.admins()),
        users(backend),
        people(backend),
        groups(backend),
        messages(backend),
        blocklist(backend),
        server(backend),
        configuration(settings),
        api(accounts, im.admins(), im.clock(), admin::settings_table().read(config)) {}

  admin::Accounts accounts;
  im::Operations operations;
  HostPlugins plugins;
  admin::Backend backend;
  admin::AdminRoutes admins;
  admin::UserRoutes users;
  admin::PeopleRoutes people;
  admin::GroupRoutes groups;
  admin::MessageRoutes messages;
  admin::BlocklistRoutes blocklist;
  admin::ServerRoutes server;
  admin::SettingRoutes configuration;
  admin::Api api;
};

AdminStack::AdminStack(net::Loop& loop, net::HttpServer& server, const Config& config, ImStack& im,
                       im::Meetings& meetings, gateway::Service& gateway, plugin::Host& plugins,
                       admin::Settings& settings)
    : config_(config),
      parts_(std::make_unique<Parts>(config, im, meetings, gateway, plugins, settings)) {
  admin::Api& api = parts_->api;
  api.add(parts_->admins.routes());
  api.add(parts_->users.routes());
  api.add(parts_->people.routes());
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
