#include "im/message_marks.h"

#include "im/context.h"
#include "im/ports/messages.h"
#include "im/rights.h"

namespace turms::im {
namespace {

using Put = MessageMarkRepository::Put;

/// A message, and the group it is in.
struct Found {
  std::optional<Message> message;
  GroupPtr group;

  [[nodiscard]] const Message* get() const { return message ? &*message : nullptr; }
};

Task<Outcome<Found>> find(Context& context, MessageId id) {
  auto message = co_await context.store.messages.find(id);
  if (!message) co_return refuse(message.error());
  Found found{std::move(*message), nullptr};
  if (found.message && found.message->group_id) {
    auto group = co_await context.groups.get(*found.message->group_id);
    if (!group) co_return refuse(group.error());
    found.group = *group;
  }
  co_return found;
}

Audience all_in(const Found& found) {
  Audience audience;
  audience.extensions_only = true;
  audience.other_sessions_of_caller = true;
  if (found.group) {
    audience.recipients = found.group->member_ids;
  } else {
    std::vector<UserId> both{found.message->sender_id, *found.message->recipient_id};
    sort_unique(both);
    audience.recipients = recipients_of(std::move(both));
  }
  return audience;
}

Outcome<Reply<>> told(const Found& found, Put put) {
  if (put == Put::kTooMany) return refuse(Code::kIllegalArgument, "there are too many already");
  if (put == Put::kGone) return refuse(Code::kIllegalArgument, "the message was recalled");
  Reply<> reply;
  if (put == Put::kDone) reply.effects.relay.audience = all_in(found);
  return reply;
}

}  // namespace

Task<Outcome<Reply<>>> MessageMarks::react(Caller caller, MessageId message,
                                           std::vector<int32_t> types) {
  std::ranges::sort(types);
  const auto repeated = std::ranges::unique(types);
  types.erase(repeated.begin(), repeated.end());
  if (types.empty() || types.size() > kMaxTypesPerRequest || types.front() < 0) {
    co_return refuse(Code::kIllegalArgument, "1 to 20 types, none of them negative");
  }
  auto found = co_await find(context_, message);
  if (!found) co_return std::unexpected(std::move(found.error()));
  auto permit = Rights::react(found->get(), found->group.get(), caller.user_id, context_.now());
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto put = co_await context_.store.message_marks.react(*permit, std::move(types),
                                                         kMaxReactionTypes, context_.now());
  if (!put) co_return refuse(put.error());
  co_return told(*found, *put);
}

Task<Outcome<Reply<>>> MessageMarks::take_back(Caller caller, MessageId message,
                                               std::vector<int32_t> types) {
  if (types.size() > kMaxTypesPerRequest) {
    co_return refuse(Code::kIllegalArgument, "at most 20 types");
  }
  auto found = co_await find(context_, message);
  if (!found) co_return std::unexpected(std::move(found.error()));
  auto permit = Rights::take_back_reaction(found->get(), found->group.get(), caller.user_id);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto put = co_await context_.store.message_marks.take_back(*permit, std::move(types));
  if (!put) co_return refuse(put.error());
  co_return told(*found, *put);
}

Task<Outcome<Reply<>>> MessageMarks::pin(Caller caller, MessageId message, bool pinned) {
  auto found = co_await find(context_, message);
  if (!found) co_return std::unexpected(std::move(found.error()));
  auto permit = Rights::pin_message(found->get(), found->group.get(), caller.user_id);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto& marks = context_.store.message_marks;
  auto put = pinned ? co_await marks.pin(*permit, kMaxPinned, context_.now())
                    : co_await marks.unpin(*permit);
  if (!put) co_return refuse(put.error());
  co_return told(*found, *put);
}

Task<Outcome<std::vector<Message>>> MessageMarks::pinned(Caller caller,
                                                         ConversationRef conversation) {
  if (conversation.user_id.has_value() == conversation.group_id.has_value()) {
    co_return refuse(Code::kIllegalArgument, "either the user or the group must be given");
  }
  if (conversation.group_id) {
    auto group = co_await context_.groups.get(*conversation.group_id);
    if (!group) co_return refuse(group.error());
    auto allowed = Rights::follow_group(group->get(), caller.user_id);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  }
  auto found = co_await context_.store.message_marks.pinned(caller.user_id, conversation);
  if (!found) co_return refuse(found.error());
  if (found->empty()) co_return refuse(Code::kNoContent);
  co_return std::move(*found);
}

}  // namespace turms::im
