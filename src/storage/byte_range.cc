#include "storage/byte_range.h"

#include <algorithm>
#include <charconv>

#include "net/text.h"

namespace turms::storage {
namespace {

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

RangeVerdict parse_range(std::string_view header, uint64_t size, ByteRange& range) {
  header = net::trim(header);
  const size_t equals = header.find('=');
  if (equals == std::string_view::npos ||
      !net::equal_ignoring_case(net::trim(header.substr(0, equals)), "bytes")) {
    return RangeVerdict::kWhole;
  }
  const std::string_view spec = net::trim(header.substr(equals + 1));
  const size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) {
    return RangeVerdict::kWhole;
  }
  const std::string_view before = net::trim(spec.substr(0, dash));
  const std::string_view after = net::trim(spec.substr(dash + 1));
  if (before.empty()) {
    const auto last = number(after);
    if (!last) return RangeVerdict::kWhole;
    if (*last == 0 || size == 0) return RangeVerdict::kUnsatisfiable;
    range.size = std::min(*last, size);
    range.first = size - range.size;
    return RangeVerdict::kPart;
  }
  const auto first = number(before);
  const auto last = after.empty() ? std::optional(UINT64_MAX) : number(after);
  if (!first || !last || *last < *first) return RangeVerdict::kWhole;
  if (*first >= size) return RangeVerdict::kUnsatisfiable;
  range.first = *first;
  range.size = std::min(*last, size - 1) - *first + 1;
  return RangeVerdict::kPart;
}

}  // namespace turms::storage
