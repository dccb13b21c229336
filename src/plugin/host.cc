#include "plugin/host.h"

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "base/task.h"
#include "plugin/host_hooks.h"
#include "plugin/listening_bus.h"
#include "plugin/loaded_plugin.h"
#include "plugin/plugin_list.h"
#include "plugin/plugin_objects.h"
#include "plugin/settings_table.h"

namespace turms::plugin {

namespace {

constexpr std::string_view kHttpPrefix = "/plugins/";

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
                    .allowed = member.allowed ? 1 : 0,
                    .tracks = member.tracks,
                    .data = member.data ? 1 : 0});
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

class Host::Impl final : public im::ConferenceProvider {
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
    while (!all().empty()) {
      if (!all().back()->stop()) {
        all().back()->abandon();
        // Its thread may come back to it whenever it likes: kept for as long as the process lives.
        static auto* const kAbandoned = new std::vector<std::unique_ptr<LoadedPlugin>>;
        kAbandoned->push_back(std::move(all().back()));
      }
      all().pop_back();
    }
  }

  void load(const std::vector<std::string>& names);
  Status load_file(const std::string& file);
  Status load_named(const std::string& name);
  Status start(LoadedPlugin& plugin);
  Status resume(LoadedPlugin& plugin);
  LoadedPlugin* find(std::string_view name) { return plugins_.find(name); }
  std::vector<PluginStatus> statuses() const;
  void settings_changed() {
    for (const auto& plugin : all()) plugin->take_settings();
  }
  void set_listener(im::ConferenceListener& listener) {
    listener_ = &listener;
    for (const auto& plugin : all()) plugin->set_listener(listener_);
  }

  Status unload(const std::string& name);

  HostHooks& hooks() { return hooks_; }
  im::ObjectStore& objects(im::ObjectStore& own) {
    objects_ = std::make_unique<PluginObjects>(plugins_, own);
    return *objects_;
  }

  bool available() const override { return provider() != nullptr; }
  im::Stored<im::None> create_meeting(im::Meeting meeting, int max_participants,
                                      uint64_t trace_id) override;
  im::Stored<im::None> cancel_meeting(MeetingId id) override;
  im::Stored<int64_t> count_active_meetings(UserId user) override;
  im::Stored<std::string> accept(im::Admission admission) override;
  im::Stored<std::vector<im::MeetingParticipant>> participants(MeetingId id) override;
  void tell_members(MeetingId id, std::vector<im::MeetingMember> members, bool complete) override;
  im::Stored<im::None> mute(MeetingId id, UserId user, im::meeting::Tracks tracks) override;

 private:
  LoadedPlugin* provider() const {
    for (const auto& plugin : plugins_.all()) {
      if (plugin->conference() != nullptr) return plugin.get();
    }
    return nullptr;
  }
  std::vector<std::unique_ptr<LoadedPlugin>>& all() { return plugins_.all(); }
  using Invoke = std::function<turms_status(const turms_conference&, void* self, turms_call)>;
  Task<Result<CallValue>> call(Invoke invoke);
  void serve(net::HttpRequest request, net::HttpResponder responder);

  net::Loop& loop_;
  net::HttpServer* server_;
  const HostConfig config_;
  im::ConferenceListener* listener_ = nullptr;
  PluginList plugins_;
  HostHooks hooks_{plugins_, config_};
  std::unique_ptr<PluginObjects> objects_;
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
  std::erase_if(all(),
                [&](const auto& one) { return !one->loaded() && one->status().file == file; });
  return load_file(file);
}

Status Host::Impl::load_file(const std::string& file) {
  if (all().size() >= kMaxPlugins) {
    return fail(ErrorCode::kResourceExhausted, "too many plugins");
  }
  auto plugin = std::make_unique<LoadedPlugin>(loop_, config_, file);
  plugin->set_listener(listener_);
  auto loaded = plugin->load();
  if (loaded && find(plugin->status().name) != nullptr) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("plugin {} is loaded already", plugin->status().name));
  }
  all().push_back(std::move(plugin));
  return loaded ? start(*all().back()) : loaded;
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
  std::erase_if(all(), [&](const auto& one) { return one.get() == plugin; });
  return {};
}

Status Host::Impl::start(LoadedPlugin& plugin) {
  if (plugin.running()) return {};
  Status started = plugin.start();
  if (started && listener_ != nullptr && provider() == &plugin) listener_->provider_started();
  return started;
}

std::vector<PluginStatus> Host::Impl::statuses() const {
  std::vector<PluginStatus> out;
  for (const auto& plugin : plugins_.all()) out.push_back(plugin->status());
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
  raw.tracks = admission.tracks;
  raw.data = admission.data ? 1 : 0;
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

im::Stored<im::None> Host::Impl::mute(MeetingId meeting, UserId user, im::meeting::Tracks tracks) {
  LoadedPlugin* plugin = provider();
  const turms_meeting_control* control = plugin == nullptr ? nullptr : plugin->control();
  if (control == nullptr) {
    co_return fail(ErrorCode::kFailedPrecondition, "the conference plugin mutes nobody");
  }
  auto result = co_await call([=](const turms_conference&, void* self, turms_call id) {
    return control->mute(self, id, meeting.value, user.value, tracks);
  });
  co_return take_nothing(std::move(result));
}

// --- Host ---

std::unique_ptr<im::Bus> Host::listen_on(im::Bus& bus) {
  return make_listening_bus(bus, std::shared_ptr<HostHooks>(impl_, &impl_->hooks()));
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

void Host::settings_changed() {
  impl_->settings_changed();
}

im::SendHook& Host::send_hook() {
  return impl_->hooks();
}
im::ExpiryHook& Host::expiry_hook() {
  return impl_->hooks();
}
im::PushHook& Host::push_hook() {
  return impl_->hooks();
}
im::SignInHook& Host::sign_in_hook() {
  return impl_->hooks();
}
im::RequestHook& Host::request_hook() {
  return impl_->hooks();
}
void Host::admin_action(const im::AuditEntry& entry) {
  impl_->hooks().admin_action(entry);
}
im::ObjectStore& Host::objects(im::ObjectStore& own) {
  return impl_->objects(own);
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
