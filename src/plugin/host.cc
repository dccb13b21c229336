#include "plugin/host.h"

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "base/task.h"
#include "plugin/loaded_plugin.h"
#include "plugin/settings_table.h"

namespace turms::plugin {

namespace {

constexpr std::string_view kHttpPrefix = "/plugins/";

const char* device_name(im::DeviceType type) {
  switch (type) {
    case im::DeviceType::kDesktop:
      return "DESKTOP";
    case im::DeviceType::kBrowser:
      return "BROWSER";
    case im::DeviceType::kIos:
      return "IOS";
    case im::DeviceType::kAndroid:
      return "ANDROID";
    case im::DeviceType::kOthers:
      return "OTHERS";
    case im::DeviceType::kUnknown:
      break;
  }
  return "UNKNOWN";
}

template <class T>
Result<T> take(Result<CallValue> result) {
  if (!result) return std::unexpected(std::move(result.error()));
  if (T* value = std::get_if<T>(&*result)) return std::move(*value);
  return fail(ErrorCode::kInternal, "the plugin completed with the wrong kind of answer");
}

void tell_state(const LoadedPlugin& plugin, MeetingId id,
                const std::vector<im::MeetingMember>& members, bool complete) {
  std::vector<turms_member> list;
  list.reserve(members.size() + 1);
  for (const im::MeetingMember& member : members) {
    list.push_back({.struct_size = sizeof(turms_member),
                    .user_id = member.user_id.value,
                    .role = static_cast<turms_role>(member.role),
                    .muted = member.muted ? 1 : 0,
                    .allowed = member.allowed ? 1 : 0});
  }
  const size_t count = list.size();
  list.push_back({.struct_size = sizeof(turms_member)});  // so that there is one to point at
  plugin.membership()->members(plugin.self(), id.value, list.data(), count, complete ? 1 : 0);
}

/// To a plugin of the time before states.
void tell_changes(const LoadedPlugin& plugin, MeetingId id,
                  const std::vector<im::MeetingMember>& members) {
  const turms_conference& table = *plugin.conference();
  for (const im::MeetingMember& member : members) {
    const int64_t user = member.user_id.value;
    if (!member.allowed) {
      table.member_removed(plugin.self(), id.value, user);
      continue;
    }
    table.member_role_changed(plugin.self(), id.value, user, static_cast<turms_role>(member.role));
    table.member_muted(plugin.self(), id.value, user, member.muted ? 1 : 0);
  }
}

Result<im::None> take_nothing(Result<CallValue> result) {
  if (!result) return std::unexpected(std::move(result.error()));
  return im::None();
}

}  // namespace

class Host::Impl final : public im::ConferenceProvider, public im::SendHook {
 public:
  Impl(net::Loop& loop, net::HttpServer* server, HostConfig config)
      : loop_(loop), server_(server), config_(std::move(config)) {
    if (server_ == nullptr) return;
    net::RouteOptions options;
    options.max_body_bytes = config_.max_http_body;
    server_->route_prefix(
        "*", std::string(kHttpPrefix),
        [this](net::HttpRequest request, net::HttpResponder responder) {
          serve(std::move(request), std::move(responder));
        },
        options);
  }
  ~Impl() override {
    if (server_ != nullptr) server_->remove_route(std::string(kHttpPrefix));
    while (!plugins_.empty()) {
      if (!plugins_.back()->stop()) {
        plugins_.back()->abandon();
        // Its thread may come back to it whenever it likes: kept for as long as the process lives.
        static auto* const kAbandoned = new std::vector<std::unique_ptr<LoadedPlugin>>;
        kAbandoned->push_back(std::move(plugins_.back()));
      }
      plugins_.pop_back();
    }
  }

  void load(const std::vector<std::string>& names);
  Status load_file(const std::string& file);
  Status load_named(const std::string& name);
  Status start(LoadedPlugin& plugin);
  Status resume(LoadedPlugin& plugin);
  LoadedPlugin* find(std::string_view name);
  std::vector<PluginStatus> statuses() const;
  void set_listener(im::ConferenceListener& listener) {
    listener_ = &listener;
    for (const auto& plugin : plugins_) plugin->set_listener(listener_);
  }

