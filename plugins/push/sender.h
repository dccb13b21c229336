#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "config.h"
#include "delivery.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "subscription.h"

namespace turms::push {

/// Sends what users missed, and again what may pass later. Lives on its loop's thread. Bounds:
/// kMaxDeliveries are under way or wait for another attempt; more are dropped and counted.
class Sender {
 public:
  static constexpr size_t kMaxDeliveries = 10'000;

  /// Of what is done besides sending; called on the loop's thread.
  struct Events {
    /// A subscription that does not work any more.
    std::function<void(int64_t user_id, const std::string& name, const std::string& value)> gone;
    std::function<void(turms_log_level level, const std::string& message)> log;
  };

  Sender(net::Loop& loop, const Config& config, Events events);

  void send(const Missed& missed);

 private:
  struct Delivery {
    net::HttpClientRequest request;
    int attempt = 0;
    /// Of a subscription; no name: of the endpoint.
    int64_t user_id = 0;
    std::string name;
    std::string value;
  };

  void send_web_push(const Missed& missed, const std::string& name, const std::string& value);
  void send_to_endpoint(const Missed& missed);
  void begin(std::shared_ptr<Delivery> delivery);
  void attempt(const std::shared_ptr<Delivery>& delivery);
  void answered(const std::shared_ptr<Delivery>& delivery, const Result<net::HttpResponse>& answer);

  net::Loop& loop_;
  const Config& config_;
  const Events events_;
  size_t under_way_ = 0;
  size_t dropped_ = 0;
  std::unique_ptr<net::HttpClient> client_;
};

}  // namespace turms::push
