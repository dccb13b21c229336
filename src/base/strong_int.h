#pragma once

#include <fmt/core.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace turms {

/// An integer that does not mix with others: `using UserId = StrongInt<struct UserIdTag, int64_t>`.
template <class Tag, class T>
struct StrongInt {
  using value_type = T;
  T value{};

  constexpr StrongInt() = default;
  constexpr explicit StrongInt(T v) : value(v) {}
  constexpr auto operator<=>(const StrongInt&) const = default;
  constexpr explicit operator bool() const { return value != T{}; }
};

}  // namespace turms

template <class Tag, class T>
struct std::hash<turms::StrongInt<Tag, T>> {
  size_t operator()(turms::StrongInt<Tag, T> id) const noexcept {
    // Fibonacci mixing: our ids are time ordered, so their low bits alone are poor.
    return static_cast<size_t>(static_cast<uint64_t>(id.value) * 0x9E3779B97F4A7C15ull);
  }
};

/// "{}" only: fmt 10 defines the formatters of integers in a header that is slow to compile.
template <class Tag, class T>
struct fmt::formatter<turms::StrongInt<Tag, T>> {
  constexpr auto parse(fmt::format_parse_context& context) const { return context.begin(); }
  template <class Context>
  auto format(turms::StrongInt<Tag, T> id, Context& context) const {
    return fmt::format_to(context.out(), "{}", id.value);
  }
};
