#include "gateway/auto_block.h"

#include <algorithm>

namespace turms::gateway {

std::optional<Duration> AutoBlock::trigger(const std::string& client, TimePoint now) {
  if (!rule_.enabled || rule_.levels.empty()) return std::nullopt;
  Entry entry{.last = now};
  if (const Entry* known = kept_.find(client)) entry = *known;

  const auto& current = rule_.levels[static_cast<size_t>(std::max(entry.level, 0))];
  if (current.forgive > Duration::zero()) {
    const int64_t forgiven = (now - entry.last) / current.forgive;
    // Who behaved for long enough begins anew.
    if (entry.level >= 0 && forgiven > entry.triggers + current.block / current.forgive) {
      entry = {};
    } else {
      entry.triggers = static_cast<int>(std::max<int64_t>(entry.triggers - forgiven, 0));
    }
  }
  ++entry.triggers;
  entry.last = now;

  std::optional<Duration> block;
  const int last_level = static_cast<int>(rule_.levels.size()) - 1;
  if (entry.level < 0) {
    if (entry.triggers >= rule_.triggers) {
      entry.level = 0;
      entry.triggers = 0;
      block = rule_.levels.front().block;
    }
  } else {
    if (entry.level < last_level &&
        entry.triggers >= rule_.levels[static_cast<size_t>(entry.level)].triggers_to_next) {
      ++entry.level;
      entry.triggers = 0;
    }
    block = rule_.levels[static_cast<size_t>(entry.level)].block;
  }
  kept_.put(client, entry, 1);
  return block;
}

}  // namespace turms::gateway
