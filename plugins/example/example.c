/*
 * An example plugin: the smallest thing that holds "meetings". It has no media server; it shows the
 * shape of a plugin, and the test of the plugin host loads it.
 *
 *   cc -shared -fPIC -fvisibility=hidden -I include -o example.so plugins/example/example.c
 *
 * Put example.so into plugins.dir, name it in plugins.enabled, and give it settings:
 *
 *   plugins:
 *     enabled: [example]
 *     example:
 *       greeting: hello
 *
 * What to look at: the tables at the end; how a call answers at once (accept) or later
 * (create_meeting); how it tells the host who is in a meeting; its own HTTP path
 * (GET /plugins/example/hello).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turms/plugin.h"

struct example {
  const turms_host* host;
  turms_call creating; /* one meeting at a time is enough for an example */
  int64_t meetings;
};

/* A timer's callback: what was begun in create_meeting is finished here. */
static void meeting_created(void* data) {
  struct example* self = data;
  self->meetings++;
  self->host->complete(self->host->context, self->creating, TURMS_OK, NULL);
}

static turms_status create_meeting(void* data, turms_call call, const turms_meeting* meeting) {
  struct example* self = data;
  (void)meeting; /* valid during this call only: copy what you need later */
  self->creating = call;
  if (self->host->start_timer(self->host->context, 1, meeting_created, self) == 0) {
    return TURMS_ERROR_RESOURCE_EXHAUSTED; /* failed: not to be completed any more */
  }
  return TURMS_OK;
}

static turms_status cancel_meeting(void* data, turms_call call, int64_t meeting_id) {
  struct example* self = data;
  (void)meeting_id;
  self->meetings--;
  self->host->complete(self->host->context, call, TURMS_OK, NULL);
  return TURMS_OK;
}

static turms_status count_active_meetings(void* data, turms_call call, int64_t user_id) {
  struct example* self = data;
  (void)user_id;
  self->host->complete_with_count(self->host->context, call, self->meetings);
  return TURMS_OK;
}

static turms_status accept(void* data, turms_call call, const turms_admission* who) {
  struct example* self = data;
  if (who->role == TURMS_ROLE_ANONYMOUS_GUEST) return TURMS_ERROR_PERMISSION_DENIED;
  char token[64];
  snprintf(token, sizeof token, "example-%" PRId64 "-%" PRId64, who->meeting_id, who->user_id);
  self->host->complete_with_text(self->host->context, call, token);
  /* There is no media server to wait for: whoever gets a token is in the meeting. */
  turms_participant in = {sizeof in, who->user_id, 0, TURMS_TRACK_MICROPHONE};
  self->host->meeting_changed(self->host->context, who->meeting_id, &in, 1);
  return TURMS_OK;
}

static turms_status list_participants(void* data, turms_call call, int64_t meeting_id) {
  struct example* self = data;
  (void)meeting_id;
  self->host->complete_with_participants(self->host->context, call, NULL, 0);
  return TURMS_OK;
}

static void members(void* data, int64_t meeting_id, const turms_member* list, size_t count,
                    int32_t complete) {
  struct example* self = data;
  (void)complete;
  /* A list is stepped by the host's size of its entries, which may be larger than ours. */
  const char* entry = (const char*)list;
  for (size_t i = 0; i < count; i++, entry += list->struct_size) {
    const turms_member* member = (const turms_member*)entry;
    /* There is no media server: whoever is put out, the meeting is empty. */
    if (!member->allowed) self->host->meeting_changed(self->host->context, meeting_id, NULL, 0);
  }
}

/* Here there is nothing to mute: whoever is in is told as silent. */
static turms_status mute(void* data, turms_call call, int64_t meeting_id, int64_t user_id,
                         uint32_t tracks) {
  struct example* self = data;
  turms_participant in = {sizeof in, user_id, 0, TURMS_TRACK_MICROPHONE & ~tracks};
  self->host->meeting_changed(self->host->context, meeting_id, &in, 1);
  self->host->complete(self->host->context, call, TURMS_OK, NULL);
  return TURMS_OK;
}

static void serve(void* data, turms_call call, const turms_http_request* request) {
  struct example* self = data;
  const char* greeting = self->host->config(self->host->context, "greeting");
  turms_http_response response = {.struct_size = sizeof response, .status = 404};
  if (strcmp(request->method, "GET") == 0 && strcmp(request->path, "/hello") == 0) {
    response.status = 200;
    response.body = (const uint8_t*)(greeting != NULL ? greeting : "?");
    response.body_size = strlen((const char*)response.body);
  }
  self->host->http_respond(self->host->context, call, &response);
}

static turms_status start(const turms_host* host, void** self, char* error, size_t error_size) {
  struct example* example = calloc(1, sizeof *example);
  if (example == NULL) {
    snprintf(error, error_size, "out of memory");
    return TURMS_ERROR_RESOURCE_EXHAUSTED;
  }
  example->host = host;
  host->serve_http(host->context, serve, example);
  host->log(host->context, TURMS_LOG_INFO, "the example says hello");
  *self = example;
  return TURMS_OK;
}

static void stop(void* self) {
  free(self);
}

/* The last three are NULL because of turms_membership below. */
static const turms_conference conference = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                            .struct_size = sizeof conference,
                                            .create_meeting = create_meeting,
                                            .cancel_meeting = cancel_meeting,
                                            .count_active_meetings = count_active_meetings,
                                            .accept = accept,
                                            .list_participants = list_participants};

static const turms_membership membership = {TURMS_PLUGIN_ABI_VERSION, sizeof membership, members};

static const turms_meeting_control control = {TURMS_PLUGIN_ABI_VERSION, sizeof control, mute};

/* What may stand below plugins.example. */
static const turms_setting setting_list[] = {
    {.struct_size = sizeof(turms_setting),
     .key = "greeting",
     .type = TURMS_SETTING_TEXT,
     .fallback = "",
     .help = "What /hello answers.",
     .changeable = 1}, /* and asked for each time, so that nobody has to say that it changed */
};
static const turms_settings settings = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                        .struct_size = sizeof settings,
                                        .settings = setting_list,
                                        .count = sizeof setting_list / sizeof *setting_list};

static const void* capability(const char* name) {
  if (strcmp(name, TURMS_SETTINGS) == 0) return &settings;
  if (strcmp(name, TURMS_MEETING_CONTROL) == 0) return &control;
  return strcmp(name, TURMS_MEMBERSHIP) == 0 ? &membership : NULL;
}

static const turms_plugin plugin = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                    .struct_size = sizeof plugin,
                                    .name = "example",
                                    .version = "1.0",
                                    .start = start,
                                    .stop = stop,
                                    .conference = &conference,
                                    .capability = capability};

TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host) {
  return host->abi_version == TURMS_PLUGIN_ABI_VERSION ? &plugin : NULL;
}
