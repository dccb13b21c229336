#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "im/delivery.h"
#include "im/ports/hooks.h"
#include "im/ports/request_hooks.h"
#include "plugin/host.h"
#include "plugin/plugin_list.h"

namespace turms::plugin {

/// "DESKTOP", …: turms_admission.device.
const char* device_name(im::DeviceType type);

/// Asks and tells all plugins that offer a hook, in the order they were loaded. Lives on the
/// control thread; the plugins outlive it.
class HostHooks final : public im::SendHook,
                        public im::ExpiryHook,
                        public im::PushHook,
                        public im::SignInHook,
                        public im::RequestHook {
 public:
  HostHooks(const PluginList& plugins, const HostConfig& config)
      : plugins_(plugins), config_(config) {}

  [[nodiscard]] bool active() const override;
  Task<im::Outcome<std::optional<std::string>>> before_send(im::Draft draft) override;

  [[nodiscard]] bool asked_about_expiry() const override;
  Task<std::vector<MessageId>> before_expiry(std::vector<im::Message> messages) override;

  [[nodiscard]] bool pushes() const override;
  [[nodiscard]] bool pushes_to_everybody() const override;
  void push(std::vector<im::MissedMessage> missed) override;

  [[nodiscard]] bool asked_to_authenticate() const override;
  Task<im::Outcome<bool>> authenticate(im::SignInDraft draft) override;

  [[nodiscard]] bool asked_about(int32_t kind) const override;
  Task<im::Outcome<im::ScreenedRequest>> before_request(im::RequestDraft draft) override;

  void online_status_changed(const im::Caller& session, bool online);
  void admin_action(const im::AuditEntry& entry);

  [[nodiscard]] bool asked_before_notify() const;
  /// False: nobody is to be told. Changes what is sent, and to whom.
  Task<bool> before_notify(im::Envelope& envelope);
  [[nodiscard]] bool told_of_notifications() const;
  void notified(std::vector<int64_t> recipients, std::vector<int64_t> offline, im::Payload payload);

 private:
  using Offers = std::function<bool(const HookTables&)>;
  using MakeAsk = std::function<LoadedPlugin::Ask(const LoadedPlugin&)>;
  struct Question {
    Offers offers;
    MakeAsk ask;
    LoadedPlugin::Accepts accepts;
    /// Of a refusal that names none.
    im::Code usual = im::Code::kUnauthorizedRequest;
  };
  /// What it says; nothing: it is gone, has nothing to say, or failed and that is allowed.
  Task<im::Outcome<std::optional<Decision>>> ask(std::string name, const Question& question);

  const PluginList& plugins_;
  const HostConfig& config_;
};

}  // namespace turms::plugin
