#include "sim/meeting/composer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace turms::sim {

using livekit::TrackSource;

namespace {
constexpr uint64_t kLongestPauseMs = 800;
/// As a meeting begins: many at once.
constexpr size_t kFirstShare = 2;
}  // namespace

void Composer::note(const std::string& what) {
  story_.push_back(fmt::format(
      "{:.3f} s: {}", static_cast<double>(to_ms(meeting_.now().time_since_epoch())) / 1000, what));
}

void Composer::run(Duration duration) {
  const TimePoint end = meeting_.now() + duration;
  // A few are there from the start: they come while others are still joining.
  for (size_t i = 0; i < size_ / kFirstShare + rng().below(size_); ++i) {
    someone_comes();
    meeting_.run_for(std::chrono::milliseconds(rng().below(100)));
  }
  while (meeting_.now() < end) {
    meeting_.run_for(std::chrono::milliseconds(rng().below(kLongestPauseMs)));
    step();
  }
}

void Composer::calm() {
  note("all is calm");
  for (const auto& client : meeting_.clients()) client->heal_network();
}

void Composer::please_everyone() {
  note("everyone may and wants everything");
  for (const auto& client : meeting_.clients()) {
    if (!client->connected()) continue;
    livekit::Permission permission = client->permission();
    permission.can_subscribe = permission.can_publish = true;
    meeting_.set_permission(*client, permission);
    if (client->restriction()) client->restrict_to(std::nullopt);
    for (const auto& track : client->tracks()) {
      if (track->wanted) client->set_muted(*track, false);
    }
    for (const auto& [identity, info] : client->others()) {
      for (const auto& track : info.tracks()) {
        client->choose(track.sid(), true);
        client->set_settings(track.sid(), false, livekit::VideoQuality::kHigh);
      }
    }
  }
}

LinkConfig Composer::random_link() {
  LinkConfig link;
  link.delay = std::chrono::milliseconds(2 + rng().below(rng().chance(0.2) ? 200 : 40));
  link.jitter = std::chrono::milliseconds(rng().below(10));
  if (rng().chance(0.3)) link.loss = 0.03 * rng().unit();
  if (rng().chance(0.2)) link.reorder = 0.02;
  if (rng().chance(0.2)) link.duplicate = 0.01;
  return link;
}

void Composer::someone_comes() {
  size_t there = 0;
  for (const auto& client : meeting_.clients()) there += client->wants_in() ? 1 : 0;
  if (there >= size_) return;
  // Who left may come back; its former tracks are part of it.
  if (!meeting_.clients().empty() && rng().chance(0.3)) {
    ModelClient& client = *meeting_.clients()[rng().below(meeting_.clients().size())];
    const bool taken =
        std::any_of(meeting_.clients().begin(), meeting_.clients().end(), [&](const auto& other) {
          return other->wants_in() && other->identity() == client.identity();
        });
    if (!taken) {
      note(client.identity() + " comes back");
      return client.join();
    }
  }
  const std::string identity = fmt::format("p{}", next_name_++);
  ModelClient& client = meeting_.add_client(identity, random_link(), random_link());
  client.auto_subscribe = !rng().chance(0.1);
  client.single_connection = rng().chance(0.5);
  client.offers_in_join = rng().chance(0.7);
  note(identity + (client.single_connection ? " comes by one connection" : " comes"));
  client.join();
  if (rng().chance(0.7)) client.publish(TrackSource::kMicrophone);
  if (rng().chance(0.5)) client.publish(TrackSource::kCamera, rng().chance(0.8) ? 3 : 1);
  // Whatever happens at each step of joining.
  if (rng().chance(0.15)) {
    const bool heard = rng().chance(0.5);
    meeting_.run_for(std::chrono::milliseconds(rng().below(600)));
    note(fmt::format("signal of {} breaks while it joins", identity));
    client.cut_signal(heard);
  }
}

ModelClient* Composer::any_client() {
  std::vector<ModelClient*> there;
  for (const auto& client : meeting_.clients()) {
    if (client->wants_in()) there.push_back(client.get());
  }
  return there.empty() ? nullptr : there[rng().below(there.size())];
}

LocalTrack* Composer::any_track(ModelClient& client) {
  std::vector<LocalTrack*> wanted;
  for (const auto& track : client.tracks()) {
    if (track->wanted) wanted.push_back(track.get());
  }
  return wanted.empty() ? nullptr : wanted[rng().below(wanted.size())];
}

std::string Composer::any_foreign_track(const ModelClient& viewer) {
  std::vector<std::string> sids;
  for (const auto& [identity, info] : viewer.others()) {
    for (const auto& track : info.tracks()) sids.push_back(track.sid());
  }
  return sids.empty() ? std::string() : sids[rng().below(sids.size())];
}

