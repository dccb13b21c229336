#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace turms::storage {

/// Runs a function on the control thread, soon, in order. Called from other threads.
using Post = std::function<void(std::function<void()>)>;

/// A few threads for what waits for the disk or decodes pictures, so that the control thread does
/// not. Whoever asks bounds what is under way. The destructor finishes what was begun, drops what
/// still waits and runs no completion more: completions that were posted already must find what
/// they refer to alive.
class FileIo {
 public:
  FileIo(Post post, size_t threads);
  ~FileIo();
  FileIo(const FileIo&) = delete;
  FileIo& operator=(const FileIo&) = delete;

  /// `work` on one of the threads, then `done` on the control thread.
  void run(std::function<void()> work, std::function<void()> done);
  /// Jobs that wait for a thread. Any thread.
  [[nodiscard]] size_t waiting() const;

 private:
  struct Job {
    std::function<void()> work;
    std::function<void()> done;
  };
  void loop();

  const Post post_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace turms::storage
