#include "record/recorder.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace turms::record {

Recorder::Recorder(RecorderSettings settings, Post post, RecorderEvents& events)
    : settings_(std::move(settings)),
      post_(std::move(post)),
      events_(std::make_shared<RecorderEvents*>(&events)),
      active_metric_(metrics::gauge("turms_recordings", "Recordings under way.")),
      bytes_metric_(
          metrics::counter("turms_recording_bytes_total", "Bytes written to recordings.")),
      behind_metric_(metrics::gauge("turms_recording_behind_ms",
                                    "How long ago the oldest frame came that is not written yet, "
                                    "of all recordings. A few seconds at most.")),
      thread_([this] { run(); }) {}

Recorder::~Recorder() {
  *events_ = nullptr;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

std::shared_ptr<media::PacketQueue> Recorder::make_queue(rtc::MediaKind kind) {
  return std::make_shared<media::PacketQueue>(
      kind == rtc::MediaKind::kVideo ? kVideoQueue : kAudioQueue, [] {});
}

void Recorder::send(Command command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  wake_.notify_one();
}

void Recorder::start(RecordingParameters parameters) {
  send(Start{std::move(parameters)});
}
void Recorder::add(const std::string& id, SourceParameters source) {
  send(Add{id, std::move(source)});
}
void Recorder::remove(const std::string& id, std::string sid) {
  send(Remove{id, std::move(sid)});
}
void Recorder::stop(const std::string& id) {
  send(Stop{id});
}
void Recorder::stop_all(std::function<void()> done) {
  send(StopAll{std::move(done)});
}

template <class F>
void Recorder::tell(F f) {
  post_([events = events_, f = std::move(f)]() mutable {
    if (*events != nullptr) f(**events);
  });
}

void Recorder::run() {
  for (Sidecar& sidecar : recover(settings_.directory)) {
    tell([sidecar = std::move(sidecar)](RecorderEvents& events) mutable {
      const std::string id = sidecar.id;
      events.on_recording_ended(id, std::move(sidecar));
    });
  }
  for (;;) {
    std::vector<Command> commands;
    {
      std::unique_lock lock(mutex_);
      const auto something = [this] { return stopping_ || !commands_.empty(); };
      if (recordings_.empty()) {
        wake_.wait(lock, something);
      } else {
        wake_.wait_for(lock, kTurn, something);
      }
      commands.swap(commands_);
      if (stopping_) break;
    }
    const TimePoint now = monotonic_now();
    for (Command& command : commands) apply(std::move(command), now);
    turn(now);
  }
  const TimePoint now = monotonic_now();
  for (const auto& [id, entry] : recordings_) entry->recording.finish(now, wall_now());
}

void Recorder::apply(Command command, TimePoint now) {
  if (auto* const start = std::get_if<Start>(&command)) {
    const std::string id = start->parameters.id;
    recordings_.try_emplace(
        id, std::make_unique<Entry>(settings_.directory, std::move(start->parameters), now));
    return;
  }
  if (auto* const all = std::get_if<StopAll>(&command)) {
    while (!recordings_.empty()) end(recordings_.begin(), now);
    return post_(std::move(all->done));
  }
  if (auto* const add = std::get_if<Add>(&command)) {
    const auto it = recordings_.find(add->id);
    if (it != recordings_.end()) it->second->recording.add(std::move(add->source));
  } else if (auto* const remove = std::get_if<Remove>(&command)) {
    const auto it = recordings_.find(remove->id);
    if (it != recordings_.end()) it->second->recording.remove(remove->sid);
  } else if (auto* const stop = std::get_if<Stop>(&command)) {
    const auto it = recordings_.find(stop->id);
    if (it != recordings_.end()) end(it, now);
  }
}

void Recorder::turn(TimePoint now) {
  if (now - looked_at_disk_ >= kLookAtDisk) {
    looked_at_disk_ = now;
    const auto free = free_bytes(settings_.directory);
    disk_full_ = free && *free < settings_.min_free_bytes;
  }
  uint64_t bytes = ended_bytes_;
  Duration behind{};
  for (auto it = recordings_.begin(); it != recordings_.end();) {
    const auto here = it++;
    Entry& entry = *here->second;
    if (disk_full_) entry.recording.give_up("the disk is nearly full");
    entry.recording.tick(now);
    for (std::string& sid : entry.recording.take_key_frame_requests()) {
      tell([id = here->first, sid = std::move(sid)](RecorderEvents& events) {
        events.on_key_frame_wanted(id, sid);
      });
    }
    if (entry.recording.began() && !std::exchange(entry.told, true)) {
      tell([id = here->first](RecorderEvents& events) { events.on_recording_began(id); });
    }
    bytes += entry.recording.written();
    behind = std::max(behind, entry.recording.behind(now));
    if (entry.recording.failed()) end(here, now);
  }
  active_metric_.set(static_cast<int64_t>(recordings_.size()));
  bytes_metric_.set(static_cast<int64_t>(bytes));
  behind_metric_.set(to_ms(behind));
}

void Recorder::end(Entries::iterator it, TimePoint now) {
  Recording& recording = it->second->recording;
  recording.finish(now, wall_now());
  ended_bytes_ += recording.written();
  if (recording.began() && !it->second->told) {
    tell([id = it->first](RecorderEvents& events) { events.on_recording_began(id); });
  }
  if (recording.failed())
    log::warn("recording {} failed: {}", it->first, recording.sidecar().error);
  tell([id = it->first, sidecar = recording.sidecar()](RecorderEvents& events) mutable {
    events.on_recording_ended(id, std::move(sidecar));
  });
  recordings_.erase(it);
}

}  // namespace turms::record
