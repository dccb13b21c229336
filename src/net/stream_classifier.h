#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace turms::net {

/// What a TCP connection to a shared port carries, told by its first bytes: every protocol spoken
/// here lets the client begin, and begins in its own way.
enum class FirstBytes : uint8_t {
  kNeedMore,
  kTls,      // a handshake record (RFC 8446 section 5.1)
  kHttp,     // a method's letter (RFC 9110 section 9.1)
  kIce,      // a whole RFC 4571 frame that holds a STUN message
  kTurn,     // a whole STUN message without a frame around it
  kUnknown,  // nothing of these: close
};

/// More than any first message: a STUN message here is at most kMaxFirstMessage long, so a caller
/// needs to keep no more than this and two bytes.
inline constexpr size_t kMaxFirstMessage = 2048;

/// `start`: all received so far. Pure; inside TLS ask again with the decrypted bytes.
FirstBytes classify_first_bytes(ByteView start);

}  // namespace turms::net
