// turms-plugin-push: tells users who are signed in nowhere of what was written to them, by Web Push
// (RFC 8030, 8291, 8292) and to an HTTP endpoint of the operator's. docs/plugins.md has its
// settings.
#include <atomic>
#include <boost/json.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "base/encoding.h"
#include "config.h"
#include "delivery.h"
#include "net/loop.h"
#include "sender.h"
#include "turms/plugin.hpp"

namespace turms::push {

namespace {

class Plugin {
 public:
  Plugin(const turms_host& host, Config config)
      : host_(host),
        push_(sdk::host_table<turms_host_push>(host, TURMS_HOST_PUSH)),
        config_(std::move(config)) {
    if (config_.vapid_key) {
      const std::string key = base64url(config_.vapid_key->public_key());
      key_json_ = boost::json::serialize(boost::json::object{{"publicKey", key}});
    }
    thread_ = std::thread([this] {
      Sender sender(loop_, config_, events());
      sender_ = &sender;
      loop_.run();
    });
    host_.serve_http(host_.context, &Plugin::serve, this);
  }
  ~Plugin() {
    loop_.stop();
    thread_.join();
  }

  /// From any thread.
  void tell(Missed missed) {
    if (waiting_.fetch_add(1) >= Sender::kMaxDeliveries) {
      waiting_.fetch_sub(1);
      return;
    }
    loop_.post([this, missed = std::move(missed)] {
      waiting_.fetch_sub(1);
      sender_->send(missed);
    });
  }
  [[nodiscard]] bool wants_everybody() const { return !config_.endpoint_url.empty(); }

 private:
  Sender::Events events() {
    Sender::Events events;
    events.log = [this](turms_log_level level, const std::string& message) {
      sdk::log(host_, level, message);
    };
    events.gone = [this](int64_t user, const std::string& name, const std::string& value) {
      if (push_ != nullptr) push_->forget(host_.context, user, name.c_str(), value.c_str());
    };
    return events;
  }

  /// GET key: what a browser subscribes with (applicationServerKey).
  static void serve(void* self, turms_call call, const turms_http_request* request) {
    const Plugin& plugin = *static_cast<const Plugin*>(self);
    const bool found = !plugin.key_json_.empty() && std::string_view(request->path) == "/key" &&
                       std::string_view(request->method) == "GET";
    const turms_http_header type = {"Content-Type", "application/json"};
    turms_http_response response{};
    response.struct_size = sizeof response;
    response.status = found ? 200 : 404;
    if (found) {
      response.headers = &type;
      response.header_count = 1;
      response.body = reinterpret_cast<const uint8_t*>(plugin.key_json_.data());
      response.body_size = plugin.key_json_.size();
    }
    plugin.host_.http_respond(plugin.host_.context, call, &response);
  }

  const turms_host& host_;
  const turms_host_push* push_;
  const Config config_;
  std::string key_json_;
  net::Loop loop_;
  std::atomic<size_t> waiting_{0};
  Sender* sender_ = nullptr;  // of thread_, before anything that was posted runs
  std::thread thread_;
};

std::unique_ptr<Plugin> make(const turms_host& host) {
  auto config = read_config(host);
  if (!config) throw std::invalid_argument(config.error().message);
  return std::make_unique<Plugin>(host, std::move(*config));
}

void message_missed(void* self, const turms_push* push) {
  static_cast<Plugin*>(self)->tell(keep(*push));
}

int32_t wants_everybody(void* self) {
  return static_cast<const Plugin*>(self)->wants_everybody() ? 1 : 0;
}

constexpr turms_pushes kPushes = {TURMS_PLUGIN_ABI_VERSION, sizeof(turms_pushes), message_missed,
                                  wants_everybody};

const void* capability(const char* name) {
  if (std::string_view(name) == TURMS_SETTINGS) return &settings();
  return std::string_view(name) == TURMS_PUSH ? &kPushes : nullptr;
}

constexpr turms_plugin kPlugin = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                  .struct_size = sizeof(turms_plugin),
                                  .name = "push",
                                  .version = "0.1",
                                  .start = sdk::start<make>,
                                  .stop = sdk::stop<Plugin>,
                                  .conference = nullptr,
                                  .capability = capability};

}  // namespace

}  // namespace turms::push

extern "C" TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host) {
  return turms::sdk::knows_capabilities(*host) ? &turms::push::kPlugin : nullptr;
}
