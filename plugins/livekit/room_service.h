#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config.h"
#include "json.h"
#include "net/http_client.h"
#include "net/loop.h"

namespace turms::livekit_plugin {

/// LiveKit's RoomService over Twirp with JSON. On its loop's thread. What is idempotent is tried
/// again, up to kAttempts times, while the server cannot be reached or fails; all within
/// kTotalTime.
class RoomService {
 public:
  static constexpr int kAttempts = 3;
  static constexpr Duration kAttemptTime = std::chrono::milliseconds(2500);
  static constexpr Duration kTotalTime = std::chrono::milliseconds(6000);

  /// kNotFound: no such room or participant. kPermissionDenied: the key is not accepted.
  /// kUnavailable, kDeadlineExceeded: the server does not answer. kInvalidArgument: it did not like
  /// what we asked. kInternal: its answer makes no sense.
  using Handler = std::function<void(Result<json::object>)>;

  RoomService(net::Loop& loop, const Config& config);

  /// `trace_id`, unless it is 0, goes with it as the header X-Trace-Id.
  void create_room(const std::string& room, int max_participants, std::string metadata,
                   uint64_t trace_id, Handler handler);
  void delete_room(const std::string& room, Handler handler);
  /// Only those of `names` that exist are in the answer ("rooms").
  void list_rooms(const std::vector<std::string>& names, Handler handler);
  void list_participants(const std::string& room, Handler handler);
  void remove_participant(const std::string& room, const std::string& identity, Handler handler);
  /// `permission` and `metadata` null: unchanged.
  void update_participant(const std::string& room, const std::string& identity,
                          json::value permission, json::value metadata, Handler handler);
  void mute_track(const std::string& room, const std::string& identity, const std::string& sid,
                  Handler handler);

 private:
  struct Request;

  void call(std::string_view method, json::object grants, json::object body, Handler handler,
            uint64_t trace_id = 0);
  void attempt(const std::shared_ptr<Request>& request);
  void answered(const std::shared_ptr<Request>& request, Result<net::HttpResponse> response);
  json::object admin_of(const std::string& room) const;

  net::Loop& loop_;
  const Config& config_;
  std::unique_ptr<net::HttpClient> client_;
};

}  // namespace turms::livekit_plugin
