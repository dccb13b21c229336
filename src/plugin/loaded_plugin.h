#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/config.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "plugin/call_thread.h"
#include "plugin/hooks.h"
#include "plugin/host.h"
#include "turms/plugin.h"

namespace turms::plugin {

using Pairs = std::vector<std::pair<std::string, std::string>>;
/// What a call may complete with.
using CallValue = std::variant<std::monostate, int64_t, std::string,
                               std::vector<im::MeetingParticipant>, Decision, Pairs>;
using CallHandler = std::function<void(Result<CallValue>)>;

/// One plugin from loading to unloading, and the services it gets: the `context` of its turms_host.
/// Services are called from any thread; everything else is the control thread's. It stays where it
/// is until the host goes, so that a thread that a plugin forgot finds at least this.
///
/// What comes from a plugin goes through the loop, marked with the run (start to stop) it was said
/// in: what arrives from an earlier run is ignored.
class LoadedPlugin {
 public:
  /// How long a call that is under way may keep a plugin from stopping.
  static constexpr Duration kPatience = std::chrono::seconds(1);
  /// Functions a plugin has waiting for the control thread.
  static constexpr size_t kMaxPosted = 100'000;
  static constexpr size_t kMaxParticipants = 100'000;
  static constexpr size_t kMaxPairs = 64;

  LoadedPlugin(net::Loop& loop, const HostConfig& config, std::string file);
  ~LoadedPlugin();
  LoadedPlugin(const LoadedPlugin&) = delete;
  LoadedPlugin& operator=(const LoadedPlugin&) = delete;

  /// dlopen, entry, checks. The error is kept in status() too.
  Status load();
  Status start();
  /// False: it does not come back from a hook, and can be neither stopped nor unloaded.
  bool stop();
  /// Of one that did not stop: nothing of it reaches the host any more. It must stay where it is
  /// for as long as the process lives, since its thread is in it.
  void abandon();
  /// Nothing is asked of it any more, and nothing told, until it is resumed.
  Status pause(std::string why);
  Status resume();

  /// Its settings may be others now.
  void take_settings();

  /// What it may be told (TURMS_SETTINGS), by its keys in the configuration; empty: anything.
  [[nodiscard]] std::vector<config::Option> options() const;

  [[nodiscard]] const PluginStatus& status() const { return status_; }
  [[nodiscard]] bool loaded() const { return table_ != nullptr; }
  /// Also while it is paused.
  [[nodiscard]] bool running() const {
    return status_.state == PluginState::kRunning || status_.state == PluginState::kPaused;
  }
  [[nodiscard]] bool serving() const { return status_.state == PluginState::kRunning; }
  [[nodiscard]] const turms_conference* conference() const {
    return serving() && status_.conference ? table_->conference : nullptr;
  }
  [[nodiscard]] const HookTables& hooks() const { return serving() ? hooks_ : kNoHooks; }
  [[nodiscard]] const HookPolicy& policy() const { return policy_; }
  [[nodiscard]] bool pushes_to_everybody() const { return pushes_to_everybody_; }
  /// With a conference only; null: it is told changes.
  [[nodiscard]] const turms_membership* membership() const { return membership_; }
  /// With a conference only; null: it mutes nothing.
  [[nodiscard]] const turms_meeting_control* control() const { return control_; }
  [[nodiscard]] void* self() const { return self_; }

  /// Starts a call: `invoke` hands it to the plugin. `handler` is called exactly once.
  void call(CallHandler handler, const std::function<turms_status(turms_call)>& invoke);
  /// Asks on the plugin's own thread. What goes wrong is counted, and pauses the plugin in time.
  using Ask = std::function<turms_verdict(turms_call, turms_decision*)>;
  /// What `accepts` does not take is a failure too; null: it takes all.
  using Accepts = std::function<bool(const Decision&)>;
  void ask(Ask invoke, Accepts accepts, std::function<void(Result<Decision>)> handler);
  /// Starts a call on that thread, with the deadline of hooks.
  void call_on_thread(CallHandler handler, std::function<turms_status(turms_call)> invoke);
  /// Tells on that thread. Dropped, and counted, when too much waits.
  void tell(std::function<void()> invoke);
  /// A request under /plugins/<name>/; `path` is the rest with its leading slash.
  void serve(net::HttpRequest request, const std::string& path, net::HttpResponder responder);

  void set_listener(im::ConferenceListener* listener) { listener_ = listener; }

 private:
  struct Call {
    CallHandler handler;
    net::Loop::TimerId deadline;
  };
  struct HttpCall {
    net::HttpResponder responder;
    net::Loop::TimerId deadline;
  };
  struct Services;  // the C functions of turms_host
  turms_host make_services();

  Status check_table();
  Status check_conference();
  using Settings = std::map<std::string, std::string>;
  [[nodiscard]] const turms_settings* settings_table() const;
  [[nodiscard]] Settings configured() const;
  /// False: they are what they were.
  bool keep_settings(const Settings& settings);
  void find_hooks();
  template <class Table>
  const Table* offered(const char* name, size_t minimum, bool (*complete)(const Table&)) const;
  void read_policy(const Settings& settings);
  /// Of one that has just started.
  void ask_for_wishes();
  void hook_failed(std::string why);
  turms_call add_call(CallHandler handler, Duration deadline);
  /// The table of this name, when it is there and at least so long.
  const void* capability(const char* name, size_t minimum) const;
  Status failed(ErrorCode code, std::string why);
  void finish_call(turms_call call, Result<CallValue> result);
  void finish_http(turms_call call, net::HttpResponse response);
  /// Any thread. False: too many wait.
  bool post(std::function<void()> function);

  net::Loop& loop_;
  const HostConfig& config_;
  PluginStatus status_;
  void* library_ = nullptr;
  const turms_plugin* table_ = nullptr;
  const turms_membership* membership_ = nullptr;
  const turms_meeting_control* control_ = nullptr;
  static const HookTables kNoHooks;
  HookTables hooks_;
  HookPolicy policy_;
  int failures_ = 0;  // of hooks, in a row
  bool pushes_to_everybody_ = false;
  std::unique_ptr<CallThread> thread_;
  void* self_ = nullptr;
  turms_host services_{};
  /// For config(), which any thread may ask. What it answered once stays in `texts_` until the
  /// stop.
  std::mutex settings_mutex_;
  std::map<std::string, const std::string*> settings_;
  std::set<std::string> texts_;
  im::ConferenceListener* listener_ = nullptr;
  turms_http_handler http_handler_ = nullptr;
  void* http_data_ = nullptr;

  std::unordered_map<turms_call, Call> calls_;
  std::unordered_map<turms_call, HttpCall> http_calls_;
  std::unordered_map<uint64_t, net::Loop::TimerId> timers_;
  turms_call next_call_ = 0;

  std::atomic<uint64_t> next_timer_{0};
  std::atomic<uint64_t> run_{0};
  std::atomic<size_t> posted_{0};
  /// Expires with this object: what is still in the loop then does nothing.
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace turms::plugin
