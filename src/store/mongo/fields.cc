#include "store/mongo/fields.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>

namespace turms::store {
namespace {

// turms/model.proto, message Value: field number and wire type.
constexpr uint8_t kInt32Tag = 1 << 3 | 0;
constexpr uint8_t kInt64Tag = 2 << 3 | 0;
constexpr uint8_t kDoubleTag = 4 << 3 | 1;
constexpr uint8_t kBoolTag = 5 << 3 | 0;
constexpr uint8_t kBytesTag = 6 << 3 | 2;
constexpr uint8_t kStringTag = 7 << 3 | 2;
constexpr uint8_t kListTag = 8 << 3 | 2;

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

std::string with_varint(uint8_t tag, uint64_t value) {
  std::string out(1, static_cast<char>(tag));
  put_varint(out, value);
  return out;
}

std::string with_bytes(uint8_t tag, std::string_view bytes) {
  std::string out = with_varint(tag, bytes.size());
  return out.append(bytes);
}

std::string with_double(double value) {
  std::string out(1, static_cast<char>(kDoubleTag));
  const auto bits = std::bit_cast<uint64_t>(value);
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(bits >> shift);
  return out;
}

}  // namespace

std::optional<bson::Value> Fields::find(std::string_view name) const {
  auto value = document_.find(name);
  if (value && value->is_null()) return std::nullopt;
  return value;
}

void Fields::refuse(std::string_view name, std::string_view what) {
  if (problem_.empty()) problem_ = fmt::format("`{}{}` {}", prefix_, name, what);
}

Fields Fields::in(std::string_view name) {
  const auto value = find(name);
  const auto document = value ? value->document() : std::nullopt;
  if (document) return Fields(*document, fmt::format("{}{}.", prefix_, name));
  refuse(name, "is no document");
  Fields none(document_);
  none.problem_ = problem_;
  return none;
}

int64_t Fields::id(std::string_view name) {
  const auto id = optional_id(name);
  if (!id) refuse(name, "is missing");
  return id.value_or(0);
}

std::optional<int64_t> Fields::optional_id(std::string_view name) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  const auto number = value->integer();
  if (!number || *number <= 0) refuse(name, "is no id");
  return number.value_or(0);
}

int64_t Fields::integer(std::string_view name, int64_t fallback, int64_t min, int64_t max) {
  const auto value = find(name);
  if (!value) return fallback;
  const auto number = value->integer();
  if (!number) {
    refuse(name, "is no whole number");
  } else if (*number < min || *number > max) {
    refuse(name, "is out of bounds");
  }
  return number.value_or(fallback);
}

bool Fields::flag(std::string_view name, bool fallback) {
  const auto value = find(name);
  if (!value) return fallback;
  const auto flag = value->boolean();
  if (!flag) refuse(name, "is no truth value");
  return flag.value_or(fallback);
}

std::string Fields::text(std::string_view name) {
  return optional_text(name).value_or(std::string());
}

std::optional<std::string> Fields::optional_text(std::string_view name) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  const auto text = value->text();
  if (!text) refuse(name, "is no text in UTF-8");
  return std::string(text.value_or(std::string_view()));
}

std::optional<WallTime> Fields::date(std::string_view name) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  auto date = value->date();
  if (!date) refuse(name, "is no date");
  // Far enough from the bounds that nothing that is added to it goes past them.
  constexpr int64_t kYear9999 = 253402300799999;
  if (date) date->unix_ms = std::clamp<int64_t>(date->unix_ms, 0, kYear9999);
  return date.value_or(WallTime{});
}

std::optional<Bytes> Fields::binary(std::string_view name) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  const auto bytes = value->binary();
  if (!bytes) refuse(name, "is no binary value");
  return bytes ? Bytes(bytes->begin(), bytes->end()) : Bytes();
}

std::vector<bson::Element> Fields::elements(std::string_view name) {
  const auto value = find(name);
  if (!value) return {};
  const auto document = value->document();
  if (document) return document->elements();
  refuse(name, "is no document or array");
  return {};
}

std::vector<int64_t> Fields::integers(std::string_view name) {
  std::vector<int64_t> all;
  for (const bson::Element& item : elements(name)) {
    if (const auto number = item.value.integer()) all.push_back(*number);
  }
  return all;
}

std::vector<std::string> Fields::texts(std::string_view name) {
  std::vector<std::string> all;
  for (const bson::Element& item : elements(name)) {
    if (const auto text = item.value.text()) all.emplace_back(*text);
  }
  return all;
}

std::vector<Bytes> Fields::binaries(std::string_view name) {
  std::vector<Bytes> all;
  for (const bson::Element& item : elements(name)) {
    if (const auto bytes = item.value.binary()) all.emplace_back(bytes->begin(), bytes->end());
  }
  return all;
}

std::optional<int64_t> parse_key(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> encode_value(const bson::Value& value) {
  using bson::Type;
  if (value.type() == Type::kInt32) {
    return with_varint(kInt32Tag, static_cast<uint64_t>(*value.integer()));
  }
  if (value.type() == Type::kInt64) {
    return with_varint(kInt64Tag, static_cast<uint64_t>(*value.integer()));
  }
  if (const auto number = value.number()) return with_double(*number);
  if (const auto flag = value.boolean()) return with_varint(kBoolTag, *flag ? 1 : 0);
  if (const auto bytes = value.binary()) return with_bytes(kBytesTag, as_text(*bytes));
  if (const auto text = value.text()) return with_bytes(kStringTag, *text);
  if (value.type() != Type::kArray) return std::nullopt;
  std::string list;
  for (const bson::Element& item : value.document()->elements()) {
    // A list in a list is more than any client sends.
    if (item.value.type() == Type::kArray) return std::nullopt;
    const auto encoded = encode_value(item.value);
    if (!encoded) return std::nullopt;
    list += with_bytes(kListTag, *encoded);
  }
  return list;
}

}  // namespace turms::store
