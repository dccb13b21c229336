#include "gateway/load_watch.h"

#include <charconv>

namespace turms::gateway {

bool LoadWatch::sample(Duration delay, std::optional<int64_t> free_bytes) {
  const bool late = limits_.delay > Duration::zero() && delay >= limits_.delay;
  const bool short_of_memory =
      limits_.free_bytes > 0 && free_bytes && *free_bytes < limits_.free_bytes;
  const bool bad = late || short_of_memory;
  run_ = bad == overloaded_ ? 0 : run_ + 1;
  if (run_ < kShutAfter) return false;
  overloaded_ = bad;
  run_ = 0;
  return true;
}

std::optional<int64_t> available_bytes(std::string_view meminfo) {
  constexpr std::string_view kName = "MemAvailable:";
  size_t at = meminfo.find(kName);
  if (at == meminfo.npos) return std::nullopt;
  at = meminfo.find_first_not_of(' ', at + kName.size());
  if (at == meminfo.npos) return std::nullopt;
  int64_t kib = 0;
  const auto [end, error] =
      std::from_chars(meminfo.data() + at, meminfo.data() + meminfo.size(), kib);
  if (error != std::errc() || kib < 0) return std::nullopt;
  return kib * 1024;
}

}  // namespace turms::gateway
