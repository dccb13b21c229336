// Plugins that break one rule each; built once per VARIANT_ for the tests of the plugin host.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

#include "turms/plugin.h"

namespace {

struct State {
  const turms_host* host = nullptr;
  std::thread thread;
};

turms_status create_meeting(void* self, turms_call call, const turms_meeting* meeting) {
  auto& state = *static_cast<State*>(self);
#if defined(VARIANT_THROWS)
  throw std::runtime_error("a plugin must not");
#elif defined(VARIANT_SILENT)
  return TURMS_OK;  // and never completes
#elif defined(VARIANT_THREADED)
  state.thread = std::thread([&state, call] {
    state.host->complete(state.host->context, call, TURMS_OK, nullptr);
    state.host->complete(state.host->context, call, TURMS_ERROR_INTERNAL, "twice");
  });
  return TURMS_OK;
#endif
  if (meeting->trace_id != 0) {
    state.host->log(state.host->context, TURMS_LOG_WARN,
                    ("made for request " + std::to_string(meeting->trace_id)).c_str());
  }
  // The error each meeting number stands for.
  if (meeting->id > 100) {
    state.host->complete(state.host->context, call, static_cast<turms_status>(meeting->id - 100),
                         "as told");
  } else if (meeting->id > 0) {
    return static_cast<turms_status>(meeting->id);
  } else {
    state.host->complete(state.host->context, call, TURMS_OK, nullptr);
  }
  return TURMS_OK;
}
turms_status cancel_meeting(void* self, turms_call call, int64_t) {
  auto& state = *static_cast<State*>(self);
  state.host->complete_with_text(state.host->context, call, "not what was asked");
  return TURMS_OK;
}
turms_status count_active_meetings(void* self, turms_call call, int64_t) {
  auto& state = *static_cast<State*>(self);
  // The wrong kind of answer.
  state.host->complete_with_text(state.host->context, call, "many");
  return TURMS_OK;
}
turms_status accept(void* self, turms_call call, const turms_admission* who) {
  auto& state = *static_cast<State*>(self);
  std::string token = std::string(who->user_name) + " " + who->device + " " +
                      std::to_string(who->role) + (who->muted ? " muted" : "");
  if (who->trace_id != 0) token += " " + std::to_string(who->trace_id);
  state.host->complete_with_text(state.host->context, call, token.c_str());
  return TURMS_OK;
}
turms_status list_participants(void* self, turms_call call, int64_t) {
  auto& state = *static_cast<State*>(self);
  // As a plugin built against a later version of the interface would hand them over.
  struct Later {
    turms_participant known;
    int64_t added;
  };
  Later list[2]{};
  for (int i = 0; i < 2; ++i) {
    list[i].known = {sizeof(Later), i + 1, 1000 + i, TURMS_TRACK_CAMERA};
    list[i].added = -1;
  }
  state.host->complete_with_participants(state.host->context, call, &list[0].known, 2);
  return TURMS_OK;
}
void member_removed(void* self, int64_t meeting_id, int64_t) {
  auto& state = *static_cast<State*>(self);
  turms_participant broken{1, 0, 0, 0};  // no such struct_size
  state.host->meeting_changed(state.host->context, meeting_id, &broken, 2);
  state.host->meeting_ended(state.host->context, meeting_id, 77);
}
void member_muted(void*, int64_t, int64_t, int32_t) {
#ifdef VARIANT_THROWS
  throw 1;
#endif
}
void member_role_changed(void*, int64_t, int64_t, turms_role) {}

void serve(void* self, turms_call call, const turms_http_request* request) {
  auto& state = *static_cast<State*>(self);
#if defined(VARIANT_THROWS)
  throw 1;
#elif defined(VARIANT_SILENT)
  return;
#endif
  std::string body = std::string(request->method) + " " + request->path + "?" + request->query +
                     " " +
                     std::string(reinterpret_cast<const char*>(request->body), request->body_size);
  for (size_t i = 0; i < request->header_count; ++i) {
    if (std::strcmp(request->headers[i].name, "X-Test") == 0) body += request->headers[i].value;
  }
  const turms_http_header headers[] = {{"X-Good", "1"}, {"X-Bad", "1\r\nX-Injected: 2"}};
  turms_http_response response{sizeof(turms_http_response),
                               201,
                               headers,
                               2,
                               reinterpret_cast<const uint8_t*>(body.data()),
                               body.size()};
  state.host->http_respond(state.host->context, call, &response);
}

State the_state;

turms_status start(const turms_host* host, void** self, char* error, size_t error_size) {
  the_state.host = host;
  host->serve_http(host->context, serve, &the_state);
  *self = &the_state;
#ifdef VARIANT_FAILS_TO_START
  std::snprintf(error, error_size, "no %s", host->config(host->context, "needed"));
  return TURMS_ERROR_UNAVAILABLE;
#else
  (void)error;
  (void)error_size;
  return TURMS_OK;
#endif
}

void stop(void* self) {
  auto& state = *static_cast<State*>(self);
  if (state.thread.joinable()) state.thread.join();
}

#ifdef VARIANT_SHORT_CONFERENCE
constexpr size_t kConferenceSize = sizeof(turms_conference) - 8;
#else
constexpr size_t kConferenceSize = sizeof(turms_conference);
#endif
#ifdef VARIANT_SHORT_TABLE
constexpr size_t kPluginSize = 16;
#else
constexpr size_t kPluginSize = sizeof(turms_plugin);
#endif
#ifdef VARIANT_OTHER_ABI
constexpr uint32_t kAbi = TURMS_PLUGIN_ABI_VERSION + 1;
#else
constexpr uint32_t kAbi = TURMS_PLUGIN_ABI_VERSION;
#endif
#ifdef VARIANT_BAD_NAME
constexpr const char* kName = "../etc";
#else
constexpr const char* kName = "test";
#endif

const turms_conference conference = {
    TURMS_PLUGIN_ABI_VERSION, kConferenceSize,       create_meeting,
    cancel_meeting,           count_active_meetings, accept,
    list_participants,        member_removed,        member_muted,
    member_role_changed};
const turms_plugin plugin = {kAbi, kPluginSize, kName, "0.1", start, stop, &conference};

}  // namespace

#ifndef VARIANT_NO_ENTRY
extern "C" TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host*) {
#ifdef VARIANT_DECLINES
  return nullptr;
#endif
  return &plugin;
}
#endif
