#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "livekit/load_control.h"
#include "livekit/node_metrics.h"
#include "livekit/room.h"
#include "livekit/service.h"
#include "livekit/snapshots.h"
#include "media/engine.h"
#include "net/loop.h"

namespace turms::livekit {

inline constexpr std::string_view kUnknownPreset =
    "unknown room configuration in create room request";

/// What `said` says over the configuration named `preset` (empty: none). Nothing when there is no
/// such configuration.
std::optional<RoomSettings> room_settings(const ServiceConfig& config, const std::string& preset,
                                          const RoomSettings& said);

/// All rooms of the process: opens and closes them, feeds them the engine's events and their
/// timers, and hands out what they want done, once per turn of the loop so that what came together
/// goes out together. One thread, the loop's.
class Rooms : private media::EngineEvents {
 public:
  using OutputHandler = std::function<void(const Room&, RoomOutput)>;

  Rooms(const ServiceConfig& config, net::Loop& loop, OutputHandler handler);
  ~Rooms() override;

  Status start(const EngineFactory& factory);
  [[nodiscard]] const media::Engine* engine() const { return engine_.get(); }
  [[nodiscard]] media::Engine* engine() { return engine_.get(); }

  /// Null when there is none (or it is closed).
  Room* find(std::string_view name);
  Room* find(media::RoomId id);
  /// Finds or makes it. kResourceExhausted when there are too many, kUnavailable when draining.
  Result<Room*> open(const std::string& name, const RoomSettings& settings);
  /// kResourceExhausted, and counted, when nobody new gets in for want of time. Who is in there may
  /// come back.
  Status admit(std::string_view room, std::string_view identity);
  struct LoadState {
    bool full = false;
    bool reduced = false;
  };
  /// Any thread.
  [[nodiscard]] LoadState load_state() const {
    return {full_.load(std::memory_order_relaxed), reduced_.load(std::memory_order_relaxed)};
  }
  /// Something was put in: outputs are due at the end of the turn.
  void touch(const Room& room);
  /// As at the end of the turn, at once.
  void settle_now(const Room& room) { settle(room.id()); }
  void settle_all();
  /// Closes all, hands out what that makes due, and refuses new ones.
  void close_all(DisconnectReason reason);

  [[nodiscard]] std::vector<Room*> all();
  [[nodiscard]] size_t count() const { return by_name_.size(); }
  [[nodiscard]] size_t participant_count() const;
  [[nodiscard]] net::Loop& loop() const { return loop_; }
  [[nodiscard]] server::ServerInfo server_info() const;
  [[nodiscard]] Now now() const;
  [[nodiscard]] NodeMetrics& metrics() { return metrics_; }
  /// What the media workers know of a room, or of these transports in it.
  void snapshot(const Room& room, std::vector<media::TransportId> transports,
                Snapshots::Handler handler) {
    snapshots_.take(*engine_, room.id(), std::move(transports), std::move(handler));
  }

 private:
  struct Entry {
    Entry(net::Loop& loop, std::unique_ptr<Room> made) : room(std::move(made)), timer(loop) {}
    std::unique_ptr<Room> room;
    net::Timer timer;
    TimePoint armed = kNever;
    bool touched = false;
    SubscribedTracks counted;
  };

  void on_transport_connected(media::TransportId transport) override;
  void on_transport_failed(media::TransportId transport, std::string reason) override;
  void on_transport_closed(media::TransportId transport) override;
  void on_layer_started(media::TrackId track, int spatial) override;
  void on_data(media::RoomId room, const media::DataNote& note) override;
  void on_speakers(media::RoomId room, std::vector<media::Speaker> speakers) override;
  void on_statistics(media::RoomId room, std::vector<media::TrackStatistics> tracks,
                     std::vector<media::SubscriptionStatistics> subscriptions) override;
  void on_stream_states(media::RoomId room, std::vector<media::StreamState> states) override;
  void on_snapshot(uint64_t ticket, media::RoomSnapshot part) override {
    snapshots_.add(ticket, std::move(part));
  }
  void on_paths(media::RoomId room, std::vector<media::PathStatistics> paths) override;

  void sample_load();
  void touch(Entry& entry);
  void settle(media::RoomId id);
  void arm(Entry& entry);

  const ServiceConfig& config_;
  net::Loop& loop_;
  OutputHandler handler_;
  std::string node_id_;
  NodeMetrics metrics_;
  std::shared_ptr<const IceServerConfig> ice_;
  LoadControl load_control_;
  net::Timer load_timer_;
  TimePoint sampled_at_;
  Duration sampled_cpu_{};  // of this thread
  uint64_t sampled_packets_ = 0;
  std::vector<int> left_out_;  // as the workers were told
  std::atomic<bool> full_{false};
  std::atomic<bool> reduced_{false};
  Snapshots snapshots_;
  bool closing_ = false;
  media::RoomId last_room_;
  std::unique_ptr<media::Engine> engine_;
  std::map<uint64_t, std::unique_ptr<Entry>> by_id_;
  std::map<std::string, media::RoomId, std::less<>> by_name_;
  std::vector<media::RoomId> touched_;
  /// Gone when this is: what was posted before then does nothing.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace turms::livekit
