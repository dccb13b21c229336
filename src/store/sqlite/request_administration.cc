// What administration finds and deletes of friend requests, invitations, requests to join, and of
// how far users have read.
#include "store/sqlite/administration.h"
#include "store/sqlite/filters.h"
#include "store/sqlite/json.h"
#include "store/sqlite/repositories.h"
#include "store/sqlite/request_rows.h"

namespace turms::store {
namespace {

// The three tables differ in the names of who asks whom.
#define TURMS_REQUESTS(table, group, from, to) \
  "from " table " where " TURMS_ONE_OF("id", 1) "and " TURMS_ONE_OF(group, 2) "and "              \
  TURMS_ONE_OF(from, 3) "and " TURMS_ONE_OF(to, 4)                                                \
  "and (?5 is null or iif(status = 0 and expiration_date <= ?12, 5, status) "                     \
  "in (select value from json_each(?5))) "                                                        \
  "and creation_date >= ?6 and creation_date < ?7 "                                               \
  "and (?8 is null or response_date >= ?8) and (?9 is null or response_date < ?9) "               \
  "and (?10 is null or expiration_date >= ?10) and (?11 is null or expiration_date < ?11) "
#define TURMS_NEWEST "order by id desc limit ?13 offset ?14"
#define TURMS_FRIEND_REQUESTS TURMS_REQUESTS("friend_request", "0", "requester_id", "recipient_id")
#define TURMS_INVITATIONS TURMS_REQUESTS("group_invitation", "group_id", "inviter_id", "invitee_id")
#define TURMS_JOIN_REQUESTS \
  TURMS_REQUESTS("group_join_request", "group_id", "requester_id", "responder_id")

/// Lists for the parameters, which must outlive the statements.
struct RequestLists {
  explicit RequestLists(const im::RequestSearch& search)
      : ids(json_list(search.ids)),
        groups(json_of(search.group_ids)),
        from_ids(json_of(search.from_ids)),
        to_ids(json_of(search.to_ids)) {
    std::vector<int64_t> numbers;
    for (const im::RequestStatus status : search.statuses) {
      numbers.push_back(static_cast<int64_t>(status));
    }
    statuses = json_list(numbers);
  }
  void bind(Statement& statement, const im::RequestSearch& search) const {
    statement.bind(ids, groups, from_ids, to_ids, statuses, from(search.creation.start),
                   until(search.creation.end), search.response.start, search.response.end,
                   search.expiration.start, search.expiration.end, search.now);
  }
  std::optional<std::string> ids, groups, from_ids, to_ids, statuses;
};

template <class Request>
im::Listed<Request> find(Connection& connection, const im::RequestSearch& search,
                         const char* count_sql, const char* select_sql,
                         Request (*read)(Statement&)) {
  im::Listed<Request> found;
  const RequestLists lists(search);
  Statement count = connection.prepare(count_sql);
  lists.bind(count, search);
  if (count.step()) found.total = count.integer();
  Statement select = connection.prepare(select_sql);
  lists.bind(select, search);
  select.bind(search.limit, search.skip);
  while (select.step()) {
    Request request = read(select);
    const std::optional<WallTime> end = request.expiration_date;
    if (request.status == im::RequestStatus::kPending && end && *end <= search.now) {
      request.status = im::RequestStatus::kExpired;
    }
    found.records.push_back(std::move(request));
  }
  return found;
}

/// How many of `ids` there were. `sql` removes one and returns as many ids as there are `versions`:
/// whose of that kind moves.
template <class Id>
int64_t remove_each(Connection& connection, const std::vector<Id>& ids, const char* sql,
                    std::initializer_list<im::VersionOf> versions, WallTime now) {
  int64_t removed = 0;
  for (const Id id : ids) {
    std::vector<int64_t> owners;
    {
      Statement remove = connection.prepare(sql);
      if (!remove.bind(id).step()) continue;
      for (size_t i = 0; i < versions.size(); ++i) owners.push_back(remove.integer());
    }
    auto owner = owners.begin();
    for (const im::VersionOf version : versions) touch(connection, version, *owner++, now);
    ++removed;
  }
  return removed;
}

}  // namespace

im::Stored<im::Listed<im::FriendRequest>> Administration::friend_requests(
    im::RequestSearch search) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<im::Listed<im::FriendRequest>> {
        return find(connection, search, "select count(*) " TURMS_FRIEND_REQUESTS,
                    "select " TURMS_FRIEND_REQUEST_COLUMNS " " TURMS_FRIEND_REQUESTS TURMS_NEWEST,
                    read_friend_request);
      });
}

