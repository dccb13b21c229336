#pragma once

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace turms::store {

class Connection;

/// One piece of work for a store thread, and the coroutine that waits for it. It lives in that
/// coroutine's frame, so it costs no allocation; the frame must not be destroyed while it is under
/// way (tasks that are spawned never are).
class Operation {
 public:
  /// On the store's thread. What it returns is kept for the waiter.
  virtual void run(Connection& connection) = 0;
  /// Instead of run(), or over what run() returned when the transaction failed afterwards.
  virtual void fail(const Error& error) = 0;
  [[nodiscard]] virtual bool failed() const = 0;

  /// Whether a constraint can fail after it has written something: then it runs in a savepoint.
  bool needs_savepoint = true;
  std::coroutine_handle<> waiter;
  Operation* next = nullptr;

 protected:
  ~Operation() = default;
};

/// Operations in a row, linked through themselves.
class OperationList {
 public:
  void push(Operation* operation) {
    operation->next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = operation;
    last_ = operation;
    ++size_;
  }
  Operation* pop() {
    Operation* operation = first_;
    if (operation == nullptr) return nullptr;
    first_ = operation->next;
    if (first_ == nullptr) last_ = nullptr;
    --size_;
    return operation;
  }
  /// The first one; the list is empty afterwards.
  Operation* take() {
    last_ = nullptr;
    size_ = 0;
    return std::exchange(first_, nullptr);
  }
  [[nodiscard]] Operation* first() const { return first_; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return first_ == nullptr; }

 private:
  Operation* first_ = nullptr;
  Operation* last_ = nullptr;
  size_t size_ = 0;
};

/// On the control thread: wakes the waiters of a list, in order.
inline void resume_all(Operation* first) {
  while (first != nullptr) {
    // The frame with the operation in it may be gone after resume().
    Operation* next = first->next;
    first->waiter.resume();
    first = next;
  }
}

/// `co_await Awaited(queue, function)` runs `function(Connection&) -> Result<T>` on the queue's
/// thread. Queue::submit(Operation*) answers false when it takes no more.
template <class Queue, class Function>
class Awaited final : public Operation {
 public:
  using Outcome = std::invoke_result_t<Function&, Connection&>;

  Awaited(Queue& queue, Function function) : queue_(queue), function_(std::move(function)) {}
  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;

  void run(Connection& connection) override { outcome_.emplace(function_(connection)); }
  void fail(const Error& error) override { outcome_.emplace(std::unexpected(error)); }
  [[nodiscard]] bool failed() const override { return !outcome_->has_value(); }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> handle) {
    waiter = handle;
    if (queue_.submit(this)) return true;
    fail({ErrorCode::kUnavailable, "the store has too much to do or is closing"});
    return false;
  }
  Outcome await_resume() { return std::move(*outcome_); }

 private:
  Queue& queue_;
  Function function_;
  std::optional<Outcome> outcome_;
};

}  // namespace turms::store
