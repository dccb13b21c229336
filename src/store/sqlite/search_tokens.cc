#include "store/sqlite/search_tokens.h"

#include <algorithm>
#include <set>

namespace turms::store {
namespace {

/// Nothing for what is not UTF-8.
std::u32string decode(std::string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<uint8_t>(text[i]);
    const size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || i + size > text.size()) return {};
    char32_t point = size == 1 ? first : first & (0x7f >> size);
    for (size_t k = 1; k < size; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      if ((next & 0xc0) != 0x80) return {};
      point = point << 6 | (next & 0x3f);
    }
    out.push_back(point);
    i += size;
  }
  return out;
}

void append(std::string& out, char32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | point >> 18);
    out += static_cast<char>(0x80 | (point >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  }
}

/// Of a script that is written without spaces.
bool is_dense(char32_t c) {
  return (c >= 0x2e80 && c <= 0x2fdf) || (c >= 0x3040 && c <= 0x30ff) ||
         (c >= 0x31f0 && c <= 0x31ff) || (c >= 0x3400 && c <= 0x9fff) ||
         (c >= 0xac00 && c <= 0xd7af) || (c >= 0xf900 && c <= 0xfaff) ||
         (c >= 0x20000 && c <= 0x3134f) || (c >= 0x0e00 && c <= 0x0e7f);
}

bool is_word(char32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  // Punctuation and spaces beyond ASCII; the rest is left to the tokenizer.
  return c >= 0xc0 && !(c >= 0x2000 && c <= 0x206f) && !(c >= 0x3000 && c <= 0x303f) && c != 0xd7 &&
         c != 0xf7;
}

char32_t narrow(char32_t c) {
  if (c >= 0xff01 && c <= 0xff5e) return c - 0xff01 + '!';
  return c == 0x3000 ? U' ' : c;
}

char32_t lower(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 32;
  const bool latin = c >= 0xc0 && c <= 0xde && c != 0xd7;
  const bool greek_or_cyrillic = (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f);
  return latin || greek_or_cyrillic ? c + 32 : c;
}

struct Run {
  bool dense = false;
  std::u32string text;
};

std::vector<Run> runs_of(std::u32string_view text) {
  std::vector<Run> runs;
  bool open = false;
  for (char32_t c : text) {
    c = narrow(c);
    const bool dense = is_dense(c);
    if (!dense && !is_word(c)) {
      open = false;
      continue;
    }
    if (!open || runs.back().dense != dense) runs.push_back({dense, {}});
    open = true;
    runs.back().text.push_back(c);
  }
  return runs;
}

/// Begins the tokens of beginnings, which no text can contain: it is for private use, and FTS5
/// takes it for a letter.
constexpr char32_t kBeginning = 0xe000;
/// Words have tokens for their first 1 to kMaxBeginning letters.
constexpr size_t kMaxBeginning = 4;

bool is_combining(char32_t c) {
  return c >= 0x300 && c <= 0x36f;
}

/// Without what FTS5 leaves out of letters.
std::u32string letters_of(std::u32string_view word) {
  std::u32string letters;
  for (const char32_t c : word) {
    if (!is_combining(c)) letters.push_back(c);
  }
  return letters;
}

std::string encode(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) append(out, c);
  return out;
}

std::string beginning(std::u32string_view letters) {
  std::string out;
  append(out, kBeginning);
  return out + encode(letters);
}

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

std::string pairs_of(std::u32string_view characters) {
  std::string out;
  for (size_t i = 0; i + 1 < characters.size(); ++i) {
    if (!out.empty()) out += ' ';
    out += encode(characters.substr(i, 2));
  }
  return out;
}

}  // namespace

std::string index_tokens(std::string_view text) {
  std::string out;
  const auto add = [&out](const std::string& token) {
    if (token.empty()) return;
    if (!out.empty()) out += ' ';
    out += token;
  };
  std::set<std::string> beginnings;
  for (const Run& run : runs_of(decode(text))) {
    if (run.dense) {
      add(pairs_of(run.text));
      for (const char32_t c : run.text) beginnings.insert(beginning({&c, 1}));
      continue;
    }
    add(encode(run.text));
    const std::u32string letters = letters_of(run.text);
    for (size_t size = 1; size <= std::min(letters.size(), kMaxBeginning); ++size) {
      beginnings.insert(beginning(std::u32string_view(letters).substr(0, size)));
    }
  }
  // Behind all pairs, which must stay next to each other.
  for (const std::string& token : beginnings) add(token);
  return out;
}

SearchTerms search_terms(std::string_view query) {
  std::vector<Run> runs = runs_of(decode(query));
  if (runs.size() > kMaxTerms) runs.resize(kMaxTerms);
  SearchTerms terms;
  for (const Run& run : runs) {
    if (run.dense) {
      terms.all.push_back(quoted(run.text.size() == 1 ? beginning(run.text) : pairs_of(run.text)));
      continue;
    }
    const std::u32string letters = letters_of(run.text);
    const bool is_last = &run == &runs.back();
    if (is_last && !letters.empty() && letters.size() <= kMaxBeginning) {
      terms.all.push_back(quoted(beginning(letters)));
      continue;
    }
    terms.all.push_back(quoted(encode(run.text)));
    if (is_last) terms.beginning = terms.all.back() + "*";
  }
  return terms;
}

std::vector<Highlight> find_highlights(std::string_view text, std::string_view query) {
  std::u32string folded = decode(text);
  for (char32_t& c : folded) c = lower(narrow(c));
  std::vector<std::pair<size_t, size_t>> found;
  for (Run& run : runs_of(decode(query))) {
    for (char32_t& c : run.text) c = lower(c);
    for (size_t at = folded.find(run.text); at != std::u32string::npos;
         at = folded.find(run.text, at + 1)) {
      const bool inside_word =
          !run.dense && at > 0 && is_word(folded[at - 1]) && !is_dense(folded[at - 1]);
      if (!inside_word) found.emplace_back(at, at + run.text.size());
    }
  }
  std::ranges::sort(found);
  std::vector<Highlight> out;
  size_t point = 0;
  int32_t unit = 0;
  const auto advance_to = [&](size_t end) {
    for (; point < end; ++point) unit += folded[point] >= 0x10000 ? 2 : 1;
  };
  size_t covered = 0;
  for (const auto& [start, end] : found) {
    if (end <= covered) continue;
    if (start <= covered && !out.empty()) {
      advance_to(end);
      out.back().length = unit - out.back().start;
    } else {
      advance_to(start);
      const int32_t first = unit;
      advance_to(end);
      out.push_back({first, unit - first});
    }
    covered = end;
  }
  return out;
}

}  // namespace turms::store
