#pragma once

#include <string>
#include <string_view>

namespace turms::net {

// The lines of a response's head, each with its line break.

/// "HTTP/1.1 200 OK"
std::string status_line(int status);
/// Of now, made once a second.
std::string date_header();
/// Left out when it holds a line break: that would begin another field, or another answer.
void append_field(std::string& out, std::string_view name, std::string_view value);

}  // namespace turms::net
