#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "im/types.h"

namespace turms::im {

namespace meeting {
struct State;
}

// How the effects of a request reach those who must be told.
//
// Each operation that changes something is a member of a service class (Groups, Messages, …). It
// takes the Caller and a command, checks the rights, changes the store, and returns
// `Task<Outcome<Reply<Data>>>`. Operations that only read return `Task<Outcome<Data>>`.
//
//   Reply.data      what the caller is answered with;
//   Reply.effects   who else is told what: the caller's own request, relayed (Effects::relay), and
//                   notifications that the server words itself (Effects::pushes).
//
// A request handler in the gateway is therefore the same few lines for every request kind:
//
//   1. translate the request into the command;
//   2. outcome = co_await service.operation(caller, command);
//   3. answer: outcome.error().code, or kOk with the translated data;
//   4. when it succeeded: delivery.dispatch(caller, reply.effects, encode), where `encode` makes
//      the notification {timestamp, requester_id, relayed_request = the original request with
//      Amendments applied}. It is called at most once, and not at all when nobody is to be told.
//
// The answer comes before the effects: what is relayed is already durable and acknowledged.
// Changes that no request caused (a meeting ended, an administrator acted) use Delivery::push().
//
// Rights cannot be forgotten: services are the only way in (the gateway never sees a repository),
// and each changing repository call wants the Permit of its action, which only Rights hands out
// (im/rights.h).

/// Shared with the cache of the group, so that telling a thousand members copies no list.
using Recipients = std::shared_ptr<const std::vector<UserId>>;

inline Recipients recipients_of(std::vector<UserId> ids) {
  return std::make_shared<const std::vector<UserId>>(std::move(ids));
}

struct Audience {
  /// Nobody twice.
  Recipients recipients;
  /// The caller's other devices, so that they follow what this one did.
  bool other_sessions_of_caller = false;
  /// Also the session the request came from.
  bool calling_session = false;
  /// Only sessions that announced the extensions of the protocol.
  bool extensions_only = false;
};

/// What the relayed copy of a request says differently from the original.
struct Amendments {
  std::optional<MessageId> message_id;
  std::optional<WallTime> delivery_date;
  /// Of a message: for sessions with extensions.
  std::optional<int64_t> sequence;
  /// The id of what was created, where the request has no field for it: notification.data.long.
  std::optional<int64_t> created_id;
  /// A forwarded message: its text, records and burn_after take the place of the request's.
  std::shared_ptr<const Message> forwarded;
  /// The relationship group that the request left to the server.
  std::optional<int32_t> relationship_group_index;
  bool clear_password = false;
};

struct Relay {
  Audience audience;
  Amendments amendments;
};

/// A message that the server wrote, on behalf of message.sender_id: relayed create_message_request
/// (is_system_message, message_id, delivery_date) with requester_id 0 and the notification's own
/// request_id 0.
struct SystemMessagePushed {
  Message message;
};
/// Somebody became a member without create_group_members, by accepting an invitation:
/// relayed create_group_members_request, requester_id = `by`.
struct MembersAdded {
  GroupId group_id;
  std::vector<UserId> user_ids;
  GroupMemberRole role = GroupMemberRole::kMember;
  UserId by;
};
/// A member was muted, renamed or given a role by another: relayed update_group_member_request,
/// requester_id = `by`. For sessions with extensions only, since upstream tells the member nothing.
struct MemberUpdated {
  GroupId group_id;
  UserId member_id;
  std::optional<std::string> name;
  std::optional<GroupMemberRole> role;
  std::optional<WallTime> mute_end_date;
  UserId by;
};
/// Somebody has a relationship by an accepted friend request: relayed create_relationship_request,
/// requester_id = `owner_id`.
struct RelationshipCreated {
  UserId owner_id;
  UserId related_user_id;
};
/// The meeting is over (everybody left, or its creator ended it).
struct MeetingFinished {
  Meeting meeting;
};
/// Who is in a meeting now. For sessions with extensions only.
struct MeetingStateChanged {
  Meeting meeting;
  std::vector<MeetingParticipant> participants;
  /// Grows with each change of this meeting.
  int64_t version = 0;
  /// Where clients connect; empty: the origin that serves the page.
  std::string media_url;
  /// Null: of a meeting from before there was any.
  std::shared_ptr<const meeting::State> life;
};

/// What one who is called, waits, or is in a meeting is told. For sessions with extensions only.
struct MeetingSignal {
  /// The numbers are those of the wire.
  enum class Kind : uint8_t {
    kRing = 1,
    kRingOver = 2,
    kAdmitted = 3,
    kDenied = 4,
    kRemoved = 5,
    kHeldOut = 6,
    kUnmuteAsked = 7,
    kMoved = 8,
    kReminder = 9,
  };
  Meeting meeting;
  Kind kind = Kind::kRing;
  UserId user_id;
  /// Who did it; 0: nobody.
  UserId by;
  /// kRing: rings until then.
  WallTime until;
  /// kRingOver: a number of meeting::Call.
  uint8_t call = 0;
  /// kUnmuteAsked: bits of meeting::Tracks.
  uint8_t tracks = 0;
  /// kMoved: the breakout room; 0: the meeting itself.
  uint8_t room = 0;
};

/// Somebody has read on. For sessions with extensions only.
struct ReadPositionMoved {
  UserId reader_id;
  /// As the reader names it: `user_id` is the one who wrote.
  ConversationRef conversation;
  int64_t read_sequence = 0;
  WallTime read_date;
};

using Event =
    std::variant<ReadPositionMoved, SystemMessagePushed, MembersAdded, MemberUpdated,
                 RelationshipCreated, MeetingFinished, MeetingStateChanged, MeetingSignal>;

struct Push {
  Audience audience;
  Event event;
};

struct Effects {
  Relay relay;
  std::vector<Push> pushes;
};

template <class Data = None>
struct Reply {
  Data data;
  Effects effects;
};

/// A notification as it goes over the wire, encoded once for all who get it.
using Payload = std::shared_ptr<const std::string>;

/// What an encoder makes of it.
struct Encoded {
  Encoded(Payload the_payload = nullptr, Payload the_addition = nullptr)
      : payload(std::move(the_payload)), addition(std::move(the_addition)) {}

