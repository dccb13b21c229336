// Changes requests, and answers some itself: messages burn after an hour, and nobody is told who is
// typing. Requests and answers are the protocol's messages (docs/protocol.md); to a message in
// protobuf further fields may be appended.
#include <memory>
#include <string>

#include "turms/plugin.hpp"

namespace {

namespace sdk = turms::sdk;

constexpr int32_t kUpdateTypingStatus = 7;
constexpr int32_t kCreateMessage = 8;
constexpr int32_t kKinds[] = {kUpdateTypingStatus, kCreateMessage};

struct Discreet {
  std::string request;
};

turms_verdict transform(void* self, turms_call, const turms_request* request,
                        turms_decision* decision) {
  if (request->kind != kCreateMessage) return TURMS_PASS;
  auto& changed = static_cast<Discreet*>(self)->request;
  changed.assign(reinterpret_cast<const char*>(request->payload.data), request->payload.size);
  changed += "\x42\x03\x40\x90\x1c";  // create_message_request { burn_after: 3600 }
  decision->data = reinterpret_cast<const uint8_t*>(changed.data());
  decision->data_size = changed.size();
  return TURMS_CHANGE;
}

turms_verdict handle(void*, turms_call, const turms_request* request, turms_decision* decision) {
  if (request->kind != kUpdateTypingStatus) return TURMS_PASS;
  static constexpr uint8_t kDone[] = {0x28, 0xe8, 0x07};  // code: 1000
  decision->data = kDone;
  decision->data_size = sizeof kDone;
  return TURMS_CHANGE;
}

std::unique_ptr<Discreet> make(const turms_host&) {
  return std::make_unique<Discreet>();
}

constexpr turms_requests kRequests{
    TURMS_PLUGIN_ABI_VERSION, sizeof(turms_requests), kKinds, 2, transform, handle};

const void* capability(const char* name) {
  return std::string(name) == TURMS_REQUESTS ? &kRequests : nullptr;
}

constexpr turms_plugin kPlugin{.abi_version = TURMS_PLUGIN_ABI_VERSION,
                               .struct_size = sizeof(turms_plugin),
                               .name = "discreet",
                               .version = "1.0",
                               .start = sdk::start<make>,
                               .stop = sdk::stop<Discreet>,
                               .conference = nullptr,
                               .capability = capability};

}  // namespace

extern "C" TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host) {
  return sdk::knows_capabilities(*host) ? &kPlugin : nullptr;
}
