#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "media/commands.h"

namespace turms::media {

/// Events of one worker on their way to the control thread. One batch at a time is under way, so
/// however long the control thread is busy, at most what waits here piles up: events that a
/// transport, a track or a request causes once are bounded by their number, and of those that
/// repeat (layers, speakers, statistics, what data routers tell) the surplus is dropped.
class EventChannel : public std::enable_shared_from_this<EventChannel> {
 public:
  static constexpr size_t kMaxRepeating = 4096;

  /// `wake`: makes the worker call publish() again; used on the control thread until disconnect().
  EventChannel(Engine::Post post, EngineEvents& events, std::function<void()> wake)
      : post_(std::move(post)), events_(&events), wake_(std::move(wake)) {}

  // Worker's thread.
  /// False: dropped, for too many like it wait.
  bool add(Event event);
  void publish();

  // Control thread: nothing is delivered any more, not even what has been posted.
  void disconnect() { events_ = nullptr; }

 private:
  void deliver(std::vector<Event>& batch);

  Engine::Post post_;
  EngineEvents* events_;  // control thread only
  std::function<void()> wake_;
  std::vector<Event> waiting_;  // worker's thread only
  size_t repeating_ = 0;
  size_t data_notes_ = 0;
  std::atomic<bool> under_way_{false};
  std::atomic<bool> more_waits_{false};
};

}  // namespace turms::media
