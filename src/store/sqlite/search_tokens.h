#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turms::store {

/// What the full-text index has of a text: words as they are (FTS5's unicode61 folds case and
/// accents), and of scripts without spaces each two characters in a row and each last one, so that
/// any two and any one of them are found too. Full-width forms are narrow. Not UTF-8: nothing of
/// it.
std::string index_tokens(std::string_view text);

/// An FTS5 expression for what somebody looks for: all of its words, the last one and single
/// characters as beginnings. Nothing when it has no word. At most kMaxTerms words count.
inline constexpr size_t kMaxTerms = 16;
std::optional<std::string> match_expression(std::string_view query);

/// Where the words of a query are in a text: UTF-16 code units, ascending, apart from each other.
struct Highlight {
  int32_t start = 0;
  int32_t length = 0;
  bool operator==(const Highlight&) const = default;
};
std::vector<Highlight> find_highlights(std::string_view text, std::string_view query);

}  // namespace turms::store
