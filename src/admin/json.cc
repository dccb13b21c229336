#include "admin/json.h"

#include <fmt/core.h>

#include <chrono>

#include "net/text.h"

namespace turms::admin {

std::string json_text(std::string_view text) {
  std::string out = "\"";
  if (!net::valid_utf8(as_bytes(text))) return "\"\\ufffd\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string iso_date(WallTime time) {
  using namespace std::chrono;
  const sys_time<milliseconds> point{milliseconds(time.unix_ms)};
  const auto day = floor<days>(point);
  const year_month_day date(day);
  const hh_mm_ss<milliseconds> clock(point - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  members_ += members_.empty() ? '{' : ',';
  members_ += json_text(name);
  members_ += ':';
  members_ += json;
  return *this;
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  return raw(name, json_text(value));
}

JsonObject& JsonObject::number(std::string_view name, int64_t value) {
  return raw(name, std::to_string(value));
}

JsonObject& JsonObject::decimal(std::string_view name, double value) {
  return raw(name, fmt::format("{}", value));
}

JsonObject& JsonObject::flag(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

JsonObject& JsonObject::date(std::string_view name, WallTime value) {
  return text(name, std::string_view(iso_date(value)));
}

JsonObject& JsonObject::text(std::string_view name, const std::optional<std::string>& value) {
  return value ? text(name, std::string_view(*value)) : *this;
}

JsonObject& JsonObject::date(std::string_view name, const std::optional<WallTime>& value) {
  return value ? date(name, *value) : *this;
}

JsonObject& JsonObject::texts(std::string_view name, const std::vector<std::string>& values) {
  JsonArray array;
  for (const std::string& value : values) array.raw(json_text(value));
  return raw(name, array.str());
}

JsonArray& JsonArray::raw(std::string_view json) {
  items_ += items_.empty() ? '[' : ',';
  items_ += json;
  return *this;
}

}  // namespace turms::admin
