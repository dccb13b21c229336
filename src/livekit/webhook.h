#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "livekit/room.h"
#include "livekit/service.h"
#include "net/http_client.h"
#include "net/loop.h"

namespace turms::livekit {

/// Posts what happened to the configured addresses: signed, in order per room and address, tried
/// again with growing pauses. An event that still fails after kAttempts, and one that finds
/// `queue_size` others waiting for its address, is dropped and counted. On the loop's thread, which
/// it never blocks.
class Webhooks {
 public:
  static constexpr int kAttempts = 7;
  static constexpr Duration kFirstPause = std::chrono::milliseconds(250);
  static constexpr Duration kRequestTimeout = std::chrono::seconds(5);

  Webhooks(WebhookConfig config, std::string secret, net::Loop& loop, net::HttpClient& client);
  ~Webhooks();

  void notify(const Notify& event);
  /// Events not yet delivered or given up.
  [[nodiscard]] size_t pending() const { return pending_; }
  /// Before the end: what is waiting for another attempt gets one at once and no further ones.
  /// Calls when nothing is pending, perhaps at once.
  void finish(std::function<void()> done);

 private:
  struct Lane {
    explicit Lane(net::Loop& loop) : pause(loop) {}
    std::deque<std::shared_ptr<const std::string>> bodies;
    int attempts = 0;  // of the first
    net::Timer pause;
  };
  struct Target {
    std::string url;
    size_t waiting = 0;
    bool failing = false;
    std::map<std::string, std::unique_ptr<Lane>> lanes;  // by room sid
  };

  void send(Target& target, const std::string& room_sid);
  void finished(Target& target, const std::string& room_sid, bool delivered);

  WebhookConfig config_;
  std::string secret_;
  net::Loop& loop_;
  net::HttpClient& client_;
  std::vector<std::unique_ptr<Target>> targets_;
  size_t pending_ = 0;
  bool finishing_ = false;
  std::function<void()> idle_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The body of one event, as protobuf's JSON.
std::string webhook_body(const Notify& event, const std::string& id);
/// The Authorization header that vouches for a body.
std::string webhook_token(const std::string& body, const std::string& api_key,
                          std::string_view secret, WallTime now);

}  // namespace turms::livekit
