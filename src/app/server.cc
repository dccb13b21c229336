#include "app/server.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "app/admin.h"
#include "app/admin_stack.h"
#include "app/certificates.h"
#include "app/hangup_signal.h"
#include "app/im_stack.h"
#include "app/live_config.h"
#include "app/livekit_stack.h"
#include "app/media_config.h"
#include "app/options.h"
#include "app/plugin_settings.h"
#include "app/storage_stack.h"
#include "app/web.h"
#include "base/log.h"
#include "gateway/authentication/authenticator.h"
#include "gateway/authentication/settings.h"
#include "gateway/oidc_sign_in.h"
#include "gateway/plugin_forms.h"
#include "gateway/service.h"
#include "gateway/settings_table.h"
#include "im/context.h"
#include "im/meetings.h"
#include "im/missed_messages.h"
#include "im/sample_data.h"
#include "im/settings_table.h"
#include "livekit/data_router.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "plugin/host.h"
#include "plugin/settings_table.h"
#include "record/settings_table.h"

namespace turms::app {
namespace {

/// Containers are killed 10 seconds after they were asked to stop.
constexpr Duration kDrainTimeout = 8s;
/// Of that, for what the LiveKit service still has to tell others.
constexpr Duration kLiveKitDrainTimeout = 6s;
/// Label `server` of its metrics.
constexpr std::string_view kHttp = "http";
constexpr std::string_view kLiveKitPlugin = "livekit";

/// Whom the page offers to sign in as: nobody but in development, where everybody knows them
/// (Administration::seed_demo).
std::string demo_accounts(bool dev) {
  return dev ? R"({"names":["alice","bob","carol"],"password":"turms"})" : "{}";
}

class Server {
 public:
  Server(const Config& config, const DataDirectory& data, bool dev)
      : config_(config), data_(data), dev_(dev) {}

  Status start();
  /// Until drained.
  void run() { loop_.run(); }

 private:
  Result<std::unique_ptr<net::HttpServer>> listen_http(const std::string& name,
                                                       const std::string& bind, int64_t port);
  /// What livekit.bind_addresses says, unless http.bind does.
  std::vector<std::string> http_addresses() const;
  std::string http_address() const { return http_addresses().front(); }
  std::vector<std::string> further_addresses() const;
  admin::NodeInfo node() const;
  Status start_gateway();
  /// The LiveKit plugin drives the SFU of this process.
  bool uses_built_in_sfu() const;
  /// Where this process reaches its own HTTP port.
  std::string local_url() const;
  /// Where others most likely do, as long as the configuration says nothing.
  std::string public_url() const;
  /// Where clients hold their meetings; empty: at the origin of the page.
  std::string meeting_url() const;
  /// Which of keys_ signs the webhooks of the built-in SFU, and is the plugin's own there.
  const std::string& webhook_key() const;
  /// What the keys of several groups say together.
  Status check_settings() const;
  Status start_livekit();
  void make_plugin_host();
  void start_plugins();
  im::MeetingSettings meeting_settings() const;
  /// Hands to the owners what changes while they run.
  void apply(const Config& config);
  Config::Map plugin_settings(const std::string& name) const;
  void tick_meetings();
  Task<void> finish_start();
  void print_ready();
  void drain();
  void stop_when_drained();

  /// As it was at the start, and then as it is.
  Config config_;
  const DataDirectory& data_;
  const bool dev_;
  const WallTime started_ = wall_now();

