/* Has a word in what expires: messages with "#keep" in them stay when their time is over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turms/plugin.h"

struct keep {
  int64_t* ids; /* what the last call made: valid until the next one */
};

static turms_verdict before_expiry(void* data, turms_call call, const turms_expired* messages,
                                   size_t count, turms_decision* decision) {
  struct keep* self = data;
  const char* entry = (const char*)messages;
  (void)call;
  free(self->ids);
  self->ids = calloc(count, sizeof *self->ids);
  if (self->ids == NULL) return TURMS_REJECT; /* rather all of them than one too few */
  for (size_t i = 0; i < count; i++, entry += messages->struct_size) {
    const turms_expired* message = (const turms_expired*)entry;
    if (message->text == NULL || strstr(message->text, "#keep") == NULL) continue;
    self->ids[decision->id_count++] = message->id;
  }
  decision->ids = self->ids;
  return decision->id_count == 0 ? TURMS_ALLOW : TURMS_CHANGE;
}

static turms_status start(const turms_host* host, void** self, char* error, size_t error_size) {
  (void)host;
  *self = calloc(1, sizeof(struct keep));
  if (*self != NULL) return TURMS_OK;
  snprintf(error, error_size, "out of memory");
  return TURMS_ERROR_RESOURCE_EXHAUSTED;
}

static void stop(void* data) {
  struct keep* self = data;
  free(self->ids);
  free(self);
}

static const turms_messages messages = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                        .struct_size = sizeof messages,
                                        .before_expiry = before_expiry};

static const void* capability(const char* name) {
  return strcmp(name, TURMS_MESSAGES) == 0 ? &messages : NULL;
}

static const turms_plugin plugin = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                    .struct_size = sizeof plugin,
                                    .name = "keep",
                                    .version = "1.0",
                                    .start = start,
                                    .stop = stop,
                                    .capability = capability};

TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host) {
  return host->abi_version == TURMS_PLUGIN_ABI_VERSION ? &plugin : NULL;
}
