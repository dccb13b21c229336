#pragma once

#include <optional>
#include <string>
#include <vector>

namespace turms::store {

/// A list for json_each; absent when it is empty, which in a filter means any.
template <class Id>
std::optional<std::string> json_of(const std::vector<Id>& ids) {
  if (ids.empty()) return std::nullopt;
  std::string json = "[";
  for (const Id id : ids) {
    if (json.size() > 1) json += ',';
    json += std::to_string(id.value);
  }
  return json + "]";
}

}  // namespace turms::store