  net::Loop loop_;
  std::unique_ptr<HangupSignal> hangup_;
  std::unique_ptr<Certificates> certificates_;
  // Outlives http_, whose requests use it until they go.
  std::unique_ptr<StorageStack> storage_;
  std::unique_ptr<net::HttpServer> admin_;
  std::unique_ptr<net::HttpServer> prometheus_;
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<ImStack> im_;
  std::unique_ptr<LiveConfig> live_;
  std::unique_ptr<gateway::Service> gateway_;
  // Goes before the gateway: what it was asked then fails, which the gateway still hears.
  std::unique_ptr<net::HttpClient> asking_;
  livekit::ApiKeys keys_;
  std::unique_ptr<LiveKitStack> livekit_;
  std::unique_ptr<im::Meetings> meetings_;
  std::unique_ptr<AdminStack> admin_api_;
  // Goes first: calls that are under way then fail, which meetings_ and admin_api_ still hear.
  std::unique_ptr<plugin::Host> plugins_;
  net::Timer meetings_timer_{loop_};
  net::Timer drain_timer_{loop_};
  TimePoint drain_deadline_ = kNever;
  bool livekit_drained_ = false;
  bool serving_ = false;
};

Result<std::unique_ptr<net::HttpServer>> Server::listen_http(const std::string& name,
                                                             const std::string& bind,
                                                             int64_t port) {
  net::HttpServerConfig config;
  config.bind_address = bind;
  config.port = static_cast<uint16_t>(port);
  config.name = name;
  config.max_connections = static_cast<size_t>(config_.number("http.max_connections"));
  if (name == kHttp) {
    config.door = http_door(config_, *certificates_);
    // Nobody is told of this port before the workers run.
    config.on_media = [this](net::MediaStreamKind kind, std::unique_ptr<net::ByteStream> stream,
                             Bytes received) {
      if (livekit_) livekit_->adopt(kind, std::move(stream), std::move(received));
    };
  }
  return net::HttpServer::listen(loop_, std::move(config));
}

std::vector<std::string> Server::http_addresses() const {
  const auto& theirs = config_.list("livekit.bind_addresses");
  if (config_.given("http.bind") || theirs.empty()) return {config_.text("http.bind")};
  // Both families at once.
  const bool all = std::find(theirs.begin(), theirs.end(), "::") != theirs.end();
  return all ? std::vector<std::string>{"::"} : theirs;
}

std::vector<std::string> Server::further_addresses() const {
  const auto all = http_addresses();
  return {all.begin() + 1, all.end()};
}

Status Server::start() {
  // Before the first thread: they inherit the blocked signals.
  loop_.on_termination_signal([this] { drain(); });
  if (config_.has_file()) {
    hangup_ = std::make_unique<HangupSignal>(loop_, [this] {
      if (live_) live_->read_file();
    });
  }

  auto certificates = Certificates::load(loop_, config_);
  if (!certificates) return std::unexpected(certificates.error());
  certificates_ = std::move(*certificates);
  auto http = listen_http(std::string(kHttp), http_address(), config_.number("http.port"));
  if (!http) return std::unexpected(http.error());
  http_ = std::move(*http);
  for (const std::string& more : further_addresses()) {
    if (Status status = http_->listen_also(more, http_->port()); !status) return status;
  }
  serve_web(*http_, meeting_url());
  if (config_.flag("admin.enabled")) {
    auto admin = listen_http("admin", config_.text("admin.bind"), config_.number("admin.port"));
    if (!admin) return std::unexpected(admin.error());
    admin_ = std::move(*admin);
    serve_admin(*admin_, [this] {
      Health health;
      health.meetings = livekit_ ? livekit_->capacity() : "none";
      health.ready = serving_ && drain_deadline_ == kNever;
      // Before the store is open nothing fails.
      if (const auto failure = im_ ? im_->failure() : std::nullopt) {
        health.store_failure = failure->message;
      }
      return health;
    });
  }
  if (const int64_t port = config_.number("livekit.prometheus.port"); port != 0) {
    auto metrics = listen_http("prometheus", "0.0.0.0", port);
    if (!metrics) return std::unexpected(metrics.error());
    prometheus_ = std::move(*metrics);
    serve_metrics(*prometheus_, config_.text("livekit.prometheus.username"),
                  config_.text("livekit.prometheus.password"));
  }

  make_plugin_host();
  auto im = ImStack::open(loop_, config_, data_,
                          [this](im::Bus& bus) { return plugins_->listen_on(bus); });
  if (!im) return std::unexpected(im.error());
  im_ = std::move(*im);
  for (const std::string& warning : im_->config().warnings()) {
    if (std::ranges::find(config_.warnings(), warning) == config_.warnings().end()) {
      log::warn("{}", warning);
    }
  }
  config_ = im_->config();
  log::set_level(log_level(config_));
  live_ = std::make_unique<LiveConfig>(config_, im_->configuration(),
                                       [this](const Config& config) { apply(config); });
  if (Status status = start_gateway(); !status) return status;
  if (config_.flag("turms.service.storage.enabled")) {
    auto storage = StorageStack::start(
        loop_, *http_, config_, data_, im_->domain(), im_->clock(), public_url(),
        [this](im::ObjectStore& own) -> im::ObjectStore& { return plugins_->objects(own); });
    if (!storage) return std::unexpected(storage.error());
    storage_ = std::move(*storage);
    gateway_->set_storage(storage_->storage());
  }
  auto keys = data_.livekit_keys(config_.map("livekit.keys"), config_.text("livekit.key_file"));
  if (!keys) return std::unexpected(keys.error());
  keys_ = livekit::ApiKeys(keys->begin(), keys->end());
  // Those of the configuration have been warned of.
  for (const auto& [key, secret] : keys_) {
    if (config_.map("livekit.keys").contains(key) || secret.size() >= kShortestSecret) continue;
    log::warn("the secret of API key {} is shorter than {} bytes, so it can be guessed", key,
              kShortestSecret);
  }
  if (Status status = check_settings(); !status) return status;
  if (Status status = start_livekit(); !status) return status;
  start_plugins();
  if (admin_) {
    ProcessControl process{.node = [this] { return node(); },
                           // Answers leave at the end of the turn.
                           .shut_down =
                               [this] {
                                 loop_.post([this] {
                                   if (drain_deadline_ == kNever) drain();
                                 });
                               }};
    admin_api_ = std::make_unique<AdminStack>(loop_, *admin_, config_, *im_, *meetings_, *gateway_,
                                              *plugins_, *live_, std::move(process));
  }
  spawn(finish_start());
  return {};
}

admin::NodeInfo Server::node() const {
  const auto at = [](const std::string& host, uint16_t port) {
    const auto address = net::Address::parse(host, port);
    return port == 0 || !address ? std::string() : address->to_string();
  };
  const auto listeners = gateway::listeners_table().read(config_);
  const std::string& identity = config_.text("turms.gateway.service-discovery.identity");
  return {.id = identity.empty() ? "turms" : identity,
          .version = TURMS_VERSION,
          .started = started_,
          .ready = serving_ && drain_deadline_ == kNever && !im_->failure(),
          .admin_address = at(config_.text("admin.bind"), admin_->port()),
          .websocket_address = at(listeners.websocket.host, gateway_->websocket_port()),
          .tcp_address = at(listeners.tcp.host, gateway_->tcp_port()),
          .http_address = at(http_address(), http_->port())};
}

Status Server::start_gateway() {
  gateway::Config config = gateway::settings_table().read(config_);
  config.node = static_cast<int>(config_.number("node.id"));
  config.door = http_door(config_, *certificates_);
  gateway_ = std::make_unique<gateway::Service>(loop_, config, im_->domain(), im_->bus());
  spawn(im_->domain().blocklist.load());
  asking_ = net::HttpClient::create(loop_);
  const auto authentication = gateway::authentication_table().read(config_);
  auto authenticator =
      gateway::make_authenticator(authentication, dev_, im_->domain().users, loop_, *asking_);
  if (!authenticator) return std::unexpected(authenticator.error());
  gateway_->set_authenticator(gateway::make_hooked_authenticator(
      im_->domain().users, plugins_->sign_in_hook(), std::move(*authenticator)));
  gateway_->set_request_hook(&plugins_->request_hook());
  auto oidc =
      gateway::check_oidc(gateway::oidc_table().read(config_), authentication,
                          config_.number("turms.gateway.session.token-lifetime-seconds") != 0);
  if (!oidc) return std::unexpected(oidc.error());
  if (*oidc) {
    gateway::OidcSignIn(loop_, *asking_, im_->domain().users, std::move(**oidc)).add_routes(*http_);
  } else {
    // The page asks in any case, and a 404 would stand in its console.
    http_->route("GET", "/auth/oidc", [](const net::HttpRequest&, net::HttpResponder responder) {
      responder.send(net::HttpResponse::json(200, "{}"));
    });
  }
  http_->route("GET", "/auth/demo",
               [dev = dev_](const net::HttpRequest&, net::HttpResponder responder) {
                 responder.send(net::HttpResponse::json(200, demo_accounts(dev)));
               });
  gateway_->websocket_route(*http_, "/turms");
  const auto listeners = gateway::listeners_table().read(config_);
  if (listeners.websocket.enabled) {
    if (Status status =
            gateway_->listen_websocket(listeners.websocket.host, listeners.websocket.port);
        !status)
      return status;
  }
  if (listeners.tcp.enabled) {
    if (Status status = gateway_->listen_tcp(listeners.tcp.host, listeners.tcp.port); !status)
      return status;
  }
  return {};
}

bool Server::uses_built_in_sfu() const {
  const auto& enabled = config_.list("plugins.enabled");
  return config_.flag("livekit.enabled") && config_.plugin_setting(kLiveKitPlugin, "url").empty() &&
         std::find(enabled.begin(), enabled.end(), kLiveKitPlugin) != enabled.end();
}

std::string Server::meeting_url() const {
  std::string is_public = config_.plugin_setting(kLiveKitPlugin, "public_url");
  return is_public.empty() ? config_.plugin_setting(kLiveKitPlugin, "url") : is_public;
}

const std::string& Server::webhook_key() const {
  const std::string& configured = config_.text("livekit.webhook.api_key");
  return configured.empty() ? keys_.begin()->first : configured;
}

Status Server::check_settings() const {
  if (!keys_.contains(webhook_key())) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("livekit.webhook.api_key: '{}' is none of livekit.keys", webhook_key()));
  }
  return {};
}

