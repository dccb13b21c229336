#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "link/change.h"
#include "link/ends.h"

namespace turms::link {

/// Carries packets between the ends over one shaped link for each direction. Changes are lines on
/// standard input, whose end ends it; standard output has the ready line, changes as they happen,
/// errors, and counters at an interval.
class Shuttle {
 public:
  static constexpr size_t kMaxLine = 64 * 1024;
  static constexpr size_t kMaxChanges = 10'000;  // that wait for their time

  Shuttle(std::unique_ptr<Ends> ends, const Profiles& profiles, uint64_t seed, Duration report);
  void run();

 private:
  void say(const std::string& line);
  [[nodiscard]] Duration elapsed() const { return monotonic_now() - start_; }
  bool read_input();
  void take_line(std::string_view line);
  void change(std::string_view line);
  void change_what_is_due();
  void report();
  void deliver();
  [[nodiscard]] TimePoint next_timeout() const;

  std::unique_ptr<Ends> ends_;
  ShapedLink up_;
  ShapedLink down_;
  TimePoint start_;
  Duration report_;
  TimePoint next_report_;
  std::string input_;
  std::multimap<TimePoint, std::string> changes_;
};

}  // namespace turms::link
