#include "net/resolver.h"

#include <netdb.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace turms::net {

struct Resolver::State {
  struct Job {
    std::string host;
    uint16_t port;
    Handler handler;
  };

  explicit State(Loop& l) : loop(l) {}

  Loop& loop;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;   // guarded by mutex
  bool stopping = false;  // guarded by mutex
  bool alive = true;      // the loop's thread only
  std::thread thread;
};

namespace {

Result<std::vector<Address>> look_up(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    return fail(ErrorCode::kUnavailable, "cannot resolve " + host + ": " + gai_strerror(error));
  }
  std::vector<Address> out;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    out.push_back(Address::from_sockaddr(entry->ai_addr).with_port(port));
  }
  freeaddrinfo(list);
  return out;
}

}  // namespace

Resolver::Resolver(Loop& loop) : state_(std::make_shared<State>(loop)) {}

Resolver::~Resolver() {
  state_->alive = false;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_one();
  if (state_->thread.joinable()) state_->thread.join();
}

void Resolver::resolve(const std::string& host, uint16_t port, Handler handler) {
  std::vector<Address> known;
  if (const auto address = Address::parse(host, port)) known.push_back(*address);
  // RFC 6761 section 6.3.
  if (host == "localhost") known = {Address::v4({127, 0, 0, 1}, port)};
  if (!known.empty()) {
    state_->loop.post([state = state_, known = std::move(known), handler = std::move(handler)] {
      if (state->alive) handler(known);
    });
    return;
  }
  {
    const std::lock_guard lock(state_->mutex);
    state_->jobs.push_back({host, port, std::move(handler)});
  }
  state_->changed.notify_one();
  if (state_->thread.joinable()) return;
  state_->thread = std::thread([state = state_.get(), keep = std::weak_ptr(state_)] {
    std::unique_lock lock(state->mutex);
    while (true) {
      state->changed.wait(lock, [&] { return state->stopping || !state->jobs.empty(); });
      if (state->stopping) return;
      State::Job job = std::move(state->jobs.front());
      state->jobs.pop_front();
      lock.unlock();
      auto result = look_up(job.host, job.port);
      state->loop.post(
          [weak = keep, result = std::move(result), handler = std::move(job.handler)]() mutable {
            const auto owner = weak.lock();
            if (owner && owner->alive) handler(std::move(result));
          });
      lock.lock();
    }
  });
}

}  // namespace turms::net
