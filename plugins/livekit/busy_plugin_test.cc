// The plugin under a host that does not let its thread go on.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <string>
#include <thread>

#include "mailbox.h"
#include "turms/plugin.h"

namespace turms::livekit_plugin {
namespace {

/// A host whose answers the test holds back: a plugin that gives one waits until let_go().
class HeldHost {
 public:
  HeldHost() {
    host_.abi_version = TURMS_PLUGIN_ABI_VERSION;
    host_.struct_size = sizeof host_;
    host_.context = this;
    host_.log = [](void* self, turms_log_level level, const char*) {
      if (level == TURMS_LOG_ERROR) ++of(self).errors;
    };
    host_.config = [](void* self, const char* key) -> const char* {
      const auto found = of(self).settings_.find(key);
      return found == of(self).settings_.end() ? nullptr : found->second.c_str();
    };
    host_.serve_http = [](void* self, turms_http_handler handler, void* data) {
      of(self).http_handler_ = handler;
      of(self).http_data_ = data;
      return turms_status{TURMS_OK};
    };
    host_.http_respond = [](void* self, turms_call, const turms_http_response* response) {
      of(self).http_status = response->status;
    };
    host_.capability = [](void*, const char*) -> const void* { return nullptr; };
    host_.complete = [](void*, turms_call, turms_status, const char*) {};
    host_.complete_with_count = [](void* self, turms_call, int64_t) {
      if (of(self).counted++ == 0) of(self).entered_.set_value();
      of(self).released_.wait();
    };
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    const std::string file =
        program.parent_path().parent_path() / "plugins/turms-plugin-livekit.so";
    library_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(library_, nullptr) << dlerror();
    const auto entry =
        reinterpret_cast<turms_plugin_entry_function>(dlsym(library_, TURMS_PLUGIN_ENTRY));
    plugin_ = entry(&host_);
    char error[256] = "";
    EXPECT_EQ(plugin_->start(&host_, &self_, error, sizeof error), TURMS_OK) << error;
  }
  ~HeldHost() {
    plugin_->stop(self_);
    dlclose(library_);
  }
  HeldHost(const HeldHost&) = delete;
  HeldHost& operator=(const HeldHost&) = delete;

  /// The plugin's thread is in an answer, and stays there.
  void wait_until_held() { entered_.get_future().wait(); }
  void let_go() { release_.set_value(); }
  turms_status ask() { return plugin_->conference->count_active_meetings(self_, ++call_, 1); }
  void tell() {
    const turms_member member{sizeof member, 1, TURMS_ROLE_MEMBER, 0, 0};
    static_cast<const turms_membership*>(plugin_->capability(TURMS_MEMBERSHIP))
        ->members(self_, 1, &member, 1, 0);
  }
  /// The status it is answered with before this returns; 0: it waits.
  int request() {
    http_status = 0;
    turms_http_request request{};
    request.struct_size = sizeof request;
    request.method = "GET";
    request.path = "/";
    http_handler_(http_data_, ++call_, &request);
    return http_status;
  }

  std::atomic<int> http_status = 0;
  std::atomic<size_t> counted = 0;
  std::atomic<int> errors = 0;

 private:
  static HeldHost& of(void* self) { return *static_cast<HeldHost*>(self); }

  std::map<std::string, std::string> settings_{
      {"url", "http://127.0.0.1:1"}, {"api_key", "k"}, {"api_secret", "s"}};
  std::promise<void> entered_;
  std::promise<void> release_;
  std::shared_future<void> released_{release_.get_future()};
  turms_host host_{};
  void* library_ = nullptr;
  const turms_plugin* plugin_ = nullptr;
  void* self_ = nullptr;
  turms_http_handler http_handler_ = nullptr;
  void* http_data_ = nullptr;
  turms_call call_ = 0;
};

TEST(BusyPlugin, RefusesWhatIsAskedAboveItsBoundAndHearsWhatItIsTold) {
  HeldHost host;
  ASSERT_EQ(host.ask(), TURMS_OK);
  host.wait_until_held();
  for (size_t i = 0; i < Mailbox::kMaxAsked; ++i) ASSERT_EQ(host.ask(), TURMS_OK) << i;
  EXPECT_EQ(host.ask(), TURMS_ERROR_RESOURCE_EXHAUSTED);
  EXPECT_EQ(host.request(), 503);
  for (size_t i = 0; i < Mailbox::kMaxTold; ++i) host.tell();
  EXPECT_EQ(host.errors, 0);
  host.tell();
  EXPECT_EQ(host.errors, 1);

  host.let_go();
  while (host.counted <= Mailbox::kMaxAsked) std::this_thread::yield();
  EXPECT_EQ(host.ask(), TURMS_OK);
}

}  // namespace
}  // namespace turms::livekit_plugin
