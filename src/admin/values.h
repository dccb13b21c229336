#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace turms::admin {

enum class FieldType : uint8_t {
  kBool,
  kInt,
  kText,
  /// ISO 8601, or milliseconds since 1970.
  kDate,
  /// Whole numbers: in a query "1,2,3", in a body a list.
  kInts,
  kTexts,
  /// Of a body: every member that has no field of its own, as JSON. Its name is "*".
  kMembers,
};

/// One parameter of a request, or one member of its body.
struct Field {
  /// Items of one list.
  static constexpr size_t kMaxItems = 1000;

  std::string_view name;
  FieldType type = FieldType::kText;
  std::string_view help;
  bool required = false;
  /// Inclusive. kInt: the value; kInts: each; kText and kTexts: bytes of each.
  int64_t min = 0;
  int64_t max = 0;
  /// Masked wherever requests are written down.
  bool secret = false;
  /// kText and kTexts: one of these. Empty: any.
  std::span<const std::string_view> choices = {};
};

/// What a request said, by the names of its fields. Everything in it is of its field's type and
/// within its bounds.
class Values {
 public:
  using Value = std::variant<bool, int64_t, std::string, WallTime, std::vector<int64_t>,
                             std::vector<std::string>>;

  [[nodiscard]] bool has(std::string_view name) const { return values_.contains(name); }
  [[nodiscard]] bool empty() const { return values_.empty(); }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, value] : values_) all.push_back(name);
    return all;
  }
  void set(std::string_view name, Value value) {
    values_.insert_or_assign(std::string(name), std::move(value));
  }
  [[nodiscard]] std::optional<bool> flag(std::string_view name) const { return get<bool>(name); }
  [[nodiscard]] std::optional<int64_t> number(std::string_view name) const {
    return get<int64_t>(name);
  }
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const {
    return get<std::string>(name);
  }
  [[nodiscard]] std::optional<WallTime> date(std::string_view name) const {
    return get<WallTime>(name);
  }
  /// Empty when it was not given.
  [[nodiscard]] std::vector<int64_t> numbers(std::string_view name) const {
    return get<std::vector<int64_t>>(name).value_or(std::vector<int64_t>());
  }
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const {
    return get<std::vector<std::string>>(name).value_or(std::vector<std::string>());
  }
  template <class Id>
  [[nodiscard]] std::vector<Id> ids(std::string_view name) const {
    std::vector<Id> out;
    for (const int64_t id : numbers(name)) out.emplace_back(id);
    return out;
  }

  /// JSON; secret fields are "***".
  [[nodiscard]] std::string describe(std::span<const Field> fields) const;

 private:
  template <class T>
  [[nodiscard]] std::optional<T> get(std::string_view name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return std::nullopt;
    return std::get<T>(found->second);
  }

  std::map<std::string, Value, std::less<>> values_;
};

/// kInvalidArgument, and which field is why: an unknown one, one too many, one that is missing, not
/// of its type, or out of its bounds.
Result<Values> parse_query(const std::vector<std::pair<std::string, std::string>>& query,
                           std::span<const Field> fields);
/// The same of a JSON object. Empty text is an empty object.
Result<Values> parse_body(std::string_view body, std::span<const Field> fields);

/// "2026-01-02T03:04:05.678Z", fractions and seconds may be missing, "Z" may be "+08:00"; a date
/// alone is its midnight in UTC; or milliseconds since 1970.
std::optional<WallTime> parse_date(std::string_view text);

}  // namespace turms::admin