std::string Server::local_url() const {
  const auto address = net::Address::parse(http_address(), http_->port());
  const bool any = !address || address->is_unspecified();
  return any ? fmt::format("http://127.0.0.1:{}", http_->port()) : "http://" + address->to_string();
}

std::string Server::public_url() const {
  const auto& configured = config_.list("livekit.rtc.node_ip");
  const auto bound = net::Address::parse(http_address(), http_->port());
  if (configured.empty() || !bound || !bound->is_unspecified()) return local_url();
  const auto address = net::Address::parse(configured.front(), http_->port());
  const char* scheme = config_.text("http.tls.cert_file").empty() ? "http://" : "https://";
  return address ? scheme + address->to_string() : local_url();
}

Status Server::start_livekit() {
  if (!config_.flag("livekit.enabled")) {
    livekit_drained_ = true;
    return {};
  }
  auto configured = service_config(config_);
  if (!configured) return std::unexpected(configured.error());
  livekit::ServiceConfig config = *std::move(configured);
  config.keys = keys_;
  config.webhook.api_key = webhook_key();
  config.webhook.directory = (data_.path() / "webhooks").string();
  if (record::Settings settings = record::settings_table().read(config_); settings.enabled) {
    config.recording = std::move(settings.recorder);
    config.recording.directory =
        (data_.path() /
         (config.recording.directory.empty() ? "recordings" : config.recording.directory))
            .string();
  }
  if (uses_built_in_sfu()) config.webhook.urls.push_back(local_url() + "/plugins/livekit/webhook");

  auto engine = engine_config(config_);
  if (!engine) return std::unexpected(engine.error());
  find_external_address(config_, loop_, *engine);
  const auto doors = media_doors(config_, *certificates_);
  if (!doors) return std::unexpected(doors.error());

  engine->make_data_router = livekit::make_data_router;
  auto started = LiveKitStack::start(loop_, *http_, admin_.get(), std::move(config),
                                     std::move(*engine), *doors);
  if (!started) return std::unexpected(started.error());
  livekit_ = std::move(*started);
  return {};
}

