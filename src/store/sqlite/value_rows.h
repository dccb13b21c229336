#pragma once

#include <cstdint>

#include "im/types.h"
#include "store/sqlite/connection.h"

namespace turms::store {

/// A table with a row for each value that an owner keeps under a name. The statements take and give
/// what is said beside them, in this order.
struct ValueTable {
  const char* select;  // owner → name, value
  const char* upsert;  // owner, name, value
};
extern const ValueTable kUserAttributes;
extern const ValueTable kUserSettings;
extern const ValueTable kGroupAttributes;

im::ValueMap read_values(Connection& connection, const ValueTable& table, int64_t owner);
/// Values under other names stay.
void write_values(Connection& connection, const ValueTable& table, int64_t owner,
                  const im::ValueMap& values);

}  // namespace turms::store
