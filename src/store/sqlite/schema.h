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

/// Of the database, at most this program's; 0: empty. Refuses like migrate().
Result<int> found_schema_version(Connection& connection);

}  // namespace turms::store