void Composer::step() {
  ModelClient* client = any_client();
  const uint64_t dice = rng().below(100);
  if (client == nullptr || dice < 12) return someone_comes();
  if (dice < 45) return people(*client, rng().below(100));
  if (dice < 65) return viewers(*client, rng().below(100));
  if (dice < 88) return troubles(*client, rng().below(100));
  administrators(*client, rng().below(100));
}

void Composer::people(ModelClient& client, uint64_t dice) {
  LocalTrack* track = any_track(client);
  if (dice < 30 || track == nullptr) {
    static constexpr TrackSource kSources[] = {TrackSource::kCamera, TrackSource::kMicrophone,
                                               TrackSource::kScreenShare};
    if (std::count_if(client.tracks().begin(), client.tracks().end(),
                      [](const auto& t) { return t->wanted; }) >= 4) {
      return;
    }
    const TrackSource source = kSources[rng().below(3)];
    const size_t layers = rng().chance(0.7) ? 3 : 1;
    LocalTrack& added = client.publish(source, layers);
    note(fmt::format("{} publishes track {}", client.identity(), added.source));
  } else if (dice < 50) {
    note(fmt::format("{} unpublishes track {} ({})", client.identity(), track->source, track->sid));
    client.unpublish(*track);
  } else if (dice < 85) {
    note(fmt::format("{} {}mutes track {} ({})", client.identity(), track->muted ? "un" : "",
                     track->source, track->sid));
    client.set_muted(*track, !track->muted);
  } else if (dice < 93) {
    note(client.identity() + " leaves");
    client.leave();
  } else {
    note(client.identity() + " vanishes");
    client.vanish();
  }
}

void Composer::viewers(ModelClient& client, uint64_t dice) {
  const std::string sid = any_foreign_track(client);
  if (sid.empty() || !client.connected()) return;
  if (dice < 40) {
    const bool wants = rng().chance(0.6);
    note(fmt::format("{} {}subscribes {}", client.identity(), wants ? "" : "un", sid));
    client.choose(sid, wants);
  } else if (dice < 80) {
    const bool disabled = rng().chance(0.2);
    const auto quality = static_cast<livekit::VideoQuality>(rng().below(3));
    note(fmt::format(
        "{} wants {} {}", client.identity(), sid,
        disabled ? "disabled" : fmt::format("in quality {}", static_cast<int>(quality))));
    client.set_settings(sid, disabled, quality);
  } else if (client.restriction()) {
    note(client.identity() + " lets everybody have its tracks");
    client.restrict_to(std::nullopt);
  } else {
    std::vector<std::string> chosen;
    for (const auto& [identity, info] : client.others()) {
      if (rng().chance(0.5)) chosen.push_back(identity);
    }
    note(fmt::format("{} lets {} have its tracks", client.identity(), fmt::join(chosen, ", ")));
    client.restrict_to(std::move(chosen));
  }
}

void Composer::troubles(ModelClient& client, uint64_t dice) {
  if (dice < 30) {
    const auto longest = rng().chance(0.3) ? 25'000 : 4'000;
    const auto cut = std::chrono::milliseconds(100 + rng().below(longest));
    note(fmt::format("{} loses the network for {} ms", client.identity(), cut.count()));
    client.cut_network(cut);
  } else if (dice < 65) {
    const bool heard = rng().chance(0.5);
    note(fmt::format("{} loses its signalling{}", client.identity(), heard ? "" : ", unheard"));
    client.cut_signal(heard);
  } else if (dice < 80) {
    note(client.identity() + " moves to another address");
    client.change_address();
  } else if (dice < 92) {
    note(client.identity() + " starts over");
    client.full_reconnect();
  } else {
    note(client.identity() + " loses all");
    client.cut_signal(false);
    client.cut_network(std::chrono::milliseconds(rng().below(12'000)));
    client.change_address();
  }
}

void Composer::administrators(ModelClient& client, uint64_t dice) {
  LocalTrack* track = any_track(client);
  if (dice < 35) {
    livekit::Permission permission = client.permission();
    if (rng().chance(0.5)) {
      permission.can_subscribe = !permission.can_subscribe;
    } else {
      permission.can_publish = !permission.can_publish;
    }
    note(fmt::format("{} may {}subscribe, {}publish", client.identity(),
                     permission.can_subscribe ? "" : "not ", permission.can_publish ? "" : "not "));
    meeting_.set_permission(client, permission);
  } else if (dice < 50) {
    note(client.identity() + " has other metadata");
    meeting_.set_metadata(client, fmt::format("m{}", rng().below(1000)));
  } else if (dice < 65 && track != nullptr) {
    note(fmt::format("{} is muted: track {}", client.identity(), track->source));
    meeting_.mute(client, *track);
  } else if (dice < 78) {
    note(client.identity() + " is removed");
    meeting_.remove(client.identity());
  } else if (dice < 93) {
    note(client.identity() + " comes a second time");
    meeting_.add_client(client.identity(), random_link(), random_link()).join();
  } else {
    note("the room is closed");
    meeting_.close_room();
  }
}

}  // namespace turms::sim
