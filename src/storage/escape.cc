#include "storage/escape.h"

#include <fmt/core.h>

#include <cstdint>

namespace turms::storage {

std::string uri_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return out;
}

std::string saved_as(std::string_view name) {
  return name.empty() ? "attachment" : "attachment; filename*=UTF-8''" + uri_escape(name);
}

}  // namespace turms::storage
