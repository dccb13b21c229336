#include "plugin/services.h"

#include <cstddef>
#include <optional>

#include "base/log.h"
#include "plugin/loaded_plugin.h"

namespace turms::plugin {

ErrorCode error_code(turms_status status) {
  switch (status) {
    case TURMS_ERROR_INVALID_ARGUMENT:
      return ErrorCode::kInvalidArgument;
    case TURMS_ERROR_NOT_FOUND:
      return ErrorCode::kNotFound;
    case TURMS_ERROR_PERMISSION_DENIED:
      return ErrorCode::kPermissionDenied;
    case TURMS_ERROR_RESOURCE_EXHAUSTED:
      return ErrorCode::kResourceExhausted;
    case TURMS_ERROR_UNAVAILABLE:
      return ErrorCode::kUnavailable;
    case TURMS_ERROR_DEADLINE_EXCEEDED:
      return ErrorCode::kDeadlineExceeded;
    case TURMS_ERROR_UNSUPPORTED:
      return ErrorCode::kFailedPrecondition;
    default:
      return ErrorCode::kInternal;
  }
}

const char* describe(turms_status status) {
  switch (status) {
    case TURMS_OK:
      return "no error";
    case TURMS_ERROR_INVALID_ARGUMENT:
      return "invalid argument";
    case TURMS_ERROR_NOT_FOUND:
      return "not found";
    case TURMS_ERROR_PERMISSION_DENIED:
      return "permission denied";
    case TURMS_ERROR_RESOURCE_EXHAUSTED:
      return "resource exhausted";
    case TURMS_ERROR_UNAVAILABLE:
      return "unavailable";
    case TURMS_ERROR_DEADLINE_EXCEEDED:
      return "deadline exceeded";
    case TURMS_ERROR_UNSUPPORTED:
      return "unsupported";
    default:
      return "internal error";
  }
}

/// Any thread may be in any of these, unless the interface says otherwise.
struct LoadedPlugin::Services {
  static LoadedPlugin& of(void* context) { return *static_cast<LoadedPlugin*>(context); }

  static void log(void* context, turms_log_level level, const char* message) {
    if (message == nullptr) return;
    const std::string& name = of(context).status_.name;
    switch (level) {
      case TURMS_LOG_DEBUG:
        return log::debug("plugin {}: {}", name, message);
      case TURMS_LOG_INFO:
        return log::info("plugin {}: {}", name, message);
      case TURMS_LOG_WARN:
        return log::warn("plugin {}: {}", name, message);
      case TURMS_LOG_ERROR:
        return log::error("plugin {}: {}", name, message);
    }
  }

  static const char* config(void* context, const char* key) {
    LoadedPlugin& plugin = of(context);
    const std::lock_guard lock(plugin.settings_mutex_);
    const auto it = key == nullptr ? plugin.settings_.end() : plugin.settings_.find(key);
    return it == plugin.settings_.end() ? nullptr : it->second->c_str();
  }

  static uint64_t start_timer(void* context, uint64_t delay_ms, turms_callback callback,
                              void* plugin_data) {
    LoadedPlugin& plugin = of(context);
    constexpr uint64_t kLongest = uint64_t{365} * 24 * 3600 * 1000;
    if (callback == nullptr || delay_ms > kLongest) return 0;
    const uint64_t id = ++plugin.next_timer_;
    auto begin = [&plugin, id, delay_ms, callback, plugin_data] {
      if (plugin.timers_.size() >= Host::kMaxTimers) {
        return log::error("plugin {}: too many timers", plugin.status_.name);
      }
      plugin.timers_[id] = plugin.loop_.after(std::chrono::milliseconds(delay_ms),
                                              [&plugin, id, callback, plugin_data] {
                                                if (plugin.timers_.erase(id) > 0)
                                                  callback(plugin_data);
                                              });
    };
    if (plugin.loop_.on_loop_thread()) {
      if (plugin.timers_.size() >= Host::kMaxTimers) return 0;
      begin();
      return id;
    }
    return plugin.post(begin) ? id : 0;
  }

