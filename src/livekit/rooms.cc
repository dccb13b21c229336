#include "livekit/rooms.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/metrics.h"

namespace turms::livekit {
namespace {

/// A refreshed token lasts at least so long.
constexpr Duration kMinimumTokenLife = std::chrono::minutes(10);

std::string mint_refreshed(const ApiKeys& keys, const Grants& grants, WallTime now) {
  const auto key = keys.find(grants.api_key);
  if (key == keys.end()) return {};
  Duration life = kMinimumTokenLife;
  if (grants.expires) {
    life =
        std::max<Duration>(life, std::chrono::milliseconds(grants.expires->unix_ms - now.unix_ms));
  }
  return mint_token(grants, key->second, now, life);
}

uint32_t whole_seconds(Duration duration) {
  return static_cast<uint32_t>(
      std::clamp<int64_t>(to_ms(duration) / 1000, 0, std::numeric_limits<uint32_t>::max()));
}

/// As LiveKit takes it: who says one end only leaves the other at its limit.
std::optional<media::PlayoutDelay> playout_delay(const RoomDefaults& defaults,
                                                 const RoomSettings& settings) {
  constexpr uint32_t kMaxPlayoutDelayMs = 10'000;
  const uint32_t min = settings.min_playout_delay_ms.value_or(0);
  const uint32_t max = settings.max_playout_delay_ms.value_or(0);
  if (min == 0 && max == 0) return defaults.playout_delay;
  media::PlayoutDelay out;
  out.max_ms = max == 0 ? kMaxPlayoutDelayMs : std::min(max, kMaxPlayoutDelayMs);
  out.min_ms = std::min(min, out.max_ms);
  return out;
}

Duration thread_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Metric& service_load_gauge() {
  static Metric& metric = metrics::gauge("turms_livekit_service_load_permille",
                                         "CPU of the LiveKit service's thread in the last second");
  return metric;
}

Metric& full_gauge() {
  static Metric& metric =
      metrics::gauge("turms_livekit_full", "1: whoever is not in a room is refused");
  return metric;
}

Metric& left_out_gauge() {
  static Metric& metric =
      metrics::gauge("turms_livekit_left_out_layers",
                     "Top layers of video that the media workers leave out, all workers together");
  return metric;
}

Metric& rooms_gauge() {
  static Metric& metric = metrics::gauge("turms_livekit_rooms", "Rooms that are open");
  return metric;
}

}  // namespace

std::optional<RoomSettings> room_settings(const ServiceConfig& config, const std::string& preset,
                                          const RoomSettings& said) {
  if (preset.empty()) return said;
  const auto it = config.room_configurations.find(preset);
  if (it == config.room_configurations.end()) return std::nullopt;
  return said.over(it->second);
}

Rooms::Rooms(const ServiceConfig& config, net::Loop& loop, OutputHandler handler)
    : config_(config),
      loop_(loop),
      handler_(std::move(handler)),
      node_id_(config.node_id.empty() ? "ND_" + secure_random_token(12) : config.node_id),
      metrics_(node_id_),
      ice_(std::make_shared<const IceServerConfig>(config.ice)),
      load_control_(config.load),
      load_timer_(loop),
      snapshots_(loop) {}

Rooms::~Rooms() {
  alive_.reset();
  engine_.reset();
  rooms_gauge().add(-static_cast<int64_t>(by_id_.size()));
}

Status Rooms::start(const EngineFactory& factory) {
  const auto post = [this, alive = std::weak_ptr(alive_)](std::function<void()> function) {
    loop_.post([alive, function = std::move(function)] {
      if (!alive.expired()) function();
    });
  };
  auto engine = factory(post, *this);
  if (!engine) return std::unexpected(engine.error());
  engine_ = std::move(*engine);
  load_timer_.start(LoadControl::kInterval, [this] { sample_load(); });
  return {};
}

void Rooms::sample_load() {
  load_timer_.start(LoadControl::kInterval, [this] { sample_load(); });
  const TimePoint at = loop_.now();
  const Duration cpu = thread_cpu_time();
  const uint64_t packets = engine_->packets();
  const bool is_first = sampled_at_ == TimePoint();
  const double seconds = std::chrono::duration<double>(at - sampled_at_).count();
  LoadControl::Sample sample{.workers = engine_->worker_loads()};
  if (!is_first && seconds > 0) {
    sample.service = std::chrono::duration<double>(cpu - sampled_cpu_).count() / seconds;
    sample.packets_per_second = static_cast<double>(packets - sampled_packets_) / seconds;
  }
  sampled_at_ = at;
  sampled_cpu_ = cpu;
  sampled_packets_ = packets;
  service_load_gauge().set(static_cast<int64_t>(sample.service * 1000));

  const LoadControl::Full before = load_control_.full();
  load_control_.sample(at, sample);
  const LoadControl::Full full = load_control_.full();
  if (full != before) {
    if (full == LoadControl::Full::kNo) {
      log::info("livekit: there is room again");
    } else {
      log::warn("livekit: full ({}), new participants are refused", to_string(full));
    }
  }
  full_ = full != LoadControl::Full::kNo;
  full_gauge().set(full_ ? 1 : 0);
  const std::vector<int>& left_out = load_control_.left_out();
  left_out_.resize(left_out.size());
  for (size_t i = 0; i < left_out.size(); ++i) {
    if (std::exchange(left_out_[i], left_out[i]) == left_out[i]) continue;
    log::warn("livekit: media worker {} leaves out {} layers of video", i, left_out[i]);
    engine_->leave_out_layers(i, left_out[i]);
  }
  const int all = std::accumulate(left_out_.begin(), left_out_.end(), 0);
  reduced_ = all > 0;
  left_out_gauge().set(all);
}

Status Rooms::admit(std::string_view room, std::string_view identity) {
  const LoadControl::Full full = load_control_.full();
  if (full == LoadControl::Full::kNo) return {};
  if (Room* there = find(room); there != nullptr && there->participant(identity)) return {};
  metrics::counter(
      "turms_livekit_overload_refused_total",
      "Participants and rooms refused for want of time, by what there is not enough of",
      {{"reason", std::string(to_string(full))}})
      .add();
  return fail(ErrorCode::kResourceExhausted, "node has exceeded its configured limit");
}

server::ServerInfo Rooms::server_info() const {
  return {config_.region, node_id_};
}

Now Rooms::now() const {
  return {loop_.now(), wall_now()};
}

Room* Rooms::find(std::string_view name) {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : find(it->second);
}

Room* Rooms::find(media::RoomId id) {
  const auto it = by_id_.find(id.value);
  return it == by_id_.end() || it->second->room->closed() ? nullptr : it->second->room.get();
}

Result<Room*> Rooms::open(const std::string& name, const RoomSettings& settings) {
  if (Room* room = find(name)) return room;
  if (closing_ || engine_ == nullptr) return fail(ErrorCode::kUnavailable, "shutting down");
  if (by_id_.size() >= config_.limits.rooms) {
    return fail(ErrorCode::kResourceExhausted, "too many rooms");
  }
  do {
    last_room_ = Room::id_after(last_room_);
  } while (by_id_.contains(last_room_.value));
  RoomParameters parameters;
  parameters.id = last_room_;
  parameters.name = name;
  parameters.metadata = settings.metadata;
  parameters.empty_timeout_s =
      settings.empty_timeout_s.value_or(whole_seconds(config_.room.empty_timeout));
  parameters.departure_timeout_s =
      settings.departure_timeout_s.value_or(whole_seconds(config_.room.departure_timeout));
  parameters.max_participants = settings.max_participants.value_or(config_.room.max_participants);
  parameters.enable_remote_unmute = config_.room.enable_remote_unmute;
  parameters.playout_delay = playout_delay(config_.room, settings);
  parameters.audio_sources = config_.room.audio_sources;
  parameters.follows_bandwidth = config_.room.follows_bandwidth;
  parameters.allow_pause = config_.room.allow_pause;
  parameters.sync_streams = settings.sync_streams.value_or(false) || config_.room.sync_streams;
  // Clients publish in another codec than they were asked to when it is not among these.
  parameters.enabled_codecs = {rtc::Codec::kOpus, rtc::Codec::kRed, rtc::Codec::kPcmu,
                               rtc::Codec::kPcma, rtc::Codec::kVp8, rtc::Codec::kH264,
                               rtc::Codec::kVp9,  rtc::Codec::kAv1, rtc::Codec::kH265};
  parameters.agents = settings.agents;
  parameters.server = server_info();
  parameters.ice = ice_;
  parameters.max_metadata = config_.limits.metadata;
  parameters.max_attributes = config_.limits.attributes;
  parameters.max_name = config_.limits.name;
  parameters.max_data_blobs = config_.room.enable_data_blobs ? config_.limits.data_blobs : 0;
  parameters.max_tracks = std::min(config_.limits.tracks, media::kMaxTracksPerTransport);
  RoomSecrets secrets;
  secrets.token = secure_random_token;
  secrets.mint = [this](const Grants& grants, WallTime at) {
    return mint_refreshed(config_.keys, grants, at);
  };
  const media::RoomId id = parameters.id;
  auto room = std::make_unique<Room>(std::move(parameters), now(), *engine_, std::move(secrets));
  Entry& entry =
      *by_id_.emplace(id.value, std::make_unique<Entry>(loop_, std::move(room))).first->second;
  by_name_[name] = id;
  rooms_gauge().add();
  touch(entry);
  return entry.room.get();
}

void Rooms::touch(const Room& room) {
  const auto it = by_id_.find(room.id().value);
  if (it != by_id_.end()) touch(*it->second);
}

void Rooms::touch(Entry& entry) {
  if (std::exchange(entry.touched, true)) return;
  if (entry.room->closed()) {
    // Its name may be taken again at once.
    const auto name = by_name_.find(entry.room->name());
    if (name != by_name_.end() && name->second == entry.room->id()) by_name_.erase(name);
  }
  touched_.push_back(entry.room->id());
  if (touched_.size() > 1) return;
  loop_.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) settle_all();
  });
}

