#include "store/mongo/bson.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/unicode.h"

namespace turms::store::bson {
namespace {

constexpr size_t kLengthSize = 4;
constexpr size_t kSmallestDocument = kLengthSize + 1;
constexpr uint8_t kOldBinary = 0x02;

uint32_t load_le32(ByteView bytes) {
  return static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
         static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}
uint64_t load_le64(ByteView bytes) {
  return load_le32(bytes) | static_cast<uint64_t>(load_le32(bytes.subspan(4))) << 32;
}

/// What is behind the zero byte that ends the text at the beginning; nothing without one.
std::optional<size_t> after_zero(ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  const void* end = std::memchr(bytes.data(), 0, bytes.size());
  if (end == nullptr) return std::nullopt;
  return static_cast<size_t>(static_cast<const uint8_t*>(end) - bytes.data()) + 1;
}

/// A length, so many bytes of which the last is zero.
std::optional<size_t> text_size(ByteView rest) {
  if (rest.size() < kLengthSize) return std::nullopt;
  const size_t length = load_le32(rest);
  if (length == 0 || length > rest.size() - kLengthSize) return std::nullopt;
  if (rest[kLengthSize + length - 1] != 0) return std::nullopt;
  return kLengthSize + length;
}

std::optional<size_t> document_size(ByteView rest) {
  if (rest.size() < kSmallestDocument) return std::nullopt;
  const size_t length = load_le32(rest);
  if (length < kSmallestDocument || length > rest.size() || rest[length - 1] != 0) {
    return std::nullopt;
  }
  return length;
}

std::optional<size_t> fixed(ByteView rest, size_t size) {
  return rest.size() < size ? std::nullopt : std::optional(size);
}

std::optional<size_t> binary_size(ByteView rest) {
  if (rest.size() < kLengthSize + 1) return std::nullopt;
  const size_t length = load_le32(rest);
  if (length > rest.size() - kLengthSize - 1) return std::nullopt;
  return kLengthSize + 1 + length;
}

std::optional<size_t> regex_size(ByteView rest) {
  const auto pattern = after_zero(rest);
  if (!pattern) return std::nullopt;
  const auto options = after_zero(rest.subspan(*pattern));
  if (!options) return std::nullopt;
  return *pattern + *options;
}

std::optional<size_t> pointer_size(ByteView rest) {
  constexpr size_t kObjectIdSize = 12;
  const auto text = text_size(rest);
  if (!text || rest.size() - *text < kObjectIdSize) return std::nullopt;
  return *text + kObjectIdSize;
}

std::optional<size_t> scoped_code_size(ByteView rest) {
  if (rest.size() < kLengthSize) return std::nullopt;
  const size_t length = load_le32(rest);
  if (length < kLengthSize || length > rest.size()) return std::nullopt;
  return length;
}

/// How many bytes of `rest` the value takes; nothing when it is not whole, or of no known type.
std::optional<size_t> value_size(Type type, ByteView rest) {
  switch (type) {
    case Type::kDouble:
    case Type::kDate:
    case Type::kTimestamp:
    case Type::kInt64:
      return fixed(rest, 8);
    case Type::kInt32:
      return fixed(rest, 4);
    case Type::kObjectId:
      return fixed(rest, 12);
    case Type::kDecimal:
      return fixed(rest, 16);
    case Type::kBoolean:
      return fixed(rest, 1);
    case Type::kUndefined:
    case Type::kNull:
    case Type::kMinKey:
    case Type::kMaxKey:
      return 0;
    case Type::kText:
    case Type::kCode:
    case Type::kSymbol:
      return text_size(rest);
    case Type::kDocument:
    case Type::kArray:
      return document_size(rest);
    case Type::kBinary:
      return binary_size(rest);
    case Type::kRegex:
      return regex_size(rest);
    case Type::kPointer:
      return pointer_size(rest);
    case Type::kScopedCode:
      return scoped_code_size(rest);
  }
  return std::nullopt;
}

ByteView content_of(ByteView document) {
  return document.subspan(kLengthSize, document.size() - kSmallestDocument);
}

/// Takes the next element off `rest`; nothing when what is there is none.
std::optional<Element> take(ByteView& rest) {
  const auto type = static_cast<Type>(rest[0]);
  const ByteView named = rest.subspan(1);
  const auto name_size = after_zero(named);
  if (!name_size) return std::nullopt;
  const ByteView behind = named.subspan(*name_size);
  const auto size = value_size(type, behind);
  if (!size) return std::nullopt;
  rest = behind.subspan(*size);
  return Element{as_text(named.first(*name_size - 1)), Value(type, behind.first(*size))};
}

bool is_whole(ByteView content, int depth) {
  if (depth > Document::kMaxDepth) return false;
  while (!content.empty()) {
    const auto type = static_cast<Type>(content[0]);
    const ByteView before = content;
    if (!take(content)) return false;
    if (type != Type::kDocument && type != Type::kArray) continue;
    const size_t name = *after_zero(before.subspan(1));
    const ByteView inner = before.subspan(1 + name);
    if (!is_whole(content_of(inner.first(*document_size(inner))), depth + 1)) return false;
  }
  return true;
}

}  // namespace

uint32_t length_of(ByteView bytes) {
  return load_le32(bytes);
}

std::optional<int64_t> Value::integer() const {
  if (type_ == Type::kInt32) return static_cast<int32_t>(load_le32(bytes_));
  if (type_ == Type::kInt64) return static_cast<int64_t>(load_le64(bytes_));
  if (type_ != Type::kDouble) return std::nullopt;
  // Every whole number up to there has a double of its own.
  constexpr double kExact = 9007199254740992.0;
  const double value = *number();
  if (!(std::abs(value) <= kExact) || value != std::trunc(value)) return std::nullopt;
  return static_cast<int64_t>(value);
}

std::optional<double> Value::number() const {
  if (type_ != Type::kDouble) return std::nullopt;
  return std::bit_cast<double>(load_le64(bytes_));
}

std::optional<bool> Value::boolean() const {
  if (type_ != Type::kBoolean) return std::nullopt;
  return bytes_[0] != 0;
}

std::optional<WallTime> Value::date() const {
  if (type_ != Type::kDate) return std::nullopt;
  return WallTime{static_cast<int64_t>(load_le64(bytes_))};
}

std::optional<std::string_view> Value::text() const {
  if (type_ != Type::kText) return std::nullopt;
  const std::string_view text = as_text(bytes_.subspan(kLengthSize, bytes_.size() - 5));
  if (!text.empty() && code_points(text).empty()) return std::nullopt;
  return text;
}

std::optional<ByteView> Value::binary() const {
  if (type_ != Type::kBinary) return std::nullopt;
  const ByteView content = bytes_.subspan(kLengthSize + 1);
  if (bytes_[kLengthSize] != kOldBinary) return content;
  // It says its length once more.
  if (content.size() < kLengthSize || load_le32(content) != content.size() - kLengthSize) {
    return std::nullopt;
  }
  return content.subspan(kLengthSize);
}

std::optional<Document> Value::document() const {
  if (type_ != Type::kDocument && type_ != Type::kArray) return std::nullopt;
  return Document(content_of(bytes_));
}

Result<Document> Document::parse(ByteView bytes) {
  const auto size = document_size(bytes);
  if (bytes.size() > kMaxSize || !size || *size != bytes.size() ||
      !is_whole(content_of(bytes), 1)) {
    return fail(ErrorCode::kInvalidArgument, "is no BSON document");
  }
  return Document(content_of(bytes));
}

std::optional<Value> Document::find(std::string_view name) const {
  ByteView rest = content_;
  while (!rest.empty()) {
    const auto element = take(rest);
    if (!element) return std::nullopt;
    if (element->name == name) return element->value;
  }
  return std::nullopt;
}

std::vector<Element> Document::elements() const {
  std::vector<Element> all;
  ByteView rest = content_;
  while (!rest.empty()) {
    const auto element = take(rest);
    if (!element) break;
    all.push_back(*element);
  }
  return all;
}

}  // namespace turms::store::bson
