#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turms {

/// Text as it is compared when people look for it: compatibility forms, case and width folded
/// (Unicode NFKC_Casefold), without what shows nothing. Text that is not UTF-8 gives nothing.
std::string fold(std::string_view utf8);

/// A name in the one form of all that look like it: NFC; without controls, zero-width characters
/// and marks that turn the direction of text; spaces are U+0020, single, and none at the ends; at
/// most kMaxMarks combining marks on a character. Joiners stay where emoji, Arabic and Indic
/// letters need them. Text that is not UTF-8 gives nothing.
std::string clean_name(std::string_view utf8);
/// The same of text in lines, whose spaces stay.
std::string clean_text(std::string_view utf8);
inline constexpr int kMaxMarks = 4;
/// Whether anything of it leaves ink: not only spaces, marks and what is invisible.
bool shows_something(std::string_view utf8);

/// Nothing for what is not UTF-8.
std::vector<char32_t> code_points(std::string_view utf8);
void append_utf8(std::string& out, char32_t code_point);

/// The parts of folded text that an index has of it: each character and each two in a row.
std::vector<std::string> name_tokens(std::string_view folded);
/// Those that all names with `folded` in them have.
std::vector<std::string> query_tokens(std::string_view folded);

}  // namespace turms
