#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/sqlite/connection.h"
#include "store/sqlite/operation.h"
#include "store/store.h"

namespace turms::store {

/// Threads that read, each with a connection of its own. Each operation sees one consistent state,
/// at least as new as every write that had completed when it was submitted.
class Readers {
 public:
  Readers(std::vector<std::unique_ptr<Connection>> connections, Post post, size_t max_pending);
  ~Readers();
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  template <class Function>
  Awaited<Readers, Function> run(Function function) {
    return Awaited<Readers, Function>(*this, std::move(function));
  }

  /// Any thread. False: the queue is full, or closed.
  bool submit(Operation* operation);
  /// Takes no more, finishes what waits, ends the threads.
  void close();

 private:
  void loop(Connection& connection);

  const std::vector<std::unique_ptr<Connection>> connections_;
  const Post post_;
  const size_t max_pending_;

  std::mutex mutex_;
  std::condition_variable wake_;
  OperationList pending_;
  bool closing_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace turms::store
