#include "store/store.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "store/sqlite/administration.h"
#include "store/sqlite/admins.h"
#include "store/sqlite/configuration.h"
#include "store/sqlite/conversation_settings.h"
#include "store/sqlite/enrollment.h"
#include "store/sqlite/message_marks.h"
#include "store/sqlite/name_index.h"
#include "store/sqlite/repositories.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/user_roles.h"

namespace turms::store {
namespace {

constexpr size_t kReaderThreads = 2;
// Up to here the check at start takes well under a second.
constexpr uintmax_t kAlwaysCheckedBytes = 64 * 1024 * 1024;
// 16 MiB of log before it is copied into the database.
constexpr int kCheckpointPages = 4096;

Status make_directory(const std::filesystem::path& directory) {
  if (directory.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error && !std::filesystem::is_directory(directory, error)) {
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("{} is not a directory", directory.string()));
  }
  if (error) {
    return fail(ErrorCode::kPermissionDenied, fmt::format("cannot make the directory {}: {}",
                                                          directory.string(), error.message()));
  }
  return {};
}

// Whoever had the file open last ended without closing it: the log was left behind.
bool ended_badly(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path + "-wal", error);
  return !error && size > 0;
}

Status check_integrity(Connection& connection) {
  Statement check = connection.prepare("pragma quick_check(1)");
  const std::string verdict = check.step() ? check.text() : std::string();
  if (connection.failed()) return std::unexpected(connection.take_error());
  if (verdict == "ok") return {};
  return fail(ErrorCode::kInternal,
              fmt::format("the database file is damaged ({}): restore a backup", verdict));
}

Result<std::unique_ptr<Connection>> open_writing(const std::string& path, const Options& options) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  const bool exists = !error && size > 0;
  const bool check = exists && (size <= kAlwaysCheckedBytes || ended_badly(path));
  auto opened = Connection::open(path, Connection::Mode::kReadWrite, options.busy_timeout);
  if (!opened) return opened;
  Connection& connection = **opened;
  if (!exists) ::chmod(path.c_str(), 0600);
  connection.execute("pragma journal_mode = wal");
  connection.execute("pragma synchronous = full");
  connection.execute("pragma cache_size = -32768");
  connection.execute(fmt::format("pragma wal_autocheckpoint = {}", kCheckpointPages));
  if (connection.failed()) return std::unexpected(connection.take_error());
  if (check) {
    if (Status status = check_integrity(connection); !status) {
      return std::unexpected(status.error());
    }
  }
  if (Status status = migrate(connection); !status) return std::unexpected(status.error());
  index_names(connection, kUserNames);
  index_names(connection, kGroupNames);
  if (connection.failed()) return std::unexpected(connection.take_error());
  return opened;
}

class SqliteStore final : public Store {
 public:
  SqliteStore(std::unique_ptr<Connection> writing, std::vector<std::unique_ptr<Connection>> reading,
              const Options& options, const Post& post, int64_t last_id,
              std::map<std::string, std::string> changed_settings)
      : writer_(std::move(writing), post, options.max_pending_writes),
        readers_(std::move(reading), post, options.max_pending_reads),
        last_id_(last_id),
        changed_settings_(std::move(changed_settings)) {}

  im::Repositories repositories() override {
    return {users_,
            relationships_,
            versions_,
            groups_,
            group_blocklist_,
            invitations_,
            join_requests_,
            join_questions_,
            user_roles_,
            messages_,
            message_marks_,
            conversations_,
            conversation_settings_,
            meetings_,
            friend_requests_,
            session_tokens_,
            blocklist_,
            user_settings_,
            attachments_};
  }
  im::AdminRepository& admins() override { return admins_; }
  im::AdministrationRepository& administration() override { return administration_; }
  im::ConfigurationRepository& configuration() override { return configuration_; }
  const std::map<std::string, std::string>& changed_settings() const override {
    return changed_settings_;
  }
  void on_foreign_change(std::function<void()> listener) override {
    writer_.on_foreign_change(std::move(listener));
  }
  int64_t last_id() const override { return last_id_; }
  std::optional<Error> failure() const override { return writer_.failure(); }
  void close() override {
    readers_.close();
    writer_.close();
  }

