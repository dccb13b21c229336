#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace turms::admin {

/// Text between its quotes (RFC 8259 section 7). What is no UTF-8 becomes U+FFFD.
std::string json_text(std::string_view text);
/// "2026-01-02T03:04:05.678Z".
std::string iso_date(WallTime time);

/// Builds one object, member by member. Numbers are written whole: ids have up to 63 bits.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& number(std::string_view name, int64_t value);
  /// As few digits as say it.
  JsonObject& decimal(std::string_view name, double value);
  JsonObject& flag(std::string_view name, bool value);
  JsonObject& date(std::string_view name, WallTime value);
  /// Left out when absent.
  JsonObject& text(std::string_view name, const std::optional<std::string>& value);
  JsonObject& date(std::string_view name, const std::optional<WallTime>& value);
  /// `json` is written as it is.
  JsonObject& raw(std::string_view name, std::string_view json);
  JsonObject& texts(std::string_view name, const std::vector<std::string>& values);

  [[nodiscard]] std::string str() const { return members_ + (members_.empty() ? "{}" : "}"); }

 private:
  std::string members_;
};

class JsonArray {
 public:
  JsonArray& raw(std::string_view json);
  [[nodiscard]] std::string str() const { return items_ + (items_.empty() ? "[]" : "]"); }

 private:
  std::string items_;
};

/// Each of `records` as `write` makes it.
template <class Records, class Write>
std::string json_list(const Records& records, Write write) {
  JsonArray array;
  for (const auto& record : records) array.raw(write(record));
  return array.str();
}

}  // namespace turms::admin
