#include "base/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace turms {
namespace {

struct Free {
  void operator()(utf8proc_uint8_t* text) const { std::free(text); }
};

const utf8proc_uint8_t* raw(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

std::string map(std::string_view text, int options) {
  utf8proc_uint8_t* out = nullptr;
  const auto size = utf8proc_map(raw(text), static_cast<utf8proc_ssize_t>(text.size()), &out,
                                 static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, Free> owned(out);
  if (size < 0) return {};
  return {reinterpret_cast<const char*>(out), static_cast<size_t>(size)};
}

}  // namespace

std::string fold(std::string_view utf8) {
  return map(utf8, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                       UTF8PROC_IGNORE);
}

std::vector<char32_t> code_points(std::string_view utf8) {
  std::vector<char32_t> out;
  while (!utf8.empty()) {
    utf8proc_int32_t point = -1;
    const auto taken =
        utf8proc_iterate(raw(utf8), static_cast<utf8proc_ssize_t>(utf8.size()), &point);
    if (taken <= 0) return {};
    out.push_back(static_cast<char32_t>(point));
    utf8.remove_prefix(static_cast<size_t>(taken));
  }
  return out;
}

void append_utf8(std::string& out, char32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
}

namespace {

std::vector<std::string> runs(const std::vector<char32_t>& points, size_t length) {
  std::vector<std::string> out;
  for (size_t i = 0; i + length <= points.size(); ++i) {
    std::string token;
    for (size_t j = i; j < i + length; ++j) append_utf8(token, points[j]);
    out.push_back(std::move(token));
  }
  return out;
}

std::vector<std::string> unique(std::vector<std::string> tokens) {
  std::ranges::sort(tokens);
  tokens.erase(std::ranges::unique(tokens).begin(), tokens.end());
  return tokens;
}

}  // namespace

std::vector<std::string> name_tokens(std::string_view folded) {
  const auto points = code_points(folded);
  std::vector<std::string> tokens = runs(points, 1);
  std::ranges::move(runs(points, 2), std::back_inserter(tokens));
  return unique(std::move(tokens));
}

std::vector<std::string> query_tokens(std::string_view folded) {
  const auto points = code_points(folded);
  return unique(runs(points, points.size() == 1 ? 1 : 2));
}

}  // namespace turms
