#include "bus/local_bus.h"

#include <algorithm>
#include <unordered_map>

#include "base/check.h"

namespace turms::bus {
namespace {

class LocalBus final : public im::Bus {
 public:
  void subscribe(im::BusSubscriber& subscriber) override {
    TURMS_CHECK(subscriber_ == nullptr);
    subscriber_ = &subscriber;
  }

  void publish(const im::Envelope& envelope) override {
    if (subscriber_ != nullptr) subscriber_->on_envelope(envelope);
  }

  void publish(const im::DisconnectOrder& order) override {
    if (subscriber_ != nullptr) subscriber_->on_disconnect(order);
  }

  void signed_in(const im::Caller& session, im::UserStatus status) override {
    User& user = users_[session.user_id];
    user.status = status;
    user.sessions.push_back(session);
  }

  void signed_out(const im::Caller& session) override {
    const auto user = users_.find(session.user_id);
    if (user == users_.end()) return;
    std::erase_if(user->second.sessions,
                  [&](const im::Caller& one) { return one.session_id == session.session_id; });
    if (user->second.sessions.empty()) users_.erase(user);
  }

  void set_status(UserId id, im::UserStatus status) override {
    const auto user = users_.find(id);
    if (user != users_.end()) user->second.status = status;
  }

  im::Stored<std::vector<im::Presence>> presence(std::vector<UserId> ids) override {
    std::vector<im::Presence> found;
    found.reserve(ids.size());
    for (const UserId id : ids) {
      im::Presence presence;
      presence.user_id = id;
      const auto user = users_.find(id);
      if (user != users_.end()) {
        presence.status = user->second.status;
        for (const im::Caller& session : user->second.sessions) {
          presence.device_types.push_back(session.device_type);
        }
        std::sort(presence.device_types.begin(), presence.device_types.end());
      }
      found.push_back(std::move(presence));
    }
    co_return found;
  }

 private:
  struct User {
    im::UserStatus status = im::UserStatus::kAvailable;
    std::vector<im::Caller> sessions;
  };

  im::BusSubscriber* subscriber_ = nullptr;
  std::unordered_map<UserId, User> users_;
};

}  // namespace

std::unique_ptr<im::Bus> make_local_bus() {
  return std::make_unique<LocalBus>();
}

}  // namespace turms::bus