  Status unload(const std::string& name);

  bool active() const override;
  Task<im::Outcome<std::optional<std::string>>> before_send(im::Draft draft) override;
  void online_status_changed(const im::Caller& session, bool online);
  [[nodiscard]] bool wants_notifications() const;
  void notified(std::vector<int64_t> recipients, std::vector<int64_t> offline, im::Payload payload);

  bool available() const override { return provider() != nullptr; }
  im::Stored<im::None> create_meeting(im::Meeting meeting, int max_participants,
                                      uint64_t trace_id) override;
  im::Stored<im::None> cancel_meeting(MeetingId id) override;
  im::Stored<int64_t> count_active_meetings(UserId user) override;
  im::Stored<std::string> accept(im::Admission admission) override;
  im::Stored<std::vector<im::MeetingParticipant>> participants(MeetingId id) override;
  void tell_members(MeetingId id, std::vector<im::MeetingMember> members, bool complete) override;

 private:
  LoadedPlugin* provider() const {
    for (const auto& plugin : plugins_) {
      if (plugin->conference() != nullptr) return plugin.get();
    }
    return nullptr;
  }
  using Invoke = std::function<turms_status(const turms_conference&, void* self, turms_call)>;
  Task<Result<CallValue>> call(Invoke invoke);
  void serve(net::HttpRequest request, net::HttpResponder responder);

  net::Loop& loop_;
  net::HttpServer* server_;
  const HostConfig config_;
  im::ConferenceListener* listener_ = nullptr;
  std::vector<std::unique_ptr<LoadedPlugin>> plugins_;
};

// --- loading ---

void Host::Impl::load(const std::vector<std::string>& names) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  if (names.empty()) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(config_.directory, ignored)) {
      if (entry.path().extension() == ".so") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
  }
  for (const std::string& name : names) files.push_back(plugin_file(config_.directory, name));
  for (const std::string& file : files) (void)load_file(file);
}

Status Host::Impl::load_named(const std::string& name) {
  // Nobody who may only administer names other files.
  const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  if (!plain) return fail(ErrorCode::kInvalidArgument, "no name of a plugin: " + name);
  const std::string file = plugin_file(config_.directory, name);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("plugin {} is not in {}", name, config_.directory));
  }
  // One that could not be loaded makes room for another try.
  std::erase_if(plugins_,
                [&](const auto& one) { return !one->loaded() && one->status().file == file; });
  return load_file(file);
}

Status Host::Impl::load_file(const std::string& file) {
  if (plugins_.size() >= kMaxPlugins) {
    return fail(ErrorCode::kResourceExhausted, "too many plugins");
  }
  auto plugin = std::make_unique<LoadedPlugin>(loop_, config_, file);
  plugin->set_listener(listener_);
  auto loaded = plugin->load();
  if (loaded && find(plugin->status().name) != nullptr) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("plugin {} is loaded already", plugin->status().name));
  }
  plugins_.push_back(std::move(plugin));
  return loaded ? start(*plugins_.back()) : loaded;
}

Status Host::Impl::resume(LoadedPlugin& plugin) {
  const bool was_paused = plugin.status().state == PluginState::kPaused;
  Status resumed = plugin.resume();
  if (resumed && was_paused && listener_ != nullptr && provider() == &plugin) {
    listener_->provider_started();
  }
  return resumed;
}

Status Host::Impl::unload(const std::string& name) {
  LoadedPlugin* plugin = find(name);
  if (plugin == nullptr) return fail(ErrorCode::kNotFound, "no such plugin: " + name);
  if (!plugin->stop()) return fail(ErrorCode::kFailedPrecondition, plugin->status().error);
  std::erase_if(plugins_, [&](const auto& one) { return one.get() == plugin; });
  return {};
}

