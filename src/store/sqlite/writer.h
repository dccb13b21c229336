#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/time.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/operation.h"
#include "store/store.h"

namespace turms::store {

/// The one thread that writes. It takes whatever waits, up to kMaxBatch operations, runs all in one
/// transaction, and posts their completions as one function after the commit: so one fdatasync and
/// one wake-up serve them all, and what came while it was busy makes the next batch.
class Writer {
 public:
  static constexpr size_t kMaxBatch = 2048;
  /// How often it looks for other programs' writes while it has nothing to do.
  static constexpr Duration kForeignChangePoll = std::chrono::milliseconds(200);
  static constexpr Duration kRetry = std::chrono::seconds(1);
  /// While transactions fail, this often at most is it said in the log.
  static constexpr Duration kSaidEach = std::chrono::seconds(10);

  Writer(std::unique_ptr<Connection> connection, Post post, size_t max_pending);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  template <class Function>
  Awaited<Writer, Function> run(Function function) {
    return Awaited<Writer, Function>(*this, std::move(function));
  }

  /// Any thread. False: the queue is full, or closed.
  bool submit(Operation* operation);
  /// Posted when another program has committed. Before the first operation.
  void on_foreign_change(std::function<void()> listener);
  /// Takes no more, finishes what waits, ends the thread.
  void close();
  /// Any thread. Why the last transaction failed; nothing when it did not. While nobody writes a
  /// failure is looked into each kRetry, so that it does not outlast its cause.
  [[nodiscard]] std::optional<Error> failure() const;

 private:
  void loop();
  void run_batch(OperationList batch);
  /// Why the whole transaction failed, if it did.
  std::optional<Error> run_in_transaction(const OperationList& batch);
  void run_one(Operation& operation);
  void look_for_foreign_change();
  /// After each transaction of so many operations.
  void note_outcome(const std::optional<Error>& error, int64_t operations);
  void try_again();

  const std::unique_ptr<Connection> connection_;
  const Post post_;
  const size_t max_pending_;
  int64_t data_version_ = 0;
  TimePoint tried_at_;  // the last transaction
  TimePoint said_at_;   // in the log that it failed
  int64_t lost_ = 0;    // operations since it fails

  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  std::condition_variable wake_;
  OperationList pending_;
  bool sleeping_ = false;
  bool closing_ = false;
  std::shared_ptr<const std::function<void()>> foreign_change_;

  std::thread thread_;
};

}  // namespace turms::store
