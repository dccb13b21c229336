// Told of what happened: whom the server notified, and what admins did. A line of
// plugins.journal.file for each.
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "turms/plugin.hpp"

namespace {

namespace sdk = turms::sdk;

// Both are called on the plugin's own thread, so nothing needs a lock.
void notified(void* self, const turms_notification* notification) {
  *static_cast<std::ofstream*>(self)
      << "notified " << notification->recipient_count << " users, " << notification->offline_count
      << " of them offline, of " << notification->payload.size << " bytes" << std::endl;
}

void admin_action(void* self, const turms_admin_action* action) {
  *static_cast<std::ofstream*>(self) << action->account << ": " << action->action << " "
                                     << action->arguments << " " << action->status << std::endl;
}

std::unique_ptr<std::ofstream> make(const turms_host& host) {
  auto file = std::make_unique<std::ofstream>(sdk::setting(host, "file"), std::ios::app);
  if (!*file) throw std::invalid_argument("plugins.journal.file cannot be written");
  return file;
}

constexpr turms_notifications kNotifications{TURMS_PLUGIN_ABI_VERSION, sizeof(turms_notifications),
                                             notified, nullptr};
constexpr turms_administration kAdministration{TURMS_PLUGIN_ABI_VERSION,
                                               sizeof(turms_administration), admin_action};

const void* capability(const char* name) {
  const std::string_view wanted = name;
  if (wanted == TURMS_NOTIFICATIONS) return &kNotifications;
  return wanted == TURMS_ADMINISTRATION ? &kAdministration : nullptr;
}

constexpr turms_plugin kPlugin{.abi_version = TURMS_PLUGIN_ABI_VERSION,
                               .struct_size = sizeof(turms_plugin),
                               .name = "journal",
                               .version = "1.0",
                               .start = sdk::start<make>,
                               .stop = sdk::stop<std::ofstream>,
                               .conference = nullptr,
                               .capability = capability};

}  // namespace

extern "C" TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host) {
  return sdk::knows_capabilities(*host) ? &kPlugin : nullptr;
}