Status Host::Impl::start(LoadedPlugin& plugin) {
  if (plugin.running()) return {};
  Status started = plugin.start();
  if (started && listener_ != nullptr && provider() == &plugin) listener_->provider_started();
  return started;
}

LoadedPlugin* Host::Impl::find(std::string_view name) {
  for (const auto& plugin : plugins_) {
    if (plugin->loaded() && plugin->status().name == name) return plugin.get();
  }
  return nullptr;
}

std::vector<PluginStatus> Host::Impl::statuses() const {
  std::vector<PluginStatus> out;
  for (const auto& plugin : plugins_) out.push_back(plugin->status());
  return out;
}

void Host::Impl::serve(net::HttpRequest request, net::HttpResponder responder) {
  const std::string rest = request.path.substr(kHttpPrefix.size());
  const size_t slash = rest.find('/');
  LoadedPlugin* plugin = slash == std::string::npos ? nullptr : find(rest.substr(0, slash));
  if (plugin == nullptr) return responder.send(net::HttpResponse::text(404, "no such plugin\n"));
  plugin->serve(std::move(request), rest.substr(slash), std::move(responder));
}

// --- conference ---

Task<Result<CallValue>> Host::Impl::call(Invoke invoke) {
  LoadedPlugin* plugin = provider();
  if (plugin == nullptr) co_return fail(ErrorCode::kUnavailable, "no conference plugin runs");
  Completion<Result<CallValue>> done;
  plugin->call(done.setter(),
               [&](turms_call id) { return invoke(*plugin->conference(), plugin->self(), id); });
  co_return co_await done;
}

im::Stored<im::None> Host::Impl::create_meeting(im::Meeting meeting, int max_participants,
                                                uint64_t trace_id) {
  turms_meeting raw{};
  raw.struct_size = sizeof raw;
  raw.id = meeting.id.value;
  raw.creator_id = meeting.creator_id.value;
  raw.group_id = meeting.group_id ? meeting.group_id->value : 0;
  raw.user_id = meeting.user_id ? meeting.user_id->value : 0;
  raw.name = meeting.name.c_str();
  raw.start_date = meeting.start_date.unix_ms;
  raw.max_participants = max_participants;
  raw.trace_id = trace_id;
  auto result = co_await call([&](const turms_conference& table, void* self, turms_call id) {
    return table.create_meeting(self, id, &raw);
  });
  co_return take_nothing(std::move(result));
}

im::Stored<im::None> Host::Impl::cancel_meeting(MeetingId meeting) {
  auto result = co_await call([=](const turms_conference& table, void* self, turms_call id) {
    return table.cancel_meeting(self, id, meeting.value);
  });
  co_return take_nothing(std::move(result));
}

im::Stored<int64_t> Host::Impl::count_active_meetings(UserId user) {
  auto result = co_await call([=](const turms_conference& table, void* self, turms_call id) {
    return table.count_active_meetings(self, id, user.value);
  });
  co_return take<int64_t>(std::move(result));
}

im::Stored<std::string> Host::Impl::accept(im::Admission admission) {
  turms_admission raw{};
  raw.struct_size = sizeof raw;
  raw.meeting_id = admission.meeting_id.value;
  raw.user_id = admission.user_id.value;
  raw.user_name = admission.user_name.c_str();
  raw.device = device_name(admission.device_type);
  raw.role = static_cast<turms_role>(admission.role);
  raw.muted = admission.muted ? 1 : 0;
  raw.trace_id = admission.trace_id;
  auto result = co_await call([&](const turms_conference& table, void* self, turms_call id) {
    return table.accept(self, id, &raw);
  });
  co_return take<std::string>(std::move(result));
}

im::Stored<std::vector<im::MeetingParticipant>> Host::Impl::participants(MeetingId meeting) {
  auto result = co_await call([=](const turms_conference& table, void* self, turms_call id) {
    return table.list_participants(self, id, meeting.value);
  });
  co_return take<std::vector<im::MeetingParticipant>>(std::move(result));
}