void Rooms::settle_all() {
  for (const media::RoomId id : std::exchange(touched_, {})) settle(id);
}

void Rooms::settle(media::RoomId id) {
  const auto it = by_id_.find(id.value);
  if (it == by_id_.end()) return;
  Entry& entry = *it->second;
  entry.touched = false;
  for (RoomOutput& output : entry.room->take_outputs(now())) {
    if (const auto* event = std::get_if<Notify>(&output)) metrics_.count(*event);
    handler_(*entry.room, std::move(output));
  }
  metrics_.count_subscribed(entry.room->subscribed(), entry.counted);
  if (!entry.room->closed()) return arm(entry);
  const auto name = by_name_.find(entry.room->name());
  if (name != by_name_.end() && name->second == id) by_name_.erase(name);
  by_id_.erase(it);
  rooms_gauge().add(-1);
}

void Rooms::arm(Entry& entry) {
  const TimePoint next = entry.room->next_timeout();
  if (next == entry.armed) return;
  entry.armed = next;
  if (next == kNever) return entry.timer.cancel();
  // Sooner is harmless and later timeouts move it on when it fires.
  entry.timer.start(std::max(next - loop_.now(), Duration::zero()), [this, &entry] {
    entry.armed = kNever;
    entry.room->on_timer(now());
    touch(entry);
  });
}

