#pragma once

#include <string_view>

namespace turms::antispam {

/// Pairs of UTF-16 units, sorted by the first: a character, and what it is compared as. Width, case
/// and accents; traditional characters.
extern const std::u16string_view kFolded;
extern const std::u16string_view kSimplified;
/// Ranges, first and last, of characters that show nothing of their own.
extern const std::u16string_view kInvisible;

}  // namespace turms::antispam
