#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/sqlite/connection.h"

namespace turms::store {

/// How the names of one kind of thing are found by their parts: rows of (token, id) for each
/// character and each two in a row of a folded name. The statements take and give what is said
/// beside them, in this order.
struct NameIndex {
  const char* forget;      // id
  const char* insert;      // token, id
  const char* mark;        // id: it is in the index
  const char* unindexed;   // limit → id, name
  const char* count;       // token, limit → how many have it, at most so many
  const char* candidates;  // token, limit → id, name, of what may be found
};
extern const NameIndex kUserNames;
extern const NameIndex kGroupNames;

/// In the transaction that writes the name. The former name's parts are forgotten.
void index_name(Connection& connection, const NameIndex& index, int64_t id,
                const std::string& name);
void forget_name(Connection& connection, const NameIndex& index, int64_t id);
/// Of all that are not in the index: after a migration.
void index_names(Connection& connection, const NameIndex& index);
/// Ids of names that contain `text`, whatever the case or width of letters, at most `max`: names
/// that are the text first, then those that begin with it, then by id.
std::vector<int64_t> search_names(Connection& connection, const NameIndex& index,
                                  const std::string& text, size_t max);

}  // namespace turms::store