void Host::Impl::tell_members(MeetingId id, std::vector<im::MeetingMember> members, bool complete) {
  LoadedPlugin* plugin = provider();
  if (plugin == nullptr) return;
  try {
    if (plugin->membership() != nullptr) {
      tell_state(*plugin, id, members, complete);
    } else {
      tell_changes(*plugin, id, members);
    }
  } catch (...) {
    log::error("plugin {}: threw out of a call", plugin->status().name);
  }
}

// --- hooks ---

bool Host::Impl::active() const {
  return std::any_of(plugins_.begin(), plugins_.end(),
                     [](const auto& plugin) { return plugin->hooks().messages != nullptr; });
}

Task<im::Outcome<std::optional<std::string>>> Host::Impl::before_send(im::Draft first) {
  const auto draft = std::make_shared<im::Draft>(std::move(first));
  std::optional<std::string> changed;
  // By name: one may be unloaded while another is asked.
  std::vector<std::string> names;
  for (const auto& plugin : plugins_) {
    if (plugin->hooks().messages != nullptr) names.push_back(plugin->status().name);
  }
  for (const std::string& name : names) {
    LoadedPlugin* plugin = find(name);
    if (plugin == nullptr || plugin->hooks().messages == nullptr) continue;
    const bool refuse = plugin->policy().refuse;
    // A copy for each: a plugin that is late still reads its own.
    const auto asked = std::make_shared<const im::Draft>(*draft);
    Completion<Result<Decision>> done;
    plugin->ask(
        [table = plugin->hooks().messages, self = plugin->self(), asked](turms_call id,
                                                                         turms_decision* decision) {
          return table->before_send(self, id, &RawMessage(*asked).get(), decision);
        },
        done.setter());
    Result<Decision> decision = co_await done;
    if (!decision) {
      if (refuse) co_return im::refuse(im::Code::kUnavailable, "a plugin did not answer");
      continue;
    }
    if (decision->verdict == TURMS_REJECT) {
      const auto code =
          decision->code == 0 ? im::Code::kSendIllegal : static_cast<im::Code>(decision->code);
      co_return im::refuse(code, std::move(decision->reason));
    }
    if (decision->verdict == TURMS_CHANGE) {
      changed = decision->text;
      draft->text = std::move(decision->text);
    }
  }
  co_return changed;
}

void Host::Impl::online_status_changed(const im::Caller& session, bool online) {
  for (const auto& plugin : plugins_) {
    const turms_users* table = plugin->hooks().users;
    if (table == nullptr) continue;
    plugin->tell([table, self = plugin->self(), session, online] {
      turms_online_status raw{};
      raw.struct_size = sizeof raw;
      raw.user_id = session.user_id.value;
      raw.device = device_name(session.device_type);
      raw.online = online ? 1 : 0;
      table->online_status_changed(self, &raw);
    });
  }
}

bool Host::Impl::wants_notifications() const {
  return std::any_of(plugins_.begin(), plugins_.end(),
                     [](const auto& plugin) { return plugin->hooks().notifications != nullptr; });
}

void Host::Impl::notified(std::vector<int64_t> recipients, std::vector<int64_t> offline,
                          im::Payload payload) {
  struct Told {
    std::vector<int64_t> recipients;
    std::vector<int64_t> offline;
    im::Payload payload;
  };
  const auto told = std::make_shared<const Told>(
      Told{std::move(recipients), std::move(offline), std::move(payload)});
  for (const auto& plugin : plugins_) {
    const turms_notifications* table = plugin->hooks().notifications;
    if (table == nullptr) continue;
    plugin->tell([table, self = plugin->self(), told] {
      turms_notification raw{};
      raw.struct_size = sizeof raw;
      raw.recipients = told->recipients.data();
      raw.recipient_count = told->recipients.size();
      raw.offline = told->offline.data();
      raw.offline_count = told->offline.size();
      raw.payload = {reinterpret_cast<const uint8_t*>(told->payload->data()),
                     told->payload->size()};
      table->notified(self, &raw);
    });
  }
}

