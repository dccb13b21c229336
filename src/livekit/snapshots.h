#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "media/engine.h"
#include "net/loop.h"

namespace turms::livekit {

/// Who waits for what the media workers know. On the loop's thread.
///
/// Bounds: kMaxWaiting requests; who asks beyond is refused at once.
class Snapshots {
 public:
  static constexpr size_t kMaxWaiting = 64;
  static constexpr Duration kTimeout = std::chrono::seconds(2);
  /// kResourceExhausted: too many wait. kUnavailable: the workers have no such room (yet), or are
  /// far behind.
  using Handler = std::function<void(Result<media::RoomSnapshot>)>;

  explicit Snapshots(net::Loop& loop) : loop_(loop) {}

  /// As media::Engine::request_snapshot(). The handler runs once, unless this is destroyed before;
  /// when it is refused, within this call.
  void take(media::Engine& engine, media::RoomId room, std::vector<media::TransportId> transports,
            Handler handler);
  /// A part has come.
  void add(uint64_t ticket, media::RoomSnapshot part);

 private:
  struct Waiting {
    explicit Waiting(net::Loop& loop) : timer(loop) {}
    size_t parts = 0;  // that are to come
    media::RoomSnapshot snapshot;
    Handler handler;
    net::Timer timer;
  };

  void finish(uint64_t ticket, Result<media::RoomSnapshot> result);

  net::Loop& loop_;
  std::map<uint64_t, std::unique_ptr<Waiting>> waiting_;
};

}  // namespace turms::livekit
