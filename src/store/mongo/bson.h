#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

// BSON 1.1 (bsonspec.org), to read. Everything is a view of the document's bytes.

namespace turms::store::bson {

class Document;

enum class Type : uint8_t {
  kDouble = 0x01,
  kText = 0x02,
  kDocument = 0x03,
  kArray = 0x04,
  kBinary = 0x05,
  kUndefined = 0x06,
  kObjectId = 0x07,
  kBoolean = 0x08,
  kDate = 0x09,
  kNull = 0x0A,
  kRegex = 0x0B,
  kPointer = 0x0C,
  kCode = 0x0D,
  kSymbol = 0x0E,
  kScopedCode = 0x0F,
  kInt32 = 0x10,
  kTimestamp = 0x11,
  kInt64 = 0x12,
  kDecimal = 0x13,
  kMaxKey = 0x7F,
  kMinKey = 0xFF,
};

/// Each of the functions gives nothing for a value of another kind.
class Value {
 public:
  Value(Type type, ByteView bytes) : type_(type), bytes_(bytes) {}

  [[nodiscard]] Type type() const { return type_; }
  [[nodiscard]] bool is_null() const { return type_ == Type::kNull || type_ == Type::kUndefined; }
  /// Also a double without a fraction: a number that was written in the database's shell.
  [[nodiscard]] std::optional<int64_t> integer() const;
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] std::optional<WallTime> date() const;
  /// UTF-8.
  [[nodiscard]] std::optional<std::string_view> text() const;
  [[nodiscard]] std::optional<ByteView> binary() const;
  /// Of an array, its items are called "0", "1", ….
  [[nodiscard]] std::optional<Document> document() const;

 private:
  Type type_;
  /// What follows the name.
  ByteView bytes_;
};

struct Element {
  std::string_view name;
  Value value;
};

class Document {
 public:
  /// The most that MongoDB stores, and some more.
  static constexpr size_t kMaxSize = 17 * 1024 * 1024;
  /// Documents in documents; MongoDB stores 100.
  static constexpr int kMaxDepth = 128;

  /// Looks through all of it, so that nothing that is read later is outside of it. kInvalidArgument
  /// says what is wrong. The bytes outlive the document.
  static Result<Document> parse(ByteView bytes);

  /// The first of that name.
  [[nodiscard]] std::optional<Value> find(std::string_view name) const;
  [[nodiscard]] std::vector<Element> elements() const;

 private:
  friend class Value;
  explicit Document(ByteView content) : content_(content) {}

  /// Between the length and the zero at the end.
  ByteView content_;
};

/// The length that a document begins with. `bytes`: at least 4.
uint32_t length_of(ByteView bytes);

}  // namespace turms::store::bson
