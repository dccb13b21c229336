#include "bus/local_cluster.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace turms::bus {

namespace {

struct Subscription {
  const void* node = nullptr;
  std::string channel;
  Transport::Subscriber subscriber;
  std::deque<std::shared_ptr<const Bytes>> waiting;
  bool gap = false;
  bool ended = false;
};

struct Key {
  Bytes value;
  TimePoint expires{};
};

struct LeaseState {
  uint64_t epoch = 0;
  const void* holder = nullptr;
  /// As the others see it, and as the holder does: they agree, since there is one clock.
  TimePoint expires{};
  Duration lifetime{};
  std::function<void()> on_lost;
};

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= Transport::kMaxName;
}

std::unexpected<Error> bad_name() {
  return fail(ErrorCode::kInvalidArgument, "the name is empty or too long");
}
std::unexpected<Error> cut_off() {
  return fail(ErrorCode::kUnavailable, "the other nodes cannot be reached");
}

}  // namespace

struct LocalCluster::State {
  TimePoint now{};
  std::map<const void*, bool> reachable;
  std::vector<std::shared_ptr<Subscription>> subscriptions;
  std::map<std::string, Key, std::less<>> keys;
  std::map<std::string, LeaseState, std::less<>> leases;

  [[nodiscard]] bool reaches(const void* node) const { return reachable.at(node); }

  void publish(const void* from, std::string_view channel,
               const std::shared_ptr<const Bytes>& bytes) {
    for (const auto& one : subscriptions) {
      if (one->ended || one->channel != channel) continue;
      if (one->node != from && !reaches(one->node)) {
        one->gap = true;
        continue;
      }
      if (one->waiting.size() >= kMaxWaiting) {
        one->waiting.clear();
        one->gap = true;
      } else if (!one->gap || reaches(one->node)) {
        one->waiting.push_back(bytes);
      }
    }
  }

  void renew() {
    for (auto& [name, lease] : leases) {
      if (lease.holder != nullptr && reaches(lease.holder)) lease.expires = now + lease.lifetime;
    }
  }

  void expire() {
    std::erase_if(keys, [this](const auto& entry) { return entry.second.expires <= now; });
    for (auto& [name, lease] : leases) {
      if (lease.holder == nullptr || lease.expires > now) continue;
      lease.holder = nullptr;
      if (auto on_lost = std::exchange(lease.on_lost, nullptr)) on_lost();
    }
  }

  void deliver() {
    // By index: a handler may subscribe.
    for (size_t i = 0; i < subscriptions.size(); ++i) {
      const std::shared_ptr<Subscription> one = subscriptions[i];
      if (!one->ended && one->gap && reaches(one->node)) {
        one->gap = false;
        one->subscriber.on_gap();
      }
      auto messages = std::exchange(one->waiting, {});
      for (const auto& message : messages) {
        if (one->ended) break;
        one->subscriber.on_message(*message);
      }
    }
    std::erase_if(subscriptions, [](const auto& one) { return one->ended; });
  }
};

class LocalCluster::Node final : public Transport {
 public:
  explicit Node(std::shared_ptr<State> state) : state_(std::move(state)) {
    state_->reachable[this] = true;
  }
  ~Node() override {
    for (const auto& one : state_->subscriptions) {
      if (one->node == this) one->ended = true;
    }
    for (auto& [name, lease] : state_->leases) {
      if (lease.holder == this) lease = {.epoch = lease.epoch};
    }
    state_->reachable.erase(this);
  }

  Result<Hold> subscribe(std::string channel, Subscriber subscriber) override {
    if (!is_name(channel)) return bad_name();
    auto made = std::make_shared<Subscription>();
    made->node = this;
    made->channel = std::move(channel);
    made->subscriber = std::move(subscriber);
    // What is published while it is cut off will be missed.
    made->gap = !state_->reaches(this);
    state_->subscriptions.push_back(made);
    return std::make_unique<Listening>(std::move(made));
  }