  static void cancel_timer(void* context, uint64_t timer) {
    LoadedPlugin& plugin = of(context);
    auto cancel = [&plugin, timer] {
      const auto it = plugin.timers_.find(timer);
      if (it == plugin.timers_.end()) return;
      plugin.loop_.cancel(it->second);
      plugin.timers_.erase(it);
    };
    if (plugin.loop_.on_loop_thread()) {
      cancel();
    } else {
      plugin.post(cancel);
    }
  }

  static turms_status post(void* context, turms_callback callback, void* plugin_data) {
    if (callback == nullptr) return TURMS_ERROR_INVALID_ARGUMENT;
    const bool posted = of(context).post([callback, plugin_data] { callback(plugin_data); });
    return posted ? TURMS_OK : TURMS_ERROR_RESOURCE_EXHAUSTED;
  }

  static turms_status serve_http(void* context, turms_http_handler handler, void* plugin_data) {
    of(context).http_handler_ = handler;
    of(context).http_data_ = plugin_data;
    return TURMS_OK;
  }

  static void http_respond(void* context, turms_call call, const turms_http_response* raw) {
    LoadedPlugin& plugin = of(context);
    net::HttpResponse response;
    if (raw == nullptr || raw->status < 200 || raw->status > 599) {
      response = net::HttpResponse::text(500, "plugin failed\n");
    } else {
      response.status = raw->status;
      for (size_t i = 0; i < raw->header_count && raw->headers != nullptr; ++i) {
        const turms_http_header& header = raw->headers[i];
        // A line end in a header would let a plugin's input write the rest of the answer.
        const std::string name = header.name == nullptr ? "" : header.name;
        const std::string value = header.value == nullptr ? "" : header.value;
        if (name.empty() || (name + value).find_first_of("\r\n") != std::string::npos) continue;
        response.headers.add(name, value);
      }
      if (raw->body != nullptr) {
        response.body.assign(reinterpret_cast<const char*>(raw->body), raw->body_size);
      }
    }
    plugin.post(
        [&plugin, call, response = std::move(response)] { plugin.finish_http(call, response); });
  }

  static void finish(void* context, turms_call call, Result<CallValue> result) {
    LoadedPlugin& plugin = of(context);
    plugin.post([&plugin, call, result = std::move(result)] { plugin.finish_call(call, result); });
  }

  static void complete(void* context, turms_call call, turms_status status, const char* message) {
    if (status == TURMS_OK) return finish(context, call, CallValue());
    finish(context, call,
           fail(error_code(status), message != nullptr ? message : describe(status)));
  }
  static void complete_with_count(void* context, turms_call call, int64_t count) {
    finish(context, call, CallValue(count));
  }
  static void complete_with_text(void* context, turms_call call, const char* text) {
    finish(context, call, CallValue(std::string(text != nullptr ? text : "")));
  }

  /// Steps by the size the plugin was built with.
  static std::optional<std::vector<im::MeetingParticipant>> read(
      const turms_participant* participants, size_t count) {
    std::vector<im::MeetingParticipant> out;
    if (count == 0) return out;
    constexpr size_t kLeast = offsetof(turms_participant, tracks) + sizeof(uint32_t);
    if (participants == nullptr || count > kMaxParticipants) return std::nullopt;
    const size_t step = participants->struct_size;
    if (step < kLeast || step % alignof(turms_participant) != 0) return std::nullopt;
    out.reserve(count);
    const auto* bytes = reinterpret_cast<const std::byte*>(participants);
    for (size_t i = 0; i < count; ++i, bytes += step) {
      const auto& p = *reinterpret_cast<const turms_participant*>(bytes);
      im::MeetingParticipant participant;
      participant.user_id = UserId(p.user_id);
      participant.joined_date = WallTime{p.joined_date};
      participant.microphone = (p.tracks & TURMS_TRACK_MICROPHONE) != 0;
      participant.camera = (p.tracks & TURMS_TRACK_CAMERA) != 0;
      participant.screen = (p.tracks & TURMS_TRACK_SCREEN) != 0;
      out.push_back(std::move(participant));
    }
    return out;
  }

