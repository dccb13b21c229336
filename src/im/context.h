#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "im/domain_fwd.h"
#include "im/group_state.h"
#include "im/ports/changes.h"
#include "im/ports/clock.h"
#include "im/ports/hooks.h"
#include "im/ports/repositories.h"
#include "im/settings.h"
#include "im/status.h"

namespace turms::im {

class Bus;
class PasswordHasher;

/// What the services share.
struct Context {
  Context(Settings the_settings, Repositories repositories, Bus& the_bus,
          PasswordHasher& the_hasher, const Clock& the_clock, IdGenerator& the_ids)
      : settings(the_settings),
        store(repositories),
        bus(the_bus),
        hasher(the_hasher),
        clock(the_clock),
        ids(the_ids),
        groups(store.groups),
        reachability(store.relationships),
        group_subscribers{&groups},
        relationship_subscribers{&reachability} {}

  Settings settings;
  Repositories store;
  Bus& bus;
  PasswordHasher& hasher;
  const Clock& clock;
  IdGenerator& ids;
  GroupCache groups;
  ReachabilityCache reachability;
  /// The cache is the first, so that the others find the group as it is now.
  std::vector<GroupSubscriber*> group_subscribers;
  std::vector<RelationshipSubscriber*> relationship_subscribers;
  std::vector<MeetingSubscriber*> meeting_subscribers;
  /// Null: nobody.
  SendHook* send_hook = nullptr;
  ExpiryHook* expiry_hook = nullptr;
  PushHook* push_hook = nullptr;

  [[nodiscard]] WallTime now() const { return clock.now(); }
  template <class Id>
  Id next_id(WallTime now) {
    return Id(ids.next(now));
  }
  /// Of every changing call on a group, also of one that failed: it may have been done.
  void publish(const GroupChanged& change) {
    for (GroupSubscriber* subscriber : group_subscribers) subscriber->on_group_changed(change);
  }
  void publish(const RelationshipChanged& change) {
    for (RelationshipSubscriber* subscriber : relationship_subscribers) {
      subscriber->on_relationship_changed(change);
    }
  }
  /// Of every change of a meeting that was stored.
  void publish(const MeetingChanged& change) {
    for (MeetingSubscriber* subscriber : meeting_subscribers) {
      subscriber->on_meeting_changed(change);
    }
  }
};

/// Whether a client that has the state of `theirs` must be told of a state of `version`: refuses
/// with kAlreadyUpToDate otherwise, also when nothing ever happened.
Outcome<WallTime> newer_version(std::optional<WallTime> version, std::optional<WallTime> theirs);

Recipients recipient(UserId user);
/// Of a request that concerns one other user.
Audience audience_of(const Settings::Notify& notify, UserId other);

/// Length as the limits of the protocol count it: UTF-16 code units.
size_t text_length(std::string_view utf8);
/// Of a text that need not be there.
inline bool exceeds(const std::optional<std::string>& text, size_t limit) {
  return text && text_length(*text) > limit;
}

/// Ascending, without repetition.
template <class Id>
void sort_unique(std::vector<Id>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace turms::im
