#include "bus/node_bus.h"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "base/check.h"
#include "base/log.h"

namespace turms::bus {
namespace {

constexpr std::string_view kMessages = "im/messages";
constexpr std::string_view kHellos = "im/nodes";

std::string presence_key(UserId user, int32_t node) {
  return "im/presence/" + std::to_string(user.value) + "/" + std::to_string(node);
}

/// Takes in what another node says of a user.
void merge(im::Presence& presence, WallTime& since, NodePresence other) {
  if (presence.device_types.empty() || other.status_since > since) {
    presence.status = other.status;
    since = other.status_since;
  }
  std::vector<im::DeviceType>& types = presence.device_types;
  types.insert(types.end(), other.device_types.begin(), other.device_types.end());
  std::ranges::sort(types);
  types.erase(std::unique(types.begin(), types.end()), types.end());
}

}  // namespace

/// Which users' keys are out there, and which have to be written.
struct NodeBus::Keys {
  std::unordered_set<UserId> written;
  std::unordered_set<UserId> changed;

  // Free of the bus: a coroutine that waits for the transport may outlive it.
  static Task<void> write(std::shared_ptr<Keys> keys, Transport& transport, UserId user,
                          std::string key, std::optional<Bytes> value) {
    Status done;
    if (value) {
      done = co_await transport.put(std::move(key), std::move(*value), kPresenceLifetime);
      keys->written.insert(user);  // also when it failed: it may have been done
    } else {
      done = co_await transport.erase(std::move(key));
      if (done) keys->written.erase(user);
    }
    if (!done) keys->changed.insert(user);
  }
};

NodeBus::NodeBus() = default;

NodeBus::NodeBus(Membership membership)
    : membership_(std::move(membership)), keys_(std::make_shared<Keys>()), next_hello_{} {
  const auto listen = [this](std::string_view channel, auto handler, std::function<void()> on_gap) {
    auto hold = membership_->transport.subscribe(
        std::string(channel),
        {[this, handler](ByteView message) { (this->*handler)(message); }, std::move(on_gap)});
    TURMS_CHECK(hold);  // the name fits
    return std::move(*hold);
  };
  messages_ = listen(kMessages, &NodeBus::on_message, membership_->on_gap);
  // A hello that was missed is followed by another.
  hellos_ = listen(kHellos, &NodeBus::on_hello, [] {});
}

NodeBus::~NodeBus() = default;

WallTime NodeBus::wall_now() const {
  return membership_ ? membership_->clock.now() : WallTime{};
}

void NodeBus::tick(TimePoint now) {
  now_ = now;
  if (!membership_ || now < next_hello_) return;
  next_hello_ = now + kHelloInterval;
  (void)membership_->transport.publish(kHellos, encode(membership_->self));
  std::erase_if(peers_, [&](const auto& peer) { return now - peer.second.heard > kGone; });
  if (peers_.empty()) return;
  if (now >= next_refresh_) write_all();
  write_changed();
}

void NodeBus::on_hello(ByteView message) {
  const auto hello = decode_hello(message);
  if (!hello || *hello == membership_->self) return;
  if (hello->node == membership_->self.node) {
    log::error("another node has the number {} of this one", hello->node);
    return;
  }
  const bool first = peers_.empty();
  peers_[hello->node] = {hello->incarnation, now_};
  if (!first) return;
  write_all();
  write_changed();
}

void NodeBus::on_message(ByteView bytes) {
  const auto message = decode_message(bytes);
  if (!message || message->from == membership_->self || subscriber_ == nullptr) return;
  if (const auto* envelope = std::get_if<im::Envelope>(&message->content)) {
    subscriber_->on_envelope(*envelope);
  } else {
    subscriber_->on_disconnect(std::get<im::DisconnectOrder>(message->content));
  }
}

void NodeBus::tell(ByteView message) {
  if (!membership_->transport.publish(kMessages, message)) ++untold_;
}

void NodeBus::subscribe(im::BusSubscriber& subscriber) {
  TURMS_CHECK(subscriber_ == nullptr);
  subscriber_ = &subscriber;
}

void NodeBus::publish(const im::Envelope& envelope) {
  if (subscriber_ != nullptr) subscriber_->on_envelope(envelope);
  if (peers_.empty()) return;
  const auto messages = encode(membership_->self, envelope, Transport::kMaxMessage);
  if (messages.empty()) ++untold_;
  for (const Bytes& message : messages) tell(message);
}

void NodeBus::publish(const im::DisconnectOrder& order) {
  if (subscriber_ != nullptr) subscriber_->on_disconnect(order);
  if (!peers_.empty()) tell(encode(membership_->self, order));
}

void NodeBus::signed_in(const im::Caller& session, im::UserStatus status) {
  sessions_.add(session, status, wall_now());
  changed(session.user_id);
}

void NodeBus::signed_out(const im::Caller& session) {
  sessions_.remove(session);
  changed(session.user_id);
}

void NodeBus::set_status(UserId user, im::UserStatus status) {
  sessions_.set_status(user, status, wall_now());
  changed(user);
}

void NodeBus::changed(UserId user) {
  if (peers_.empty()) return;
  keys_->changed.insert(user);
  write_changed();
}

void NodeBus::write_all() {
  keys_->changed.insert(keys_->written.begin(), keys_->written.end());
  for (const auto& [id, user] : sessions_.users()) keys_->changed.insert(id);
  next_refresh_ = now_ + kPresenceLifetime / 2;
}

void NodeBus::write_changed() {
  // A write that fails at once puts its user back.
  for (const UserId id : std::exchange(keys_->changed, {})) {
    std::optional<Bytes> value;
    if (const SessionTable::User* user = sessions_.find(id)) {
      value = encode(NodePresence{membership_->self.incarnation, user->status, user->status_since,
                                  user->device_types()});
    }
    spawn(Keys::write(keys_, membership_->transport, id, presence_key(id, membership_->self.node),
                      std::move(value)));
  }
}

im::Stored<std::vector<im::Presence>> NodeBus::presence(std::vector<UserId> users) {
  // What is known before anything is waited for: the bus may be gone afterwards.
  std::vector<im::Presence> found;
  std::vector<WallTime> since;
  found.reserve(users.size());
  for (const UserId id : users) {
    im::Presence& presence = found.emplace_back();
    presence.user_id = id;
    const SessionTable::User* user = sessions_.find(id);
    since.push_back(user == nullptr ? WallTime{} : user->status_since);
    if (user == nullptr) continue;
    presence.status = user->status;
    presence.device_types = user->device_types();
  }
  if (peers_.empty()) co_return found;
  Transport& transport = membership_->transport;
  const auto peers = peers_;
  for (size_t i = 0; i < users.size(); ++i) {
    for (const auto& [node, peer] : peers) {
      const auto value = co_await transport.get(presence_key(users[i], node));
      if (!value) co_return std::unexpected(value.error());
      if (!*value) continue;
      auto there = decode_presence(**value);
      if (!there || there->incarnation != peer.incarnation) continue;
      merge(found[i], since[i], std::move(*there));
    }
  }
  co_return found;
}

}  // namespace turms::bus