  static void complete_with_participants(void* context, turms_call call,
                                         const turms_participant* participants, size_t count) {
    auto list = read(participants, count);
    if (list) return finish(context, call, CallValue(std::move(*list)));
    finish(context, call, fail(ErrorCode::kInternal, "malformed list of participants"));
  }

  static void meeting_changed(void* context, int64_t meeting_id,
                              const turms_participant* participants, size_t count) {
    LoadedPlugin& plugin = of(context);
    auto list = read(participants, count);
    if (!list) {
      return log::error("plugin {}: malformed list of participants", plugin.status_.name);
    }
    plugin.post([&plugin, meeting_id, list = std::move(*list)] {
      if (plugin.listener_ == nullptr) return;
      plugin.listener_->participants_changed(MeetingId(meeting_id), list);
    });
  }

  static void meeting_ended(void* context, int64_t meeting_id, int64_t when) {
    LoadedPlugin& plugin = of(context);
    plugin.post([&plugin, meeting_id, when] {
      if (plugin.listener_ == nullptr) return;
      plugin.listener_->meeting_ended(MeetingId(meeting_id), WallTime{when});
    });
  }

  static void decide(void* context, turms_call call, turms_verdict verdict,
                     const turms_decision* raw) {
    auto decision = read_decision(verdict, raw);
    if (decision) return finish(context, call, CallValue(std::move(*decision)));
    finish(context, call, fail(ErrorCode::kInternal, "an answer that makes no sense"));
  }

  static void complete_with_pairs(void* context, turms_call call, const turms_pair* raw,
                                  size_t count) {
    if (count > kMaxPairs || (raw == nullptr && count > 0)) {
      return finish(context, call, fail(ErrorCode::kInternal, "malformed list of pairs"));
    }
    Pairs pairs;
    for (size_t i = 0; i < count; ++i) {
      pairs.emplace_back(raw[i].name != nullptr ? raw[i].name : "",
                         raw[i].value != nullptr ? raw[i].value : "");
    }
    finish(context, call, CallValue(std::move(pairs)));
  }

  static void forget(void* context, int64_t user_id, const char* name, const char* value) {
    if (name == nullptr || value == nullptr) return;
    LoadedPlugin& plugin = of(context);
    plugin.post([&plugin, user_id, name = std::string(name), value = std::string(value)] {
      if (!plugin.config_.forget_subscription) return;
      plugin.config_.forget_subscription(UserId(user_id), name, value);
    });
  }

  static const void* capability(void*, const char* name) {
    static constexpr turms_host_hooks kHooks = {TURMS_PLUGIN_ABI_VERSION, sizeof(turms_host_hooks),
                                                decide};
    static constexpr turms_host_storage kStorage = {
        TURMS_PLUGIN_ABI_VERSION, sizeof(turms_host_storage), complete_with_pairs};
    static constexpr turms_host_push kPush = {TURMS_PLUGIN_ABI_VERSION, sizeof(turms_host_push),
                                              forget};
    const std::string_view asked = name == nullptr ? "" : name;
    if (asked == TURMS_HOST_HOOKS) return &kHooks;
    if (asked == TURMS_HOST_STORAGE) return &kStorage;
    if (asked == TURMS_HOST_PUSH) return &kPush;
    return nullptr;
  }

  static turms_host table(LoadedPlugin* plugin) {
    turms_host host{};
    host.abi_version = TURMS_PLUGIN_ABI_VERSION;
    host.struct_size = sizeof host;
    host.context = plugin;
    host.log = log;
    host.config = config;
    host.start_timer = start_timer;
    host.cancel_timer = cancel_timer;
    host.post = post;
    host.serve_http = serve_http;
    host.http_respond = http_respond;
    host.complete = complete;
    host.complete_with_count = complete_with_count;
    host.complete_with_text = complete_with_text;
    host.complete_with_participants = complete_with_participants;
    host.meeting_changed = meeting_changed;
    host.meeting_ended = meeting_ended;
    host.capability = capability;
    return host;
  }
};

turms_host LoadedPlugin::make_services() {
  return Services::table(this);
}

}  // namespace turms::plugin