im::Stored<im::Listed<im::GroupInvitation>> Administration::invitations(im::RequestSearch search) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<im::Listed<im::GroupInvitation>> {
        return find(connection, search, "select count(*) " TURMS_INVITATIONS,
                    "select " TURMS_INVITATION_COLUMNS " " TURMS_INVITATIONS TURMS_NEWEST,
                    read_invitation);
      });
}

im::Stored<im::Listed<im::GroupJoinRequest>> Administration::join_requests(
    im::RequestSearch search) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<im::Listed<im::GroupJoinRequest>> {
        return find(connection, search, "select count(*) " TURMS_JOIN_REQUESTS,
                    "select " TURMS_JOIN_REQUEST_COLUMNS " " TURMS_JOIN_REQUESTS TURMS_NEWEST,
                    read_join_request);
      });
}

im::Stored<int64_t> Administration::delete_friend_requests(
    im::Permit<im::action::DeleteFriendRequests> permit, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<int64_t> {
    return remove_each(connection, permit->requests,
                       "delete from friend_request where id = ? returning requester_id, "
                       "recipient_id",
                       {im::VersionOf::kSentFriendRequests, im::VersionOf::kReceivedFriendRequests},
                       now);
  });
}

im::Stored<int64_t> Administration::delete_invitations(
    im::Permit<im::action::DeleteInvitations> permit, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<int64_t> {
    return remove_each(connection, permit->invitations,
                       "delete from group_invitation where id = ? returning group_id, inviter_id, "
                       "invitee_id",
                       {im::VersionOf::kGroupInvitations, im::VersionOf::kSentInvitations,
                        im::VersionOf::kReceivedInvitations},
                       now);
  });
}

im::Stored<int64_t> Administration::delete_join_requests(
    im::Permit<im::action::DeleteJoinRequests> permit, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<int64_t> {
    return remove_each(connection, permit->requests,
                       "delete from group_join_request where id = ? returning group_id, "
                       "requester_id",
                       {im::VersionOf::kGroupJoinRequests, im::VersionOf::kSentJoinRequests}, now);
  });
}

// The rows stay: they also say with whom somebody has a conversation.
im::Stored<int64_t> Administration::forget_read_positions(
    im::Permit<im::action::ForgetReadPositions> permit) {
  const auto owners = json_of(permit->owners);
  const auto targets = json_of(permit->targets);
  const auto groups = json_of(permit->groups);
  const auto members = json_of(permit->members);
  co_return co_await writer_.run([&](Connection& connection) -> Result<int64_t> {
    int64_t changed = 0;
    if (owners) {
      Statement update = connection.prepare(
          "update private_conversation set read_date = 0, read_sequence = 0 where read_date > 0 "
          "and owner_id in (select value from json_each(?1)) and " TURMS_ONE_OF("target_id", 2));
      changed += update.bind(owners, targets).run();
    }
    if (groups) {
      Statement update = connection.prepare(
          "update group_conversation set read_date = 0, read_sequence = 0 where read_date > 0 "
          "and group_id in (select value from json_each(?1)) and " TURMS_ONE_OF("member_id", 2));
      changed += update.bind(groups, members).run();
    }
    return changed;
  });
}

}  // namespace turms::store