void Rooms::close_all(DisconnectReason reason) {
  closing_ = true;
  for (const auto& [id, entry] : by_id_) {
    entry->room->close(now(), reason);
    touch(*entry);
  }
  settle_all();
}

std::vector<Room*> Rooms::all() {
  std::vector<Room*> out;
  for (const auto& [name, id] : by_name_) {
    if (Room* room = find(id)) out.push_back(room);
  }
  return out;
}

size_t Rooms::participant_count() const {
  size_t count = 0;
  for (const auto& [id, entry] : by_id_) count += entry->room->participant_count();
  return count;
}

// ---- engine events

void Rooms::on_transport_connected(media::TransportId transport) {
  if (Room* room = find(Room::room_of(transport))) {
    room->on_transport_connected(now(), transport);
    touch(*room);
  }
}

void Rooms::on_transport_failed(media::TransportId transport, std::string reason) {
  if (Room* room = find(Room::room_of(transport))) {
    log::info("room {}: a transport failed: {}", room->id(), reason);
    room->on_transport_failed(now(), transport);
    touch(*room);
  }
}

void Rooms::on_transport_closed(media::TransportId transport) {
  if (Room* room = find(Room::room_of(transport))) {
    room->on_transport_closed(now(), transport);
    touch(*room);
  }
}

void Rooms::on_layer_started(media::TrackId /*track*/, int /*spatial*/) {}

void Rooms::on_data(media::RoomId id, const media::DataNote& note) {
  if (Room* room = find(id)) {
    room->on_data(now(), note);
    touch(*room);
  }
}

void Rooms::on_speakers(media::RoomId id, std::vector<media::Speaker> speakers) {
  if (Room* room = find(id)) {
    room->on_speakers(now(), speakers);
    touch(*room);
  }
}

void Rooms::on_statistics(media::RoomId id, std::vector<media::TrackStatistics> tracks,
                          std::vector<media::SubscriptionStatistics> subscriptions) {
  if (Room* room = find(id)) {
    room->on_statistics(now(), tracks, subscriptions);
    touch(*room);
  }
}

void Rooms::on_stream_states(media::RoomId id, std::vector<media::StreamState> states) {
  if (Room* room = find(id)) {
    room->on_stream_states(states);
    touch(*room);
  }
}

void Rooms::on_paths(media::RoomId id, std::vector<media::PathStatistics> paths) {
  if (Room* room = find(id)) room->on_paths(paths);
}

}  // namespace turms::livekit
