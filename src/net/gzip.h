#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace turms::net {

enum class GunzipOutcome { kOk, kTooLarge, kInvalid };
/// Replaces `out` by what one gzip member (RFC 1952) holds; `data` is that and nothing more.
/// kTooLarge as soon as it yields more than `max_size` bytes; kInvalid also when its checksum or
/// its length does not fit.
GunzipOutcome gunzip(ByteView data, size_t max_size, Bytes& out);

/// For tests and load generators.
Bytes gzip(ByteView data);

}  // namespace turms::net
