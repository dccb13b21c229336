#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/config.h"

namespace turms::config {

/// When the keys of a table take effect.
enum class Change : uint8_t { kAtStart, kAtRunTime };

/// The field of a field, for a table's `field`: path(&Settings::message, &Message::max_text_size).
template <class First, class Second>
auto path(First first, Second second) {
  return [first, second](auto& settings) -> auto& { return (settings.*first).*second; };
}

/// What a field is called in the configuration.
template <class Enum>
struct Word {
  std::string_view word;
  Enum value;
};

/// The keys of one owner, each bound to a field of its Settings, whose values in a Settings{} are
/// the defaults. `field`: a pointer to a member, path(), or what else turns a Settings& into a
/// reference to the field.
template <class Settings>
class Table {
 public:
  explicit Table(Change change) : changeable_(change == Change::kAtRunTime) {}

  template <class Field>
  Table& flag(std::string key, Field field, std::string help) {
    return add(config::flag(std::move(key), of(field) ? "true" : "false", std::move(help)),
               [field](Settings& settings, const Value& value) {
                 std::invoke(field, settings) = value.flag;
               });
  }

  /// Of any number, also one that is not whole.
  template <class Field>
  Table& number(std::string key, Field field, int64_t min, int64_t max, std::string help) {
    using Number = std::remove_cvref_t<std::invoke_result_t<Field, Settings&>>;
    return add(config::number(std::move(key), std::to_string(static_cast<int64_t>(of(field))), min,
                              max, std::move(help)),
               [field](Settings& settings, const Value& value) {
                 std::invoke(field, settings) = static_cast<Number>(value.number);
               });
  }

  /// A Duration as so many units.
  template <class Field>
  Table& time(std::string key, Field field, Duration unit, int64_t min, int64_t max,
              std::string help) {
    return add(config::number(std::move(key), std::to_string(Duration(of(field)) / unit), min, max,
                              std::move(help)),
               [field, unit](Settings& settings, const Value& value) {
                 std::invoke(field, settings) = value.number * unit;
               });
  }

  /// A Duration with its unit.
  template <class Field>
  Table& duration(std::string key, Field field, std::string fallback, int64_t min_ms,
                  int64_t max_ms, std::string help) {
    return add(
        config::duration(std::move(key), std::move(fallback), min_ms, max_ms, std::move(help)),
        [field](Settings& settings, const Value& value) {
          std::invoke(field, settings) = std::chrono::milliseconds(value.number);
        });
  }

  template <class Field>
  Table& text(std::string key, Field field, std::string help, Check check = nullptr) {
    return add(config::text(std::move(key), of(field), std::move(help), std::move(check)),
               [field](Settings& settings, const Value& value) {
                 std::invoke(field, settings) = value.text;
               });
  }

  template <class Field>
  Table& list(std::string key, Field field, std::string help, Check check = nullptr) {
    std::string fallback;
    for (const std::string& item : of(field)) fallback += (fallback.empty() ? "" : ",") + item;
    return add(config::list(std::move(key), std::move(fallback), std::move(help), std::move(check)),
               [field](Settings& settings, const Value& value) {
                 std::invoke(field, settings) = value.list;
               });
  }

  template <class Field>
  Table& pairs(std::string key, Field field, std::string help) {
    std::string fallback;
    for (const auto& [name, value] : of(field)) {
      fallback += (fallback.empty() ? "" : ",") + name + ": " + value;
    }
    return add(config::pairs(std::move(key), std::move(fallback), std::move(help)),
               [field](Settings& settings, const Value& value) {
                 std::invoke(field, settings) = value.map;
               });
  }

  /// One of some words.
  template <class Field, class Enum, size_t N>
  Table& word(std::string key, Field field, const std::array<Word<Enum>, N>& words,
              std::string help) {
    const auto fallback =
        std::ranges::find(words, Enum(of(field)), [](const Word<Enum>& one) { return one.value; });
    std::vector<std::string> texts;
    for (const Word<Enum>& one : words) texts.emplace_back(one.word);
    Option option =
        one_of(config::text(std::move(key), std::string(fallback->word), std::move(help)),
               std::move(texts));
    return add(std::move(option), [field, words](Settings& settings, const Value& value) {
      std::invoke(field, settings) =
          std::ranges::find(words, std::string_view(value.text), &Word<Enum>::word)->value;
    });
  }

  /// Any other kind: what the key is, and what it does to the settings.
  Table& add(Option option, std::function<void(Settings&, const Value&)> read) {
    option.changeable = changeable_;
    keys_.push_back({std::move(option), std::move(read)});
    return *this;
  }
  /// A key that the owner reads for itself, or that only has to be known.
  Table& declare(Option option) {
    return add(std::move(option), [](Settings&, const Value&) {});
  }
  /// The table of a part of the settings.
  template <class Part>
  Table& include(Part Settings::*part, const Table<Part>& table) {
    for (const auto& [option, read] : table.keys()) {
      keys_.push_back({option, [part, read = read](Settings& settings, const Value& value) {
                         read(settings.*part, value);
                       }});
    }
    return *this;
  }

  // Of the key before:
  Table& secret() {
    keys_.back().option.secret = true;
    return *this;
  }
  Table& at_start() {
    keys_.back().option.changeable = false;
    return *this;
  }
  Table& at_run_time() {
    keys_.back().option.changeable = true;
    return *this;
  }
  Table& longest(int64_t bytes) {
    keys_.back().option.max = bytes;
    return *this;
  }
  /// It must not be above this other key.
  Table& at_most(std::string key) {
    keys_.back().option.at_most = std::move(key);
    return *this;
  }
  /// The same, where 0 of the other one is no limit.
  Table& at_most_unless_zero(std::string key) {
    keys_.back().option.at_most_unless_zero = true;
    return at_most(std::move(key));
  }

  struct Key {
    Option option;
    std::function<void(Settings&, const Value&)> read;
  };
  [[nodiscard]] const std::vector<Key>& keys() const { return keys_; }
  [[nodiscard]] std::vector<Option> options() const {
    std::vector<Option> out;
    for (const Key& key : keys_) out.push_back(key.option);
    return out;
  }

  /// What is not bound to a key stays as it is.
  void read(const Values& values, Settings& settings) const {
    for (const Key& key : keys_) key.read(settings, values.at(key.option.key));
  }
  [[nodiscard]] Settings read(const Values& values) const {
    Settings settings;
    read(values, settings);
    return settings;
  }

 private:
  template <class Field>
  auto of(const Field& field) {
    return std::invoke(field, defaults_);
  }

  Settings defaults_{};
  bool changeable_;
  std::vector<Key> keys_;
};

}  // namespace turms::config
