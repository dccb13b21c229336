#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "im/types.h"
#include "store/mongo/bson.h"

namespace turms::store {

/// Reads the fields of a document. What is missing, null, or of another type than it should be
/// where it has to be there, sticks as the problem of the document; the values are of no use then.
class Fields {
 public:
  /// `prefix`: of the names in problems.
  explicit Fields(bson::Document document, std::string prefix = {})
      : document_(document), prefix_(std::move(prefix)) {}

  /// Of the document in this field.
  Fields in(std::string_view name);

  /// A positive whole number, which must be there.
  int64_t id(std::string_view name);
  std::optional<int64_t> optional_id(std::string_view name);
  /// `fallback` when it is not there; a problem when it is no whole number within the bounds.
  int64_t integer(std::string_view name, int64_t fallback,
                  int64_t min = std::numeric_limits<int64_t>::min(),
                  int64_t max = std::numeric_limits<int64_t>::max());
  /// 0 … `last`.
  template <class Enum>
  Enum enumeration(std::string_view name, Enum fallback, Enum last) {
    return static_cast<Enum>(
        integer(name, static_cast<int64_t>(fallback), 0, static_cast<int64_t>(last)));
  }
  bool flag(std::string_view name, bool fallback);
  std::string text(std::string_view name);
  std::optional<std::string> optional_text(std::string_view name);
  /// Not before 1970 and not after the year 9999: moved there.
  std::optional<WallTime> date(std::string_view name);
  std::optional<Bytes> binary(std::string_view name);
  /// Items of other types are left out.
  std::vector<int64_t> integers(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  std::vector<Bytes> binaries(std::string_view name);
  /// Elements of the document in this field; none when it is not there.
  std::vector<bson::Element> elements(std::string_view name);

  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] bool good() const { return problem_.empty(); }
  [[nodiscard]] const bson::Document& document() const { return document_; }

 private:
  std::optional<bson::Value> find(std::string_view name) const;
  void refuse(std::string_view name, std::string_view what);

  bson::Document document_;
  std::string prefix_;
  std::string problem_;
};

/// A whole decimal number; nothing for other texts.
std::optional<int64_t> parse_key(std::string_view text);

/// As the protocol's Value, encoded; nothing for what that cannot carry.
std::optional<std::string> encode_value(const bson::Value& value);

}  // namespace turms::store
