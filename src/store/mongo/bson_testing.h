#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace turms::store::bson {

/// Writes documents, by the specification alone.
class Writer {
 public:
  Writer& int32(std::string_view name, int32_t value) { return put(0x10, name, little(value)); }
  Writer& int64(std::string_view name, int64_t value) { return put(0x12, name, little(value)); }
  Writer& real(std::string_view name, double value) { return put(0x01, name, little(value)); }
  Writer& date(std::string_view name, int64_t ms) { return put(0x09, name, little(ms)); }
  Writer& flag(std::string_view name, bool value) {
    return put(0x08, name, std::string(1, value ? '\1' : '\0'));
  }
  Writer& null(std::string_view name) { return put(0x0A, name, ""); }
  Writer& text(std::string_view name, std::string_view value) {
    const auto size = static_cast<int32_t>(value.size() + 1);
    return put(0x02, name, little(size) + std::string(value) + '\0');
  }
  Writer& binary(std::string_view name, std::string_view value, char subtype = 0) {
    return put(0x05, name,
               little(static_cast<int32_t>(value.size())) + subtype + std::string(value));
  }
  Writer& document(std::string_view name, const Writer& value) {
    return put(0x03, name, value.bytes());
  }
  Writer& array(std::string_view name, const Writer& value) {
    return put(0x04, name, value.bytes());
  }
  Writer& put(uint8_t type, std::string_view name, const std::string& value) {
    content_ += static_cast<char>(type);
    content_ += std::string(name) + '\0' + value;
    return *this;
  }
  [[nodiscard]] std::string bytes() const {
    return little(static_cast<int32_t>(content_.size() + 5)) + content_ + '\0';
  }

 private:
  template <class T>
  static std::string little(T value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));  // on the machines that this runs on
    return bytes;
  }
  std::string content_;
};

}  // namespace turms::store::bson