Config::Map Server::plugin_settings(const std::string& name) const {
  Config::Map settings = config_.plugin_settings(name);
  if (name != kLiveKitPlugin) return settings;
  if (settings["url"].empty()) {
    settings["url"] = local_url();
    settings["api_key"] = webhook_key();
    settings["api_secret"] = keys_.find(webhook_key())->second;
  }
  return settings;
}

void Server::make_plugin_host() {
  plugin::HostConfig host;
  host.directory = plugin_directory(plugin::settings_table().read(config_).directory);
  host.settings = [this](const std::string& name) { return plugin_settings(name); };
  host.is_request = gateway::is_request;
  host.is_notification = gateway::is_notification;
  host.text_of_value = gateway::text_of_value;
  host.forget_subscription = [this](UserId user, std::string name, const std::string& text) {
    spawn(im::forget_push_setting(im_->domain().context(), user, std::move(name),
                                  gateway::value_of_text(text)));
  };
  plugins_ = std::make_unique<plugin::Host>(loop_, http_.get(), std::move(host));
}

void Server::start_plugins() {
  im::Domain& domain = im_->domain();
  meetings_ = std::make_unique<im::Meetings>(domain.context(), domain.messages, domain.delivery,
                                             plugins_->conference(), gateway::encode_meeting_record,
                                             meeting_settings());
  plugins_->set_conference_listener(*meetings_);
  domain.add_group_subscriber(*meetings_);
  domain.add_relationship_subscriber(*meetings_);
  domain.context().meeting_subscribers.push_back(meetings_.get());
  domain.context().send_hook = &plugins_->send_hook();
  domain.context().expiry_hook = &plugins_->expiry_hook();
  domain.context().push_hook = &plugins_->push_hook();
  gateway_->set_meetings(*meetings_);
  const auto enabled = plugin::settings_table().read(config_).enabled;
  if (!enabled.empty()) plugins_->load(enabled);
}

