#include "plugin/listening_bus.h"

#include <deque>
#include <utility>
#include <vector>

#include "base/task.h"

namespace turms::plugin {

namespace {

class ListeningBus final : public im::Bus {
 public:
  ListeningBus(im::Bus& bus, std::weak_ptr<HostHooks> hooks)
      : bus_(bus), hooks_(std::move(hooks)) {}

  void subscribe(im::BusSubscriber& subscriber) override { bus_.subscribe(subscriber); }
  void publish(const im::Envelope& envelope) override {
    const auto hooks = hooks_.lock();
    const bool asked = hooks && hooks->asked_before_notify();
    if (!asked && waiting_->empty()) return deliver(envelope);
    auto held = std::make_shared<Held>();
    held->envelope = envelope;
    waiting_->push_back(held);
    if (asked) {
      spawn(screen(this, waiting_, *hooks, std::move(held)));
    } else {
      held->decided = true;
    }
  }
  void publish(const im::DisconnectOrder& order) override { bus_.publish(order); }
  void signed_in(const im::Caller& session, im::UserStatus status) override {
    bus_.signed_in(session, status);
    if (const auto hooks = hooks_.lock()) hooks->online_status_changed(session, true);
  }
  void signed_out(const im::Caller& session) override {
    bus_.signed_out(session);
    if (const auto hooks = hooks_.lock()) hooks->online_status_changed(session, false);
  }
  void set_status(UserId user, im::UserStatus status) override { bus_.set_status(user, status); }
  im::Stored<std::vector<im::Presence>> presence(std::vector<UserId> users) override {
    return bus_.presence(std::move(users));
  }

 private:
  /// A notification that a plugin is asked about, or that is behind one. As many as there are calls
  /// under way (Host::kMaxCalls), and those in between that nobody was asked about.
  struct Held {
    im::Envelope envelope;
    bool decided = false;
    bool told = true;
  };
  using Waiting = std::deque<std::shared_ptr<Held>>;

  /// `bus` is there as long as its `waiting` is; `hooks` until all that they ask is answered.
  static Task<void> screen(ListeningBus* bus, std::weak_ptr<Waiting> waiting, HostHooks& hooks,
                           std::shared_ptr<Held> held) {
    held->told = co_await hooks.before_notify(held->envelope);
    held->decided = true;
    if (waiting.expired()) co_return;
    Waiting& queue = *bus->waiting_;
    while (!queue.empty() && queue.front()->decided) {
      const std::shared_ptr<Held> next = std::move(queue.front());
      queue.pop_front();
      if (next->told) bus->deliver(next->envelope);
    }
  }

  void deliver(const im::Envelope& envelope) {
    bus_.publish(envelope);
    const auto hooks = hooks_.lock();
    if (hooks && hooks->told_of_notifications() && envelope.recipients) spawn(tell(envelope));
  }

  Task<void> tell(im::Envelope envelope) {
    const std::vector<UserId>& users = *envelope.recipients;
    auto presences = co_await bus_.presence(users);
    std::vector<int64_t> recipients;
    std::vector<int64_t> offline;
    for (size_t i = 0; i < users.size(); ++i) {
      recipients.push_back(users[i].value);
      const bool gone = presences && (*presences)[i].device_types.empty();
      if (gone) offline.push_back(users[i].value);
    }
    const auto hooks = hooks_.lock();
    if (hooks) hooks->notified(std::move(recipients), std::move(offline), envelope.payload);
  }

  im::Bus& bus_;
  std::weak_ptr<HostHooks> hooks_;
  std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
};

}  // namespace

std::unique_ptr<im::Bus> make_listening_bus(im::Bus& bus, std::weak_ptr<HostHooks> hooks) {
  return std::make_unique<ListeningBus>(bus, std::move(hooks));
}

}  // namespace turms::plugin
