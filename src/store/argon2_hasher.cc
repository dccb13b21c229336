#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/task.h"
#include "base/time.h"
#include "store/argon2.h"
#include "store/hash_queue.h"
#include "store/imported_password.h"
#include "store/store.h"

namespace turms::store {
namespace {

// Of a hashing thread.
thread_local Argon2 argon2;

Result<im::PasswordHasher::Verdict> verify_now(const std::string& password,
                                               const std::string& encoded,
                                               const HashParameters& today) {
  if (const auto imported = verify_imported_password(password, encoded)) {
    return im::PasswordHasher::Verdict{.matches = *imported, .outdated = true};
  }
  const auto matches = argon2.verify(password, encoded);
  if (!matches) return std::unexpected(matches.error());
  return im::PasswordHasher::Verdict{
      .matches = *matches,
      .outdated = !encoded.starts_with(Argon2::prefix(today)),
  };
}

// On all cores, behind everything else that wants them: a storm of sign-ins must not starve the
// control thread, and when there is nothing else it is over twice as soon.
constexpr int kNiceness = 10;

class Argon2Hasher final : public im::PasswordHasher {
 public:
  Argon2Hasher(Post post, HashParameters parameters)
      : post_(std::move(post)), parameters_(parameters) {
    const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
  }

  ~Argon2Hasher() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  im::Stored<std::string> hash(std::string password) override {
    Completion<Result<std::string>> done;
    submit<std::string>({}, done.setter(), [this, password = std::move(password)] {
      return argon2.hash(password, parameters_);
    });
    co_return co_await done;
  }

  im::Stored<Verdict> verify(std::string password, std::string hash,
                             im::HashRequester requester) override {
    Completion<Result<Verdict>> done;
    const auto id = submit<Verdict>(requester.source, done.setter(),
                                    [this, password = std::move(password), hash = std::move(hash)] {
                                      return verify_now(password, hash, parameters_);
                                    });
    if (requester.cancellation) requester.cancellation->on_cancel([this, id] { cancel(id); });
    auto verdict = co_await done;
    if (requester.cancellation) requester.cancellation->on_cancel(nullptr);
    co_return verdict;
  }

 private:
  template <class T, class Work>
  HashQueue::Id submit(const std::string& source, typename Completion<Result<T>>::Setter set,
                       Work work) {
    HashQueue::Job job;
    job.run = [this, set, work = std::move(work)] {
      post_([set, result = work()] { set(result); });
    };
    job.give_up = [this, set] {
      // Later: whoever cancels is not to be called back in the middle of it.
      post_([set] { set(std::unexpected(Error{ErrorCode::kUnavailable, kTooMany})); });
    };
    HashQueue::Added added;
    {
      const std::lock_guard lock(mutex_);
      added = waiting_.add(monotonic_now(), source, std::move(job));
    }
    wake_.notify_one();
    if (added.displaced) added.displaced->give_up();
    return added.id;
  }

  void cancel(HashQueue::Id id) {
    std::optional<HashQueue::Job> job;
    {
      const std::lock_guard lock(mutex_);
      job = waiting_.remove(id);
    }
    if (job) job->give_up();
  }

  void loop() {
    // Of this thread only. What cannot be had is done without.
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
    while (true) {
      std::optional<HashQueue::Job> job;
      {
        std::unique_lock lock(mutex_);
        if (waiting_.size() == 0) argon2.release();
        wake_.wait(lock, [this] { return closing_ || waiting_.size() > 0; });
        if (closing_) return;
        job = waiting_.take(monotonic_now());
      }
      job->run();
    }
  }

  static constexpr const char* kTooMany = "too many passwords to check";

  const Post post_;
  const HashParameters parameters_;
  std::mutex mutex_;
  std::condition_variable wake_;
  HashQueue waiting_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<im::PasswordHasher> make_argon2_hasher(Post post, HashParameters parameters) {
  return std::make_unique<Argon2Hasher>(std::move(post), parameters);
}

}  // namespace turms::store
