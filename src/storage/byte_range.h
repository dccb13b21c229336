#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace turms::storage {

/// A part of a body: `size` bytes from `first` on.
struct ByteRange {
  uint64_t first = 0;
  uint64_t size = 0;

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

enum class RangeVerdict : uint8_t {
  /// No range, none that is understood, or several: the whole body is the answer.
  kWhole,
  kPart,
  /// 416.
  kUnsatisfiable,
};

/// A Range header (RFC 9110 section 14.2) for a body of `size` bytes; `range` is set for kPart.
RangeVerdict parse_range(std::string_view header, uint64_t size, ByteRange& range);

}  // namespace turms::storage
