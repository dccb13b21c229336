#pragma once

#include "base/result.h"

namespace turms::store {

class Connection;

/// Brings the database to this program's schema, each step in a transaction of its own. Refuses a
/// file that is another program's, or that a newer version of ours has written
/// (kFailedPrecondition).
Status migrate(Connection& connection);

/// Of this program.
int schema_version();

}  // namespace turms::store
