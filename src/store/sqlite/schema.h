#pragma once

#include "base/result.h"

namespace turms::store {

class Connection;

/// Of this program.
int schema_version();

/// Brings the database to this program's schema, or to an older one (for tests of the migrations),
/// each step in a transaction of its own. Refuses a file that is another program's, or that a newer
/// version of ours has written (kFailedPrecondition).
Status migrate(Connection& connection, int target = schema_version());

/// Of the database, at most this program's; 0: empty. Refuses like migrate().
Result<int> found_schema_version(Connection& connection);

}  // namespace turms::store
