#include "plugin/loaded_plugin.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "plugin/services.h"

namespace turms::plugin {

namespace {

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool is_complete(const turms_conference& c) {
  return c.create_meeting != nullptr && c.cancel_meeting != nullptr &&
         c.count_active_meetings != nullptr && c.accept != nullptr &&
         c.list_participants != nullptr;
}

bool hears_changes(const turms_conference& c) {
  return c.member_removed != nullptr && c.member_muted != nullptr &&
         c.member_role_changed != nullptr;
}

/// What every table begins with.
struct TableHead {
  uint32_t abi_version;
  size_t struct_size;
};

}  // namespace

LoadedPlugin::LoadedPlugin(net::Loop& loop, const HostConfig& config, std::string file)
    : loop_(loop), config_(config), services_(make_services()) {
  status_.name = std::filesystem::path(file).stem();
  status_.file = std::move(file);
}

LoadedPlugin::~LoadedPlugin() {
  TURMS_CHECK(stop());  // else it is abandoned
  alive_.reset();
  if (library_ != nullptr) dlclose(library_);
}

void LoadedPlugin::abandon() {
  // Its thread holds on for as long as it takes to post something.
  while (alive_.use_count() > 1) std::this_thread::yield();
  alive_.reset();
}

Status LoadedPlugin::failed(ErrorCode code, std::string why) {
  status_.state = PluginState::kFailed;
  status_.error = why;
  log::error("plugin {}: {}", status_.name, why);
  return fail(code, std::move(why));
}

Status LoadedPlugin::load() {
  library_ = dlopen(status_.file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) {
    const char* why = dlerror();
    return failed(ErrorCode::kInvalidArgument, why != nullptr ? why : "cannot be loaded");
  }
  auto entry = reinterpret_cast<turms_plugin_entry_function>(dlsym(library_, TURMS_PLUGIN_ENTRY));
  if (entry == nullptr) {
    return failed(ErrorCode::kInvalidArgument, "exports no " TURMS_PLUGIN_ENTRY);
  }
  try {
    table_ = entry(&services_);
  } catch (...) {
    table_ = nullptr;
  }
  auto good = check_table();
  if (!good) table_ = nullptr;
  return good;
}

Status LoadedPlugin::check_table() {
  if (table_ == nullptr) return failed(ErrorCode::kInvalidArgument, "declined to be loaded");
  if (table_->abi_version != TURMS_PLUGIN_ABI_VERSION) {
    return failed(ErrorCode::kInvalidArgument,
                  fmt::format("was built for ABI version {}, this is {}", table_->abi_version,
                              TURMS_PLUGIN_ABI_VERSION));
  }
  if (table_->struct_size < TURMS_PLUGIN_MINIMUM || table_->start == nullptr ||
      table_->stop == nullptr) {
    return failed(ErrorCode::kInvalidArgument, "its plugin table is too short");
  }
  if (table_->name == nullptr || !is_name(table_->name)) {
    return failed(ErrorCode::kInvalidArgument, "its name is not made of a-z, 0-9 and -");
  }
  status_.name = table_->name;
  status_.version = table_->version == nullptr ? "" : table_->version;
  find_hooks();
  if (!TURMS_HAS(table_, conference)) return {};
  return check_conference();
}

Status LoadedPlugin::check_conference() {
  const turms_conference& conference = *table_->conference;
  membership_ = static_cast<const turms_membership*>(
      capability(TURMS_MEMBERSHIP, TURMS_SIZE_WITH(turms_membership, members)));
  if (membership_ != nullptr && membership_->members == nullptr) membership_ = nullptr;
  control_ = static_cast<const turms_meeting_control*>(
      capability(TURMS_MEETING_CONTROL, TURMS_SIZE_WITH(turms_meeting_control, mute)));
  if (control_ != nullptr && control_->mute == nullptr) control_ = nullptr;
  if (conference.abi_version != TURMS_PLUGIN_ABI_VERSION ||
      conference.struct_size < TURMS_CONFERENCE_MINIMUM || !is_complete(conference) ||
      (membership_ == nullptr && !hears_changes(conference))) {
    return failed(ErrorCode::kInvalidArgument, "its conference table is too short");
  }
  status_.conference = true;
  return {};
}

const void* LoadedPlugin::capability(const char* name, size_t minimum) const {
  if (!TURMS_HAS(table_, capability)) return nullptr;
  const void* found = nullptr;
  try {
    found = table_->capability(name);
  } catch (...) {
    log::error("plugin {}: threw out of a call", status_.name);
  }
  if (found == nullptr) return nullptr;
  const auto* head = static_cast<const TableHead*>(found);
  if (head->abi_version == TURMS_PLUGIN_ABI_VERSION && head->struct_size >= minimum) return found;
  log::error("plugin {}: its table {} is too short", status_.name, name);
  return nullptr;
}

Status LoadedPlugin::start() {
  if (table_ == nullptr) return fail(ErrorCode::kFailedPrecondition, status_.error);
  if (running()) return {};
  if (status_.state == PluginState::kStuck) {
    return fail(ErrorCode::kFailedPrecondition, status_.error);
  }
  const Settings settings = configured();
  settings_.clear();
  texts_.clear();
  keep_settings(settings);
  read_policy(settings);
  char why[256] = "";
  void* self = nullptr;
  ++run_;
  turms_status status = TURMS_ERROR_INTERNAL;
  try {
    status = table_->start(&services_, &self, why, sizeof why);
  } catch (...) {
    // It broke the contract, which is no reason to break with it.
  }
  why[sizeof why - 1] = '\0';
  if (status != TURMS_OK) {
    ++run_;
    return failed(ErrorCode::kFailedPrecondition,
                  fmt::format("did not start: {}", why[0] != '\0' ? why : describe(status)));
  }
  self_ = self;
  status_.state = PluginState::kRunning;
  status_.error.clear();
  failures_ = 0;
  ask_for_wishes();
  if (hooks_.any()) thread_ = std::make_unique<CallThread>();
  log::info("plugin {} {} runs", status_.name, status_.version);
  return {};
}

bool LoadedPlugin::stop() {
  if (!running()) return status_.state != PluginState::kStuck;
  status_.state = PluginState::kStopped;
  ++run_;
  http_handler_ = nullptr;
  for (const auto& [id, timer] : timers_) loop_.cancel(timer);
  timers_.clear();
  if (thread_ == nullptr || thread_->end(kPatience)) {
    thread_.reset();
    try {
      table_->stop(self_);
    } catch (...) {
      log::error("plugin {}: threw while it stopped", status_.name);
    }
    self_ = nullptr;
  } else {
    status_.state = PluginState::kStuck;
    status_.error = "does not come back from a call, so it cannot be stopped";
    log::error("plugin {}: {}", status_.name, status_.error);
  }
  while (!calls_.empty()) {
    finish_call(calls_.begin()->first, fail(ErrorCode::kUnavailable, "the plugin was stopped"));
  }
  while (!http_calls_.empty()) {
    finish_http(http_calls_.begin()->first, net::HttpResponse::text(503, "plugin stopped\n"));
  }
  if (status_.state == PluginState::kStuck) return false;
  log::info("plugin {} stopped", status_.name);
  return true;
}

Status LoadedPlugin::pause(std::string why) {
  if (!running()) return fail(ErrorCode::kFailedPrecondition, "it does not run");
  status_.state = PluginState::kPaused;
  status_.error = std::move(why);
  return {};
}

Status LoadedPlugin::resume() {
  if (!running()) return fail(ErrorCode::kFailedPrecondition, "it does not run");
  status_.state = PluginState::kRunning;
  status_.error.clear();
  failures_ = 0;
  return {};
}

turms_call LoadedPlugin::add_call(CallHandler handler, Duration deadline) {
  const turms_call id = ++next_call_;
  Call& call = calls_[id];
  call.handler = std::move(handler);
  call.deadline = loop_.after(deadline, [this, id] {
    log::warn("plugin {}: a call was not completed in time", status_.name);
    finish_call(id, fail(ErrorCode::kDeadlineExceeded, "the plugin did not answer in time"));
  });
  return id;
}

void LoadedPlugin::call(CallHandler handler,
                        const std::function<turms_status(turms_call)>& invoke) {
  if (calls_.size() >= Host::kMaxCalls) {
    return handler(fail(ErrorCode::kResourceExhausted, "too many calls under way"));
  }
  const turms_call id = add_call(std::move(handler), config_.call_deadline);
  turms_status status = TURMS_ERROR_INTERNAL;
  try {
    status = invoke(id);
  } catch (...) {
    log::error("plugin {}: threw out of a call", status_.name);
  }
  if (status != TURMS_OK) finish_call(id, fail(error_code(status), describe(status)));
}

void LoadedPlugin::finish_call(turms_call id, Result<CallValue> result) {
  const auto it = calls_.find(id);
  if (it == calls_.end()) return;  // late, or twice
  CallHandler handler = std::move(it->second.handler);
  loop_.cancel(it->second.deadline);
  calls_.erase(it);
  handler(std::move(result));
}

void LoadedPlugin::serve(net::HttpRequest request, const std::string& path,
                         net::HttpResponder responder) {
  if (!serving() || http_handler_ == nullptr) {
    return responder.send(net::HttpResponse::text(404, "no such plugin\n"));
  }
  if (path.find('\0') != std::string::npos) {
    return responder.send(net::HttpResponse::text(400, "bad path\n"));
  }
  if (http_calls_.size() >= Host::kMaxCalls) {
    return responder.send(net::HttpResponse::text(503, "busy\n"));
  }
  const turms_call id = ++next_call_;
  const auto deadline = loop_.after(config_.call_deadline, [this, id] {
    finish_http(id, net::HttpResponse::text(504, "plugin did not answer\n"));
  });
  http_calls_.emplace(id, HttpCall{std::move(responder), deadline});

  std::vector<turms_http_header> headers;
  headers.reserve(request.headers.size());
  for (const auto& [name, value] : request.headers) {
    headers.push_back({name.c_str(), value.c_str()});
  }
  const size_t question = request.target.find('?');
  const std::string query =
      question == std::string::npos ? std::string() : request.target.substr(question + 1);
  turms_http_request raw{};
  raw.struct_size = sizeof raw;
  raw.method = request.method.c_str();
  raw.path = path.c_str();
  raw.query = query.c_str();
  raw.headers = headers.data();
  raw.header_count = headers.size();
  raw.body = reinterpret_cast<const uint8_t*>(request.body.data());
  raw.body_size = request.body.size();
  try {
    http_handler_(http_data_, id, &raw);
  } catch (...) {
    finish_http(id, net::HttpResponse::text(500, "plugin failed\n"));
  }
}

void LoadedPlugin::finish_http(turms_call id, net::HttpResponse response) {
  const auto it = http_calls_.find(id);
  if (it == http_calls_.end()) return;
  net::HttpResponder responder = std::move(it->second.responder);
  loop_.cancel(it->second.deadline);
  http_calls_.erase(it);
  responder.send(std::move(response));
}

bool LoadedPlugin::post(std::function<void()> function) {
  if (posted_.fetch_add(1) >= kMaxPosted) {
    posted_.fetch_sub(1);
    return false;
  }
  loop_.post([this, alive = std::weak_ptr<int>(alive_), run = run_.load(),
              function = std::move(function)] {
    if (alive.expired()) return;
    posted_.fetch_sub(1);
    if (run == run_.load() && running()) function();
  });
  return true;
}

}  // namespace turms::plugin
