#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace turms {

std::array<uint8_t, 32> sha256(ByteView data);
std::array<uint8_t, 32> hmac_sha256(ByteView key, ByteView data);

/// In time that depends on the lengths only.
bool constant_time_equal(ByteView a, ByteView b);

/// From the operating system's generator; for keys and secrets.
void secure_random(MutableByteView out);
/// `length` characters of [A-Za-z0-9], about 5.95 bits each.
std::string secure_random_token(size_t length);

}  // namespace turms
