#pragma once

#include "base/ids.h"
#include "store/sqlite/connection.h"

namespace turms::store {

// The full-text index of messages. It is contentless, so that a text is taken out with the tokens
// it was put in with: before the message changes.

/// Takes a message out, if it is in: it is about to change or go.
void forget_text(Connection& connection, MessageId id);
/// Puts a changed one in again, if its turn had come.
void put_text(Connection& connection, MessageId id);

}  // namespace turms::store
