#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace turms {

std::string hex(ByteView bytes);
/// Lower or upper case; nothing when the length is odd or a character is no hex digit.
std::optional<Bytes> from_hex(std::string_view text);

/// RFC 4648 section 4, with padding.
std::string base64(ByteView bytes);
/// RFC 4648 section 5, without padding (as in JWT).
std::string base64url(ByteView bytes);
/// Either alphabet, padding optional; nothing on any other character or an impossible length.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace turms