 private:
  Writer writer_;
  Readers readers_;
  const int64_t last_id_;
  const std::map<std::string, std::string> changed_settings_;
  Users users_{writer_, readers_};
  Relationships relationships_{writer_, readers_};
  Versions versions_{readers_};
  Groups groups_{writer_, readers_};
  GroupBlocklist group_blocklist_{writer_};
  Invitations invitations_{writer_, readers_};
  JoinRequests join_requests_{writer_, readers_};
  JoinQuestions join_questions_{writer_, readers_};
  UserRoles user_roles_{writer_, readers_};
  Messages messages_{writer_, readers_};
  MessageMarks message_marks_{writer_, readers_};
  Conversations conversations_{writer_, readers_};
  ConversationSettings conversation_settings_{writer_, readers_};
  Meetings meetings_{writer_, readers_};
  FriendRequests friend_requests_{writer_, readers_};
  SessionTokens session_tokens_{writer_, readers_};
  Blocklist blocklist_{writer_, readers_};
  UserSettings user_settings_{writer_, readers_};
  Attachments attachments_{writer_, readers_};
  Admins admins_{writer_, readers_};
  Administration administration_{writer_, readers_};
  Configuration configuration_{writer_};
};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(Options options, Post post) {
  if (Status status = make_directory(options.file.parent_path()); !status) {
    return std::unexpected(status.error());
  }
  const std::string path = options.file.string();
  auto writing = open_writing(path, options);
  if (!writing) {
    return fail(writing.error().code, fmt::format("{}: {}", path, writing.error().message));
  }
  int64_t last_id = 0;
  for (const char* sql :
       {"select max(id) from message", "select max(id) from chat_group",
        "select max(id) from group_invitation", "select max(id) from group_join_request",
        "select max(id) from group_join_question", "select max(id) from friend_request",
        "select max(id) from attachment"}) {
    last_id = std::max(last_id, (*writing)->scalar(sql));
  }
  auto changed_settings = Configuration::load(**writing);
  if ((*writing)->failed()) return std::unexpected((*writing)->take_error());
  std::vector<std::unique_ptr<Connection>> reading;
  for (size_t i = 0; i < kReaderThreads; ++i) {
    auto connection = Connection::open(path, Connection::Mode::kRead, options.busy_timeout);
    if (!connection) return std::unexpected(connection.error());
    reading.push_back(std::move(*connection));
  }
  return std::make_unique<SqliteStore>(std::move(*writing), std::move(reading), options, post,
                                       last_id, std::move(changed_settings));
}

Result<std::string> examine(const Options& options) {
  const std::string path = options.file.string();
  std::error_code error;
  if (!std::filesystem::exists(options.file, error)) {
    return "is not there yet: the first start makes it";
  }
  auto opened = Connection::open(path, Connection::Mode::kExamine, options.busy_timeout);
  if (!opened) return std::unexpected(opened.error());
  const auto version = found_schema_version(**opened);
  if (!version) return std::unexpected(version.error());
  if (Status status = check_integrity(**opened); !status) return std::unexpected(status.error());
  if (*version == schema_version()) return "is sound";
  return fmt::format("is sound; the next start brings it from schema {} to {}", *version,
                     schema_version());
}

Status copy_database(const Options& options, const std::filesystem::path& target) {
  std::error_code error;
  if (std::filesystem::exists(target, error)) {
    return fail(ErrorCode::kAlreadyExists, fmt::format("{}: is there", target.string()));
  }
  auto source =
      Connection::open(options.file.string(), Connection::Mode::kExamine, options.busy_timeout);
  if (!source) return std::unexpected(source.error());
  // A file that is another program's is no database of ours.
  if (const auto version = found_schema_version(**source); !version) {
    return std::unexpected(version.error());
  }
  auto copy = Connection::open(target.string(), Connection::Mode::kReadWrite, options.busy_timeout);
  if (!copy) return std::unexpected(copy.error());
  ::chmod(target.c_str(), 0600);
  (*copy)->execute("pragma synchronous = full");
  (*source)->copy_to(**copy);
  // It comes with the mode of its source.
  (*copy)->execute("pragma journal_mode = delete");
  if (!(*copy)->failed()) return {};
  Error failed = (*copy)->take_error();
  copy->reset();
  std::filesystem::remove(target, error);
  return std::unexpected(std::move(failed));
}

}  // namespace turms::store
