#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "store/sqlite/json.h"

// Filters of administration's searches.

// Parameters whose absence means any.
#define TURMS_ONE_OF(column, number) \
  "(?" #number " is null or " column " in (select value from json_each(?" #number "))) "
#define TURMS_SAME(column, number) "(?" #number " is null or " column " = ?" #number ") "

namespace turms::store {

inline std::optional<std::string> json_list(const std::vector<int64_t>& values) {
  if (values.empty()) return std::nullopt;
  std::string json = "[";
  for (const int64_t value : values) {
    if (json.size() > 1) json += ',';
    json += std::to_string(value);
  }
  return json + "]";
}

inline WallTime from(const std::optional<WallTime>& start) {
  return start.value_or(WallTime{INT64_MIN});
}
inline WallTime until(const std::optional<WallTime>& end) {
  return end.value_or(WallTime{INT64_MAX});
}

}  // namespace turms::store
