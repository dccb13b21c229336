#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/random.h"

namespace turms::im_store {

/// Numbers in [0, size), of which n comes up in proportion to 1 / (n + 1), as words of a language
/// do.
class Zipf {
 public:
  explicit Zipf(size_t size);
  size_t next(Rng& rng) const;
  /// The share of n.
  [[nodiscard]] double share(size_t n) const { return sums_[n] - (n == 0 ? 0 : sums_[n - 1]); }

 private:
  std::vector<double> sums_;
};

/// Texts of chats, half English and half Chinese, the same from the same seed. The commonest
/// English words are real ones, all others are made of syllables, so that many begin alike.
class Corpus {
 public:
  static constexpr size_t kEnglishWords = 20'000;
  static constexpr size_t kChineseWords = 10'000;

  Corpus();
  /// A message: 3 to 20 words, about 70 bytes.
  std::string text(Rng& rng) const;
  /// The n-th commonest word.
  [[nodiscard]] const std::string& english(size_t n) const { return english_[n]; }
  /// One or two characters.
  [[nodiscard]] const std::string& chinese(size_t n) const { return chinese_[n]; }
  /// The n-th commonest character that is a word by itself, roughly.
  [[nodiscard]] std::string character(size_t n) const;

 private:
  std::vector<std::string> english_;
  std::vector<std::string> chinese_;
  Zipf english_ranks_{kEnglishWords};
  Zipf chinese_ranks_{kChineseWords};
};

}  // namespace turms::im_store
