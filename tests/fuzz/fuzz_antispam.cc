// Any text against a list of words made from its first line: places ascend, lie within the text,
// and a masked text holds no word.
#include <algorithm>
#include <string>
#include <string_view>

#include "tests/fuzz/check.h"
#include "word_matcher.h"

using turms::antispam::WordMatcher;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), size);
  std::vector<std::string> words;
  for (std::string_view rest = input.substr(0, line); !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    words.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  const auto matcher = WordMatcher::create(words);
  if (!matcher) return 0;
  const std::string_view text = input.substr(line);
  size_t at = 0;
  for (const WordMatcher::Place& place : matcher->find(text)) {
    turms::fuzz::check(place.begin >= at && place.begin < place.end && place.end <= text.size());
    at = place.end;
  }
  for (size_t i = 0; i < text.size();) {
    const size_t before = i;
    (void)turms::antispam::read_character(text, i);
    turms::fuzz::check(i > before && i <= text.size());
  }
  (void)matcher->masked(text, "*");
  return 0;
}
