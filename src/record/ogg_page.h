#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

/// Pages of Ogg, RFC 3533 section 6.
namespace turms::record::ogg {

enum Flag : uint8_t { kContinued = 1, kBegin = 2, kEnd = 4 };
inline constexpr uint32_t kSerial = 1;
inline constexpr size_t kHeadSize = 27;

Bytes make_page(uint8_t flags, uint64_t granule, uint32_t sequence, ByteView lacing, ByteView data);

struct Page {
  uint8_t flags = 0;
  uint64_t granule = 0;
  uint32_t sequence = 0;
  size_t size = 0;
};
/// The page at the beginning of `data`; nothing when it is not whole or damaged.
std::optional<Page> parse_page(ByteView data);

}  // namespace turms::record::ogg
