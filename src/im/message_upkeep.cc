// What becomes of messages with time: they are found by their words, and deleted when theirs is
// over.
#include <utility>

#include "im/context.h"
#include "im/messages.h"
#include "im/ports/messages.h"
#include "im/rights.h"

namespace turms::im {
namespace {

// Of deleting and indexing: what waits for the writer meanwhile waits for one piece.
constexpr int kPiecesAtOnce = 5;

}  // namespace

Task<Outcome<std::vector<FoundText>>> Messages::search(Caller caller, SearchMessages query) {
  const int32_t count = query.max_count.value_or(kDefaultFound);
  if (count < 1 || text_length(query.query) > kMaxQuerySize || (query.user_id && query.group_id)) {
    co_return refuse(Code::kIllegalArgument, "the query is too long, or names too much");
  }
  TextSearch search{caller.user_id, std::move(query.query), {}, std::min(count, kMaxFound)};
  if (query.group_id) {
    auto group = co_await context_.groups.get(*query.group_id);
    if (!group) co_return refuse(group.error());
    auto allowed = Rights::follow_group(group->get(), caller.user_id);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  }
  if (query.user_id || query.group_id) {
    search.conversation = ConversationRef{query.user_id, query.group_id};
  }
  // What was just written is found, unless very much was.
  for (int pieces = 0; pieces < kPiecesAtOnce; ++pieces) {
    auto more = co_await context_.store.messages.index_text();
    if (!more) co_return refuse(more.error());
    if (!*more) break;
  }
  auto found = co_await context_.store.messages.search(std::move(search));
  if (!found) co_return refuse(found.error());
  if (found->empty()) co_return refuse(Code::kNoContent);
  co_return std::move(*found);
}

Task<Outcome<Reply<>>> Messages::set_retention(Caller caller, GroupId id,
                                               std::optional<int32_t> hours) {
  if (hours && (*hours < 1 || *hours > kMaxRetentionHours)) {
    co_return refuse(Code::kIllegalArgument, "1 to 876000 hours");
  }
  auto group = co_await context_.groups.get(id);
  if (!group) co_return refuse(group.error());
  auto permit = Rights::set_retention(group->get(), caller.user_id);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto stored = co_await context_.store.messages.set_retention(*permit, hours);
  if (!stored) co_return refuse(stored.error());
  Reply<> reply;
  Audience& audience = reply.effects.relay.audience;
  audience.extensions_only = true;
  audience.other_sessions_of_caller = true;
  audience.recipients = (*group)->member_ids;
  co_return reply;
}

Task<bool> Messages::delete_expired(WallTime now, std::optional<WallTime> keep_from) {
  auto more = co_await context_.store.messages.delete_expired(
      Rights::server(action::DeleteExpiredMessages{}), now, keep_from);
  co_return more.value_or(false);
}

Task<bool> Messages::delete_unless_kept(WallTime now, std::optional<WallTime> keep_from) {
  std::erase_if(kept_, [&](const auto& one) { return one.second <= now; });
  if (kept_.size() >= kMaxKept) co_return false;
  std::vector<MessageId> kept;
  kept.reserve(kept_.size());
  for (const auto& [id, until] : kept_) kept.push_back(id);
  auto expired = co_await context_.store.messages.find_expired(now, keep_from, std::move(kept));
  if (!expired || expired->messages.empty()) co_return false;
  std::vector<MessageId> ids;
  for (const Message& message : expired->messages) ids.push_back(message.id);
  // It may have gone since.
  if (context_.expiry_hook != nullptr) {
    const std::vector<MessageId> to_keep =
        co_await context_.expiry_hook->before_expiry(std::move(expired->messages));
    for (const MessageId id : to_keep) {
      if (std::erase(ids, id) == 0) continue;
      kept_[id] = WallTime{now.unix_ms + to_ms(kKeptFor)};
    }
  }
  auto erased = co_await context_.store.messages.erase(
      Rights::server(action::DeleteExpiredMessages{}), std::move(ids));
  co_return erased.has_value() && expired->more;
}

Task<void> Messages::tidy() {
  if (std::exchange(tidying_, true)) co_return;
  const WallTime now = context_.now();
  std::optional<WallTime> keep_from;
  if (const auto period = to_ms(context_.settings.message.retention_period); period > 0) {
    keep_from = WallTime{now.unix_ms - period};
  }
  for (int pieces = 0; pieces < kPiecesAtOnce; ++pieces) {
    const bool asked =
        context_.expiry_hook != nullptr && context_.expiry_hook->asked_about_expiry();
    bool more = false;
    if (asked) {
      more = co_await delete_unless_kept(now, keep_from);
    } else {
      more = co_await delete_expired(now, keep_from);
    }
    if (!more) break;
  }
  for (int pieces = 0; pieces < kPiecesAtOnce; ++pieces) {
    auto more = co_await context_.store.messages.index_text();
    if (!more || !*more) break;
  }
  tidying_ = false;
}

}  // namespace turms::im
