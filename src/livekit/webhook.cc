#include "livekit/webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
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

namespace json = boost::json;
using Phase = WebhookRecord::Phase;

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

Phase phase_of(RoomEvent event) {
  switch (event) {
    case RoomEvent::kRoomStarted:
    case RoomEvent::kParticipantJoined:
    case RoomEvent::kTrackPublished:
      return Phase::kBegin;
    case RoomEvent::kRoomFinished:
    case RoomEvent::kParticipantLeft:
    case RoomEvent::kTrackUnpublished:
      return Phase::kEnd;
    case RoomEvent::kParticipantConnectionAborted:
      break;
  }
  return Phase::kMoment;
}

std::string subject_of(const Notify& event) {
  std::string out = event.room.sid;
  if (event.participant) out += "/" + event.participant->sid;
  if (event.track) out += "/" + event.track->sid;
  return out;
}

/// Empty for a room.
std::string parent_of(const std::string& subject) {
  const size_t slash = subject.rfind('/');
  return slash == std::string::npos ? std::string() : subject.substr(0, slash);
}

size_t depth_of(const std::string& subject) {
  return static_cast<size_t>(std::count(subject.begin(), subject.end(), '/'));
}

constexpr Duration kTokenLife = std::chrono::minutes(5);
constexpr Duration kComplaintPause = std::chrono::minutes(1);
constexpr const char* kEndNames[] = {"room_finished", "participant_left", "track_unpublished"};

Metric& counter(std::string_view result) {
  return metrics::counter("turms_livekit_webhooks_total", "Webhook events by what became of them",
                          {{"result", result}});
}

Metric& attempts_counter(std::string_view status) {
  return metrics::counter("livekit_webhook_dispatch_total", "Attempts to deliver webhook events",
                          {{"status", status}});
}

Metric& queue_gauge() {
  static Metric& metric =
      metrics::gauge("livekit_webhook_queue_length", "Webhook events that wait, of all addresses");
  return metric;
}

/// The end of what an earlier process began.
WebhookRecord end_of(const WebhookRecord& begin, WallTime now) {
  WebhookRecord out = begin;
  out.phase = Phase::kEnd;
  out.created = now;
  boost::system::error_code error;
  json::value body = json::parse(begin.body, error);
  if (error || !body.is_object()) return out;
  json::object& object = body.get_object();
  object["event"] = kEndNames[std::min<size_t>(depth_of(begin.subject), 2)];
  object["id"] = new_webhook_id();
  object["createdAt"] = std::to_string(now.unix_ms / 1000);
  if (depth_of(begin.subject) == 1 && object.contains("participant")) {
    object["participant"].as_object()["state"] = "DISCONNECTED";
  }
  out.body = json::serialize(body);
  return out;
}

std::string event_of(const WebhookRecord& record) {
  boost::system::error_code error;
  const json::value body = json::parse(record.body, error);
  if (error || !body.is_object()) return {};
  const json::value* name = body.get_object().if_contains("event");
  return name != nullptr && name->is_string() ? std::string(name->get_string()) : std::string();
}

struct UrlParts {
  std::string_view origin;  // scheme and authority
  std::string_view host;
};
UrlParts parts_of(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == url.npos ? 0 : scheme + 3;
  const size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const std::string_view authority = url.substr(begin, end - begin);
  return {url.substr(0, end), authority.substr(0, authority.rfind(':'))};
}

/// Empty: it leads nowhere that we go.
std::string redirect_target(std::string_view from, std::string_view location) {
  if (location.starts_with("http://") || location.starts_with("https://")) {
    return std::string(location);
  }
  if (!location.starts_with('/') || location.starts_with("//")) return {};
  return std::string(parts_of(from).origin) + std::string(location);
}

}  // namespace

std::string new_webhook_id() {
  return "EV_" + secure_random_token(12);
}

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

Webhooks::Webhooks(const WebhookConfig& config, std::string secret, net::Loop& loop,
                   net::HttpClient& client)
    : config_(config), secret_(std::move(secret)), loop_(loop), client_(client) {
  for (const std::string& url : config_.urls) {
    targets_.push_back(std::make_unique<Target>());
    targets_.back()->url = url;
  }
}

Webhooks::~Webhooks() {
  queue_gauge().add(-static_cast<int64_t>(pending_));
}

