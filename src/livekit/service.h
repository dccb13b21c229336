#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "livekit/ice_servers.h"
#include "livekit/load_control.h"
#include "livekit/token.h"
#include "media/engine.h"
#include "record/recorder.h"

namespace turms::net {
class HttpClient;
class HttpRoutes;
class Loop;
}  // namespace turms::net

namespace turms::livekit {

/// What LiveKit's configuration file calls `room`.
struct RoomDefaults {
  bool auto_create = true;
  Duration empty_timeout = std::chrono::seconds(300);
  Duration departure_timeout = std::chrono::seconds(20);
  uint32_t max_participants = 0;  // 0: no bound
  bool enable_remote_unmute = false;
  /// Of rooms that do not say themselves.
  std::optional<media::PlayoutDelay> playout_delay;
  /// Where more microphones are live, only those that speak are forwarded. 0: all.
  uint32_t audio_sources = 10;
  bool sync_streams = false;  // as above
  bool follows_bandwidth = true;
  bool allow_pause = true;
  bool enable_data_blobs = false;
};

/// What LiveKit's configuration file calls `limit`. Bytes, unless the name says otherwise.
struct Limits {
  size_t data_blobs = 64'000;  // of one participant
  size_t room_name = 256;
  size_t identity = 256;
  size_t name = 256;
  size_t metadata = 512 * 1024;
  size_t attributes = 64 * 1024;
  size_t signal_message = 2 * 1024 * 1024;
  size_t api_body = 10 * 1024 * 1024;
  size_t rooms = 100'000;
  /// Published tracks of one participant; no more than its connection bears.
  size_t tracks = media::kMaxTracksPerTransport;
};

struct WebhookConfig {
  std::vector<std::string> urls;
  std::string api_key;  // signs; must be one of the keys when there are urls
  /// Events waiting per URL; beyond it new ones are dropped and counted.
  size_t queue_size = 10'000;
  /// An event that could not be delivered for so long is dropped.
  Duration max_age = std::chrono::hours(1);
  /// By name; empty: all.
  std::vector<std::string> include_events;
  std::vector<std::string> exclude_events;
  /// Where what waits is kept; empty: in memory only.
  std::string directory;
};

/// How long a recording waits for what it is of.
struct RecordingPatience {
  Duration absent = std::chrono::seconds(30);
  /// A track that was unpublished may come back as another of the same source.
  Duration unpublished = std::chrono::seconds(2);
};

struct ServiceConfig {
  ApiKeys keys;
  RoomDefaults room;
  Limits limits;
  LoadLimits load;
  WebhookConfig webhook;
  /// By the names that tokens and CreateRoom requests give.
  std::map<std::string, RoomSettings, std::less<>> room_configurations;
  std::string region;
  std::string node_id;  // empty: a random one
  IceServerConfig ice;
  record::RecorderSettings recording;  // without a directory: nothing is recorded
  RecordingPatience recording_patience;
};

/// Starts the media engine: start_engine with its configuration bound, or a test's own.
using EngineFactory = std::function<Result<std::unique_ptr<media::Engine>>(media::Engine::Post,
                                                                           media::EngineEvents&)>;

/// The built-in SFU's control plane: every room of this process, LiveKit's signalling, server API
/// and webhooks. Lives on the loop's thread; all calls and callbacks are on it, or before it runs.
/// The loop and the client must outlive it, and no route may be called after it is gone.
class Service {
 public:
  Service(ServiceConfig config, net::Loop& loop, net::HttpClient& client);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Starts the engine; kUnavailable when its ports are taken, kInvalidArgument when the
  /// configuration contradicts itself.
  Status start(const EngineFactory& factory);

  /// /rtc and /rtc/v1 with their validate, /rtc/stats, /agent, /whip/v1, /twirp/livekit.*.
  void register_routes(net::HttpRoutes& server);

  /// /rooms, for who runs the server: the caller sees to it that nobody else gets there.
  void register_admin_routes(net::HttpRoutes& server);

  /// Tells every participant to reconnect (SERVER_SHUTDOWN), closes every room and calls `done`
  /// when webhooks have been delivered (each is tried once more) or `timeout` has passed. New joins
  /// are refused from now on.
  void drain(Duration timeout, std::function<void()> done);

  /// media::Engine::adopt_stream(), from any thread between start() and the destructor.
  bool adopt_stream(media::AdoptedStream stream);

  [[nodiscard]] std::vector<uint16_t> udp_ports() const;
  /// What it can take, from any thread.
  enum class Capacity : uint8_t {
    kOpen,
    kReduced,  // some of its video is sent in fewer layers
    kFull,     // who is not in is refused
  };
  [[nodiscard]] Capacity capacity() const;
  [[nodiscard]] size_t room_count() const;
  [[nodiscard]] size_t participant_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace turms::livekit