  Payload payload;
  /// Null, or bytes that follow the payload for sessions that announced the extensions of the
  /// protocol. Protobuf takes what is appended for further fields.
  Payload addition;
};

/// What the bus carries: a payload and whom it is for. Nobody is named twice.
struct Envelope {
  Recipients recipients;
  /// Told as well, when not among the recipients.
  std::optional<UserId> caller_id;
  /// This one session is left out (it gets the response instead).
  std::optional<Caller> except;
  bool extensions_only = false;
  Payload payload;
  Payload addition;
};

class Bus;

/// Makes the wire form of what the server says itself. Implemented by the gateway.
class PushEncoder {
 public:
  virtual ~PushEncoder() = default;
  virtual Encoded encode(const Event& event) = 0;
};

/// Hands notifications to the bus. Lives on the control thread.
class Delivery {
 public:
  explicit Delivery(Bus& bus) : bus_(bus) {}

  /// Before the first push.
  void set_encoder(PushEncoder& encoder) { encoder_ = &encoder; }

  /// After the caller's response was queued.
  void dispatch(const Caller& caller, const Effects& effects,
                const std::function<Encoded(const Amendments&)>& encode);

  /// Nobody's request: the audience's caller flags mean nothing here.
  void push(const Push& push);

 private:
  void publish(const Caller* caller, const Audience& audience, Encoded encoded);

  Bus& bus_;
  PushEncoder* encoder_ = nullptr;
};

}  // namespace turms::im
