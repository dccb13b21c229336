#include <algorithm>

#include "base/check.h"
#include "im/ports/invitations.h"
#include "store/sqlite/enrollment.h"
#include "store/sqlite/group_rows.h"
#include "store/sqlite/repositories.h"
#include "store/sqlite/request_rows.h"

namespace turms::store {
namespace {

constexpr const char* kSelectById =
    "select " TURMS_JOIN_REQUEST_COLUMNS " from group_join_request where id = ?";
constexpr const char* kSelectByGroup = "select " TURMS_JOIN_REQUEST_COLUMNS
                                       " from group_join_request where group_id = ? "
                                       "order by id desc limit ?";
constexpr const char* kSelectByRequester = "select " TURMS_JOIN_REQUEST_COLUMNS
                                           " from group_join_request where requester_id = ? "
                                           "order by id desc limit ?";

std::optional<im::GroupJoinRequest> read_open(Connection& connection, JoinRequestId id,
                                              WallTime now) {
  Statement select = connection.prepare(kSelectById);
  if (!select.bind(id).step()) return std::nullopt;
  im::GroupJoinRequest request = read_join_request(select);
  if (request.status != im::RequestStatus::kPending || request.expiration_date <= now) {
    return std::nullopt;
  }
  return request;
}

int64_t count_open(Connection& connection, UserId requester, WallTime now) {
  Statement select = connection.prepare(
      "select count(*) from group_join_request "
      "where requester_id = ? and status = ? and expiration_date > ?");
  return select.bind(requester, im::RequestStatus::kPending, now).step() ? select.integer() : 0;
}

void settle(Connection& connection, const im::GroupJoinRequest& request,
            std::optional<UserId> responder, im::RequestStatus status, const std::string& reason,
            WallTime now) {
  {
    Statement update = connection.prepare(
        "update group_join_request set status = ?, responder_id = ?, reason = ?, "
        "response_date = ? where id = ?");
    update.bind(status, responder, reason, now, request.id).run();
  }
  touch(connection, im::VersionOf::kGroupJoinRequests, request.group_id.value, now);
  touch(connection, im::VersionOf::kSentJoinRequests, request.requester_id.value, now);
}

}  // namespace

im::Stored<std::optional<im::GroupJoinRequest>> JoinRequests::find(JoinRequestId id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::GroupJoinRequest>> {
        Statement select = connection.prepare(kSelectById);
        if (!select.bind(id).step()) return std::nullopt;
        return read_join_request(select);
      });
}

im::Stored<std::vector<im::GroupJoinRequest>> JoinRequests::query(im::JoinRequestFilter filter) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::GroupJoinRequest>> {
        std::vector<im::GroupJoinRequest> requests;
        Statement select =
            connection.prepare(filter.group_id ? kSelectByGroup : kSelectByRequester);
        if (filter.group_id) {
          select.bind(*filter.group_id);
        } else {
          select.bind(filter.requester_id);
        }
        select.bind(im::kMaxQueriedRequests);
        while (select.step()) requests.push_back(read_join_request(select));
        std::ranges::reverse(requests);
        return requests;
      });
}

im::Stored<im::JoinRequestRepository::Created> JoinRequests::create(
    im::Permit<im::action::AskToJoin> permit, im::GroupJoinRequest request) {
  TURMS_CHECK(request.group_id == permit->group && request.requester_id == permit->requester);
  co_return co_await writer_.run([&](Connection& connection) -> Result<Created> {
    const WallTime now = request.creation_date;
    if (!is_group_active(connection, request.group_id)) return Created::kGroupGone;
    if (is_member(connection, request.group_id, request.requester_id)) return Created::kMember;
    if (is_blocked(connection, request.group_id, request.requester_id)) return Created::kBlocked;
    if (count_open(connection, request.requester_id, now) >= kMaxPending) return Created::kTooMany;
    {
      Statement insert = connection.prepare(
          "insert into group_join_request (id, group_id, requester_id, responder_id, content, "
          "status, creation_date, response_date, expiration_date, reason) "
          "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
      insert
          .bind(request.id, request.group_id, request.requester_id, request.responder_id,
                request.content, request.status, request.creation_date, request.response_date,
                request.expiration_date, request.reason)
          .run();
    }
    touch(connection, im::VersionOf::kGroupJoinRequests, request.group_id.value, now);
    touch(connection, im::VersionOf::kSentJoinRequests, request.requester_id.value, now);
    return Created::kDone;
  });
}

im::Stored<bool> JoinRequests::recall(im::Permit<im::action::RecallJoinRequest> permit,
                                      WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    const auto request = read_open(connection, permit->request, now);
    if (!request) return false;
    settle(connection, *request, std::nullopt, im::RequestStatus::kCanceled, {}, now);
    return true;
  });
}

im::Stored<im::JoinRequestRepository::Replied> JoinRequests::reply(
    im::Permit<im::action::ReplyToJoinRequest> permit, UserId responder, im::RequestStatus status,
    std::string reason, std::optional<im::GroupMember> member, int32_t size_limit, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<Replied> {
    const auto request = read_open(connection, permit->request, now);
    if (!request) return Replied::kNotPending;
    bool already_member = false;
    if (member) {
      const GroupId group = request->group_id;
      TURMS_CHECK(member->group_id == group && member->user_id == request->requester_id);
      if (!is_group_active(connection, group)) return Replied::kGroupGone;
      already_member = is_member(connection, group, member->user_id);
      if (!already_member) {
        if (is_blocked(connection, group, member->user_id)) return Replied::kBlocked;
        if (count_members(connection, group) >= size_limit) return Replied::kFull;
        insert_member(connection, *member, now);
        touch(connection, im::VersionOf::kGroupMembers, group.value, now);
      }
    }
    settle(connection, *request, responder, status, reason, now);
    return already_member ? Replied::kAlreadyMember : Replied::kDone;
  });
}

}  // namespace turms::store
