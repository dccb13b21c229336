#include "app/import.h"

#include <fmt/core.h>

#include <iterator>
#include <map>
#include <string>

#include "app/data_directory.h"
#include "app/new_directory.h"
#include "store/import.h"

namespace turms::app {
namespace {

namespace fs = std::filesystem;

Result<store::ImportedHash> algorithm_of(const std::string& name) {
  if (name == "SALTED_SHA256") return store::ImportedHash::kSaltedSha256;
  if (name == "BCRYPT") return store::ImportedHash::kBcrypt;
  if (name == "NOOP") return store::ImportedHash::kPlain;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("passwords are SALTED_SHA256, BCRYPT or NOOP, not '{}'", name));
}

void list(std::string& out, const std::string& collection, const char* fate,
          const std::map<std::string, store::ImportReport::Group>& groups) {
  for (const auto& [why, group] : groups) {
    fmt::format_to(std::back_inserter(out), "{} {} of {}: {}:", fate, group.count, collection, why);
    for (const std::string& key : group.examples) out += ' ' + key;
    if (group.count > static_cast<int64_t>(group.examples.size())) out += " …";
    out += '\n';
  }
}

std::string text_of(const store::ImportReport& report) {
  std::string out =
      fmt::format("{:<28} {:>12} {:>12} {:>12}\n", "collection", "read", "written", "skipped");
  for (const auto& [name, counts] : report.collections) {
    if (counts.read == 0) continue;
    fmt::format_to(std::back_inserter(out), "{:<28} {:>12} {:>12} {:>12}\n", name, counts.read,
                   counts.written, counts.read - counts.written);
  }
  for (const auto& [name, counts] : report.collections) {
    list(out, name, "skipped", counts.skipped);
    list(out, name, "changed", counts.changed);
  }
  for (const auto& [name, count] : report.unused) {
    fmt::format_to(std::back_inserter(out), "not used: {} documents of {}\n", count, name);
  }
  return out;
}

/// Where the database is in a data directory.
Result<fs::path> database_of(const Config& config, const fs::path& data) {
  const auto directory = DataDirectory::look(data);
  if (!directory) return std::unexpected(directory.error());
  const fs::path inside = directory->database(config.text("store.url")).lexically_relative(data);
  if (inside.empty() || *inside.begin() == "..") {
    return fail(ErrorCode::kInvalidArgument,
                "store.url names a database outside of the data directory: import without it, and "
                "move the file afterwards");
  }
  return inside;
}

Result<store::ImportReport> make(const ImportRequest& request, const fs::path& database,
                                 const fs::path& making) {
  store::ImportOptions options;
  options.dump = request.dump;
  options.file = making / database;
  const auto users = algorithm_of(request.user_passwords);
  const auto admins = algorithm_of(request.admin_passwords);
  if (!users) return std::unexpected(users.error());
  if (!admins) return std::unexpected(admins.error());
  options.user_passwords = *users;
  options.admin_passwords = *admins;
  options.progress = [](std::string_view what, int64_t documents) {
    fmt::print(stderr, "read {} documents: {}\n", documents, what);
  };
  std::error_code error;
  fs::create_directories(options.file.parent_path(), error);
  return store::import_dump(options);
}

}  // namespace

Status import_data(const Config& config, const ImportRequest& request) {
  if (Status status = refuse_existing(request.data, "holds data; name a new directory"); !status) {
    return status;
  }
  std::error_code error;
  if (!fs::exists(request.dump, error)) {
    return fail(ErrorCode::kNotFound, fmt::format("{}: is not there", request.dump.string()));
  }
  const auto database = database_of(config, request.data);
  if (!database) return std::unexpected(database.error());
  const fs::path making = unfinished(request.data);
  if (Status status = make_directory(making); !status) return status;
  const auto report = make(request, *database, making);
  Status done;
  if (!report) {
    done = std::unexpected(report.error());
  } else if (!request.dry_run) {
    done = finish_directory(making, request.data);
  }
  if (!done || request.dry_run) fs::remove_all(making, error);
  if (!done) return done;
  fmt::print("{}", text_of(*report));
  if (request.dry_run) fmt::print("nothing was kept: this was a dry run\n");
  return {};
}

}  // namespace turms::app