/// A bus as it is, and plugins hear of what passes.
class Host::ListeningBus final : public im::Bus {
 public:
  ListeningBus(im::Bus& bus, std::weak_ptr<Impl> plugins)
      : bus_(bus), plugins_(std::move(plugins)) {}

  void subscribe(im::BusSubscriber& subscriber) override { bus_.subscribe(subscriber); }
  void publish(const im::Envelope& envelope) override {
    bus_.publish(envelope);
    const auto plugins = plugins_.lock();
    if (plugins && plugins->wants_notifications() && envelope.recipients) spawn(tell(envelope));
  }
  void publish(const im::DisconnectOrder& order) override { bus_.publish(order); }
  void signed_in(const im::Caller& session, im::UserStatus status) override {
    bus_.signed_in(session, status);
    if (const auto plugins = plugins_.lock()) plugins->online_status_changed(session, true);
  }
  void signed_out(const im::Caller& session) override {
    bus_.signed_out(session);
    if (const auto plugins = plugins_.lock()) plugins->online_status_changed(session, false);
  }
  void set_status(UserId user, im::UserStatus status) override { bus_.set_status(user, status); }
  im::Stored<std::vector<im::Presence>> presence(std::vector<UserId> users) override {
    return bus_.presence(std::move(users));
  }

 private:
  Task<void> tell(im::Envelope envelope) {
    const std::vector<UserId>& users = *envelope.recipients;
    auto presences = co_await bus_.presence(users);
    std::vector<int64_t> recipients;
    std::vector<int64_t> offline;
    for (size_t i = 0; i < users.size(); ++i) {
      recipients.push_back(users[i].value);
      const bool gone = presences && (*presences)[i].device_types.empty();
      if (gone) offline.push_back(users[i].value);
    }
    const auto plugins = plugins_.lock();
    if (plugins) plugins->notified(std::move(recipients), std::move(offline), envelope.payload);
  }

  im::Bus& bus_;
  /// The host may be gone first.
  std::weak_ptr<Impl> plugins_;
};

// --- Host ---

std::unique_ptr<im::Bus> Host::listen_on(im::Bus& bus) {
  return std::make_unique<ListeningBus>(bus, impl_);
}

Host::Host(net::Loop& loop, net::HttpServer* server, HostConfig config)
    : impl_(std::make_shared<Impl>(loop, server, std::move(config))) {}
Host::~Host() = default;

void Host::load(const std::vector<std::string>& names) {
  impl_->load(names);
}
Status Host::load_file(const std::string& file) {
  return impl_->load_file(file);
}

Status Host::load_named(const std::string& name) {
  return impl_->load_named(name);
}

Status Host::start(const std::string& name) {
  LoadedPlugin* plugin = impl_->find(name);
  if (plugin == nullptr) return fail(ErrorCode::kNotFound, "no such plugin: " + name);
  return impl_->start(*plugin);
}

Status Host::stop(const std::string& name) {
  LoadedPlugin* plugin = impl_->find(name);
  if (plugin == nullptr) return fail(ErrorCode::kNotFound, "no such plugin: " + name);
  if (!plugin->stop()) return fail(ErrorCode::kFailedPrecondition, plugin->status().error);
  return {};
}

Status Host::pause(const std::string& name) {
  LoadedPlugin* plugin = impl_->find(name);
  if (plugin == nullptr) return fail(ErrorCode::kNotFound, "no such plugin: " + name);
  return plugin->pause("");
}

Status Host::resume(const std::string& name) {
  LoadedPlugin* plugin = impl_->find(name);
  if (plugin == nullptr) return fail(ErrorCode::kNotFound, "no such plugin: " + name);
  return impl_->resume(*plugin);
}

Status Host::unload(const std::string& name) {
  return impl_->unload(name);
}

im::SendHook& Host::send_hook() {
  return *impl_;
}

std::vector<PluginStatus> Host::statuses() const {
  return impl_->statuses();
}
im::ConferenceProvider& Host::conference() {
  return *impl_;
}
void Host::set_conference_listener(im::ConferenceListener& listener) {
  impl_->set_listener(listener);
}

}  // namespace turms::plugin