im::MeetingSettings Server::meeting_settings() const {
  im::MeetingSettings settings = im::meeting_table().read(config_);
  settings.media_url = meeting_url();
  // A meeting's limit is told to whoever holds it, and is that plugin's to say.
  if (const auto most =
          config::parse_integer(config_.plugin_setting(kLiveKitPlugin, "max_participants"))) {
    settings.max_participants_of_group_meeting = static_cast<int>(*most);
  }
  return settings;
}

void Server::apply(const Config& config) {
  config_ = config;
  log::set_level(log_level(config_));
  im_->domain().set_settings(im::settings_table().read(config_));
  gateway_->configure(gateway::settings_table().read(config_));
  if (meetings_) meetings_->set_settings(meeting_settings());
  if (storage_) storage_->storage().set_settings(im::storage_table().read(config_));
  plugins_->settings_changed();
}

void Server::tick_meetings() {
  meetings_->tick();
  spawn(im_->domain().messages.tidy());
  meetings_timer_.start(1s, [this] { tick_meetings(); });
}

Task<void> Server::finish_start() {
  if (config_.flag("turms.service.fake.enabled")) {
    im::SampleData sample(im_->domain().context());
    const auto users = static_cast<int>(config_.number("turms.service.fake.user-count"));
    const auto written = co_await sample.write(users);
    if (!written) log::error("data for development: {}", written.error().message);
    log::warn("turms.service.fake.enabled: anybody may sign in as users 1 to {}, password 123",
              users);
  } else if (dev_) {
    const auto seeded = co_await im_->domain().administration.seed_demo();
    if (!seeded) log::error("demo accounts: {}", seeded.error().message);
  }
  if (admin_api_) co_await admin_api_->make_first_account(dev_);
  co_await meetings_->resume();
  tick_meetings();
  serving_ = true;
  print_ready();
}

void Server::print_ready() {
  const auto udp = livekit_ ? livekit_->udp_ports() : std::vector<uint16_t>();
  fmt::print(
      "{{\"event\":\"ready\",\"http\":{},\"websocket\":{},\"tcp\":{},\"udp\":{},\"admin\":{}}}\n",
      http_->port(), gateway_->websocket_port(), gateway_->tcp_port(),
      udp.empty() ? 0 : udp.front(), admin_ ? admin_->port() : 0);
  std::fflush(stdout);
  if (!dev_) return;
  log::info(
      "open http://localhost:{}/ and sign in as 1 (alice), 2 (bob) or 3 (carol), password turms",
      http_->port());
}

void Server::drain() {
  if (drain_deadline_ != kNever) {
    log::warn("second signal: stopping without draining");
    std::fflush(nullptr);
    ::_exit(1);
  }
  log::info("draining");
  drain_deadline_ = loop_.now() + kDrainTimeout;
  gateway_->drain();
  meetings_timer_.cancel();
  // First: that its rooms end with this process must not reach the plugin now, since their meetings
  // go on after a restart. Afterwards it is told, and knows that rooms of before are meant.
  http_->drain();
  if (livekit_ != nullptr) {
    livekit_->drain(kLiveKitDrainTimeout, [this] { livekit_drained_ = true; });
  }
  if (admin_) admin_->drain();
  if (prometheus_) prometheus_->drain();
  stop_when_drained();
}

void Server::stop_when_drained() {
  if ((livekit_drained_ && gateway_->drained()) || loop_.now() >= drain_deadline_) {
    im_->domain().context().send_hook = nullptr;
    im_->domain().context().expiry_hook = nullptr;
    im_->domain().context().push_hook = nullptr;
    gateway_->set_request_hook(nullptr);
    if (storage_) storage_->close();
    im_->close();
    loop_.stop();
    return;
  }
  drain_timer_.start(10ms, [this] { stop_when_drained(); });
}

}  // namespace

Status serve(const Config& config, DataDirectory& data, bool dev) {
  if (Status status = data.lock(); !status) return status;
  for (const std::string& warning : config.warnings()) log::warn("{}", warning);
  Server server(config, data, dev);
  if (Status status = server.start(); !status) return status;
  server.run();
  return {};
}

}  // namespace turms::app
