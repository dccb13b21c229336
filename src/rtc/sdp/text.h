#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

/// Small helpers over text that the parsers of this folder share.
namespace turms::rtc::sdp::text {

/// Takes what lies before the first `separator` off the front of `rest`; all of it when there is
/// none.
inline std::string_view take(std::string_view& rest, char separator) {
  size_t at = rest.find(separator);
  std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return head;
}
/// take() of the next word, skipping spaces before it.
inline std::string_view take_word(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  return take(rest, ' ');
}
inline std::string_view trim(std::string_view s) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!s.empty() && blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && blank(s.back())) s.remove_suffix(1);
  return s;
}
/// The whole of `s` as a decimal number that fits T. A plus sign and zeros may stand before it.
template <class T>
std::optional<T> number(std::string_view s) {
  T value{};
  if (s.size() > 1 && s.front() == '+' && s[1] != '-') s.remove_prefix(1);
  auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (error != std::errc() || end != s.data() + s.size() || s.empty()) return std::nullopt;
  return value;
}
inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}
/// token of RFC 8866 section 9: visible ASCII without separators that would break a line apart.
inline bool is_token(std::string_view s) {
  if (s.empty()) return false;
  for (char c : s) {
    if (c <= 0x20 || c >= 0x7F) return false;
  }
  return true;
}

}  // namespace turms::rtc::sdp::text
