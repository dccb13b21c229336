// Sound: who speaks, and of many microphones whose is forwarded.
#include <algorithm>
#include <cmath>

#include "sfu/room_impl.h"

namespace turms::sfu {

namespace {

/// Between messages that only tell other levels of those who speak. Who speaks is told at once.
constexpr Duration kLevelInterval = 300ms;
/// Levels are told in steps, so that not every flicker is.
constexpr float kLevelSteps = 16;

/// Whoever is heard again is so from this far back: the speech that showed it was left out so far.
constexpr uint32_t kReplayMs = 60;
/// Packets of 10 ms, at the shortest that is usual.
constexpr int64_t kMaxReplay = 6;

float quantised(float level) {
  return std::ceil(std::min(level, 1.0F) * kLevelSteps) / kLevelSteps;
}

}  // namespace

// ---- Whose sound is forwarded

void Room::Impl::observe_level(TimePoint now, PublishedTrack& track, const SourcePacket& packet,
                               bool newest) {
  if (packet.payload.empty() && (home_ == nullptr || !newest)) return;
  uint8_t level = packet.audio_level & 0x7F;
  if (home_ != nullptr) return tell_level(track, packet, level, newest);
  observe(now, track, level, sound_since(track, packet));
}

/// How long the sound of this packet is.
Duration Room::Impl::sound_since(PublishedTrack& track, const SourcePacket& packet) {
  uint32_t ticks = packet.timestamp - track.last_audio_time;
  track.last_audio_time = packet.timestamp;
  if (ticks == 0 || ticks >= track.clock_rate() * 10) return 20ms;
  return std::chrono::microseconds(static_cast<int64_t>(ticks) * 1'000'000 / track.clock_rate());
}

void Room::Impl::observe(TimePoint now, PublishedTrack& track, uint8_t level, Duration elapsed) {
  track.level.on_packet(now, level, elapsed);
  dominant_speaker_.on_packet(now, track.id(), level);
  if (!AudioLevelObserver::audible(level)) return;
  track.last_audible = now;
  if (!track.in_speaker_list) {
    track.in_speaker_list = true;
    speaker_candidates_.push_back(&track);
    if (!speaker_timer_.armed()) {
      timers_.schedule(speaker_timer_, now + DominantSpeaker::kInterval);
    }
  }
}

/// What is left out costs its listeners nothing. When the microphone is heard again each of them
/// goes on with the next number, as if nothing had been sent in between: the pause is in the
/// timestamps, and is no loss in anybody's reports.
bool Room::Impl::select_audio(TimePoint now, ReceiveStream& stream, const SourcePacket& packet) {
  PublishedTrack& track = stream.track();
  bool selected = home_ != nullptr
                      ? track.selected
                      : audio_selector_.on_packet(now, track.microphone, packet.audio_level & 0x7F);
  if (!selected) {
    leave_out(now, stream, packet);
  } else if (track.left_out) {
    take_in(now, stream, packet);
  }
  return selected;
}

void Room::Impl::leave_out(TimePoint now, ReceiveStream& stream, const SourcePacket& packet) {
  PublishedTrack& track = stream.track();
  if (!track.left_out) {
    forward_burst(now);
    track.left_out = true;
    track.left_out_from = packet.sequence;
    unsettle(track);
    for (SubscribedTrack* subscription : track.subscriptions) {
      subscription->send_pause(now, counters_, config_.settings.server_frame_trailer);
    }
  }
  stream.losses.clear();
  if (track.subscriptions.empty() && !stream.wanted_elsewhere) return;
  stream.history.add(now, static_cast<uint16_t>(packet.sequence), packet.view.data());
}

void Room::Impl::take_in(TimePoint now, ReceiveStream& stream, const SourcePacket& packet) {
  PublishedTrack& track = stream.track();
  track.left_out = false;
  unsettle(track);
  for (Share& share : track.shares) share.resumes = true;
  stream.losses.clear();
  // The first one left out has the timestamp that the pause was told with.
  int64_t oldest = std::max(track.left_out_from + 1, packet.sequence - kMaxReplay);
  int64_t first = packet.sequence;
  while (first > oldest) {
    auto before = track.read_stored(stream, static_cast<uint16_t>(first - 1));
    bool recent = before && packet.timestamp - before->timestamp <=
                                uint64_t{track.clock_rate()} * kReplayMs / 1000;
    if (!recent) break;
    --first;
  }
  for (SubscribedTrack* subscription : stream.forwarders) subscription->go_on_at(first);
  for (int64_t n = first; n < packet.sequence; ++n) {
    if (auto before = track.read_stored(stream, static_cast<uint16_t>(n))) {
      if (!track.shares.empty()) hand_over(now, stream, *before, true);
      distribute(now, stream, *before);
    }
  }
}

/// Muted, or about to be freed.
void Room::Impl::fall_silent(PublishedTrack& track) {
  track.level.silence();
  audio_selector_.remove(track.microphone);
  dominant_speaker_.remove(track.id());
}

// ---- Who speaks

void Room::Impl::speaker_turn(TimePoint now) {
  std::erase_if(speaker_candidates_, [&](PublishedTrack* track) {
    bool gone =
        now - track->last_audible > AudioLevelObserver::kExpiry && track->level.level(now) == 0;
    if (gone) track->in_speaker_list = false;
    return gone;
  });
  std::optional<TrackId> before = dominant_speaker_.dominant();
  if (dominant_speaker_.update(now)) {
    auto mark_dominant = [&](std::optional<TrackId> id, bool dominant) {
      auto it = id ? tracks_.find(*id) : tracks_.end();
      if (it != tracks_.end()) it->second->microphone.dominant = dominant;
    };
    mark_dominant(before, false);
    mark_dominant(dominant_speaker_.dominant(), true);
    // The stage stays with whoever had the floor last.
    auto floor = tracks_.find(dominant_speaker_.dominant().value_or(TrackId()));
    if (floor != tracks_.end()) {
      speaking_transport_ = floor->second->transport().id;
      settle_parts(now);
    }
  }
  update_speakers(now);
  if (!speaker_candidates_.empty()) {
    timers_.schedule(speaker_timer_, now + DominantSpeaker::kInterval);
  }
}

void Room::Impl::update_speakers(TimePoint now) {
  new_speakers_.clear();
  new_speaking_.clear();
  for (PublishedTrack* track : speaker_candidates_) {
    float level = track->muted ? 0 : track->level.level(now);
    if (level == 0) continue;
    new_speakers_.push_back({track->id(), quantised(level)});
    new_speaking_.push_back(track->id());
  }
  std::sort(new_speakers_.begin(), new_speakers_.end(), [](const Speaker& a, const Speaker& b) {
    return a.level != b.level ? a.level > b.level : a.track < b.track;
  });
  put_dominant_first();
  std::sort(new_speaking_.begin(), new_speaking_.end());
  auto first = [](const std::vector<Speaker>& list) {
    return list.empty() ? TrackId() : list.front().track;
  };
  bool same_who = told_speaking_ == new_speaking_ && first(speakers_) == first(new_speakers_);
  bool same = same_who && std::equal(speakers_.begin(), speakers_.end(), new_speakers_.begin(),
                                     [](const Speaker& a, const Speaker& b) {
                                       return a.track == b.track && a.level == b.level;
                                     });
  if (same || (same_who && now - levels_told_ < kLevelInterval)) return;
  levels_told_ = now;
  speakers_ = new_speakers_;
  told_speaking_ = new_speaking_;
  events_.speakers_changed = true;
  events_.speakers = speakers_;
}

/// Clients sort those who speak by level and show the first one: whoever has the floor is told a
/// step louder than all others.
void Room::Impl::put_dominant_first() {
  std::optional<TrackId> dominant = dominant_speaker_.dominant();
  auto it = std::find_if(new_speakers_.begin(), new_speakers_.end(),
                         [&](const Speaker& s) { return s.track == dominant; });
  if (it == new_speakers_.end()) return;
  std::rotate(new_speakers_.begin(), it, it + 1);
  if (new_speakers_.size() < 2) return;
  constexpr float kStep = 1 / kLevelSteps;
  Speaker& floor = new_speakers_.front();
  floor.level = std::min(1.0F, std::max(floor.level, new_speakers_[1].level + kStep));
  for (size_t i = 1; i < new_speakers_.size(); ++i) {
    new_speakers_[i].level = std::min(new_speakers_[i].level, floor.level - kStep);
  }
}

}  // namespace turms::sfu
