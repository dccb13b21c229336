#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace turms {

inline constexpr size_t kMaxTraceBytes = 64;

/// Whether what somebody else says is fit to be written into logs and headers as the id of a
/// request: 1 to 64 letters, digits, '-', '_' and '.'.
inline bool is_trace_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTraceBytes && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

}  // namespace turms
