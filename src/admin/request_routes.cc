// Requests to become a friend or a member, invitations, and what groups ask who wants to join.
#include <utility>

#include "admin/backend.h"
#include "admin/json.h"
#include "im/context.h"
#include "im/domain.h"
#include "im/ports/administration.h"
#include "im/ports/join_questions.h"
#include "im/request_operations.h"

namespace turms::admin {
namespace {

constexpr int64_t kMaxText = 4096;
/// Whose questions one request may ask for: each group may have a thousand.
constexpr size_t kMaxGroups = 100;

constexpr auto kSettlements =
    std::to_array<std::string_view>({"ACCEPTED", "DECLINED", "IGNORED", "CANCELED"});

std::string write_friend_request(const im::FriendRequest& request) {
  return JsonObject()
      .number("id", request.id.value)
      .number("requesterId", request.requester_id.value)
      .number("recipientId", request.recipient_id.value)
      .text("content", std::string_view(request.content))
      .text("status", name_of(request.status))
      .text("reason", std::string_view(request.reason))
      .date("creationDate", request.creation_date)
      .date("responseDate", request.response_date)
      .date("expirationDate", request.expiration_date)
      .str();
}

std::string write_invitation(const im::GroupInvitation& invitation) {
  return JsonObject()
      .number("id", invitation.id.value)
      .number("groupId", invitation.group_id.value)
      .number("inviterId", invitation.inviter_id.value)
      .number("inviteeId", invitation.invitee_id.value)
      .text("content", std::string_view(invitation.content))
      .text("status", name_of(invitation.status))
      .date("creationDate", invitation.creation_date)
      .date("responseDate", invitation.response_date)
      .date("expirationDate", invitation.expiration_date)
      .str();
}

std::string write_join_request(const im::GroupJoinRequest& request) {
  JsonObject object;
  object.number("id", request.id.value)
      .number("groupId", request.group_id.value)
      .number("requesterId", request.requester_id.value);
  if (request.responder_id) object.number("responderId", request.responder_id->value);
  return object.text("content", std::string_view(request.content))
      .text("status", name_of(request.status))
      .date("creationDate", request.creation_date)
      .date("responseDate", request.response_date)
      .date("expirationDate", request.expiration_date)
      .str();
}

std::string write_question(const im::GroupJoinQuestion& question) {
  return JsonObject()
      .number("id", question.id.value)
      .number("groupId", question.group_id.value)
      .text("question", std::string_view(question.question))
      .texts("answers", question.answers)
      .number("score", question.score)
      .str();
}

/// `group`, `from`, `to`: names of the lists of those. No group: empty.
std::vector<Field> search_fields(std::string_view group, std::string_view from, std::string_view to,
                                 bool paged) {
  std::vector<Field> fields = {ids_field("ids", "Of these ids")};
  if (!group.empty()) fields.push_back(ids_field(group, "Of one of these groups"));
  fields.push_back(ids_field(from, "By one of these users"));
  fields.push_back(ids_field(to, "To, or answered by, one of these users"));
  Field statuses = texts_field("statuses", "In one of these states", 32);
  statuses.choices = request_status_names();
  fields.push_back(statuses);
  fields.push_back(date_field("creationDateStart", "Made from then on"));
  fields.push_back(date_field("creationDateEnd", "Made before then"));
  fields.push_back(date_field("responseDateStart", "Answered from then on"));
  fields.push_back(date_field("responseDateEnd", "Answered before then"));
  fields.push_back(date_field("expirationDateStart", "Expiring from then on"));
  fields.push_back(date_field("expirationDateEnd", "Expiring before then"));
  add_size(fields, paged);
  return fields;
}

im::RequestSearch search_of(const Values& query, std::string_view from, std::string_view to,
                            WallTime now) {
  im::RequestSearch search;
  search.ids = query.numbers("ids");
  search.group_ids = query.ids<GroupId>("groupIds");
  search.from_ids = query.ids<UserId>(from);
  search.to_ids = query.ids<UserId>(to);
  for (const std::string& name : query.texts("statuses")) {
    if (const auto status = enumerator<im::RequestStatus>(request_status_names(), name)) {
      search.statuses.push_back(*status);
    }
  }
  search.creation = {query.date("creationDateStart"), query.date("creationDateEnd")};
  search.response = {query.date("responseDateStart"), query.date("responseDateEnd")};
  search.expiration = {query.date("expirationDateStart"), query.date("expirationDateEnd")};
  search.now = now;
  const Paging paging = paging_of(query);
  search.skip = paging.skip;
  search.limit = paging.limit;
  return search;
}

std::vector<Field> settlement_fields() {
  return {required(choice_field("status", "What becomes of those that are pending", kSettlements)),
          text_field("reason", "Why", kMaxText)};
}

im::Settlement settlement_of(const Values& body) {
  return {*enumerator<im::RequestStatus>(request_status_names(), body.text("status")),
          body.text("reason").value_or("")};
}

/// `paged`: with the total.
template <class Found, class Write>
Answer answer(const Found& found, bool paged, Write write) {
  if (!found) return refused(found.error());
  std::string records = json_list(found->records, write);
  return paged ? page(found->total, std::move(records)) : ok(std::move(records));
}

Answer count_of(const Result<int64_t>& done, Answer (*make)(int64_t)) {
  return done ? make(*done) : refused(done.error());
}

Field id_field(std::string_view name, std::string_view help) {
  return required(number_field(name, help, 1, INT64_MAX));
}

Field group_field() {
  return required(number_field("groupId", "Which group", INT64_MIN, INT64_MAX));
}

std::vector<Field> question_fields() {
  return {text_field("question", "What is asked", kMaxText),
          texts_field("answers", "Each of them is right", kMaxText),
          number_field("score", "What a right answer counts", 0, INT32_MAX)};
}

}  // namespace

std::vector<Route> RequestRoutes::routes() {
  std::vector<Route> all;
  add_friend_requests(all);
  add_invitations(all);
  add_join_requests(all);
  add_questions(all);
  return all;
}

// ------------------------------------------------------------------------------- friend requests

void RequestRoutes::add_friend_requests(std::vector<Route>& all) {
  using P = Permission;
  constexpr std::string_view kPath = "/users/relationships/friend-requests";
  const auto add = adding_to(all, this);
  const Field ids = ids_field("ids", "Which friend requests", true);
  add("POST", kPath, P::kUserFriendRequestCreate,
      "Ask a user to become a friend on behalf of another", {},
      {id_field("requesterId", "Who asks"), id_field("recipientId", "Who is asked"),
       text_field("content", "What they are told", kMaxText)},
      &RequestRoutes::create_friend_request);
  add("GET", kPath, P::kUserFriendRequestQuery, "List friend requests, the newest first",
      search_fields("", "requesterIds", "recipientIds", false), {},
      &RequestRoutes::friend_requests);
  add("GET", "/users/relationships/friend-requests/page", P::kUserFriendRequestQuery,
      "List friend requests in pages, the newest first",
      search_fields("", "requesterIds", "recipientIds", true), {},
      &RequestRoutes::friend_requests_page);
  add("PUT", kPath, P::kUserFriendRequestUpdate,
      "Settle pending friend requests; accepted ones make friends", {ids}, settlement_fields(),
      &RequestRoutes::settle_friend_requests);
  add("DELETE", kPath, P::kUserFriendRequestDelete, "Delete friend requests", {ids_field()}, {},
      &RequestRoutes::remove_friend_requests);
}

Task<Answer> RequestRoutes::create_friend_request(Call call) {
  auto made = co_await operations_.add_friend_request(UserId(*call.body.number("requesterId")),
                                                      UserId(*call.body.number("recipientId")),
                                                      call.body.text("content").value_or(""));
  co_return made ? ok(write_friend_request(*made)) : refused(made.error());
}

Task<Answer> RequestRoutes::find_friend_requests(Values query, bool paged) {
  auto found = co_await backend_.data.friend_requests(
      search_of(query, "requesterIds", "recipientIds", backend_.domain.context().now()));
  co_return answer(found, paged, write_friend_request);
}

Task<Answer> RequestRoutes::friend_requests(Call call) {
  return find_friend_requests(std::move(call.query), false);
}

Task<Answer> RequestRoutes::friend_requests_page(Call call) {
  return find_friend_requests(std::move(call.query), true);
}

Task<Answer> RequestRoutes::settle_friend_requests(Call call) {
  auto done = co_await operations_.settle_friend_requests(call.query.ids<FriendRequestId>("ids"),
                                                          settlement_of(call.body));
  co_return count_of(done, updated);
}

Task<Answer> RequestRoutes::remove_friend_requests(Call call) {
  auto done = co_await operations_.remove_friend_requests(call.query.ids<FriendRequestId>("ids"));
  co_return count_of(done, deleted);
}

// ----------------------------------------------------------------------------------- invitations

void RequestRoutes::add_invitations(std::vector<Route>& all) {
  using P = Permission;
  constexpr std::string_view kPath = "/groups/invitations";
  const auto add = adding_to(all, this);
  const Field ids = ids_field("ids", "Which invitations", true);
  add("POST", kPath, P::kGroupInvitationCreate, "Invite a user to a group on behalf of another", {},
      {group_field(), id_field("inviterId", "Who invites"), id_field("inviteeId", "Who is invited"),
       text_field("content", "What they are told", kMaxText)},
      &RequestRoutes::create_invitation);
  add("GET", kPath, P::kGroupInvitationQuery, "List invitations to groups, the newest first",
      search_fields("groupIds", "inviterIds", "inviteeIds", false), {},
      &RequestRoutes::invitations);
  add("GET", "/groups/invitations/page", P::kGroupInvitationQuery,
      "List invitations to groups in pages, the newest first",
      search_fields("groupIds", "inviterIds", "inviteeIds", true), {},
      &RequestRoutes::invitations_page);
  add("PUT", kPath, P::kGroupInvitationUpdate,
      "Settle pending invitations; accepted ones make members", {ids}, settlement_fields(),
      &RequestRoutes::settle_invitations);
  add("DELETE", kPath, P::kGroupInvitationDelete, "Delete invitations", {ids_field()}, {},
      &RequestRoutes::remove_invitations);
}

Task<Answer> RequestRoutes::create_invitation(Call call) {
  auto made = co_await operations_.add_invitation(
      GroupId(*call.body.number("groupId")), UserId(*call.body.number("inviterId")),
      UserId(*call.body.number("inviteeId")), call.body.text("content").value_or(""));
  co_return made ? ok(write_invitation(*made)) : refused(made.error());
}

Task<Answer> RequestRoutes::find_invitations(Values query, bool paged) {
  auto found = co_await backend_.data.invitations(
      search_of(query, "inviterIds", "inviteeIds", backend_.domain.context().now()));
  co_return answer(found, paged, write_invitation);
}

Task<Answer> RequestRoutes::invitations(Call call) {
  return find_invitations(std::move(call.query), false);
}

Task<Answer> RequestRoutes::invitations_page(Call call) {
  return find_invitations(std::move(call.query), true);
}

Task<Answer> RequestRoutes::settle_invitations(Call call) {
  auto done = co_await operations_.settle_invitations(call.query.ids<InvitationId>("ids"),
                                                      settlement_of(call.body));
  co_return count_of(done, updated);
}

Task<Answer> RequestRoutes::remove_invitations(Call call) {
  auto done = co_await operations_.remove_invitations(call.query.ids<InvitationId>("ids"));
  co_return count_of(done, deleted);
}

// ------------------------------------------------------------------------------ requests to join

void RequestRoutes::add_join_requests(std::vector<Route>& all) {
  using P = Permission;
  constexpr std::string_view kPath = "/groups/join-requests";
  const auto add = adding_to(all, this);
  const Field ids = ids_field("ids", "Which requests", true);
  add("POST", kPath, P::kGroupJoinRequestCreate, "Ask to join a group on behalf of a user", {},
      {group_field(), id_field("requesterId", "Who wants to join"),
       text_field("content", "What the managers are told", kMaxText)},
      &RequestRoutes::create_join_request);
  add("GET", kPath, P::kGroupJoinRequestQuery, "List requests to join groups, the newest first",
      search_fields("groupIds", "requesterIds", "responderIds", false), {},
      &RequestRoutes::join_requests);
  add("GET", "/groups/join-requests/page", P::kGroupJoinRequestQuery,
      "List requests to join groups in pages, the newest first",
      search_fields("groupIds", "requesterIds", "responderIds", true), {},
      &RequestRoutes::join_requests_page);
  add("PUT", kPath, P::kGroupJoinRequestUpdate,
      "Settle pending requests to join; accepted ones make members", {ids}, settlement_fields(),
      &RequestRoutes::settle_join_requests);
  add("DELETE", kPath, P::kGroupJoinRequestDelete, "Delete requests to join", {ids_field()}, {},
      &RequestRoutes::remove_join_requests);
}

Task<Answer> RequestRoutes::create_join_request(Call call) {
  auto made = co_await operations_.add_join_request(GroupId(*call.body.number("groupId")),
                                                    UserId(*call.body.number("requesterId")),
                                                    call.body.text("content").value_or(""));
  co_return made ? ok(write_join_request(*made)) : refused(made.error());
}

Task<Answer> RequestRoutes::find_join_requests(Values query, bool paged) {
  auto found = co_await backend_.data.join_requests(
      search_of(query, "requesterIds", "responderIds", backend_.domain.context().now()));
  co_return answer(found, paged, write_join_request);
}

Task<Answer> RequestRoutes::join_requests(Call call) {
  return find_join_requests(std::move(call.query), false);
}

Task<Answer> RequestRoutes::join_requests_page(Call call) {
  return find_join_requests(std::move(call.query), true);
}

Task<Answer> RequestRoutes::settle_join_requests(Call call) {
  auto done = co_await operations_.settle_join_requests(call.query.ids<JoinRequestId>("ids"),
                                                        settlement_of(call.body));
  co_return count_of(done, updated);
}

Task<Answer> RequestRoutes::remove_join_requests(Call call) {
  auto done = co_await operations_.remove_join_requests(call.query.ids<JoinRequestId>("ids"));
  co_return count_of(done, deleted);
}

// --------------------------------------------------------------------------------- join questions

void RequestRoutes::add_questions(std::vector<Route>& all) {
  using P = Permission;
  constexpr std::string_view kPath = "/groups/questions";
  const auto add = adding_to(all, this);
  const auto query = [](bool paged) {
    std::vector<Field> fields = {ids_field("ids", "Of these ids"),
                                 ids_field("groupIds", "Of these groups; at most 100")};
    add_size(fields, paged);
    return fields;
  };
  std::vector<Field> creation = question_fields();
  for (Field& field : creation) field.required = true;
  creation.push_back(group_field());
  add("POST", kPath, P::kGroupQuestionCreate, "Add a question to a group", {}, std::move(creation),
      &RequestRoutes::create_question);
  add("GET", kPath, P::kGroupQuestionQuery,
      "List what groups ask who wants to join, with the answers: say which, or of which groups",
      query(false), {}, &RequestRoutes::questions);
  add("GET", "/groups/questions/page", P::kGroupQuestionQuery,
      "List questions in pages: say which, or of which groups", query(true), {},
      &RequestRoutes::questions_page);
  add("PUT", kPath, P::kGroupQuestionUpdate, "Change questions",
      {ids_field("ids", "Which questions", true)}, question_fields(),
      &RequestRoutes::update_questions);
  add("DELETE", kPath, P::kGroupQuestionDelete, "Delete questions", {ids_field()}, {},
      &RequestRoutes::remove_questions);
}

Task<Answer> RequestRoutes::create_question(Call call) {
  im::GroupJoinQuestion question;
  question.group_id = GroupId(*call.body.number("groupId"));
  question.question = *call.body.text("question");
  question.answers = call.body.texts("answers");
  question.score = static_cast<int32_t>(*call.body.number("score"));
  auto made = co_await operations_.add_question(std::move(question));
  co_return made ? ok(write_question(*made)) : refused(made.error());
}

Task<Answer> RequestRoutes::find_questions(Values query, bool paged) {
  const auto ids = query.ids<JoinQuestionId>("ids");
  const auto groups = query.ids<GroupId>("groupIds");
  if ((ids.empty() && groups.empty()) || groups.size() > kMaxGroups) {
    co_return refused(Error{ErrorCode::kInvalidArgument, "ids or at most 100 groupIds are needed"});
  }
  im::JoinQuestionRepository& store = backend_.domain.context().store.join_questions;
  std::vector<im::GroupJoinQuestion> all;
  if (!ids.empty()) {
    auto found = co_await store.find(ids);
    if (!found) co_return refused(found.error());
    all = std::move(*found);
    std::erase_if(all, [&](const im::GroupJoinQuestion& question) {
      return !groups.empty() && std::ranges::find(groups, question.group_id) == groups.end();
    });
  } else {
    for (const GroupId group : groups) {
      auto found = co_await store.of_group(group);
      if (!found) co_return refused(found.error());
      std::move(found->begin(), found->end(), std::back_inserter(all));
    }
  }
  std::string records = json_list(cut(all, paging_of(query)), write_question);
  co_return paged ? page(static_cast<int64_t>(all.size()), std::move(records))
                  : ok(std::move(records));
}

Task<Answer> RequestRoutes::questions(Call call) {
  return find_questions(std::move(call.query), false);
}

Task<Answer> RequestRoutes::questions_page(Call call) {
  return find_questions(std::move(call.query), true);
}

Task<Answer> RequestRoutes::update_questions(Call call) {
  im::JoinQuestionChange change;
  change.question = call.body.text("question");
  if (call.body.has("answers")) change.answers = call.body.texts("answers");
  if (const auto score = call.body.number("score")) change.score = static_cast<int32_t>(*score);
  auto done = co_await operations_.update_questions(call.query.ids<JoinQuestionId>("ids"),
                                                    std::move(change));
  co_return count_of(done, updated);
}

Task<Answer> RequestRoutes::remove_questions(Call call) {
  auto done = co_await operations_.remove_questions(call.query.ids<JoinQuestionId>("ids"));
  co_return count_of(done, deleted);
}

}  // namespace turms::admin
