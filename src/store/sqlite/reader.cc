#include "store/sqlite/reader.h"

#include "base/log.h"

namespace turms::store {

Readers::Readers(std::vector<std::unique_ptr<Connection>> connections, Post post,
                 size_t max_pending)
    : connections_(std::move(connections)), post_(std::move(post)), max_pending_(max_pending) {
  for (const auto& connection : connections_) {
    threads_.emplace_back([this, raw = connection.get()] { loop(*raw); });
  }
}

Readers::~Readers() {
  close();
}

bool Readers::submit(Operation* operation) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || pending_.size() >= max_pending_) return false;
    pending_.push(operation);
  }
  wake_.notify_one();
  return true;
}

void Readers::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Readers::loop(Connection& connection) {
  while (true) {
    Operation* operation = nullptr;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !pending_.empty(); });
      operation = pending_.pop();
      if (operation == nullptr) return;
      operation->next = nullptr;
    }
    (void)connection.prepare("begin").run();
    operation->run(connection);
    if (connection.failed()) {
      const Error error = connection.take_error();
      log::error("store: a read failed: {}", error.message);
      operation->fail(error);
    }
    if (connection.in_transaction()) (void)connection.prepare("rollback").run();
    if (connection.failed()) (void)connection.take_error();
    post_([operation] { resume_all(operation); });
  }
}

}  // namespace turms::store
