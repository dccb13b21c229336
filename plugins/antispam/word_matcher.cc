#include "word_matcher.h"

#include <algorithm>

#include "folding_tables.h"

namespace turms::antispam {

namespace {

/// The last pair of a table whose first is not above.
size_t pair_at_or_below(std::u16string_view table, char16_t character) {
  size_t low = 0;
  size_t high = table.size() / 2;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (table[2 * middle] <= character) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

char16_t mapped(std::u16string_view table, char16_t character) {
  const size_t behind = pair_at_or_below(table, character);
  if (behind == 0 || table[2 * (behind - 1)] != character) return character;
  return table[2 * (behind - 1) + 1];
}

bool in_ranges(std::u16string_view table, char16_t character) {
  const size_t behind = pair_at_or_below(table, character);
  return behind != 0 && character <= table[2 * (behind - 1) + 1];
}

/// Variation selectors and tags lie above the basic plane.
bool is_invisible(char32_t character) {
  if (character >= 0xE0000 && character < 0xE1000) return true;
  return character < 0x10000 && in_ranges(kInvisible, static_cast<char16_t>(character));
}

}  // namespace

char32_t fold(char32_t character) {
  if (character < 0x80) {
    if (character <= ' ' || character == 0x7F) return 0;
    return character >= 'A' && character <= 'Z' ? character + 32 : character;
  }
  // Blanks of any width separate nothing: "b a d" is found.
  if (character == 0xA0 || character == 0x3000 || (character >= 0x2000 && character <= 0x200F)) {
    return 0;
  }
  if (is_invisible(character)) return 0;
  if (character >= 0x10000) return character;
  const char16_t plain = mapped(kFolded, static_cast<char16_t>(character));
  return mapped(kSimplified, plain);
}

char32_t read_character(std::string_view text, size_t& at) {
  constexpr char32_t kBroken = 0xFFFD;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(at);
  if (first < 0x80) {
    ++at;
    return first;
  }
  const size_t more = first >= 0xF0 && first < 0xF5   ? 3
                      : first >= 0xE0 && first < 0xF0 ? 2
                      : first >= 0xC2 && first < 0xE0 ? 1
                                                      : 0;
  if (more == 0 || text.size() - at <= more) {
    ++at;
    return kBroken;
  }
  char32_t out = first & (0x3F >> more);
  for (size_t i = 1; i <= more; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) {
      ++at;
      return kBroken;
    }
    out = out << 6 | (byte(at + i) & 0x3F);
  }
  at += more + 1;
  return out;
}

Result<WordMatcher> WordMatcher::create(const std::vector<std::string>& words) {
  WordMatcher out;
  size_t characters = 0;
  for (const std::string& word : words) {
    std::u32string folded;
    for (size_t at = 0; at < word.size();) {
      const char32_t character = fold(read_character(word, at));
      if (character != 0) folded.push_back(character);
    }
    if (folded.empty()) continue;
    characters += folded.size();
    ++out.words_;
    if (out.words_ > kMaxWords || characters > kMaxCharacters) {
      return fail(ErrorCode::kResourceExhausted, "the word list is too long");
    }
    out.add(folded);
  }
  out.link();
  return out;
}

void WordMatcher::add(const std::u32string& word) {
  uint32_t node = 0;
  for (const char32_t character : word) {
    const auto [it, added] =
        edges_.emplace(edge(node, character), static_cast<uint32_t>(nodes_.size()));
    if (added) nodes_.emplace_back();
    node = it->second;
  }
  nodes_[node].length = static_cast<uint32_t>(word.size());
}

/// In the order of depth, so that a node's fallback is complete when it is asked for.
void WordMatcher::link() {
  struct Edge {
    uint32_t from;
    char32_t character;
    uint32_t to;
  };
  std::vector<std::vector<Edge>> below(nodes_.size());
  for (const auto& [key, to] : edges_) {
    const auto from = static_cast<uint32_t>(key >> 32);
    below[from].push_back({from, static_cast<char32_t>(key & 0xFFFFFFFF), to});
  }
  std::vector<uint32_t> order{0};
  for (size_t i = 0; i < order.size(); ++i) {
    for (const Edge& edge_to : below[order[i]]) {
      const uint32_t fallback =
          edge_to.from == 0 ? 0 : step(nodes_[edge_to.from].fallback, edge_to.character);
      Node& node = nodes_[edge_to.to];
      node.fallback = fallback;
      node.length = std::max(node.length, nodes_[fallback].length);
      order.push_back(edge_to.to);
    }
  }
}

uint32_t WordMatcher::step(uint32_t node, char32_t character) const {
  for (;;) {
    const auto it = edges_.find(edge(node, character));
    if (it != edges_.end()) return it->second;
    if (node == 0) return 0;
    node = nodes_[node].fallback;
  }
}

template <class F>
void WordMatcher::scan(std::string_view text, F&& found) const {
  uint32_t node = 0;
  size_t seen = 0;
  for (size_t at = 0; at < text.size();) {
    const char32_t character = fold(read_character(text, at));
    if (character == 0) continue;
    node = step(node, character);
    ++seen;
    const uint32_t length = nodes_[node].length;
    if (length != 0 && !found(seen - length, seen - 1)) return;
  }
}

bool WordMatcher::contains(std::string_view text) const {
  bool any = false;
  scan(text, [&](size_t, size_t) {
    any = true;
    return false;
  });
  return any;
}

std::vector<WordMatcher::Place> WordMatcher::find(std::string_view text) const {
  // Where each character that counts begins and ends, only of a text that holds a word.
  if (!contains(text)) return {};
  std::vector<Place> characters;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    if (fold(read_character(text, at)) != 0) characters.push_back({begin, at});
  }
  std::vector<Place> places;
  scan(text, [&](size_t first, size_t last) {
    size_t begin = characters[first].begin;
    while (!places.empty() && places.back().end > begin) {
      begin = std::min(begin, places.back().begin);
      places.pop_back();
    }
    places.push_back({begin, characters[last].end});
    return true;
  });
  return places;
}

std::string WordMatcher::masked(std::string_view text, std::string_view mask) const {
  std::string out;
  size_t copied = 0;
  for (const Place& place : find(text)) {
    out.append(text.substr(copied, place.begin - copied));
    for (size_t at = place.begin; at < place.end;) {
      (void)read_character(text, at);
      out.append(mask);
    }
    copied = place.end;
  }
  out.append(text.substr(copied));
  return out;
}

}  // namespace turms::antispam