  Status publish(std::string_view channel, ByteView message) override {
    if (!is_name(channel)) return bad_name();
    if (message.size() > kMaxMessage) {
      return fail(ErrorCode::kInvalidArgument, "the message is too long");
    }
    if (!state_->reaches(this)) return cut_off();
    state_->publish(this, channel, std::make_shared<const Bytes>(message.begin(), message.end()));
    return {};
  }

  Task<Status> put(std::string key, Bytes value, Duration lifetime) override {
    if (!is_name(key) || value.size() > kMaxMessage) co_return bad_name();
    if (!state_->reaches(this)) co_return cut_off();
    state_->keys[std::move(key)] = {std::move(value), state_->now + lifetime};
    co_return Status();
  }

  Task<Result<std::optional<Bytes>>> get(std::string key) override {
    if (!is_name(key)) co_return bad_name();
    if (!state_->reaches(this)) co_return cut_off();
    const auto it = state_->keys.find(key);
    if (it == state_->keys.end() || it->second.expires <= state_->now) co_return std::nullopt;
    co_return it->second.value;
  }

  Task<Status> erase(std::string key) override {
    if (!is_name(key)) co_return bad_name();
    if (!state_->reaches(this)) co_return cut_off();
    state_->keys.erase(key);
    co_return Status();
  }

  Task<Result<std::optional<Lease>>> acquire(std::string name, Duration lifetime,
                                             std::function<void()> on_lost) override {
    if (!is_name(name)) co_return bad_name();
    if (!state_->reaches(this)) co_return cut_off();
    LeaseState& lease = state_->leases[name];
    if (lease.holder != nullptr) co_return std::nullopt;
    lease.holder = this;
    lease.lifetime = lifetime;
    lease.expires = state_->now + lifetime;
    lease.on_lost = std::move(on_lost);
    Lease won;
    won.epoch = ++lease.epoch;
    won.hold = std::make_unique<Holding>(state_, std::move(name), won.epoch);
    co_return std::move(won);
  }

 private:
  struct Listening final : Held {
    explicit Listening(std::shared_ptr<Subscription> the_one) : one(std::move(the_one)) {}
    ~Listening() override {
      one->ended = true;
      one->waiting.clear();
    }
    std::shared_ptr<Subscription> one;
  };
  struct Holding final : Held {
    Holding(std::weak_ptr<State> the_state, std::string the_name, uint64_t the_epoch)
        : state(std::move(the_state)), name(std::move(the_name)), epoch(the_epoch) {}
    ~Holding() override {
      const auto there = state.lock();
      if (there == nullptr) return;
      LeaseState& lease = there->leases[name];
      // It may be another's by now.
      if (lease.epoch == epoch) lease = {.epoch = epoch};
    }
    std::weak_ptr<State> state;
    std::string name;
    uint64_t epoch;
  };

  std::shared_ptr<State> state_;
};

LocalCluster::LocalCluster() : state_(std::make_shared<State>()) {}
LocalCluster::~LocalCluster() = default;

std::unique_ptr<Transport> LocalCluster::join() {
  return std::make_unique<Node>(state_);
}

void LocalCluster::advance(TimePoint now) {
  state_->now = std::max(state_->now, now);
  state_->renew();
  state_->expire();
  state_->deliver();
}

TimePoint LocalCluster::next() const {
  for (const auto& one : state_->subscriptions) {
    if (!one->waiting.empty() || (one->gap && state_->reaches(one->node))) return state_->now;
  }
  TimePoint next = kNever;
  for (const auto& [name, key] : state_->keys) next = std::min(next, key.expires);
  for (const auto& [name, lease] : state_->leases) {
    if (lease.holder != nullptr && !state_->reaches(lease.holder)) {
      next = std::min(next, lease.expires);
    }
  }
  return next;
}

void LocalCluster::cut(const Transport& node) {
  // What was sent until now is renewed until now.
  state_->renew();
  state_->reachable[&node] = false;
}

void LocalCluster::heal(const Transport& node) {
  state_->reachable[&node] = true;
  // Whatever was said meanwhile, and by whomever: it cannot know.
  for (const auto& one : state_->subscriptions) {
    if (one->node == &node) one->gap = true;
  }
}

}  // namespace turms::bus
