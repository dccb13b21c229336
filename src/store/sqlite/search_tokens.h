#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turms::store {

/// What the full-text index has of a text: words as they are (FTS5's unicode61 folds case and
/// accents), and of scripts without spaces each two characters in a row. After these, once each:
/// how words begin, and single characters, so that they are found without reading all that begins
/// with them. Full-width forms are narrow. Not UTF-8: nothing of it.
std::string index_tokens(std::string_view text);

/// What a text must have to be found.
struct SearchTerms {
  /// FTS5 expressions, all of them; empty when the query has no word.
  std::vector<std::string> all;
  /// What the last one stands for when it is a long word that may go on. It costs as much as there
  /// are words that begin like it.
  std::optional<std::string> beginning;
};

/// All words of a query, the last one and single characters as beginnings. At most kMaxTerms count.
inline constexpr size_t kMaxTerms = 16;
SearchTerms search_terms(std::string_view query);

/// Where the words of a query are in a text: UTF-16 code units, ascending, apart from each other.
struct Highlight {
  int32_t start = 0;
  int32_t length = 0;
  bool operator==(const Highlight&) const = default;
};
std::vector<Highlight> find_highlights(std::string_view text, std::string_view query);

}  // namespace turms::store