Status Webhooks::start() {
  namespace fs = std::filesystem;
  std::set<std::string> files;
  const fs::path directory(config_.directory);
  if (!config_.directory.empty()) {
    std::error_code error;
    fs::create_directories(directory, error);
    fs::permissions(directory, fs::perms::owner_all, error);
  }
  for (const auto& target : targets_) {
    std::string path;
    if (!config_.directory.empty()) {
      const auto digest = sha256(as_bytes(target->url));
      const std::string name = base64url(ByteView(digest).first(12)) + ".journal";
      files.insert(name);
      path = (directory / name).string();
    }
    auto journal = WebhookJournal::open(path);
    if (!journal) return std::unexpected(journal.error());
    target->journal = std::move(*journal);
    last_number_ = std::max(last_number_, target->journal->restored().last_number);
  }
  if (!config_.directory.empty()) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with(".journal") || files.contains(name)) continue;
      log::info("webhook: {} was for an address that is not configured any more", name);
      fs::remove(entry.path(), error);
    }
  }
  for (const auto& target : targets_) {
    for (const WebhookRecord& record : target->journal->restored().waiting) {
      ++pending_;
      queue_gauge().add();
      ++target->waiting;
      auto& lane = target->lanes[record.room];
      if (lane == nullptr) lane = std::make_unique<Lane>(loop_);
      lane->records.push_back(record);
      make_ready(*target, record.room, *lane);
    }
    std::vector<WebhookRecord> ends;
    for (const auto& [subject, begin] : target->journal->restored().open) {
      target->open.insert(subject);
      ends.push_back(end_of(begin, wall_now()));
    }
    // Tracks before their participants before their rooms.
    std::stable_sort(ends.begin(), ends.end(), [](const auto& a, const auto& b) {
      return depth_of(a.subject) > depth_of(b.subject);
    });
    for (WebhookRecord& record : ends) {
      const bool send = wanted(event_of(record));
      offer(*target, std::move(record), send);
    }
    pump(*target);
  }
  return {};
}

bool Webhooks::wanted(std::string_view event) const {
  const auto has = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), event) != names.end();
  };
  if (has(config_.exclude_events)) return false;
  return config_.include_events.empty() || has(config_.include_events);
}

std::string Webhooks::trace_of(const Notify& event) {
  const std::string& room = event.room.sid;
  if (event.event == RoomEvent::kRoomStarted && !cause_.empty()) made_for_[room] = cause_;
  const auto made = made_for_.find(room);
  std::string id = cause_.empty() && made != made_for_.end() ? made->second : cause_;
  if (event.event == RoomEvent::kRoomFinished) made_for_.erase(room);
  return id;
}

void Webhooks::notify(const Notify& event) {
  if (targets_.empty()) return;
  WebhookRecord record;
  record.created = event.at;
  record.room = event.room.sid;
  record.subject = subject_of(event);
  record.phase = phase_of(event.event);
  record.body = webhook_body(event, new_webhook_id());
  record.trace_id = trace_of(event);
  const bool send = wanted(name_of(event.event));
  for (const auto& target : targets_) {
    offer(*target, record, send);
    pump(*target);
  }
}

void Webhooks::tell(std::string_view event, const std::string& room_sid, WallTime now,
                    std::string body) {
  if (!wanted(event)) return;
  WebhookRecord record;
  record.created = now;
  record.room = room_sid;
  record.subject = room_sid;
  record.body = std::move(body);
  record.trace_id = cause_;
  for (const auto& target : targets_) {
    if (target->waiting < config_.queue_size) {
      enqueue(*target, record);
    } else {
      counter("dropped").add();
    }
    pump(*target);
  }
}

void Webhooks::offer(Target& target, WebhookRecord record, bool send) {
  const std::string parent = parent_of(record.subject);
  bool taken = false;
  switch (record.phase) {
    case Phase::kBegin:
      taken =
          target.waiting < config_.queue_size && (parent.empty() || target.open.contains(parent));
      if (taken) {
        target.open.insert(record.subject);
        target.journal->begin(record);
      }
      break;
    case Phase::kEnd:
      taken = target.open.erase(record.subject) > 0;
      if (taken) target.journal->end(record.subject);
      break;
    case Phase::kMoment:
      // About somebody who never was there, so only the room must be known.
      taken = target.waiting < config_.queue_size && target.open.contains(parent);
      break;
  }
  if (!taken) {
    if (send) counter("dropped").add();
    return;
  }
  if (send) enqueue(target, std::move(record));
}

void Webhooks::enqueue(Target& target, WebhookRecord record) {
  record.number = ++last_number_;
  target.journal->add(record);
  ++target.waiting;
  ++pending_;
  queue_gauge().add();
  auto& lane = target.lanes[record.room];
  if (lane == nullptr) lane = std::make_unique<Lane>(loop_);
  const std::string room = record.room;
  lane->records.push_back(std::move(record));
  if (lane->records.size() == 1) make_ready(target, room, *lane);
}

void Webhooks::make_ready(Target& target, const std::string& room, Lane& lane) {
  if (lane.ready || lane.under_way || lane.over) return;
  lane.ready = true;
  lane.pause.cancel();
  target.ready.push_back(room);
}

void Webhooks::pump(Target& target) {
  const size_t at_once = target.failing ? 1 : kAtOnce;
  while (target.under_way < at_once && !target.ready.empty()) {
    const std::string room = std::move(target.ready.front());
    target.ready.pop_front();
    const auto it = target.lanes.find(room);
    if (it == target.lanes.end()) continue;
    it->second->ready = false;
    drop_expired(target, room);
    if (!target.lanes.contains(room)) continue;
    Lane& lane = *target.lanes.at(room);
    lane.under_way = true;
    ++lane.attempts;
    ++target.under_way;
    attempt(target, room, target.url, kRedirects);
  }
}

