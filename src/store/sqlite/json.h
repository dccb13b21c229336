#pragma once

#include <optional>
#include <string>
#include <string_view>
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

/// A list of texts, also an empty one.
inline std::string json_of(const std::vector<std::string>& texts) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string json = "[";
  for (const std::string& text : texts) {
    json += json.size() > 1 ? ",\"" : "\"";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20) {
        json += "\\u00";
        json += kHex[byte >> 4];
        json += kHex[byte & 15];
      } else {
        if (c == '"' || c == '\\') json += '\\';
        json += c;
      }
    }
    json += '"';
  }
  return json + "]";
}

}  // namespace turms::store
