#pragma once

#include <memory>

#include "im/administration.h"
#include "im/blocklist.h"
#include "im/conversation_settings.h"
#include "im/conversations.h"
#include "im/friend_requests.h"
#include "im/group_blocklist.h"
#include "im/group_members.h"
#include "im/groups.h"
#include "im/invitations.h"
#include "im/join_questions.h"
#include "im/join_requests.h"
#include "im/locations.h"
#include "im/message_marks.h"
#include "im/messages.h"
#include "im/ports/changes.h"
#include "im/ports/repositories.h"
#include "im/relationships.h"
#include "im/session_tokens.h"
#include "im/settings.h"
#include "im/user_settings.h"
#include "im/users.h"

namespace turms::im {

class Bus;
class Clock;
class PasswordHasher;

/// Users, groups, messages and conversations: the services over one set of ports. Lives on the
/// control thread; what it is made from outlives it.
class Domain {
 public:
  Domain(Settings settings, Repositories repositories, Bus& bus, PasswordHasher& hasher,
         const Clock& clock, IdGenerator& ids);
  ~Domain();
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;

  /// Outlives the domain's last request.
  void add_group_subscriber(GroupSubscriber& subscriber);
  void add_relationship_subscriber(RelationshipSubscriber& subscriber);

  /// The store was changed by another program, or another node: what is cached may be old, and
  /// sessions may have lost their password.
  void changed_elsewhere();
  void forget_cached();

  [[nodiscard]] const Settings& settings() const;
  /// From now on; what is under way may see some of both.
  void set_settings(Settings settings);
  /// For services that are built on top (meetings).
  Context& context() { return *context_; }

 private:
  std::unique_ptr<Context> context_;

 public:
  Blocklist blocklist;
  SessionTokens session_tokens;
  Users users;
  UserSettings user_settings;
  Locations locations;
  Relationships relationships;
  FriendRequests friend_requests;
  Groups groups;
  GroupMembers group_members;
  GroupBlocklist group_blocklist;
  Invitations invitations;
  JoinRequests join_requests;
  JoinQuestions join_questions;
  Messages messages;
  MessageMarks message_marks;
  Conversations conversations;
  ConversationSettings conversation_settings;
  Administration administration;
  Delivery delivery;
};

}  // namespace turms::im
