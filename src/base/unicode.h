#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turms {

/// Text as it is compared when people look for it: compatibility forms, case and width folded
/// (Unicode NFKC_Casefold), without what shows nothing. Text that is not UTF-8 gives nothing.
std::string fold(std::string_view utf8);

/// Nothing for what is not UTF-8.
std::vector<char32_t> code_points(std::string_view utf8);
void append_utf8(std::string& out, char32_t code_point);

/// The parts of folded text that an index has of it: each character and each two in a row.
std::vector<std::string> name_tokens(std::string_view folded);
/// Those that all names with `folded` in them have.
std::vector<std::string> query_tokens(std::string_view folded);

}  // namespace turms
