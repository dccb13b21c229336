#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace turms::net {

/// What a TCP connection to a shared port carries, told by its first bytes: in
/// every protocol spoken here the client begins, and begins in its own way.
enum class FirstBytes : uint8_t {
  kNeedMore,
  kTls,      // a handshake record (RFC 8446 section 5.1)
  kHttp,     // a method (RFC 9110 section 9.1), or an empty line before it
  kIce,      // at least one whole RFC 4571 frame, with a STUN message in it (RFC
             // 6544)
  kTurn,     // at least one whole STUN message without a frame (RFC 8656
             // section 12.5)
  kUnknown,  // nothing of these: close
};

/// A longer first STUN message is kUnknown, so that a caller keeps no more than
/// this and two bytes.
inline constexpr size_t kMaxFirstMessage = 2048;

/// `start`: all received so far. Inside TLS ask again with the decrypted bytes.
FirstBytes classify_first_bytes(ByteView start);

}  // namespace turms::net
