#include "storage/file_io.h"

#include <memory>
#include <utility>

namespace turms::storage {

FileIo::FileIo(Post post, size_t threads) : post_(std::move(post)) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

FileIo::~FileIo() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void FileIo::run(std::function<void()> work, std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(work), std::move(done)});
  }
  wake_.notify_one();
}

size_t FileIo::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

void FileIo::loop() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
      if (closing_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job.work();
    // What it holds belongs to the control thread.
    job.work = nullptr;
    post_(std::move(job.done));
  }
}

}  // namespace turms::storage
