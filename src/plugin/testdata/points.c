/* A plugin that offers what came with 1.2, in C. It does as what it is asked about says, and tells
 * what it was told through the one way there is to the test: meeting_changed. */
#include <stdio.h>
#include <string.h>

#include "turms/plugin.h"

struct points {
  const turms_host* host;
  const turms_host_hooks* hooks;
  const turms_host_storage* storage;
  const turms_host_push* push;
  turms_call late;
  char text[256];
  int64_t ids[8];
};
static struct points the_points;

static void report(struct points* points, int64_t what, int64_t a, int64_t b, uint32_t c) {
  turms_participant said = {sizeof said, a, b, c};
  points->host->meeting_changed(points->host->context, what, &said, 1);
}

static int is(turms_bytes bytes, const char* text) {
  return bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

static turms_verdict change(struct points* points, turms_decision* decision, const char* text) {
  snprintf(points->text, sizeof points->text, "%s", text);
  decision->data = (const uint8_t*)points->text;
  decision->data_size = strlen(points->text);
  return TURMS_CHANGE;
}

static turms_verdict authenticate(void* self, turms_call call, const turms_sign_in* sign_in,
                                  turms_decision* decision) {
  (void)self;
  (void)call;
  if (sign_in->password == NULL) return TURMS_PASS;
  if (strcmp(sign_in->password, "yes") == 0) return TURMS_ALLOW;
  if (strcmp(sign_in->password, "no") == 0) return TURMS_REJECT;
  if (strcmp(sign_in->password, "never") == 0) return TURMS_LATER;
  if (strcmp(sign_in->password, "change") == 0) {
    decision->text = "means nothing here";
    return TURMS_CHANGE;
  }
  if (strcmp(sign_in->password, "details") == 0 && sign_in->detail_count == 1 &&
      strcmp(sign_in->details[0].name, "key") == 0 && strcmp(sign_in->ip, "192.0.2.1") == 0 &&
      strcmp(sign_in->device, "IOS") == 0) {
    decision->code = 2013;
    decision->reason = sign_in->details[0].value;
    return TURMS_REJECT;
  }
  return TURMS_PASS;
}

static turms_verdict transform(void* self, turms_call call, const turms_request* request,
                               turms_decision* decision) {
  (void)call;
  if (is(request->payload, "transform")) return change(self, decision, "transformed");
  if (is(request->payload, "both")) return change(self, decision, "answer");
  if (is(request->payload, "wrong")) return change(self, decision, "no request");
  if (is(request->payload, "empty")) return TURMS_CHANGE;
  return is(request->payload, "reject") ? TURMS_REJECT : TURMS_ALLOW;
}

static turms_verdict handle(void* self, turms_call call, const turms_request* request,
                            turms_decision* decision) {
  char text[128];
  (void)call;
  if (!is(request->payload, "answer")) return TURMS_PASS;
  snprintf(text, sizeof text, "%lld %s %s %lld %d", (long long)request->user_id, request->device,
           request->ip, (long long)request->request_id, request->kind);
  return change(self, decision, text);
}

static turms_verdict before_notify(void* self, turms_call call, const turms_notification* n,
                                   turms_decision* decision) {
  struct points* points = self;
  if (is(n->payload, "drop")) return TURMS_REJECT;
  if (is(n->payload, "change")) return change(points, decision, "changed");
  if (is(n->payload, "wrong")) return change(points, decision, "no notification");
  if (is(n->payload, "first")) {
    points->ids[0] = n->recipients[0];
    decision->ids = points->ids;
    decision->id_count = 1;
    return TURMS_CHANGE;
  }
  if (is(n->payload, "late")) {
    points->late = call;
    return TURMS_LATER;
  }
  if (is(n->payload, "release")) {
    points->hooks->decide(points->host->context, points->late, TURMS_ALLOW, NULL);
  }
  return TURMS_ALLOW;
}

static turms_verdict before_expiry(void* self, turms_call call, const turms_expired* messages,
                                   size_t count, turms_decision* decision) {
  struct points* points = self;
  const char* at = (const char*)messages;
  size_t i;
  (void)call;
  decision->ids = points->ids;
  for (i = 0; i < count; ++i, at += messages->struct_size) {
    const turms_expired* message = (const turms_expired*)at;
    if (message->text == NULL) continue;
    if (strcmp(message->text, "all") == 0) return TURMS_REJECT;
    if (strcmp(message->text, "keep") == 0 && decision->id_count < 8) {
      points->ids[decision->id_count++] = message->id;
    }
  }
  return decision->id_count > 0 ? TURMS_CHANGE : TURMS_ALLOW;
}

static void admin_action(void* self, const turms_admin_action* action) {
  report(self, 3, action->status, action->code, (uint32_t)(strlen(action->arguments) & 7));
}

static turms_status upload_info(void* self, turms_call call, const turms_upload* upload) {
  struct points* points = self;
  const turms_pair pairs[] = {{"type", upload->content_type}, {"url", "http://store/up"}};
  if (upload->id == 8) return TURMS_OK; /* and never completes */
  if (upload->id == 9) return TURMS_ERROR_RESOURCE_EXHAUSTED;
  points->storage->complete_with_pairs(points->host->context, call, pairs, 2);
  return TURMS_OK;
}

static turms_status download_info(void* self, turms_call call, const turms_download* download) {
  struct points* points = self;
  const turms_pair pair = {"url", download->file_name};
  points->storage->complete_with_pairs(points->host->context, call, &pair, 1);
  return TURMS_OK;
}

static turms_status find_object(void* self, turms_call call, const turms_object* object) {
  struct points* points = self;
  points->host->complete_with_count(points->host->context, call,
                                    object->id == 9 ? -1 : object->id * 10);
  return TURMS_OK;
}

static turms_status remove_object(void* self, turms_call call, const turms_object* object) {
  struct points* points = self;
  points->host->complete(points->host->context, call,
                         object->id == 9 ? TURMS_ERROR_UNAVAILABLE : TURMS_OK, NULL);
  return TURMS_OK;
}

static void message_missed(void* self, const turms_push* push) {
  struct points* points = self;
  report(points, 4, push->user_id, push->unread_count, push->mentioned ? 7 : 0);
  if (push->subscription_count == 0) return;
  points->push->forget(points->host->context, push->user_id, push->subscriptions[0].name,
                       push->subscriptions[0].value);
}

static int32_t wants_everybody(void* self) {
  struct points* points = self;
  return points->host->config(points->host->context, "everybody") != NULL;
}

static turms_status start(const turms_host* host, void** self, char* error, size_t error_size) {
  (void)error;
  (void)error_size;
  the_points.host = host;
  the_points.hooks = host->capability(host->context, TURMS_HOST_HOOKS);
  the_points.storage = host->capability(host->context, TURMS_HOST_STORAGE);
  the_points.push = host->capability(host->context, TURMS_HOST_PUSH);
  *self = &the_points;
  return TURMS_OK;
}

static void stop(void* self) {
  (void)self;
}

static const int32_t kinds[] = {7, 8};
static const turms_authenticator authenticator = {TURMS_PLUGIN_ABI_VERSION, sizeof authenticator,
                                                  authenticate};
static const turms_requests requests = {
    TURMS_PLUGIN_ABI_VERSION, sizeof requests, kinds, 2, transform, handle};
static const turms_notifications notifications = {TURMS_PLUGIN_ABI_VERSION, sizeof notifications,
                                                  NULL, before_notify};
static const turms_messages messages = {TURMS_PLUGIN_ABI_VERSION, sizeof messages, NULL,
                                        before_expiry};
static const turms_administration administration = {TURMS_PLUGIN_ABI_VERSION, sizeof administration,
                                                    admin_action};
static const turms_storage storage = {TURMS_PLUGIN_ABI_VERSION,
                                      sizeof storage,
                                      upload_info,
                                      download_info,
                                      find_object,
                                      remove_object};
static const turms_pushes pushes = {TURMS_PLUGIN_ABI_VERSION, sizeof pushes, message_missed,
                                    wants_everybody};

static const void* capability(const char* name) {
  if (strcmp(name, TURMS_AUTHENTICATOR) == 0) return &authenticator;
  if (strcmp(name, TURMS_REQUESTS) == 0) return &requests;
  if (strcmp(name, TURMS_NOTIFICATIONS) == 0) return &notifications;
  if (strcmp(name, TURMS_MESSAGES) == 0) return &messages;
  if (strcmp(name, TURMS_ADMINISTRATION) == 0) return &administration;
  if (strcmp(name, TURMS_STORAGE) == 0) return &storage;
  if (strcmp(name, TURMS_PUSH) == 0) return &pushes;
  return NULL;
}

static const turms_plugin plugin = {
    TURMS_PLUGIN_ABI_VERSION, sizeof plugin, "points", "0.1", start, stop, NULL, capability};

TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host) {
  (void)host;
  return &plugin;
}
