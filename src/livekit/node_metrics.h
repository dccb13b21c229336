#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/metrics.h"

namespace turms::livekit {

struct Notify;
struct SubscribedTracks;

/// How far somebody got who wants in.
enum class JoinStep : uint8_t {
  kRefused,      // before the upgrade: the token, or what the client says of itself
  kFailed,       // no room, or none for it in there
  kNotUpgraded,  // its connection ended meanwhile
  kConnected,    // it has a signalling connection
  kActive,       // its media is up, or it has come back
  kFirstActive,  // its media is up for the first time
};

/// What LiveKit's server counts and this one too, under LiveKit's names and labels: see
/// docs/metrics.md. Every one has node_id and node_type. One thread; the numbers are read by any.
class NodeMetrics {
 public:
  explicit NodeMetrics(std::string_view node_id);

  void count(const Notify& event);
  void count(JoinStep step) { join_[static_cast<size_t>(step)]->add(); }
  /// What changed in a room since `last`, which becomes `now`.
  void count_subscribed(const SubscribedTracks& now, SubscribedTracks& last);
  void count_signal_request() { requests_.add(); }
  void count_signal_responses(int64_t n) { responses_.add(n); }
  /// A request to the server API that led to a service was answered. Method: empty when it led to
  /// none; code: Twirp's, empty when it did what it was asked.
  void count_api(std::string_view service, std::string_view method, int status,
                 std::string_view code);

 private:
  static constexpr size_t kJoinSteps = 6;

  std::string node_;
  Metric& rooms_;
  Metric& participants_;
  Metric& published_audio_;
  Metric& published_video_;
  Metric& subscribed_audio_;
  Metric& subscribed_video_;
  Metric& subscribe_success_;
  Metric& requests_;
  Metric& responses_;
  std::array<Metric*, kJoinSteps> join_;
};

}  // namespace turms::livekit
