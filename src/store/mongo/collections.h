#pragma once

#include <span>
#include <string>
#include <string_view>

#include "store/import.h"
#include "store/mongo/fields.h"
#include "store/sqlite/connection.h"

namespace turms::store {

/// What a collection's documents are written with.
struct ImportTarget {
  Connection& connection;
  const ImportOptions& options;
  ImportReport::Collection& report;
  /// The key of the document at hand, for people.
  std::string key;

  /// The document is written, but not as it was.
  void note(const std::string& what) const;
};

/// Where the documents of one collection go. Empty: it is written; otherwise why it is not.
struct CollectionImport {
  std::string_view collection;
  std::string (*write)(const ImportTarget& target, Fields& document);
};

std::span<const CollectionImport> people_imports();
std::span<const CollectionImport> group_imports();
std::span<const CollectionImport> message_imports();
std::span<const CollectionImport> administration_imports();

/// Once all documents are written: takes away what belongs to nothing, and adds what this server
/// has and the other one had not (places in conversations, stamps, default groups).
void finish_import(Connection& connection, ImportReport& report);

/// Into the report.
void count(ImportReport::Group& group, std::string key);

/// When an invitation or a request that was made then stops to wait for an answer.
inline WallTime expiry_of(const ImportTarget& target, WallTime made) {
  return {made.unix_ms + to_ms(target.options.answerable_for)};
}

inline constexpr const char* kDuplicate = "another one has its key";

}  // namespace turms::store
