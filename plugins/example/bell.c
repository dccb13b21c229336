/* Told of messages for users who are signed in nowhere: a line of plugins.bell.file for each. A
 * real one tells a push service (plugins/push). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "turms/plugin.h"

static turms_status start(const turms_host* host, void** self, char* error, size_t error_size) {
  const char* name = host->config(host->context, "file");
  FILE* file = name == NULL ? NULL : fopen(name, "a");
  if (file == NULL) {
    snprintf(error, error_size, "plugins.bell.file cannot be written");
    return TURMS_ERROR_INVALID_ARGUMENT;
  }
  *self = file;
  return TURMS_OK;
}

static void stop(void* self) {
  fclose(self);
}

static void message_missed(void* self, const turms_push* push) {
  fprintf(self, "%" PRId64 ": %" PRId32 " unread, the last from %s\n", push->user_id,
          push->unread_count, push->sender_name);
  fflush(self);
}

/* Without it, only those are told of who registered a subscription. */
static int32_t wants_everybody(void* self) {
  (void)self;
  return 1;
}

static const turms_pushes pushes = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                    .struct_size = sizeof pushes,
                                    .message_missed = message_missed,
                                    .wants_everybody = wants_everybody};

static const void* capability(const char* name) {
  return strcmp(name, TURMS_PUSH) == 0 ? &pushes : NULL;
}

static const turms_plugin plugin = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                    .struct_size = sizeof plugin,
                                    .name = "bell",
                                    .version = "1.0",
                                    .start = start,
                                    .stop = stop,
                                    .capability = capability};

TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host) {
  return host->abi_version == TURMS_PLUGIN_ABI_VERSION ? &plugin : NULL;
}
