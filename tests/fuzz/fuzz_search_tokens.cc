// A text and a query of the message search, each any bytes: what is made of them stays in bounds,
// and the query's words are quoted.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/sqlite/search_tokens.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t middle = std::min(input.find('\n'), size);
  const std::string_view text = input.substr(0, middle);
  const std::string_view query = input.substr(middle);
  (void)store::index_tokens(text);
  const store::SearchTerms terms = store::search_terms(query);
  fuzz::check(terms.all.size() <= store::kMaxTerms);
  for (const std::string& expression : terms.all) {
    fuzz::check(std::ranges::count(expression, '"') % 2 == 0);
  }
  if (terms.beginning) fuzz::check(std::ranges::count(*terms.beginning, '"') % 2 == 0);
  int32_t end = 0;
  for (const store::Highlight& part : store::find_highlights(text, query)) {
    fuzz::check(part.start >= end && part.length > 0);
    end = part.start + part.length;
    fuzz::check(static_cast<size_t>(end) <= text.size());
  }
  return 0;
}
