/* Says who may sign in: guests whose password is plugins.door.word, with a browser only. For
 * everybody else it has nothing to say, so the server looks at the password that it has. */
#include <string.h>

#include "turms/plugin.h"

static const turms_host* the_host;

static turms_verdict authenticate(void* self, turms_call call, const turms_sign_in* sign_in,
                                  turms_decision* decision) {
  const char* word = the_host->config(the_host->context, "word");
  (void)self;
  (void)call;
  if (word == NULL || sign_in->password == NULL || strcmp(sign_in->password, word) != 0) {
    return TURMS_PASS;
  }
  if (strcmp(sign_in->device, "BROWSER") == 0) return TURMS_ALLOW;
  decision->code = 2013; /* LOGIN_FROM_FORBIDDEN_DEVICE_TYPE */
  decision->reason = "guests have a browser";
  return TURMS_REJECT;
}

static turms_status start(const turms_host* host, void** self, char* error, size_t error_size) {
  (void)error;
  (void)error_size;
  the_host = host;
  *self = NULL;
  return TURMS_OK;
}

static void stop(void* self) {
  (void)self;
}

static const turms_authenticator authenticator = {TURMS_PLUGIN_ABI_VERSION, sizeof authenticator,
                                                  authenticate};

static const void* capability(const char* name) {
  return strcmp(name, TURMS_AUTHENTICATOR) == 0 ? &authenticator : NULL;
}

static const turms_plugin plugin = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                    .struct_size = sizeof plugin,
                                    .name = "door",
                                    .version = "1.0",
                                    .start = start,
                                    .stop = stop,
                                    .capability = capability};

TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host) {
  return host->abi_version == TURMS_PLUGIN_ABI_VERSION ? &plugin : NULL;
}
