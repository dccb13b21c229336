#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

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

}  // namespace

void set_level(Level level) {
  current_level.store(level, std::memory_order_relaxed);
}

bool enabled(Level level) {
  return level >= current_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view message) {
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
