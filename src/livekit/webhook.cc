#include "livekit/webhook.h"

#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/metrics.h"
#include "livekit/pb.h"
#include "livekit/token.h"
#include "livekit/webhook.pb.h"

namespace turms::livekit {
namespace {

const char* name_of(RoomEvent event) {
  switch (event) {
    case RoomEvent::kRoomStarted:
      return "room_started";
    case RoomEvent::kRoomFinished:
      return "room_finished";
    case RoomEvent::kParticipantJoined:
      return "participant_joined";
    case RoomEvent::kParticipantLeft:
      return "participant_left";
    case RoomEvent::kParticipantConnectionAborted:
      return "participant_connection_aborted";
    case RoomEvent::kTrackPublished:
      return "track_published";
    case RoomEvent::kTrackUnpublished:
      return "track_unpublished";
  }
  return "";
}

constexpr Duration kTokenLife = std::chrono::minutes(5);

Metric& counter(std::string_view result) {
  return metrics::counter("turms_livekit_webhooks_total", "Webhook events by what became of them",
                          {{"result", result}});
}

}  // namespace

std::string webhook_body(const Notify& event, const std::string& id) {
  pb::WebhookEvent out;
  out.set_event(name_of(event.event));
  out.set_id(id);
  out.set_created_at(event.at.unix_ms / 1000);
  to_pb(event.room, *out.mutable_room());
  if (event.participant) to_pb(*event.participant, *out.mutable_participant());
  if (event.track) to_pb(*event.track, *out.mutable_track());
  return to_json(out, JsonNames::kCamel);
}

std::string webhook_token(const std::string& body, const std::string& api_key,
                          std::string_view secret, WallTime now) {
  Grants grants;
  grants.api_key = api_key;
  grants.sha256 = base64(sha256(as_bytes(body)));
  return mint_token(grants, secret, now, kTokenLife);
}

Webhooks::Webhooks(WebhookConfig config, std::string secret, net::Loop& loop,
                   net::HttpClient& client)
    : config_(std::move(config)), secret_(std::move(secret)), loop_(loop), client_(client) {
  for (const std::string& url : config_.urls) {
    targets_.push_back(std::make_unique<Target>());
    targets_.back()->url = url;
  }
}

Webhooks::~Webhooks() = default;

void Webhooks::notify(const Notify& event) {
  if (targets_.empty()) return;
  const auto body =
      std::make_shared<const std::string>(webhook_body(event, "EV_" + secure_random_token(12)));
  for (const auto& target : targets_) {
    if (target->waiting >= config_.queue_size) {
      counter("dropped").add();
      continue;
    }
    auto& lane = target->lanes[event.room.sid];
    if (lane == nullptr) lane = std::make_unique<Lane>(loop_);
    lane->bodies.push_back(body);
    ++target->waiting;
    ++pending_;
    if (lane->bodies.size() == 1) send(*target, event.room.sid);
  }
}

void Webhooks::send(Target& target, const std::string& room_sid) {
  Lane& lane = *target.lanes.at(room_sid);
  ++lane.attempts;
  net::HttpClientRequest request;
  request.method = "POST";
  request.url = target.url;
  request.body = *lane.bodies.front();
  request.headers = {
      {"Content-Type", "application/webhook+json"},
      {"Authorization", webhook_token(request.body, config_.api_key, secret_, wall_now())}};
  request.timeout = kRequestTimeout;
  client_.request(std::move(request), [this, alive = std::weak_ptr(alive_), &target,
                                       room_sid](const Result<net::HttpResponse>& response) {
    if (alive.expired()) return;
    finished(target, room_sid, response && response->status >= 200 && response->status < 300);
  });
}

void Webhooks::finished(Target& target, const std::string& room_sid, bool delivered) {
  Lane& lane = *target.lanes.at(room_sid);
  if (!delivered && lane.attempts < kAttempts && !finishing_) {
    counter("retried").add();
    lane.pause.start(kFirstPause * (1 << (lane.attempts - 1)),
                     [this, &target, room_sid] { send(target, room_sid); });
    return;
  }
  counter(delivered ? "delivered" : "failed").add();
  if (!delivered && !target.failing) {
    log::warn("webhook: {} took no event in {} attempts", target.url, lane.attempts);
  }
  target.failing = !delivered;  // said once
  lane.attempts = 0;
  lane.bodies.pop_front();
  --target.waiting;
  --pending_;
  if (!lane.bodies.empty()) {
    send(target, room_sid);
  } else {
    target.lanes.erase(room_sid);
  }
  if (pending_ == 0 && idle_) std::exchange(idle_, nullptr)();
}

void Webhooks::finish(std::function<void()> done) {
  finishing_ = true;
  if (pending_ == 0) return done();
  idle_ = std::move(done);
  for (const auto& target : targets_) {
    for (const auto& [room_sid, lane] : target->lanes) {
      if (!lane->pause.running()) continue;
      lane->pause.cancel();
      send(*target, room_sid);
    }
  }
}

}  // namespace turms::livekit
