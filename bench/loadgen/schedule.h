#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"

namespace turms::loadgen {

/// What clients have to do, soonest first. Thousands of clients are asked nothing in between.
class Schedule {
 public:
  enum class Task : uint8_t { kSend, kFeedback };
  struct Entry {
    TimePoint at{};
    uint32_t client = 0;
    Task task = Task::kSend;
    uint8_t track = 0;
    uint8_t encoding = 0;
  };

  void add(const Entry& entry) {
    heap_.push_back(entry);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  /// One that is due.
  std::optional<Entry> take(TimePoint now) {
    if (heap_.empty() || heap_.front().at > now) return std::nullopt;
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Entry entry = heap_.back();
    heap_.pop_back();
    return entry;
  }

 private:
  static bool later(const Entry& a, const Entry& b) { return a.at > b.at; }

  std::vector<Entry> heap_;
};

}  // namespace turms::loadgen
