#include "im/domain.h"

#include "im/context.h"
#include "im/ports/bus.h"
#include "im/ports/clock.h"
#include "im/ports/password_hasher.h"

namespace turms::im {

Domain::Domain(Settings settings, Repositories repositories, Bus& bus, PasswordHasher& hasher,
               const Clock& clock, IdGenerator& ids)
    : context_(std::make_unique<Context>(settings, repositories, bus, hasher, clock, ids)),
      blocklist(*context_),
      session_tokens(*context_),
      users(*context_, session_tokens),
      user_settings(*context_),
      locations(*context_),
      relationships(*context_),
      friend_requests(*context_),
      groups(*context_),
      group_members(*context_),
      group_blocklist(*context_),
      invitations(*context_),
      join_requests(*context_),
      join_questions(*context_),
      messages(*context_),
      message_marks(*context_),
      conversations(*context_),
      conversation_settings(*context_),
      administration(*context_),
      delivery(bus) {}

Domain::~Domain() = default;

void Domain::add_group_subscriber(GroupSubscriber& subscriber) {
  context_->group_subscribers.push_back(&subscriber);
}

void Domain::add_relationship_subscriber(RelationshipSubscriber& subscriber) {
  context_->relationship_subscribers.push_back(&subscriber);
}

const Settings& Domain::settings() const {
  return context_->settings;
}

void Domain::set_settings(Settings settings) {
  context_->settings = std::move(settings);
}

void Domain::changed_elsewhere() {
  forget_cached();
  spawn(users.end_outdated_sessions());
  spawn(blocklist.load());
}

void Domain::forget_cached() {
  context_->groups.clear();
  context_->reachability.clear();
}

}  // namespace turms::im
