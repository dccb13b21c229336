#pragma once

#include <string_view>

#include "base/bytes.h"

namespace turms::net {

/// ASCII only, as HTTP compares names.
bool equal_ignoring_case(std::string_view a, std::string_view b);
/// Without spaces and tabs at both ends.
std::string_view trim(std::string_view text);
/// Whether a comma-separated header value has this token (RFC 9110 section 5.6.1).
bool has_token(std::string_view list, std::string_view token);
/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool valid_utf8(ByteView text);

}  // namespace turms::net
