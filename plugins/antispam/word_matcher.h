#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace turms::antispam {

/// What a character is compared as: without width, case and accent, and simplified. 0: it shows
/// nothing of its own, and is passed over.
char32_t fold(char32_t character);

/// The character at `at`, which moves behind it. A byte that is no UTF-8 is a character of its own,
/// U+FFFD.
char32_t read_character(std::string_view text, size_t& at);

/// Finds words of a list in a text in one pass (Aho and Corasick, 1975), however many words there
/// are. Made once, then read from any thread.
class WordMatcher {
 public:
  /// Bounds: words, and characters of all of them.
  static constexpr size_t kMaxWords = 100'000;
  static constexpr size_t kMaxCharacters = 1'000'000;

  /// kResourceExhausted above the bounds. Words that show nothing are left out.
  static Result<WordMatcher> create(const std::vector<std::string>& words);

  /// In bytes; ascending, not overlapping: words that do are one place.
  struct Place {
    size_t begin = 0;
    size_t end = 0;
  };
  [[nodiscard]] std::vector<Place> find(std::string_view text) const;
  /// As find() is not empty, without looking further than the first.
  [[nodiscard]] bool contains(std::string_view text) const;
  /// Each character of a word replaced by `mask`.
  [[nodiscard]] std::string masked(std::string_view text, std::string_view mask) const;

  [[nodiscard]] size_t words() const { return words_; }

 private:
  struct Node {
    uint32_t fallback = 0;
    /// Characters of the longest word that ends here; 0: none does.
    uint32_t length = 0;
  };
  void add(const std::u32string& word);
  void link();
  [[nodiscard]] uint32_t step(uint32_t node, char32_t character) const;
  /// Calls `found(first, last)` with indices of characters; it says whether to go on.
  template <class F>
  void scan(std::string_view text, F&& found) const;

  static uint64_t edge(uint32_t node, char32_t character) {
    return uint64_t{node} << 32 | character;
  }

  size_t words_ = 0;
  std::vector<Node> nodes_{1};
  std::unordered_map<uint64_t, uint32_t> edges_;
};

}  // namespace turms::antispam
