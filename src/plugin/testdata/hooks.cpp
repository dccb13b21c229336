// A plugin with hooks that does as the text of a message says.
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "turms/plugin.h"

namespace {

struct State {
  const turms_host* host = nullptr;
  std::thread thread;
  std::atomic<bool> held{false};
  std::atomic<int> calls{0};
  std::string changed;
  std::string told;
};
State the_state;

const turms_host_hooks& hooks_of(const turms_host& host) {
  return *static_cast<const turms_host_hooks*>(host.capability(host.context, TURMS_HOST_HOOKS));
}

turms_verdict before_send(void* self, turms_call call, const turms_message* message,
                          turms_decision* decision) {
  auto& state = *static_cast<State*>(self);
  ++state.calls;
  const std::string text = message->text == nullptr ? "" : message->text;
  if (text == "reject") return TURMS_REJECT;
  if (text == "code") {
    decision->code = 5002;
    decision->reason = "because";
    return TURMS_REJECT;
  }
  if (text == "change") {
    state.changed = "changed " + std::to_string(message->sender_id) + " " +
                    std::to_string(message->group_id) + " " + std::to_string(message->record_count);
    decision->text = state.changed.c_str();
    return TURMS_CHANGE;
  }
  if (text == "throw") throw std::runtime_error("a plugin must not");
  if (text == "nonsense") return static_cast<turms_verdict>(77);
  if (text == "later" || text == "twice") {
    if (state.thread.joinable()) state.thread.join();
    state.thread = std::thread([&state, call, text] {
      turms_decision late{sizeof late, 0, nullptr, "late"};
      const auto& hooks = hooks_of(*state.host);
      hooks.decide(state.host->context, call, TURMS_CHANGE, &late);
      if (text == "twice") hooks.decide(state.host->context, call, TURMS_REJECT, nullptr);
    });
    return TURMS_LATER;
  }
  if (text == "never") return TURMS_LATER;
  if (text == "block") {
    state.held = true;
    while (state.held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return TURMS_ALLOW;
}

void online_status_changed(void* self, const turms_online_status* status) {
  auto& state = *static_cast<State*>(self);
  const std::string text = "status " + std::to_string(status->user_id) + " " + status->device +
                           (status->online ? " on" : " off");
  state.host->log(state.host->context, TURMS_LOG_INFO, text.c_str());
  turms_participant in{sizeof in, status->user_id, status->online, 0};
  state.host->meeting_changed(state.host->context, 1, &in, 1);
}

void notified(void* self, const turms_notification* n) {
  auto& state = *static_cast<State*>(self);
  // Said back through the only way there is to the test.
  turms_participant in{sizeof in, static_cast<int64_t>(n->recipient_count),
                       n->offline_count > 0 ? n->offline[0] : 0,
                       static_cast<uint32_t>(n->payload.size & 7)};
  state.host->meeting_changed(state.host->context, 2, &in, 1);
}

/// Lets go of a blocked call.
void serve(void* self, turms_call call, const turms_http_request*) {
  auto& state = *static_cast<State*>(self);
  state.held = false;
  const std::string calls = std::to_string(state.calls);
  turms_http_response response{};
  response.struct_size = sizeof response;
  response.status = 200;
  response.body = reinterpret_cast<const uint8_t*>(calls.data());
  response.body_size = calls.size();
  state.host->http_respond(state.host->context, call, &response);
}

turms_status start(const turms_host* host, void** self, char*, size_t) {
  the_state.host = host;
  the_state.calls = 0;
  host->serve_http(host->context, serve, &the_state);
  *self = &the_state;
  return TURMS_OK;
}

void stop(void* self) {
  auto& state = *static_cast<State*>(self);
  if (state.thread.joinable()) state.thread.join();
}

const turms_messages messages = {TURMS_PLUGIN_ABI_VERSION, sizeof messages, before_send};
const turms_users users = {TURMS_PLUGIN_ABI_VERSION, sizeof users, online_status_changed};
const turms_notifications notifications = {TURMS_PLUGIN_ABI_VERSION, sizeof notifications,
                                           notified};

const void* capability(const char* name) {
  const std::string asked = name;
  if (asked == TURMS_MESSAGES) return &messages;
  if (asked == TURMS_USERS) return &users;
  if (asked == TURMS_NOTIFICATIONS) return &notifications;
  return nullptr;
}

const turms_plugin plugin = {
    TURMS_PLUGIN_ABI_VERSION, sizeof plugin, "hooks", "0.1", start, stop, nullptr, capability};

}  // namespace

extern "C" TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host*) {
  return &plugin;
}
