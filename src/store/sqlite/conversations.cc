#include "store/sqlite/repositories.h"

namespace turms::store {

im::Stored<std::vector<im::PrivateConversation>> Conversations::find_private(
    std::vector<UserId> owners, UserId target) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::PrivateConversation>> {
        std::vector<im::PrivateConversation> found;
        Statement select = connection.prepare(
            "select read_date from private_conversation where owner_id = ? and target_id = ?");
        for (const UserId owner : owners) {
          select.bind(owner, target);
          if (select.step()) found.push_back({owner, target, select.time()});
          select.reset();
        }
        return found;
      });
}

im::Stored<std::vector<im::GroupConversation>> Conversations::find_group(std::vector<GroupId> ids) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::GroupConversation>> {
        std::vector<im::GroupConversation> found;
        Statement select = connection.prepare(
            "select member_id, read_date from group_conversation where group_id = ? "
            "order by member_id");
        for (const GroupId id : ids) {
          im::GroupConversation conversation{id, {}};
          select.bind(id);
          while (select.step()) {
            const auto member = select.id<UserId>();
            conversation.reads.push_back({member, select.time()});
          }
          select.reset();
          if (!conversation.reads.empty()) found.push_back(std::move(conversation));
        }
        return found;
      });
}

im::Stored<im::ConversationRepository::Moved> Conversations::move_private(
    im::Permit<im::action::MovePrivateReadDate> permit, WallTime read_date) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<Moved> {
    Statement upsert = connection.prepare(
        "insert into private_conversation (owner_id, target_id, read_date) values (?, ?, ?) "
        "on conflict (owner_id, target_id) do update set read_date = excluded.read_date "
        "where read_date <= excluded.read_date");
    return upsert.bind(permit->owner, permit->target, read_date).run() > 0 ? Moved::kDone
                                                                           : Moved::kBackwards;
  });
}

im::Stored<im::ConversationRepository::Moved> Conversations::move_group(
    im::Permit<im::action::MoveGroupReadDate> permit, WallTime read_date) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<Moved> {
    Statement upsert = connection.prepare(
        "insert into group_conversation (group_id, member_id, read_date) values (?, ?, ?) "
        "on conflict (group_id, member_id) do update set read_date = excluded.read_date "
        "where read_date <= excluded.read_date");
    return upsert.bind(permit->group, permit->member, read_date).run() > 0 ? Moved::kDone
                                                                           : Moved::kBackwards;
  });
}

}  // namespace turms::store
