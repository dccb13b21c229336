#include "admin/values.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cctype>
#include <charconv>
#include <chrono>

#include "admin/json.h"
#include "net/text.h"

namespace turms::admin {
namespace {

namespace json = boost::json;

/// Of a body: enough for lists in groups of groups of settings.
constexpr size_t kMaxDepth = 12;
/// Of a member that has no field of its own.
constexpr size_t kMaxNameBytes = 256;
/// Dates after the year 9999 have no ISO form here.
constexpr int64_t kMaxDate = 253'402'300'799'999;

std::unexpected<Error> wrong(const Field& field, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", field.name, what));
}

std::unexpected<Error> unknown(std::string_view name) {
  const bool printable = name.size() <= 64 && net::valid_utf8(as_bytes(name));
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("there is no field '{}'", printable ? name : "?"));
}

std::optional<int64_t> parse_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

const Field* find(std::span<const Field> fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

Result<int64_t> checked(const Field& field, std::optional<int64_t> value) {
  if (!value) return wrong(field, "must be a whole number");
  if (*value < field.min || *value > field.max) {
    return wrong(field, fmt::format("must be between {} and {}", field.min, field.max));
  }
  return *value;
}

Result<std::string> checked(const Field& field, std::string_view text) {
  const auto size = static_cast<int64_t>(text.size());
  if (!net::valid_utf8(as_bytes(text))) return wrong(field, "is no UTF-8");
  if (size < field.min || size > field.max) {
    return wrong(field, fmt::format("must have between {} and {} bytes", field.min, field.max));
  }
  if (!field.choices.empty() && std::ranges::find(field.choices, text) == field.choices.end()) {
    return wrong(field, fmt::format("must be one of {}", fmt::join(field.choices, ", ")));
  }
  return std::string(text);
}

std::optional<bool> parse_flag(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

/// One value of a query; lists are their items between commas.
Status read(const Field& field, std::string_view text, Values& out) {
  switch (field.type) {
    case FieldType::kBool: {
      const auto flag = parse_flag(text);
      if (!flag) return wrong(field, "must be true or false");
      out.set(field.name, *flag);
      return {};
    }
    case FieldType::kInt: {
      const auto number = checked(field, parse_number(text));
      if (!number) return std::unexpected(number.error());
      out.set(field.name, *number);
      return {};
    }
    case FieldType::kText: {
      auto checked_text = checked(field, text);
      if (!checked_text) return std::unexpected(checked_text.error());
      out.set(field.name, std::move(*checked_text));
      return {};
    }
    case FieldType::kDate: {
      const auto date = parse_date(text);
      if (!date) return wrong(field, "must be a date (ISO 8601) or milliseconds since 1970");
      out.set(field.name, *date);
      return {};
    }
    case FieldType::kMembers:
      return unknown(field.name);
    case FieldType::kInts:
    case FieldType::kTexts:
      break;
  }
  auto numbers = out.has(field.name) && field.type == FieldType::kInts ? out.numbers(field.name)
                                                                       : std::vector<int64_t>();
  auto texts = out.has(field.name) && field.type == FieldType::kTexts ? out.texts(field.name)
                                                                      : std::vector<std::string>();
  for (size_t from = 0; from <= text.size();) {
    const size_t end = std::min(text.find(',', from), text.size());
    const std::string_view item = text.substr(from, end - from);
    from = end + 1;
    if (numbers.size() + texts.size() >= Field::kMaxItems) {
      return wrong(field, fmt::format("has more than {} items", Field::kMaxItems));
    }
    if (field.type == FieldType::kInts) {
      const auto number = checked(field, parse_number(item));
      if (!number) return std::unexpected(number.error());
      numbers.push_back(*number);
    } else {
      auto one = checked(field, item);
      if (!one) return std::unexpected(one.error());
      texts.push_back(std::move(*one));
    }
  }
  if (field.type == FieldType::kInts) {
    out.set(field.name, std::move(numbers));
  } else {
    out.set(field.name, std::move(texts));
  }
  return {};
}

/// JSON numbers, and texts of digits: JavaScript has no numbers of 63 bits.
std::optional<int64_t> number_of(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_string()) return parse_number(std::string_view(value.get_string()));
  return std::nullopt;
}

Status read_list(const Field& field, const json::value& value, Values& out) {
  if (!value.is_array()) return wrong(field, "must be a list");
  const json::array& items = value.get_array();
  if (items.size() > Field::kMaxItems) {
    return wrong(field, fmt::format("has more than {} items", Field::kMaxItems));
  }
  std::vector<int64_t> numbers;
  std::vector<std::string> texts;
  for (const json::value& item : items) {
    if (field.type == FieldType::kInts) {
      const auto number = checked(field, number_of(item));
      if (!number) return std::unexpected(number.error());
      numbers.push_back(*number);
    } else {
      if (!item.is_string()) return wrong(field, "must be a list of texts");
      auto text = checked(field, std::string_view(item.get_string()));
      if (!text) return std::unexpected(text.error());
      texts.push_back(std::move(*text));
    }
  }
  if (field.type == FieldType::kInts) {
    out.set(field.name, std::move(numbers));
  } else {
    out.set(field.name, std::move(texts));
  }
  return {};
}

/// One member of a body.
Status read(const Field& field, const json::value& value, Values& out) {
  switch (field.type) {
    case FieldType::kBool:
      if (!value.is_bool()) return wrong(field, "must be true or false");
      out.set(field.name, value.get_bool());
      return {};
    case FieldType::kInt: {
      const auto number = checked(field, number_of(value));
      if (!number) return std::unexpected(number.error());
      out.set(field.name, *number);
      return {};
    }
    case FieldType::kText:
      if (!value.is_string()) return wrong(field, "must be a text");
      return read(field, std::string_view(value.get_string()), out);
    case FieldType::kDate: {
      if (value.is_string()) return read(field, std::string_view(value.get_string()), out);
      const auto number = number_of(value);
      return read(field, number ? std::to_string(*number) : std::string(), out);
    }
    case FieldType::kInts:
    case FieldType::kTexts:
      return read_list(field, value, out);
    case FieldType::kMembers:
      return unknown(field.name);
  }
  return {};
}

Status check_complete(const Values& values, std::span<const Field> fields) {
  for (const Field& field : fields) {
    if (field.required && !values.has(field.name)) return wrong(field, "is missing");
  }
  return {};
}

std::string describe_value(const Values::Value& value) {
  struct Writer {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(int64_t number) const { return std::to_string(number); }
    std::string operator()(const std::string& text) const { return json_text(text); }
    std::string operator()(WallTime time) const { return json_text(iso_date(time)); }
    std::string operator()(const std::vector<int64_t>& numbers) const {
      return json_list(numbers, [](int64_t number) { return std::to_string(number); });
    }
    std::string operator()(const std::vector<std::string>& texts) const {
      return json_list(texts, [](const std::string& text) { return json_text(text); });
    }
  };
  return std::visit(Writer{}, value);
}

/// "02" of a date.
std::optional<int> digits(std::string_view& text, size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool skip(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// Behind "T": hours, minutes and what may follow, in milliseconds of the day, less the zone.
std::optional<int64_t> parse_time_of_day(std::string_view text) {
  const auto hours = digits(text, 2);
  if (!hours || *hours > 23 || !skip(text, ':')) return std::nullopt;
  const auto minutes = digits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  int64_t ms = (*hours * 60 + *minutes) * 60'000;
  if (skip(text, ':')) {
    const auto seconds = digits(text, 2);
    if (!seconds || *seconds > 59) return std::nullopt;
    ms += *seconds * 1000;
    if (skip(text, '.')) {
      int64_t unit = 100;
      size_t count = 0;
      for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++count) {
        ms += (text.front() - '0') * unit;
        unit /= 10;
        text.remove_prefix(1);
      }
      if (count == 0 || count > 9) return std::nullopt;
    }
  }
  if (text == "Z") return ms;
  const int sign = text.starts_with('+') ? 1 : text.starts_with('-') ? -1 : 0;
  if (sign == 0) return std::nullopt;
  text.remove_prefix(1);
  const auto zone_hours = digits(text, 2);
  if (!zone_hours || *zone_hours > 23) return std::nullopt;
  skip(text, ':');
  const auto zone_minutes = digits(text, 2);
  if (!zone_minutes || *zone_minutes > 59 || !text.empty()) return std::nullopt;
  return ms - sign * (*zone_hours * 60 + *zone_minutes) * 60'000;
}

/// Of a setting, by what it is called: those of the server cannot be changed over the API, but
/// somebody may try.
bool names_a_secret(std::string_view name) {
  if (name.find("keys.") != name.npos || name.ends_with("keys")) return true;
  std::string last(name.substr(name.rfind('.') + 1));
  std::ranges::transform(last, last.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::any_of(std::array{"secret", "password", "token"},
                             [&](const char* word) { return last.find(word) != last.npos; });
}

/// Texts of members that are secrets, and of all that is in such a member.
void mask(std::string_view name, json::value& value, bool secret = false) {
  secret = secret || (names_a_secret(name) && !value.is_object()) || name.ends_with("keys");
  if (value.is_string() && secret) {
    value = "***";
  } else if (value.is_array()) {
    for (json::value& item : value.get_array()) mask(name, item, secret);
  } else if (value.is_object()) {
    for (auto& [key, item] : value.get_object()) mask(key, item, secret);
  }
}

}  // namespace

std::optional<WallTime> parse_date(std::string_view text) {
  if (const auto number = parse_number(text)) {
    if (*number < 0 || *number > kMaxDate) return std::nullopt;
    return WallTime{*number};
  }
  const auto year = digits(text, 4);
  if (!year || *year < 1970 || !skip(text, '-')) return std::nullopt;
  const auto month = digits(text, 2);
  if (!month || !skip(text, '-')) return std::nullopt;
  const auto day = digits(text, 2);
  if (!day) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{*year},
                            std::chrono::month{static_cast<unsigned>(*month)},
                            std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  const int64_t midnight = duration_cast<milliseconds>(sys_days(date).time_since_epoch()).count();
  if (text.empty()) return WallTime{midnight};
  if (!skip(text, 'T')) return std::nullopt;
  const auto of_day = parse_time_of_day(text);
  if (!of_day || midnight + *of_day < 0 || midnight + *of_day > kMaxDate) return std::nullopt;
  return WallTime{midnight + *of_day};
}

Result<Values> parse_query(const std::vector<std::pair<std::string, std::string>>& query,
                           std::span<const Field> fields) {
  Values values;
  for (const auto& [name, text] : query) {
    const Field* field = find(fields, name);
    if (field == nullptr) return unknown(name);
    const bool list = field->type == FieldType::kInts || field->type == FieldType::kTexts;
    if (!list && values.has(name)) return wrong(*field, "is given twice");
    if (Status status = read(*field, std::string_view(text), values); !status) {
      return std::unexpected(status.error());
    }
  }
  if (Status status = check_complete(values, fields); !status) {
    return std::unexpected(status.error());
  }
  return values;
}

Result<Values> parse_body(std::string_view body, std::span<const Field> fields) {
  Values values;
  if (!body.empty()) {
    boost::system::error_code error;
    const json::value parsed = json::parse(body, error, {}, {.max_depth = kMaxDepth});
    if (error) return fail(ErrorCode::kInvalidArgument, "the body is no JSON");
    if (!parsed.is_object()) return fail(ErrorCode::kInvalidArgument, "the body is no JSON object");
    for (const auto& [name, value] : parsed.get_object()) {
      if (name == "*") return unknown(name);
      const Field* field = find(fields, name);
      if (field == nullptr && find(fields, "*") != nullptr && name.size() <= kMaxNameBytes) {
        values.set(name, json::serialize(value));
        continue;
      }
      if (field == nullptr) return unknown(name);
      // As upstream's clients write what they leave unchanged.
      if (value.is_null()) continue;
      if (Status status = read(*field, value, values); !status) {
        return std::unexpected(status.error());
      }
    }
  }
  if (Status status = check_complete(values, fields); !status) {
    return std::unexpected(status.error());
  }
  return values;
}

std::string Values::describe(std::span<const Field> fields) const {
  JsonObject object;
  for (const auto& [name, value] : values_) {
    const Field* field = find(fields, name);
    if (field == nullptr && find(fields, "*") != nullptr) {
      json::value member = json::parse(std::get<std::string>(value), {}, {.max_depth = kMaxDepth});
      mask(name, member);
      object.raw(name, json::serialize(member));
      continue;
    }
    object.raw(name, field == nullptr || field->secret ? "\"***\"" : describe_value(value));
  }
  return object.str();
}

}  // namespace turms::admin
