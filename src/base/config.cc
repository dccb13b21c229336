#include "base/config.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"

namespace turms::config {
namespace {

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view item = trim(text.substr(0, comma));
    if (!item.empty()) items.emplace_back(item);
    if (comma == text.npos) break;
    text.remove_prefix(comma + 1);
  }
  return items;
}

Result<Values::Map> parse_map(std::string_view text) {
  Values::Map map;
  for (const std::string& item : split_list(text)) {
    const size_t colon = item.find(':');
    if (colon == item.npos)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}' is not of the form name: value", item));
    map.emplace(trim(std::string_view(item).substr(0, colon)),
                trim(std::string_view(item).substr(colon + 1)));
  }
  return map;
}

// Levenshtein distance, two rows.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> previous(b.size() + 1), current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, substitution});
    }
    std::swap(previous, current);
  }
  return previous[b.size()];
}

Option made(std::string key, OptionType type, std::string fallback, int64_t min, int64_t max,
            std::string help) {
  return {.key = std::move(key),
          .type = type,
          .fallback = std::move(fallback),
          .min = min,
          .max = max,
          .help = std::move(help)};
}

}  // namespace

Option flag(std::string key, std::string fallback, std::string help) {
  return made(std::move(key), OptionType::kBool, std::move(fallback), 0, 0, std::move(help));
}
Option number(std::string key, std::string fallback, int64_t min, int64_t max, std::string help) {
  return made(std::move(key), OptionType::kInt, std::move(fallback), min, max, std::move(help));
}
Option text(std::string key, std::string fallback, std::string help, Check check) {
  Option option =
      made(std::move(key), OptionType::kText, std::move(fallback), 0, kMaxText, std::move(help));
  option.check = std::move(check);
  return option;
}
Option list(std::string key, std::string fallback, std::string help, Check check) {
  Option option = text(std::move(key), std::move(fallback), std::move(help), std::move(check));
  option.type = OptionType::kList;
  return option;
}
Option pairs(std::string key, std::string fallback, std::string help) {
  return made(std::move(key), OptionType::kMap, std::move(fallback), 0, kMaxText, std::move(help));
}
Option duration(std::string key, std::string fallback, int64_t min_ms, int64_t max_ms,
                std::string help) {
  return made(std::move(key), OptionType::kDuration, std::move(fallback), min_ms, max_ms,
              std::move(help));
}
Option secret(Option option) {
  option.secret = true;
  return option;
}

Option one_of(Option option, std::vector<std::string> words) {
  option.words = words;
  option.check = [words = std::move(words)](std::string_view key,
                                            std::string_view value) -> Status {
    if (std::ranges::find(words, value) != words.end()) return {};
    return must_be(key, fmt::format("one of {}", fmt::join(words, ", ")), value);
  };
  return option;
}

Status must_be(std::string_view key, std::string_view what, std::string_view value) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} must be {}, not '{}'", key, what, value));
}

std::unexpected<Error> empty_secret(std::string_view key) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is an empty secret: whoever knows that could pass for anybody", key));
}

Result<Value> parse_value(const Option& option, std::string_view text) {
  Value value;
  switch (option.type) {
    case OptionType::kBool:
      if (text != "true" && text != "false")
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} must be true or false, not '{}'", option.key, text));
      value.flag = text == "true";
      break;
    case OptionType::kInt: {
      const auto parsed = parse_integer(text);
      if (!parsed || *parsed < option.min || *parsed > option.max) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} must be a number from {} to {}, not '{}'", option.key,
                                option.min, option.max, text));
      }
      value.number = *parsed;
      break;
    }
    case OptionType::kDuration: {
      const auto parsed = parse_duration_ms(text);
      if (!parsed || *parsed < option.min || *parsed > option.max) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} must be a duration like 30s or 1h, from {} ms to {} ms, not "
                                "'{}'",
                                option.key, option.min, option.max, text));
      }
      value.number = *parsed;
      break;
    }
    case OptionType::kText:
    case OptionType::kYaml:
      value.text = text;
      break;
    case OptionType::kList:
      value.list = split_list(text);
      break;
    case OptionType::kMap: {
      auto parsed = parse_map(text);
      if (!parsed)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{}: {}", option.key, parsed.error().message));
      value.map = std::move(*parsed);
      break;
    }
  }
  return value;
}

Status check_value(const Option& option, const Value& value) {
  // Only texts, lists of them and maps of them have a bound of this kind.
  size_t longest = value.text.size();
  for (const std::string& item : value.list) longest = std::max(longest, item.size());
  for (const auto& [name, item] : value.map)
    longest = std::max({longest, name.size(), item.size()});
  if (longest > 0 && static_cast<int64_t>(longest) > option.max) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is longer than {} bytes", option.key, option.max));
  }
  if (option.check != nullptr) {
    if (option.type == OptionType::kList) {
      for (const std::string& item : value.list) {
        if (Status status = option.check(option.key, item); !status) return status;
      }
    } else if (Status status = option.check(option.key, value.text); !status) {
      return status;
    }
  }
  if (!option.secret) return {};
  for (const auto& [name, item] : value.map) {
    if (name.empty()) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("{}: a name is empty", option.key));
    }
    if (item.empty()) return empty_secret(fmt::format("{}.{}", option.key, name));
  }
  return {};
}

Status check_order(const Option& option, int64_t value, int64_t other) {
  if (value <= other || (other == 0 && option.at_most_unless_zero)) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} is {}, which is above {}, {}",
                                                       option.key, value, option.at_most, other));
}

std::string to_text(const Option& option, const Value& value) {
  switch (option.type) {
    case OptionType::kBool:
      return value.flag ? "true" : "false";
    case OptionType::kInt:
      return std::to_string(value.number);
    case OptionType::kText:
    case OptionType::kYaml:
      return value.text;
    case OptionType::kDuration:
      return fmt::format("{}ms", value.number);
    case OptionType::kList:
      return fmt::format("{}", fmt::join(value.list, ","));
    case OptionType::kMap:
      break;
  }
  std::string out;
  for (const auto& [name, item] : value.map) {
    out += fmt::format("{}{}: {}", out.empty() ? "" : ",", name, item);
  }
  return out;
}

const Value& Values::at(std::string_view key) const {
  const auto it = values_.find(key);
  TURMS_CHECK(it != values_.end());
  return it->second;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int64_t> parse_duration_ms(std::string_view text) {
  struct Unit {
    std::string_view name;
    double ms;
  };
  // The longer names of equal beginnings first.
  constexpr auto kUnits = std::to_array<Unit>(
      {{"ms", 1}, {"us", 1e-3}, {"ns", 1e-6}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}});
  if (const auto seconds = parse_integer(text)) {
    if (*seconds < 0 || *seconds > kYearInSeconds) return std::nullopt;
    return *seconds * 1000;
  }
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const auto unit = std::ranges::find_if(
        kUnits, [&](const Unit& known) { return text.starts_with(known.name); });
    if (error != std::errc() || value < 0 || unit == kUnits.end()) return std::nullopt;
    text.remove_prefix(unit->name.size());
    total += value * unit->ms;
  }
  if (total > static_cast<double>(kYearInSeconds) * 1000) return std::nullopt;
  return static_cast<int64_t>(total);
}

std::string nearest_key(std::string_view key, const std::vector<std::string>& keys) {
  // A third of the letters wrong is no longer a slip of the finger.
  size_t best = key.size() / 3 + 1;
  std::string found;
  for (const std::string& known : keys) {
    const size_t d = distance(key, known);
    if (d < best) {
      best = d;
      found = known;
    }
  }
  return found;
}

}  // namespace turms::config
