#include <algorithm>

#include "base/check.h"
#include "store/sqlite/repositories.h"
#include "store/sqlite/request_rows.h"

namespace turms::store {
namespace {

#define TURMS_SELECT_FRIEND_REQUEST "select " TURMS_FRIEND_REQUEST_COLUMNS " from friend_request "

std::optional<im::FriendRequest> find_request(Connection& connection, FriendRequestId id) {
  Statement select = connection.prepare(TURMS_SELECT_FRIEND_REQUEST "where id = ?");
  if (!select.bind(id).step()) return std::nullopt;
  return read_friend_request(select);
}

/// Newest first out of the statement, ascending out of here.
std::vector<im::FriendRequest> read_all(Statement& select) {
  std::vector<im::FriendRequest> requests;
  while (select.step()) requests.push_back(read_friend_request(select));
  std::ranges::reverse(requests);
  return requests;
}

void settle(Connection& connection, const im::FriendRequest& request, im::RequestStatus status,
            const std::string& reason, WallTime now) {
  {
    Statement update = connection.prepare(
        "update friend_request set status = ?, reason = ?, response_date = ? where id = ?");
    update.bind(status, reason, now, request.id).run();
  }
  touch(connection, im::VersionOf::kSentFriendRequests, request.requester_id.value, now);
  touch(connection, im::VersionOf::kReceivedFriendRequests, request.recipient_id.value, now);
}

/// One that stands in the way of another.
bool hinders(const im::FriendRequest& request, bool again, WallTime now) {
  if (request.is_pending(now)) return true;
  if (again) return false;
  return request.status == im::RequestStatus::kPending ||
         request.status == im::RequestStatus::kDeclined ||
         request.status == im::RequestStatus::kIgnored ||
         request.status == im::RequestStatus::kExpired;
}

}  // namespace

im::Stored<std::optional<im::FriendRequest>> FriendRequests::find(FriendRequestId id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::FriendRequest>> {
        return find_request(connection, id);
      });
}

im::Stored<std::vector<im::FriendRequest>> FriendRequests::sent_by(UserId requester) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::FriendRequest>> {
        Statement select = connection.prepare(TURMS_SELECT_FRIEND_REQUEST
                                              "where requester_id = ? order by id desc limit ?");
        select.bind(requester, kMaxQueried);
        return read_all(select);
      });
}

im::Stored<std::vector<im::FriendRequest>> FriendRequests::received_by(UserId recipient) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::FriendRequest>> {
        Statement select = connection.prepare(TURMS_SELECT_FRIEND_REQUEST
                                              "where recipient_id = ? order by id desc limit ?");
        select.bind(recipient, kMaxQueried);
        return read_all(select);
      });
}

im::Stored<FriendRequests::Created> FriendRequests::create(
    im::Permit<im::action::CreateFriendRequest> permit, im::FriendRequest request, bool again) {
  TURMS_CHECK(request.requester_id == permit->requester &&
              request.recipient_id == permit->recipient);
  const WallTime now = request.creation_date;
  co_return co_await writer_.run([&](Connection& connection) -> Result<Created> {
    {
      Statement select = connection.prepare(TURMS_SELECT_FRIEND_REQUEST
                                            "where requester_id = ? and recipient_id = ?");
      select.bind(request.requester_id, request.recipient_id);
      while (select.step()) {
        if (hinders(read_friend_request(select), again, now)) return Created::kExists;
      }
    }
    {
      Statement count = connection.prepare(
          "select count(*) from friend_request where requester_id = ? and status = ? "
          "and (expiration_date is null or expiration_date > ?)");
      count.bind(request.requester_id, im::RequestStatus::kPending, now);
      if (count.step() && count.integer() >= kMaxPending) return Created::kTooMany;
    }
    {
      Statement insert = connection.prepare(
          "insert into friend_request (id, requester_id, recipient_id, content, status, "
          "creation_date, response_date, expiration_date, reason) "
          "values (?, ?, ?, ?, ?, ?, ?, ?, ?)");
      insert
          .bind(request.id, request.requester_id, request.recipient_id, request.content,
                request.status, request.creation_date, request.response_date,
                request.expiration_date, request.reason)
          .run();
    }
    touch(connection, im::VersionOf::kSentFriendRequests, request.requester_id.value, now);
    touch(connection, im::VersionOf::kReceivedFriendRequests, request.recipient_id.value, now);
    return Created::kDone;
  });
}

im::Stored<bool> FriendRequests::recall(im::Permit<im::action::RecallFriendRequest> permit,
                                        WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    const auto request = find_request(connection, permit->request);
    if (!request || !request->is_pending(now)) return false;
    settle(connection, *request, im::RequestStatus::kCanceled, request->reason, now);
    return true;
  });
}

im::Stored<FriendRequests::Replied> FriendRequests::reply(
    im::Permit<im::action::ReplyToFriendRequest> permit, im::RequestStatus status,
    std::string reason, WallTime now) {
  using Outcome = Replied::Outcome;
  co_return co_await writer_.run([&](Connection& connection) -> Result<Replied> {
    Replied replied;
    const auto request = find_request(connection, permit->request);
    if (!request || !request->is_pending(now)) {
      replied.outcome = Outcome::kNotPending;
      return replied;
    }
    const UserId requester = request->requester_id;
    const UserId recipient = request->recipient_id;
    if (status == im::RequestStatus::kAccepted) {
      constexpr int64_t kMost = im::RelationshipRepository::kMaxRelationships;
      if (count_relationships(connection, requester) >= kMost ||
          count_relationships(connection, recipient) >= kMost) {
        replied.outcome = Outcome::kFull;
        return replied;
      }
      replied.requester_gained = insert_relationship(connection, requester, recipient, false, "",
                                                     im::kDefaultRelationshipGroup, now);
      replied.recipient_gained = insert_relationship(connection, recipient, requester, false, "",
                                                     im::kDefaultRelationshipGroup, now);
    }
    settle(connection, *request, status, reason, now);
    return replied;
  });
}

}  // namespace turms::store
