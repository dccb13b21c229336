#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "im/lru_cache.h"

namespace turms::gateway {

/// When a client that misbehaves in one way is blocked, and for how long; upstream's `auto-block`.
struct AutoBlockRule {
  struct Level {
    Duration block = 10min;
    /// So long without misbehaving takes one trigger back. 0: never.
    Duration forgive = 1min;
    /// So many triggers while at this level lead to the next.
    int triggers_to_next = 1;
  };

  bool enabled = false;
  /// So many triggers lead to the first level.
  int triggers = 5;
  std::vector<Level> levels = {{10min, 1min, 1}, {30min, 1min, 1}, {60min, 1min, 0}};
};

/// Counts what clients do wrong. Sans-IO: told the time. Remembers the last kMaxKept clients.
class AutoBlock {
 public:
  static constexpr size_t kMaxKept = 10'000;

  explicit AutoBlock(AutoBlockRule rule) : rule_(std::move(rule)), kept_(kMaxKept) {}

  /// It misbehaved once more: for how long it is to be blocked, if it is.
  std::optional<Duration> trigger(const std::string& client, TimePoint now);

 private:
  struct Entry {
    /// -1: not blocked yet.
    int level = -1;
    int triggers = 0;
    TimePoint last;
  };

  AutoBlockRule rule_;
  im::LruCache<std::string, Entry> kept_;
};

}  // namespace turms::gateway
