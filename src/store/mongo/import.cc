#include "store/import.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <unordered_map>

#include "store/mongo/collections.h"
#include "store/mongo/dump.h"
#include "store/sqlite/name_index.h"
#include "store/sqlite/schema.h"

namespace turms::store {
namespace {

constexpr int64_t kProgressEvery = 100'000;

/// A document's key as people know it: an id, an account, or the parts of both.
std::string key_of(const bson::Document& document) {
  const auto show = [](const bson::Value& value) -> std::string {
    if (const auto number = value.integer()) return std::to_string(*number);
    if (const auto text = value.text()) return std::string(text->substr(0, 64));
    return "?";
  };
  const auto id = document.find("_id");
  if (!id) return "?";
  const auto parts = id->document();
  if (!parts) return show(*id);
  std::string key;
  for (const bson::Element& part : parts->elements()) {
    if (!key.empty()) key += '-';
    key += show(part.value);
    if (key.size() > 128) break;
  }
  return key;
}

class Importer {
 public:
  Importer(Connection& connection, const ImportOptions& options)
      : connection_(connection), options_(options) {
    for (const auto imports :
         {people_imports(), group_imports(), message_imports(), administration_imports()}) {
      for (const CollectionImport& one : imports) imports_.emplace(one.collection, &one);
    }
  }

  Status take(std::string_view collection, const bson::Document& document) {
    if (++documents_ % kProgressEvery == 0) tell(collection);
    const auto found = imports_.find(collection);
    if (found == imports_.end()) {
      ++report_.unused[std::string(collection)];
      return {};
    }
    auto& counts = report_.collections[std::string(collection)];
    ++counts.read;
    const ImportTarget target{connection_, options_, counts, key_of(document)};
    Fields fields(document);
    const std::string why_not = found->second->write(target, fields);
    if (connection_.failed()) return std::unexpected(connection_.take_error());
    if (why_not.empty()) {
      ++counts.written;
    } else {
      count(counts.skipped[why_not], target.key);
    }
    return {};
  }

  Result<ImportReport> finish() {
    tell("places in conversations");
    finish_import(connection_, report_);
    if (connection_.failed()) return std::unexpected(connection_.take_error());
    return std::move(report_);
  }

 private:
  void tell(std::string_view what) const {
    if (options_.progress) options_.progress(what, documents_);
  }

  Connection& connection_;
  const ImportOptions& options_;
  std::unordered_map<std::string_view, const CollectionImport*> imports_;
  ImportReport report_;
  int64_t documents_ = 0;
};

Status sync_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  Status status;
  if (!synced) {
    status = fail(ErrorCode::kUnavailable,
                  fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
  }
  if (fd >= 0) ::close(fd);
  return status;
}

Result<ImportReport> import_into(Connection& connection, const ImportOptions& options) {
  // The file is of no use unless all of it is written, so nothing has to be undone.
  connection.execute("pragma journal_mode = off");
  connection.execute("pragma synchronous = off");
  connection.execute("pragma temp_store = file");
  connection.execute("pragma cache_size = -131072");
  if (connection.failed()) return std::unexpected(connection.take_error());
  if (Status status = migrate(connection); !status) return std::unexpected(status.error());
  connection.execute("begin");
  Importer importer(connection, options);
  const Status read =
      read_dump(options.dump, [&](std::string_view collection, const bson::Document& document) {
        return importer.take(collection, document);
      });
  if (!read) return std::unexpected(read.error());
  auto report = importer.finish();
  if (!report) return report;
  connection.execute("commit");
  index_names(connection, kUserNames);
  index_names(connection, kGroupNames);
  if (connection.failed()) return std::unexpected(connection.take_error());
  return report;
}

}  // namespace

Result<ImportReport> import_dump(const ImportOptions& options) {
  std::error_code error;
  if (std::filesystem::exists(options.file, error)) {
    return fail(ErrorCode::kAlreadyExists, fmt::format("{}: is there", options.file.string()));
  }
  auto opened = Connection::open(options.file.string(), Connection::Mode::kReadWrite, Duration(1s));
  if (!opened) return std::unexpected(opened.error());
  ::chmod(options.file.c_str(), 0600);
  auto report = import_into(**opened, options);
  opened->reset();
  if (!report) return report;
  if (Status status = sync_file(options.file); !status) return std::unexpected(status.error());
  return report;
}

}  // namespace turms::store
