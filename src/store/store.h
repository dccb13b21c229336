#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "im/ports.h"
#include "im/ports/administration.h"
#include "im/ports/admins.h"
#include "im/ports/configuration.h"

namespace turms::store {

/// Runs a function on the control thread, soon, in order. Called from the store's threads.
using Post = std::function<void(std::function<void()>)>;

struct Options {
  /// The database file; made when absent (mode 0600), and its directory too.
  std::filesystem::path file;
  /// How long to wait for another program's write lock before kUnavailable.
  Duration busy_timeout = std::chrono::seconds(10);
  /// Operations that may wait for the writer, and for the readers; above, kUnavailable at once.
  size_t max_pending_writes = 65536;
  size_t max_pending_reads = 65536;
};

/// SQLite behind im's ports: one writer thread whose transactions each carry all operations that
/// waited (so one fdatasync serves many), and reader threads with connections of their own.
///
/// Made, used and destroyed on the control thread. Every operation completes through `post`, after
/// it is durable. close() waits for what is queued; completions that it posted must still run, or
/// be dropped with their coroutines, before the Store is destroyed.
class Store {
 public:
  /// Opens, checks and migrates. Errors say what to do about it: a damaged file (kInternal), a
  /// newer version's file (kFailedPrecondition), no permission, disk full, locked.
  static Result<std::unique_ptr<Store>> open(Options options, Post post);
  virtual ~Store() = default;

  virtual im::Repositories repositories() = 0;
  /// Of the admin API, which the domain knows nothing of.
  virtual im::AdminRepository& admins() = 0;
  virtual im::AdministrationRepository& administration() = 0;
  virtual im::ConfigurationRepository& configuration() = 0;
  /// What was changed of it when the store was opened.
  virtual const std::map<std::string, std::string>& changed_settings() const = 0;
  /// Told on the control thread when another program has written to the database.
  virtual void on_foreign_change(std::function<void()> listener) = 0;
  /// The highest id ever given to a message, for IdGenerator::advance_past.
  virtual int64_t last_id() const = 0;
  /// Why nothing can be written at present (the disk is full); nothing when it can, or nobody has
  /// tried. Any thread.
  virtual std::optional<Error> failure() const = 0;
  /// Refuses new operations (kUnavailable) and waits until the queued ones are done and posted.
  virtual void close() = 0;
};

/// Looks at a database without changing anything, whether or not a server has it open. What there
/// is to say of a good one, behind its name ("is sound"); errors as of Store::open.
Result<std::string> examine(const Options& options);

/// Copies a database, as it is at one moment, whether or not a server has it open: to a file of its
/// own (mode 0600) without a log beside it, durable when this returns. kAlreadyExists when `target`
/// is there.
Status copy_database(const Options& options, const std::filesystem::path& target);

/// OWASP's first choice for Argon2id: 19 MiB, two passes (one lane).
struct HashParameters {
  uint32_t memory_kib = 19 * 1024;
  uint32_t passes = 2;
};

/// Argon2id on a thread for each core.
std::unique_ptr<im::PasswordHasher> make_argon2_hasher(Post post, HashParameters parameters = {});

}  // namespace turms::store
