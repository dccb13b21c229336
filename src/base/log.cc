#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <deque>
#include <mutex>

#include "base/recent_log.h"

namespace turms::log {
namespace {

std::atomic<Level> current_level{Level::kInfo};

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("turms", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    made.set_level(spdlog::level::trace);
    made.flush_on(spdlog::level::info);
    return made;
  }();
  return instance;
}

/// Lines go through a lock of the sink anyway.
struct Kept {
  std::mutex mutex;
  std::deque<Line> lines;
};

Kept& kept() {
  // Threads may log while the process ends.
  static auto* const instance = new Kept;
  return *instance;
}

void keep(Level level, std::string_view message) {
  Line line{wall_now(), level, std::string(message.substr(0, kMaxKeptBytes))};
  Kept& all = kept();
  const std::lock_guard lock(all.mutex);
  if (all.lines.size() == kKeptLines) all.lines.pop_front();
  all.lines.push_back(std::move(line));
}

}  // namespace

std::vector<Line> recent() {
  Kept& all = kept();
  const std::lock_guard lock(all.mutex);
  return {all.lines.begin(), all.lines.end()};
}

void set_level(Level level) {
  current_level.store(level, std::memory_order_relaxed);
}

bool enabled(Level level) {
  return level >= current_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view message) {
  keep(level, message);
  switch (level) {
    case Level::kDebug:
      logger().debug("{}", message);
      break;
    case Level::kInfo:
      logger().info("{}", message);
      break;
    case Level::kWarn:
      logger().warn("{}", message);
      break;
    case Level::kError:
      logger().error("{}", message);
      break;
    case Level::kOff:
      break;
  }
}

}  // namespace turms::log
