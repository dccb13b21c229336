#include "store/sqlite/writer.h"

#include <fmt/core.h>

#include <chrono>
#include <utility>

#include "base/histogram.h"
#include "base/log.h"
#include "base/metrics.h"

namespace turms::store {
namespace {

struct Counters {
  Metric& transactions =
      metrics::counter("turms_store_transactions_total", "Commits of the store.");
  Metric& operations = metrics::counter("turms_store_operations_total", "Writes of the store.");
  Metric& failures =
      metrics::counter("turms_store_failed_operations_total", "Writes of the store that failed.");
  Metric& refused =
      metrics::counter("turms_store_refused_operations_total", "Writes that found the queue full.");
  Metric& pending =
      metrics::gauge("turms_store_pending_operations", "Writes that wait for their transaction.");
  Histogram& seconds =
      metrics::histogram("turms_store_transaction_seconds",
                         "Transactions of the store, from their begin to their commit.", kSeconds);
  static constexpr double kSeconds[] = {0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                        0.05,   0.1,    0.2,   0.5,   1,     5};
};
Counters& counters() {
  static Counters all;
  return all;
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, Post post, size_t max_pending)
    : connection_(std::move(connection)), post_(std::move(post)), max_pending_(max_pending) {
  data_version_ = connection_->scalar("pragma data_version");
  thread_ = std::thread([this] { loop(); });
}

Writer::~Writer() {
  close();
}

bool Writer::submit(Operation* operation) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || pending_.size() >= max_pending_) {
      counters().refused.add();
      return false;
    }
    pending_.push(operation);
    counters().pending.set(static_cast<int64_t>(pending_.size()));
    wake = std::exchange(sleeping_, false);
  }
  if (wake) wake_.notify_one();
  return true;
}

void Writer::on_foreign_change(std::function<void()> listener) {
  const std::lock_guard lock(mutex_);
  foreign_change_ = std::make_shared<const std::function<void()>>(std::move(listener));
}

void Writer::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    sleeping_ = false;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Writer::loop() {
  while (true) {
    OperationList batch;
    {
      std::unique_lock lock(mutex_);
      if (pending_.empty() && !closing_) {
        sleeping_ = true;
        wake_.wait_for(lock, kForeignChangePoll, [this] { return !sleeping_; });
        sleeping_ = false;
      }
      if (pending_.empty() && closing_) return;
      if (pending_.size() <= kMaxBatch) {
        std::swap(batch, pending_);
      } else {
        while (batch.size() < kMaxBatch) batch.push(pending_.pop());
      }
      counters().pending.set(static_cast<int64_t>(pending_.size()));
    }
    if (batch.empty()) {
      look_for_foreign_change();
      if (failure_ && monotonic_now() - tried_at_ >= kRetry) try_again();
    } else {
      run_batch(batch);
    }
  }
}

void Writer::look_for_foreign_change() {
  // Our own commits do not move it: there is no other writing connection in this process.
  const int64_t version = connection_->scalar("pragma data_version");
  if (connection_->failed()) {
    log::warn("store: {}", connection_->take_error().message);
    return;
  }
  if (version == data_version_) return;
  data_version_ = version;
  connection_->end_epoch();
  std::shared_ptr<const std::function<void()>> listener;
  {
    const std::lock_guard lock(mutex_);
    listener = foreign_change_;
  }
  if (listener) post_([listener] { (*listener)(); });
}

void Writer::run_batch(OperationList batch) {
  const size_t size = batch.size();
  const TimePoint begun = monotonic_now();
  const std::optional<Error> error = run_in_transaction(batch);
  counters().seconds.observe(std::chrono::duration<double>(monotonic_now() - begun).count());
  int64_t failures = 0;
  for (Operation* operation = batch.first(); operation != nullptr; operation = operation->next) {
    if (error) operation->fail(*error);
    if (operation->failed()) ++failures;
  }
  counters().transactions.add();
  counters().operations.add(static_cast<int64_t>(size));
  if (failures > 0) counters().failures.add(failures);
  note_outcome(error, static_cast<int64_t>(size));
  post_([first = batch.take()] { resume_all(first); });
}

void Writer::note_outcome(const std::optional<Error>& error, int64_t operations) {
  tried_at_ = monotonic_now();
  const bool failed_before = failure_.has_value();  // only this thread changes it
  if (!error && !failed_before) return;
  if (error) {
    lost_ += operations;
    if (!failed_before || tried_at_ - said_at_ >= kSaidEach) {
      said_at_ = tried_at_;
      log::error("store: writing fails, {} operations so far: {}", lost_, error->message);
    }
  } else {
    log::info("store: writing works again, {} operations had failed", std::exchange(lost_, 0));
  }
  const std::lock_guard lock(mutex_);
  failure_ = error;
}

std::optional<Error> Writer::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

/// Writes a page, with what it holds already.
void Writer::try_again() {
  Connection& connection = *connection_;
  const int64_t version = connection.scalar("pragma user_version");
  connection.execute("begin immediate");
  connection.execute(fmt::format("pragma user_version = {}", version));
  connection.execute("commit");
  std::optional<Error> error;
  if (connection.failed()) error = connection.take_error();
  if (connection.in_transaction()) connection.execute("rollback");
  if (connection.failed()) (void)connection.take_error();
  note_outcome(error, 0);
}

std::optional<Error> Writer::run_in_transaction(const OperationList& batch) {
  Connection& connection = *connection_;
  (void)connection.prepare("begin immediate").run();
  if (connection.failed()) return connection.take_error();
  // With the write lock held nobody else writes: what is cached is told of changes up to here
  // before it is told of ours.
  look_for_foreign_change();
  for (Operation* operation = batch.first(); operation != nullptr; operation = operation->next) {
    run_one(*operation);
    if (connection.failed()) break;
  }
  if (!connection.failed()) (void)connection.prepare("commit").run();
  if (!connection.failed()) return std::nullopt;
  Error error = connection.take_error();
  connection.end_epoch();
  if (connection.in_transaction()) {
    (void)connection.prepare("rollback").run();
    if (connection.failed()) (void)connection.take_error();
  }
  return error;
}

// Leaves an error in the connection only when the whole transaction is lost.
void Writer::run_one(Operation& operation) {
  Connection& connection = *connection_;
  if (operation.needs_savepoint) (void)connection.prepare("savepoint operation").run();
  operation.run(connection);
  if (connection.failed() && connection.failed_by_constraint() && connection.in_transaction()) {
    operation.fail(connection.take_error());
  }
  if (connection.failed() || !operation.needs_savepoint) return;
  if (operation.failed()) {
    connection.end_epoch();
    (void)connection.prepare("rollback to operation").run();
  }
  (void)connection.prepare("release operation").run();
}

}  // namespace turms::store
