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

namespace {

bool between(char32_t c, char32_t first, char32_t last) {
  return c >= first && c <= last;
}

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool is_mark(char32_t c) {
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC ||
         kind == UTF8PROC_CATEGORY_ME;
}

bool is_space(char32_t c) {
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL ||
         kind == UTF8PROC_CATEGORY_ZP;
}

/// Shows nothing by itself, or nothing but the direction of what is around it (Unicode's
/// Default_Ignorable_Code_Point, and blanks that are no spaces).
bool is_invisible(char32_t c) {
  return c == 0x00AD || c == 0x034F || c == 0x061C || c == 0x2800 || c == 0x3164 || c == 0xFEFF ||
         c == 0xFFA0 || between(c, 0x115F, 0x1160) || between(c, 0x17B4, 0x17B5) ||
         between(c, 0x180B, 0x180F) || between(c, 0x200B, 0x200F) || between(c, 0x202A, 0x202E) ||
         between(c, 0x2060, 0x206F) || between(c, 0xFE00, 0xFE0F) || between(c, 0xFFF0, 0xFFFB) ||
         between(c, 0x1BCA0, 0x1BCA3) || between(c, 0x1D173, 0x1D17A) ||
         between(c, 0xE0000, 0xE0FFF);
}

bool is_pictograph(char32_t c) {
  const auto* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
  return property->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

constexpr char32_t kNonJoiner = 0x200C;
constexpr char32_t kJoiner = 0x200D;
constexpr char32_t kAsEmoji = 0xFE0F;
constexpr char32_t kBlackFlag = 0x1F3F4;

bool is_skin_tone(char32_t c) {
  return between(c, 0x1F3FB, 0x1F3FF);
}
bool is_tag(char32_t c) {
  return between(c, 0xE0020, 0xE007F);
}
bool joins_letters(char32_t c) {
  return between(c, 0x0600, 0x08FF) || between(c, 0x0900, 0x0DFF);
}

/// Whether an invisible character means something between these two; 0 is the end of the text.
bool is_needed(char32_t c, char32_t before, char32_t after) {
  if (c == kJoiner && (is_pictograph(before) || before == kAsEmoji || is_skin_tone(before))) {
    return is_pictograph(after);
  }
  if (c == kJoiner || c == kNonJoiner) return joins_letters(before) && joins_letters(after);
  if (c == kAsEmoji) {
    return is_pictograph(before) || between(before, U'0', U'9') || before == U'#' || before == U'*';
  }
  return is_tag(c) && (before == kBlackFlag || is_tag(before));
}

std::string clean(std::string_view utf8, bool lines) {
  const std::vector<char32_t> points = code_points(map(utf8, UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  std::vector<char32_t> kept;
  int marks = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    char32_t c = points[i];
    const char32_t before = kept.empty() ? 0 : kept.back();
    const char32_t after = i + 1 < points.size() ? points[i + 1] : 0;
    if (is_invisible(c)) {
      if (is_needed(c, before, after)) kept.push_back(c);
      continue;
    }
    if (category(c) == UTF8PROC_CATEGORY_CC) {
      if (!lines || (c != U'\n' && c != U'\t')) continue;
    } else if (is_space(c) && !lines) {
      c = U' ';
      if (before == 0 || before == c) continue;
    }
    if (is_mark(c)) {
      if (before == 0 || ++marks > kMaxMarks) continue;
    } else {
      marks = 0;
    }
    kept.push_back(c);
  }
  if (!lines && !kept.empty() && kept.back() == U' ') kept.pop_back();
  std::string out;
  for (const char32_t c : kept) append_utf8(out, c);
  // What stood between a letter and its mark is gone.
  return map(out, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

}  // namespace

std::string clean_name(std::string_view utf8) {
  return clean(utf8, false);
}

std::string clean_text(std::string_view utf8) {
  return clean(utf8, true);
}

bool shows_something(std::string_view utf8) {
  return std::ranges::any_of(code_points(utf8), [](char32_t c) {
    return !is_space(c) && !is_mark(c) && !is_invisible(c) && category(c) != UTF8PROC_CATEGORY_CC &&
           category(c) != UTF8PROC_CATEGORY_CN;
  });
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
