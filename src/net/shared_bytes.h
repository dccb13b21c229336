#pragma once

#include "base/shared_bytes.h"

namespace turms::net {

using turms::SharedBytes;

/// What became of bytes given to a connection's bounded queue.
enum class SendResult {
  kQueued,
  /// The queue was full: this message is dropped, and after this turn the connection closes (what
  /// was queued before still goes out within the close's deadline), unless its owner closes it
  /// first with a last message of its own.
  kOverflow,
  /// Closed, or closing.
  kClosed,
};

}  // namespace turms::net
