#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "im/ports/bus.h"
#include "im/ports/conference.h"
#include "im/ports/hooks.h"
#include "im/ports/request_hooks.h"

namespace turms::net {
class HttpServer;
class Loop;
}  // namespace turms::net

namespace turms::im {
class ObjectStore;
struct AuditEntry;
}  // namespace turms::im

namespace turms::plugin {

struct HostConfig {
  /// *.so of this directory are plugins.
  std::string directory;
  /// What plugins.<name>.<key> says, without the prefix; asked when a plugin starts.
  std::function<std::map<std::string, std::string>(const std::string& plugin)> settings;
  /// After it a call has failed, whatever the plugin does.
  Duration call_deadline = std::chrono::seconds(8);
  /// Body of an HTTP request under /plugins/.
  size_t max_http_body = 1024 * 1024;
  /// Whether bytes of a plugin are what they should be; null: they are.
  std::function<bool(std::string_view bytes, int32_t kind)> is_request;
  std::function<bool(std::string_view bytes)> is_notification;
  /// The text of a setting's value, nothing when it is none; null: as it stands.
  std::function<std::optional<std::string>(std::string_view value)> text_of_value;
  /// A subscription that does not work any more.
  std::function<void(UserId, std::string name, std::string text)> forget_subscription;
};

/// kPaused: it runs, and nothing is asked of it. kStuck: it did not come back from a hook when it
/// was to stop; only the end of the process ends it.
enum class PluginState { kStopped, kRunning, kPaused, kFailed, kStuck };

struct PluginStatus {
  std::string name;     // of the file until it was loaded
  std::string version;  // empty until it was loaded
  std::string file;
  PluginState state = PluginState::kStopped;
  std::string error;  // why it failed, is paused or stuck
  bool conference = false;
};

/// Loads, starts and stops plugins (include/turms/plugin.h), and turns the conference table of the
/// first running one into the domain's ConferenceProvider. A plugin that cannot be loaded, fails to
/// start or does not answer is reported in statuses() and in the log, and everything else goes on.
/// Lives on the control thread; loop and server outlive it. At most kMaxPlugins plugins,
/// kMaxCalls calls under way and kMaxTimers timers.
class Host {
 public:
  static constexpr size_t kMaxPlugins = 64;
  static constexpr size_t kMaxCalls = 10'000;
  static constexpr size_t kMaxTimers = 10'000;

  /// `server` may be null: then plugins have no HTTP.
  Host(net::Loop& loop, net::HttpServer* server, HostConfig config);
  /// Stops and unloads everything.
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Loads and starts the named plugins (file <name>.so or turms-plugin-<name>.so); all of the
  /// directory when `names` is empty. Errors are in statuses().
  void load(const std::vector<std::string>& names);
  /// Loads one file and starts it. kInvalidArgument: no plugin, or of another ABI.
  /// kAlreadyExists: one of that name runs. kFailedPrecondition: it refused to start.
  Status load_file(const std::string& file);
  /// The file that load() takes for this name. kInvalidArgument: it is no name of letters, digits,
  /// - and _. kNotFound: there is no such file. Else as load_file().
  Status load_named(const std::string& name);
  /// By name. kNotFound, kFailedPrecondition.
  Status start(const std::string& name);
  /// Calls under way fail with kUnavailable. kNotFound. kFailedPrecondition: it is stuck.
  Status stop(const std::string& name);
  /// kNotFound; kFailedPrecondition: it does not run.
  Status pause(const std::string& name);
  Status resume(const std::string& name);
  /// Stops it and closes its file, which may then be replaced and loaded anew. kNotFound;
  /// kFailedPrecondition: it is stuck.
  Status unload(const std::string& name);

  /// HostConfig::settings may say something else now: plugins that take changes are told.
  void settings_changed();

  [[nodiscard]] std::vector<PluginStatus> statuses() const;

  /// What plugins have a word in. Always there.
  im::SendHook& send_hook();
  im::ExpiryHook& expiry_hook();
  im::PushHook& push_hook();
  im::SignInHook& sign_in_hook();
  im::RequestHook& request_hook();
  void admin_action(const im::AuditEntry& entry);
  /// What keeps files: a plugin that offers it, `own` as long as none does. `own` outlives this.
  im::ObjectStore& objects(im::ObjectStore& own);
  /// A bus that tells plugins of what passes, for as long as this host is there. The one that it
  /// wraps outlives it.
  std::unique_ptr<im::Bus> listen_on(im::Bus& bus);

  /// Always there; available() is false while no plugin with a conference table runs.
  im::ConferenceProvider& conference();
  /// Who hears of participants and ends. Reports before it are lost.
  void set_conference_listener(im::ConferenceListener& listener);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace turms::plugin
