#pragma once

#include <string>
#include <string_view>

namespace turms::storage {

/// Every byte but the unreserved ones of RFC 3986 section 2.3 as %XX.
std::string uri_escape(std::string_view text);

/// A Content-Disposition that has a file saved by this name, which may be any text (RFC 6266 with
/// the encoding of RFC 8187); without a name when it is empty.
std::string saved_as(std::string_view name);

}  // namespace turms::storage
