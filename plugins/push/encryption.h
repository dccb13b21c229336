#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "p256.h"

namespace turms::push {

using Salt = std::array<uint8_t, 16>;

/// The content coding aes128gcm (RFC 8188): header and records.
struct ContentCoding {
  Salt salt{};
  uint32_t record_size = 4096;
  /// At most 255 bytes.
  Bytes key_id;
  /// Zero bytes behind the data of each record but the last.
  size_t padding = 0;
};
/// kInvalidArgument: a record has no room for data. `key` is the input keying material.
Result<Bytes> encode(ByteView plaintext, ByteView key, const ContentCoding& coding);

/// What a push message may hold so that it is one record, of the size that each push service takes
/// (RFC 8291 section 4): 4096 bytes, of them 86 of header, 16 of tag and 1 of padding.
inline constexpr size_t kMaxPlaintext = 4096 - 86 - 17;

/// A push message (RFC 8291 section 3) for whoever has the private key of `receiver` and `auth`,
/// from a key pair that is used for it only. kInvalidArgument: too long, or `receiver` is no point.
Result<Bytes> encrypt(ByteView plaintext, ByteView receiver, ByteView auth, const P256Key& sender,
                      const Salt& salt);
/// With a new key pair and salt.
Result<Bytes> encrypt(ByteView plaintext, ByteView receiver, ByteView auth);

}  // namespace turms::push
