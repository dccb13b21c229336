#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/time.h"

namespace turms::store {

/// In which order passwords are hashed, each of which takes a core some 25 ms. Sans-IO, not
/// thread-safe.
///
/// Sources (addresses) take turns, so that one that asks for a thousand delays the others by one.
/// Of one source the oldest is next, until that has waited for kPatience: then there is more to do
/// than can be done, whoever has waited longest gives up next, and the newest is first. Otherwise a
/// storm of clients that give up and try again would only ever be served what it has given up.
///
/// At most kMaxWaiting wait: one more takes the place of the oldest of the source that has most.
class HashQueue {
 public:
  static constexpr size_t kMaxWaiting = 4096;
  static constexpr Duration kPatience = 1s;

  using Id = uint64_t;
  struct Job {
    std::function<void()> run;
    /// It is not run. Called by whoever gets the job from add() or remove(), outside of any lock.
    std::function<void()> give_up;
  };

  struct Added {
    Id id = 0;
    /// What had to make place.
    std::optional<Job> displaced;
  };
  Added add(TimePoint now, const std::string& source, Job job);
  /// Nothing when it is not waiting any more.
  std::optional<Job> remove(Id id);
  /// The next one to run; nothing when none waits.
  std::optional<Job> take(TimePoint now);

  [[nodiscard]] size_t size() const { return sources_of_.size(); }

 private:
  struct Waiting {
    Job job;
    TimePoint since;
  };
  /// Ids ascend, so the first is the oldest.
  using Source = std::map<Id, Waiting>;
  using Sources = std::unordered_map<std::string, Source>;

  Job erase(Sources::iterator source, Source::iterator waiting);

  Sources sources_;
  /// Each source that has something waiting.
  std::deque<std::string> turns_;
  std::unordered_map<Id, std::string> sources_of_;
  Id last_id_ = 0;
};

}  // namespace turms::store
