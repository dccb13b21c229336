#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/imported_password.h"

namespace turms::store {

struct ImportOptions {
  /// What mongodump wrote of a Turms deployment: see read_dump().
  std::filesystem::path dump;
  /// The database to make; not there yet.
  std::filesystem::path file;
  ImportedHash user_passwords = ImportedHash::kSaltedSha256;
  ImportedHash admin_passwords = ImportedHash::kBcrypt;
  /// Invitations and requests that wait for an answer expire so long after they were made.
  Duration answerable_for = std::chrono::hours(24 * 30);
  /// Told now and then how many documents were read, and at the end of each step.
  std::function<void(std::string_view what, int64_t documents)> progress;
};

/// What became of a dump.
struct ImportReport {
  /// Documents, or rows, that share a fate.
  struct Group {
    static constexpr size_t kMaxExamples = 20;
    int64_t count = 0;
    /// Keys of the first ones.
    std::vector<std::string> examples;
  };
  struct Collection {
    int64_t read = 0;
    /// Documents of which something is in the database.
    int64_t written = 0;
    /// By reason.
    std::map<std::string, Group> skipped;
    /// Written, but not as they were; by what is different.
    std::map<std::string, Group> changed;
  };
  std::map<std::string, Collection> collections;
  /// Documents of collections that nothing is made of.
  std::map<std::string, int64_t> unused;
};

/// Makes a database of a dump. All of it or nothing: after an error the file is of no use.
/// kInvalidArgument when the dump is damaged or none.
Result<ImportReport> import_dump(const ImportOptions& options);

}  // namespace turms::store