void Webhooks::drop_expired(Target& target, const std::string& room) {
  const WallTime now = wall_now();
  while (true) {
    const auto it = target.lanes.find(room);
    if (it == target.lanes.end()) return;
    const WebhookRecord& first = it->second->records.front();
    bool lost = false;
    for (std::string subject = first.subject; !subject.empty(); subject = parent_of(subject)) {
      lost = lost || target.lost.contains(subject);
    }
    const bool expired =
        std::chrono::milliseconds(now.unix_ms - first.created.unix_ms) > config_.max_age;
    if (!lost && !expired) return;
    if (first.phase == Phase::kBegin) target.lost.insert(first.subject);
    if (first.phase == Phase::kEnd) target.lost.erase(first.subject);
    counter("expired").add();
    if (!drop_first(target, room)) return;
  }
}

bool Webhooks::drop_first(Target& target, const std::string& room) {
  const auto it = target.lanes.find(room);
  Lane& lane = *it->second;
  target.journal->remove(lane.records.front().number);
  lane.records.pop_front();
  lane.attempts = 0;
  --target.waiting;
  --pending_;
  queue_gauge().add(-1);
  if (!lane.records.empty()) return true;
  target.lanes.erase(it);
  return false;
}

void Webhooks::attempt(Target& target, const std::string& room, const std::string& url,
                       int redirects) {
  net::HttpClientRequest request;
  request.method = "POST";
  request.url = url;
  const WebhookRecord& record = target.lanes.at(room)->records.front();
  request.body = record.body;
  request.headers = {{"Content-Type", "application/webhook+json"}};
  if (!record.trace_id.empty()) request.headers.add("X-Trace-Id", record.trace_id);
  // What vouches for the event is for the host that was configured, as in LiveKit.
  const std::string_view host = parts_of(url).host;
  const std::string_view home = parts_of(target.url).host;
  if (host == home || host.ends_with("." + std::string(home))) {
    request.headers.add("Authorization",
                        webhook_token(request.body, config_.api_key, secret_, wall_now()));
  }
  request.timeout = kRequestTimeout;
  client_.request(std::move(request), [this, alive = std::weak_ptr(alive_), &target, room, url,
                                       redirects](const Result<net::HttpResponse>& response) {
    if (alive.expired()) return;
    if (!response) return attempted(target, room, response.error().message);
    if (response->status >= 200 && response->status < 300) return attempted(target, room, "");
    if ((response->status == 307 || response->status == 308) && redirects > 0) {
      const std::string next = redirect_target(url, response->headers.get("Location").value_or(""));
      if (!next.empty()) return attempt(target, room, next, redirects - 1);
    }
    attempted(target, room, fmt::format("status {}", response->status));
  });
}

void Webhooks::attempted(Target& target, const std::string& room, const std::string& failure) {
  Lane& lane = *target.lanes.at(room);
  lane.under_way = false;
  --target.under_way;
  attempts_counter(failure.empty() ? "success" : "failure").add();
  if (failure.empty()) {
    counter("delivered").add();
    if (drop_first(target, room)) make_ready(target, room, lane);
    if (std::exchange(target.failing, false)) {
      log::info("webhook: {} takes events again", target.url);
      for (const auto& [name, other] : target.lanes) {
        if (other->pause.running()) make_ready(target, name, *other);
      }
    }
  } else {
    counter("retried").add();
    const TimePoint now = loop_.now();
    if (!std::exchange(target.failing, true) || now >= target.last_complaint + kComplaintPause) {
      target.last_complaint = now;
      log::warn("webhook: {} did not take an event: {}; {} wait for it", target.url, failure,
                target.waiting);
    }
    if (finishing_) {
      lane.over = true;
    } else {
      const int doublings = std::min(lane.attempts - 1, 7);
      const Duration pause = std::min<Duration>(kFirstPause * (1 << doublings), kLongestPause);
      lane.pause.start(pause, [this, &target, room] {
        make_ready(target, room, *target.lanes.at(room));
        pump(target);
      });
    }
  }
  pump(target);
  check_idle();
}

void Webhooks::finish(std::function<void()> done) {
  finishing_ = true;
  idle_ = std::move(done);
  for (const auto& target : targets_) {
    for (const auto& [room, lane] : target->lanes) make_ready(*target, room, *lane);
    pump(*target);
  }
  check_idle();
}

void Webhooks::check_idle() {
  if (!idle_) return;
  const bool busy = std::any_of(targets_.begin(), targets_.end(), [](const auto& target) {
    return target->under_way > 0 || !target->ready.empty();
  });
  if (!busy) std::exchange(idle_, nullptr)();
}

}  // namespace turms::livekit
