#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace turms::gateway {

/// Whether new sessions are still let in. Sans-IO: told how late the control loop turns, and how
/// much memory the machine has left. Shuts at kShutAfter bad samples in a row and opens at as many
/// good ones, so that one slow turn, or one moment of rest, changes nothing.
class LoadWatch {
 public:
  struct Limits {
    /// A turn of the loop that is this late is a bad sample. 0: no limit.
    Duration delay = 1s;
    /// Less memory than this is one too. 0: no limit.
    int64_t free_bytes = int64_t{128} * 1024 * 1024;
  };
  static constexpr int kShutAfter = 3;

  explicit LoadWatch(Limits limits) : limits_(limits) {}

  /// `free_bytes` absent: not known. True: overloaded() has changed.
  bool sample(Duration delay, std::optional<int64_t> free_bytes);
  [[nodiscard]] bool overloaded() const { return overloaded_; }

 private:
  Limits limits_;
  int run_ = 0;  // of samples that speak against the present state
  bool overloaded_ = false;
};

/// MemAvailable of /proc/meminfo in bytes; nothing when it does not say.
std::optional<int64_t> available_bytes(std::string_view meminfo);

}  // namespace turms::gateway
