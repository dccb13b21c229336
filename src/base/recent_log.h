#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"

namespace turms::log {

/// A line that was written.
struct Line {
  WallTime date;
  Level level = Level::kInfo;
  /// Cut behind kMaxKeptBytes.
  std::string text;
};
inline constexpr size_t kKeptLines = 2000;
inline constexpr size_t kMaxKeptBytes = 1000;

/// The last kKeptLines, the oldest first. Any thread.
std::vector<Line> recent();

}  // namespace turms::log
