#include "bench/im_store/corpus.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

#include "base/unicode.h"

namespace turms::im_store {
namespace {

constexpr size_t kCharacters = 3000;
// Common characters are spread over the block, as they are in the language.
constexpr char32_t kFirstCharacter = 0x4e00;
constexpr size_t kStep = 6;

constexpr std::array<std::string_view, 60> kCommon = {
    "the",   "to",    "and",  "of",    "a",    "in",   "is",    "you",   "that", "it",
    "he",    "was",   "for",  "on",    "are",  "as",   "with",  "his",   "they", "I",
    "at",    "be",    "this", "have",  "from", "or",   "one",   "had",   "by",   "not",
    "but",   "what",  "all",  "were",  "we",   "when", "your",  "can",   "said", "there",
    "use",   "an",    "each", "which", "she",  "do",   "how",   "their", "if",   "will",
    "other", "about", "out",  "many",  "then", "them", "these", "so",    "some", "meeting"};

std::string made_word(Rng& rng) {
  constexpr std::string_view kConsonants = "bcdfghjklmnprstvwz";
  constexpr std::string_view kVowels = "aeiou";
  std::string word;
  for (uint64_t syllables = 2 + rng.below(3); syllables > 0; --syllables) {
    word += kConsonants[rng.below(kConsonants.size())];
    word += kVowels[rng.below(kVowels.size())];
    if (rng.chance(0.3)) word += kConsonants[rng.below(kConsonants.size())];
  }
  return word;
}

}  // namespace

Zipf::Zipf(size_t size) : sums_(size) {
  double sum = 0;
  for (size_t n = 0; n < size; ++n) sums_[n] = sum += 1.0 / static_cast<double>(n + 1);
  for (double& one : sums_) one /= sum;
}

size_t Zipf::next(Rng& rng) const {
  const auto at = std::ranges::upper_bound(sums_, rng.unit());
  return std::min(static_cast<size_t>(at - sums_.begin()), sums_.size() - 1);
}

Corpus::Corpus() {
  Rng rng(1);
  std::unordered_set<std::string> known;
  for (const std::string_view word : kCommon) {
    english_.emplace_back(word);
    known.emplace(word);
  }
  while (english_.size() < kEnglishWords) {
    std::string word = made_word(rng);
    if (known.insert(word).second) english_.push_back(std::move(word));
  }
  const Zipf characters(kCharacters);
  while (chinese_.size() < kChineseWords) {
    // Every third word is one character; the commonest ones are.
    std::string word = character(chinese_.size() % 3 == 0 ? chinese_.size() / 3 % kCharacters
                                                          : characters.next(rng));
    if (chinese_.size() % 3 != 0) word += character(characters.next(rng));
    chinese_.push_back(std::move(word));
  }
}

std::string Corpus::character(size_t n) const {
  std::string out;
  append_utf8(out, kFirstCharacter + static_cast<char32_t>(n * kStep));
  return out;
}

std::string Corpus::text(Rng& rng) const {
  std::string out;
  const bool is_english = rng.chance(0.5);
  for (uint64_t words = 3 + rng.below(18); words > 0; --words) {
    if (is_english) {
      out += english_[english_ranks_.next(rng)];
      out += words == 1 ? "." : " ";
    } else {
      out += chinese_[chinese_ranks_.next(rng)];
      if (rng.chance(0.1)) out += "，";
    }
  }
  return out;
}

}  // namespace turms::im_store
