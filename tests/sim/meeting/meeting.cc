#include "sim/meeting/meeting.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

namespace turms::sim {

namespace {

constexpr size_t kMaxFaults = 20;
constexpr Duration kTick = 100ms;
constexpr Duration kFrameGap = 3s;
constexpr Duration kListBound = 3s;

double seconds(Duration duration) {
  return static_cast<double>(to_ms(duration)) / 1000;
}

livekit::RoomParameters room_parameters() {
  livekit::RoomParameters parameters;
  parameters.name = "meeting";
  parameters.empty_timeout_s = 30;
  parameters.departure_timeout_s = 5;
  return parameters;
}

}  // namespace

Meeting::Meeting(const MeetingConfig& config)
    : config_(config),
      simulation_(config.seed),
      server_(
          simulation_,
          [this](const rtc::TransportAddress& to, Bytes bytes) { to_client(to, std::move(bytes)); },
          room_parameters()) {
  simulation_.after(kTick, [this] { tick(); });
}

Meeting::~Meeting() = default;

ModelClient& Meeting::add_client(const std::string& identity, const LinkConfig& up,
                                 const LinkConfig& down) {
  clients_.push_back(std::make_unique<ModelClient>(*this, identity, up, down));
  return *clients_.back();
}

void Meeting::run_for(Duration duration) {
  simulation_.run_until(now() + duration);
}

bool Meeting::run_until(const std::function<bool()>& done, Duration limit) {
  const TimePoint end = now() + limit;
  while (!done() && now() < end) run_for(20ms);
  return done();
}

void Meeting::fault(std::string what) {
  if (faults_.size() < kMaxFaults) {
    faults_.push_back(
        fmt::format("{:.3f} s: {}", seconds(now().time_since_epoch()), std::move(what)));
  }
}

// ---- the network

void Meeting::connect(const std::shared_ptr<SignalPipe>& pipe, const ConnectRequest& request) {
  // The upgrade is the first message.
  pipe->attach(SignalPipe::kServer,
               {[this, pipe = std::weak_ptr(pipe), request](const std::string&) {
                  if (auto p = pipe.lock()) server_.accept(p, request);
                },
                nullptr});
  pipe->send(SignalPipe::kClient, "upgrade");
}

void Meeting::to_server(Datagram datagram) {
  server_.on_datagram(rtc::TransportAddress::ipv4(198, 51, 100, 1, datagram.client_port),
                      std::move(datagram.bytes));
}

void Meeting::to_client(const rtc::TransportAddress& to, Bytes bytes) {
  const auto it = ports_.find(to.port);
  if (it != ports_.end()) it->second->down().send({to.port, std::move(bytes)});
}

uint16_t Meeting::take_port(ModelClient& client) {
  ports_[++next_port_] = &client;
  return next_port_;
}

uint16_t Meeting::take_source(ModelClient& client) {
  sources_[++next_source_] = &client;
  return next_source_;
}

// ---- the server API

void Meeting::remove(const std::string& identity) {
  if (livekit::Room* room = server_.room()) {
    (void)room->remove_participant(server_.now(), identity);
    server_.touched();
  }
}

void Meeting::mute(ModelClient& client, LocalTrack& track) {
  livekit::Room* room = server_.room();
  if (room == nullptr || track.sid.empty()) return;
  // Its client hears of it after its viewers do.
  if (room->mute_track(server_.now(), client.identity(), track.sid, true)) track.changed = now();
  server_.touched();
}

void Meeting::set_permission(ModelClient& client, const livekit::Permission& permission) {
  livekit::Room* room = server_.room();
  if (room == nullptr) return;
  livekit::Room::ParticipantChange change;
  change.permission = permission;
  const auto changed = room->update_participant(server_.now(), client.identity(), change);
  if (!changed) return;
  // It may be another client of this identity that has the participant, or will have it.
  for (const auto& each : clients_) {
    const bool has_one = each->connected() || each->state() == ModelClient::State::kResuming;
    if (each->identity() == client.identity() && (!has_one || each->sid() == changed->sid)) {
      each->permission_changed(permission, changed->sid);
    }
  }
  server_.touched();
}

void Meeting::set_metadata(ModelClient& client, const std::string& metadata) {
  livekit::Room* room = server_.room();
  if (room == nullptr) return;
  livekit::Room::ParticipantChange change;
  change.metadata = metadata;
  (void)room->update_participant(server_.now(), client.identity(), change);
  server_.touched();
}

void Meeting::close_room() {
  if (livekit::Room* room = server_.room()) {
    room->close(server_.now(), livekit::DisconnectReason::kRoomDeleted);
    server_.touched();
  }
}

// ---- what must hold

void Meeting::tick() {
  for (auto& client : clients_) client->tick();
  if (++ticks_ % 10 == 0) {
    for (auto& client : clients_) client->each_second();
  }
  if (ticks_ % 5 == 0) check();
  simulation_.after(kTick, [this] { tick(); });
}

void Meeting::check() {
  present_.clear();
  if (livekit::Room* room = server_.room()) {
    for (const auto& info : room->participants()) present_.insert(info.sid);
  }
  check_ghosts();
  check_lists();
  check_returns();
  check_media();
}

ModelClient* Meeting::holder(const std::string& identity) const {
  ModelClient* found = nullptr;
  for (const auto& client : clients_) {
    if (client->identity() == identity && client->wants_in()) found = client.get();
  }
  return found;
}

void Meeting::check_ghosts() {
  std::map<std::string, TimePoint> ghosts;
  if (livekit::Room* room = server_.room()) {
    for (const auto& info : room->participants()) {
      const auto alive = std::any_of(clients_.begin(), clients_.end(), [&](const auto& client) {
        return client->wants_in() && client->identity() == info.identity &&
               (client->sid() == info.sid || client->state() == ModelClient::State::kConnecting);
      });
      if (alive) continue;
      const auto known = ghost_since_.find(info.sid);
      const TimePoint since = known == ghost_since_.end() ? now() : known->second;
      ghosts[info.sid] = since;
      const Duration bound =
          info.state == livekit::ParticipantState::kActive ? kGhostBound : kJoiningGhostBound;
      if (now() - since > bound) {
        fault(fmt::format("{} ({}) is a ghost for {:.0f} s", info.identity, info.sid,
                          seconds(now() - since)));
        ghosts[info.sid] = now();  // once is enough
      }
    }
  }
  ghost_since_ = std::move(ghosts);
}

void Meeting::check_lists() {
  for (auto& client : clients_) {
    if (!client->connected()) continue;
    std::set<std::string> listed{client->sid()};
    for (const auto& [identity, info] : client->others()) listed.insert(info.sid());
    if (listed == present_) {
      client->differs_since = kNever;
      continue;
    }
    client->differs_since = std::min(client->differs_since, now());
    if (now() - std::max(client->differs_since, client->steady_since()) <= kListBound) continue;
    fault(fmt::format("{} lists {}, the server {}", client->describe(), fmt::join(listed, " "),
                      fmt::join(present_, " ")));
    client->differs_since = kNever;
  }
}

void Meeting::check_returns() {
  for (auto& client : clients_) {
    if (!client->wants_in() || client->connected() || !client->network_up()) continue;
    const TimePoint since = std::max(client->network_since(), client->out_since());
    if (now() - since > kReturnBound) fault(client->describe() + " does not come back");
  }
}

Meeting::Right Meeting::right(const ModelClient& viewer, const ModelClient& publisher,
                              const LocalTrack& track) const {
  Right out;
  const auto& restriction = publisher.restriction();
  const bool allowed = !restriction || std::find(restriction->begin(), restriction->end(),
                                                 viewer.identity()) != restriction->end();
  const Choice* choice = viewer.choice(track.sid);
  const bool wanted = choice == nullptr ? viewer.auto_subscribe : choice->subscribe;
  const ViewerSettings* settings = viewer.settings(track.sid);
  out.holds = allowed && wanted && viewer.permission().can_subscribe && !track.muted &&
              (settings == nullptr || !settings->disabled);
  out.since = std::max({publisher.restriction_since(), viewer.permission_since(),
                        publisher.permission_since(), track.changed, viewer.steady_since(),
                        publisher.steady_since()});
  if (choice != nullptr) out.since = std::max(out.since, choice->changed);
  if (settings != nullptr) out.since = std::max(out.since, settings->changed);
  return out;
}

void Meeting::check_packet(ModelClient& viewer, const ReceivedTrack& track, const Truth& truth) {
  const auto owner = sources_.find(truth.source);
  if (owner == sources_.end()) {
    return fault(fmt::format("{} got a frame that nobody sent", viewer.identity()));
  }
  ModelClient& publisher = *owner->second;
  for (const auto& sent : publisher.tracks()) {
    if (sent->source != truth.source || sent->sid.empty()) continue;
    if (sent->sid != track.sid) {
      // A track that was published anew has another sid, and its former section lives a little.
      if (now() - std::max({sent->changed, viewer.steady_since(), publisher.steady_since()}) >
          kRevokeBound) {
        fault(fmt::format("{} got a frame of {} as {}", viewer.identity(), sent->sid, track.sid));
      }
      return;
    }
    if (&publisher == &viewer) {
      return fault(viewer.identity() + " got a frame of its own");
    }
    const Right r = right(viewer, publisher, *sent);
    if (viewer.connected() && publisher.connected() && !r.holds && now() - r.since > kRevokeBound) {
      fault(fmt::format("{} got a frame of {} ({} of {}) without the right to it",
                        viewer.identity(), track.sid, sent->muted ? "muted" : "not for it",
                        publisher.identity()));
    }
  }
}

void Meeting::check_silence(ModelClient& viewer, const ReceivedTrack& track) {
  for (const auto& publisher : clients_) {
    for (const auto& sent : publisher->tracks()) {
      if (sent->sid != track.sid || sent->muted) continue;
      const TimePoint since =
          std::max({sent->changed, viewer.steady_since(), publisher->steady_since()});
      if (now() - since > kRevokeBound) {
        fault(
            fmt::format("{} got silence of {}, which nobody muted", viewer.identity(), track.sid));
      }
    }
  }
}

void Meeting::check_media() {
  for (auto& publisher : clients_) {
    if (!publisher->connected() || !present_.contains(publisher->sid())) continue;
    for (const auto& track : publisher->tracks()) {
      const bool should = track->wanted && publisher->permission().may_publish(track->what);
      const bool is = track->state == LocalTrack::State::kPublished && track->negotiated;
      const TimePoint since =
          std::max({publisher->steady_since(), track->changed, publisher->permission_since()});
      if (should && !is && now() - since > kMediaBound) {
        fault(fmt::format("track {} of {} cannot be published", track->source,
                          publisher->describe()));
        track->changed = now();
      }
      if (!should || !is) continue;
      for (auto& viewer : clients_) {
        if (viewer != publisher && viewer->connected() && present_.contains(viewer->sid())) {
          check_pair(*viewer, *publisher, *track);
        }
      }
    }
  }
}

void Meeting::check_pair(ModelClient& viewer, ModelClient& publisher, LocalTrack& track) {
  const Right r = right(viewer, publisher, track);
  if (!r.holds || now() - r.since < kMediaBound) return;
  const ReceivedTrack* received = viewer.received(track.sid);
  const auto complain = [&](const std::string& what) {
    fault(fmt::format("{} {} of {} ({} from {})", viewer.describe(), what, track.sid,
                      track.kind == rtc::MediaKind::kVideo ? "picture" : "sound",
                      publisher.describe()));
    track.changed = now();  // once in a while is enough
  };
  if (received == nullptr) return complain("is not offered anything");
  if (received->video == nullptr) {
    if (now() - received->last_packet > kFrameGap) complain("hears nothing");
    return;
  }
  const auto& decoded = received->video->decoded();
  if (decoded.empty() || now() - decoded.back().time > kFrameGap) {
    return complain(fmt::format("sees nothing ({} frames, last packet {:.1f} s ago)",
                                decoded.size(), seconds(now() - received->last_packet)));
  }
  check_layer(viewer, track, *received, r.since);
}

void Meeting::check_layer(ModelClient& viewer, const LocalTrack& track,
                          const ReceivedTrack& received, TimePoint since) {
  if (track.layers < 2) return;
  const ViewerSettings* settings = viewer.settings(track.sid);
  const int wanted = settings == nullptr ? static_cast<int>(track.layers) - 1
                                         : std::min(static_cast<int>(settings->quality),
                                                    static_cast<int>(track.layers) - 1);
  const Truth& last = received.video->decoded().back().truth;
  if (last.layer > wanted) {
    fault(fmt::format("{} sees layer {} of {} and asked for {}", viewer.describe(), last.layer,
                      track.sid, wanted));
  } else if (last.layer < wanted && now() - since > 2 * kMediaBound) {
    fault(fmt::format("{} is left with layer {} of {} and asked for {}", viewer.describe(),
                      last.layer, track.sid, wanted));
  }
}

size_t Meeting::received_pairs() const {
  size_t count = 0;
  for (const auto& publisher : clients_) {
    if (!publisher->connected()) continue;
    for (const auto& track : publisher->tracks()) {
      for (const auto& viewer : clients_) {
        const ReceivedTrack* received =
            track->sid.empty() || !viewer->connected() ? nullptr : viewer->received(track->sid);
        if (received != nullptr && now() - received->last_packet < kFrameGap) ++count;
      }
    }
  }
  return count;
}

void Meeting::check_freed() {
  for (auto& client : clients_) {
    for (const std::string& each : client->media_faults()) fault(client->identity() + ": " + each);
    client->heal_network();
    client->leave();
  }
  // Those that vanished are gone by then, and nobody else is in.
  run_until([&] { return server_.room() == nullptr || server_.room()->participant_count() == 0; },
            kJoiningGhostBound + SignalPipe::kServerPatience);
  run_for(100ms);
  SimEngine::Held held = server_.engine().held();
  if (held.transports != 0 || held.tracks != 0 || held.subscriptions != 0) {
    fault(fmt::format("an empty room holds {} transports, {} tracks, {} subscriptions",
                      held.transports, held.tracks, held.subscriptions));
  }
  run_until([&] { return server_.room() == nullptr; }, 40s);
  run_for(100ms);
  held = server_.engine().held();
  if (server_.room() != nullptr || held != SimEngine::Held{}) fault("the room does not end");
  if (server_.engine().members() != 0 || server_.engine().addresses() != 0) {
    fault("peers are left in the engine");
  }
  if (server_.connections() != 0) fault("signalling connections are left");
  for (const auto& [what, balance] : server_.webhook_balance()) {
    if (balance != 0) fault("no webhook tells the end of " + what);
  }
  for (const std::string& each : server_.faults()) fault(each);
  for (const std::string& each : server_.engine().faults()) fault(each);
}

}  // namespace turms::sim
