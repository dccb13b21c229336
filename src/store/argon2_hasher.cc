#include <argon2.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/crypto.h"
#include "base/task.h"
#include "store/store.h"

namespace turms::store {
namespace {

// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
constexpr uint32_t kMemoryKib = 19 * 1024;
constexpr uint32_t kPasses = 2;
constexpr uint32_t kLanes = 1;
constexpr size_t kSaltSize = 16;
constexpr size_t kHashSize = 32;
// About 25 ms of a core each: more than this many waiting is no login any more.
constexpr size_t kMaxWaiting = 1024;

Result<std::string> hash_now(const std::string& password) {
  std::array<uint8_t, kSaltSize> salt;
  secure_random(salt);
  std::string encoded(
      argon2_encodedlen(kPasses, kMemoryKib, kLanes, kSaltSize, kHashSize, Argon2_id), '\0');
  const int code =
      argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashSize, encoded.data(), encoded.size());
  if (code != ARGON2_OK) return fail(ErrorCode::kInternal, argon2_error_message(code));
  encoded.resize(encoded.find('\0'));
  return encoded;
}

Result<im::PasswordHasher::Verdict> verify_now(const std::string& password,
                                               const std::string& encoded) {
  im::PasswordHasher::Verdict verdict;
  const int code = argon2id_verify(encoded.c_str(), password.data(), password.size());
  if (code != ARGON2_OK && code != ARGON2_VERIFY_MISMATCH) {
    return fail(ErrorCode::kInternal, argon2_error_message(code));
  }
  verdict.matches = code == ARGON2_OK;
  const std::string today =
      fmt::format("$argon2id$v=19$m={},t={},p={}$", kMemoryKib, kPasses, kLanes);
  verdict.outdated = !encoded.starts_with(today);
  return verdict;
}

// Few threads: hashing must not starve the control thread of a small machine.
class Argon2Hasher final : public im::PasswordHasher {
 public:
  explicit Argon2Hasher(Post post) : post_(std::move(post)) {
    const unsigned threads = std::max(1u, std::thread::hardware_concurrency() / 2);
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
    submit<std::string>(done.setter(),
                        [password = std::move(password)] { return hash_now(password); });
    co_return co_await done;
  }

  im::Stored<Verdict> verify(std::string password, std::string hash) override {
    Completion<Result<Verdict>> done;
    submit<Verdict>(done.setter(), [password = std::move(password), hash = std::move(hash)] {
      return verify_now(password, hash);
    });
    co_return co_await done;
  }

 private:
  template <class T, class Work>
  void submit(typename Completion<Result<T>>::Setter set, Work work) {
    {
      const std::lock_guard lock(mutex_);
      if (!closing_ && waiting_.size() < kMaxWaiting) {
        waiting_.push_back([this, set, work = std::move(work)] {
          post_([set, result = work()] { set(result); });
        });
        wake_.notify_one();
        return;
      }
    }
    set(std::unexpected(Error{ErrorCode::kUnavailable, "too many passwords to check"}));
  }

  void loop() {
    while (true) {
      std::function<void()> work;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
        if (closing_) return;
        work = std::move(waiting_.front());
        waiting_.pop_front();
      }
      work();
    }
  }

  const Post post_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<im::PasswordHasher> make_argon2_hasher(Post post) {
  return std::make_unique<Argon2Hasher>(std::move(post));
}

}  // namespace turms::store
