#include "gateway/authentication/permissions.h"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <vector>

#include "gateway/proto.h"
#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

namespace json = boost::json;
using Request = proto::TurmsRequest;

enum class Action : uint8_t { kCreate, kDelete, kUpdate, kQuery };

struct Rule {
  std::string_view resource;
  Action action;
  int32_t kind;
};

// Upstream's table, and the kinds that it leaves out with the resources they belong to.
constexpr auto kRules = std::to_array<Rule>({
    {"USER", Action::kUpdate, Request::kUpdateUserRequest},
    {"USER", Action::kUpdate, Request::kUpdateUserSettingsRequest},
    {"USER", Action::kDelete, Request::kDeleteUserSettingsRequest},
    {"USER", Action::kQuery, Request::kQueryUserSettingsRequest},
    {"USER_LOCATION", Action::kUpdate, Request::kUpdateUserLocationRequest},
    {"USER_ONLINE_STATUS", Action::kUpdate, Request::kUpdateUserOnlineStatusRequest},
    {"USER_ONLINE_STATUS", Action::kQuery, Request::kQueryUserOnlineStatusesRequest},
    {"USER_PROFILE", Action::kQuery, Request::kQueryUserProfilesRequest},
    {"NEARBY_USER", Action::kQuery, Request::kQueryNearbyUsersRequest},
    {"RELATIONSHIP", Action::kCreate, Request::kCreateRelationshipRequest},
    {"RELATIONSHIP", Action::kDelete, Request::kDeleteRelationshipRequest},
    {"RELATIONSHIP", Action::kUpdate, Request::kUpdateRelationshipRequest},
    {"RELATIONSHIP", Action::kQuery, Request::kQueryRelationshipsRequest},
    {"RELATIONSHIP", Action::kQuery, Request::kQueryRelatedUserIdsRequest},
    {"RELATIONSHIP_GROUP", Action::kCreate, Request::kCreateRelationshipGroupRequest},
    {"RELATIONSHIP_GROUP", Action::kDelete, Request::kDeleteRelationshipGroupRequest},
    {"RELATIONSHIP_GROUP", Action::kUpdate, Request::kUpdateRelationshipGroupRequest},
    {"RELATIONSHIP_GROUP", Action::kQuery, Request::kQueryRelationshipGroupsRequest},
    {"FRIEND_REQUEST", Action::kCreate, Request::kCreateFriendRequestRequest},
    {"FRIEND_REQUEST", Action::kDelete, Request::kDeleteFriendRequestRequest},
    {"FRIEND_REQUEST", Action::kUpdate, Request::kUpdateFriendRequestRequest},
    {"FRIEND_REQUEST", Action::kQuery, Request::kQueryFriendRequestsRequest},
    {"GROUP", Action::kCreate, Request::kCreateGroupRequest},
    {"GROUP", Action::kDelete, Request::kDeleteGroupRequest},
    {"GROUP", Action::kUpdate, Request::kUpdateGroupRequest},
    {"GROUP", Action::kUpdate, Request::kUpdateGroupRetentionRequest},
    {"GROUP", Action::kQuery, Request::kQueryGroupsRequest},
    {"GROUP_BLOCKED_USER", Action::kCreate, Request::kCreateGroupBlockedUserRequest},
    {"GROUP_BLOCKED_USER", Action::kDelete, Request::kDeleteGroupBlockedUserRequest},
    {"GROUP_BLOCKED_USER", Action::kQuery, Request::kQueryGroupBlockedUserIdsRequest},
    {"GROUP_BLOCKED_USER", Action::kQuery, Request::kQueryGroupBlockedUserInfosRequest},
    {"GROUP_INVITATION", Action::kCreate, Request::kCreateGroupInvitationRequest},
    {"GROUP_INVITATION", Action::kDelete, Request::kDeleteGroupInvitationRequest},
    {"GROUP_INVITATION", Action::kUpdate, Request::kUpdateGroupInvitationRequest},
    {"GROUP_INVITATION", Action::kQuery, Request::kQueryGroupInvitationsRequest},
    {"GROUP_JOIN_QUESTION", Action::kCreate, Request::kCreateGroupJoinQuestionsRequest},
    {"GROUP_JOIN_QUESTION", Action::kDelete, Request::kDeleteGroupJoinQuestionsRequest},
    {"GROUP_JOIN_QUESTION", Action::kUpdate, Request::kUpdateGroupJoinQuestionRequest},
    {"GROUP_JOIN_QUESTION", Action::kQuery, Request::kQueryGroupJoinQuestionsRequest},
    {"GROUP_JOIN_QUESTION_ANSWER", Action::kQuery, Request::kCheckGroupJoinQuestionsAnswersRequest},
    {"GROUP_JOIN_REQUEST", Action::kCreate, Request::kCreateGroupJoinRequestRequest},
    {"GROUP_JOIN_REQUEST", Action::kDelete, Request::kDeleteGroupJoinRequestRequest},
    {"GROUP_JOIN_REQUEST", Action::kUpdate, Request::kUpdateGroupJoinRequestRequest},
    {"GROUP_JOIN_REQUEST", Action::kQuery, Request::kQueryGroupJoinRequestsRequest},
    {"GROUP_MEMBER", Action::kCreate, Request::kCreateGroupMembersRequest},
    {"GROUP_MEMBER", Action::kDelete, Request::kDeleteGroupMembersRequest},
    {"GROUP_MEMBER", Action::kUpdate, Request::kUpdateGroupMemberRequest},
    {"GROUP_MEMBER", Action::kQuery, Request::kQueryGroupMembersRequest},
    {"JOINED_GROUP", Action::kQuery, Request::kQueryJoinedGroupIdsRequest},
    {"JOINED_GROUP", Action::kQuery, Request::kQueryJoinedGroupInfosRequest},
    {"MESSAGE", Action::kCreate, Request::kCreateMessageRequest},
    {"MESSAGE", Action::kUpdate, Request::kUpdateMessageRequest},
    {"MESSAGE", Action::kQuery, Request::kQueryMessagesRequest},
    {"MESSAGE", Action::kCreate, Request::kCreateMessageReactionsRequest},
    {"MESSAGE", Action::kDelete, Request::kDeleteMessageReactionsRequest},
    {"CONVERSATION", Action::kUpdate, Request::kUpdateConversationRequest},
    {"CONVERSATION", Action::kQuery, Request::kQueryConversationsRequest},
    {"CONVERSATION", Action::kUpdate, Request::kUpdateConversationSettingsRequest},
    {"CONVERSATION", Action::kDelete, Request::kDeleteConversationSettingsRequest},
    {"CONVERSATION", Action::kQuery, Request::kQueryConversationSettingsRequest},
    {"CONVERSATION", Action::kQuery, Request::kQueryConversationListRequest},
    {"MESSAGE", Action::kQuery, Request::kQueryConversationMessagesRequest},
    {"MESSAGE", Action::kUpdate, Request::kUpdatePinnedMessageRequest},
    {"MESSAGE", Action::kQuery, Request::kQueryPinnedMessagesRequest},
    {"MESSAGE", Action::kQuery, Request::kSearchMessagesRequest},
    {"TYPING_STATUS", Action::kUpdate, Request::kUpdateTypingStatusRequest},
    {"MEETING", Action::kCreate, Request::kCreateMeetingRequest},
    {"MEETING", Action::kDelete, Request::kDeleteMeetingRequest},
    {"MEETING", Action::kUpdate, Request::kUpdateMeetingRequest},
    {"MEETING", Action::kUpdate, Request::kUpdateMeetingInvitationRequest},
    {"MEETING", Action::kQuery, Request::kQueryMeetingsRequest},
    {"MEETING", Action::kQuery, Request::kQueryMeetingStateRequest},
    {"RESOURCE", Action::kDelete, Request::kDeleteResourceRequest},
    {"RESOURCE", Action::kUpdate, Request::kUpdateMessageAttachmentInfoRequest},
    {"RESOURCE", Action::kQuery, Request::kQueryResourceDownloadInfoRequest},
    {"RESOURCE", Action::kQuery, Request::kQueryResourceUploadInfoRequest},
    {"RESOURCE", Action::kQuery, Request::kQueryMessageAttachmentInfosRequest},
});

std::unexpected<Error> invalid(std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, std::string(why));
}

Result<json::object> parse_object(std::string_view text) {
  boost::system::error_code ec;
  json::parse_options options;
  options.max_depth = 16;
  json::value value = json::parse(text, ec, {}, options);
  if (ec || !value.is_object()) return invalid("not a JSON object");
  return std::move(value.as_object());
}

/// One text or a list of them.
std::optional<std::vector<std::string>> texts_of(const json::object& object,
                                                 std::string_view name) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_string()) return std::vector{std::string(found->get_string())};
  if (!found->is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const json::value& one : found->get_array()) {
    if (!one.is_string()) return std::nullopt;
    texts.emplace_back(one.get_string());
  }
  return texts;
}

bool is_resource(std::string_view name) {
  return name == "*" || std::ranges::find(kRules, name, &Rule::resource) != kRules.end();
}

std::optional<Action> action_of(std::string_view name) {
  if (name == "CREATE") return Action::kCreate;
  if (name == "DELETE") return Action::kDelete;
  if (name == "UPDATE") return Action::kUpdate;
  if (name == "QUERY") return Action::kQuery;
  return std::nullopt;
}

bool matches(const Rule& rule, const std::vector<std::string>& actions,
             const std::vector<std::string>& resources) {
  const bool acts = std::ranges::any_of(actions, [&](const std::string& name) {
    return name == "*" || action_of(name) == rule.action;
  });
  return acts && std::ranges::any_of(resources, [&](const std::string& name) {
           return name == "*" || name == rule.resource;
         });
}

struct Kinds {
  std::unordered_set<int32_t> allowed;
  std::unordered_set<int32_t> denied;
};

Status apply(const json::value& statement, Kinds& kinds) {
  if (!statement.is_object()) return invalid("a statement is an object");
  const json::object& object = statement.get_object();
  const json::value* effect = object.if_contains("effect");
  const std::string_view word = effect != nullptr && effect->is_string()
                                    ? std::string_view(effect->get_string())
                                    : std::string_view();
  const bool allow = word == "ALLOW";
  if (!allow && word != "DENY") {
    return invalid("the effect of a statement is ALLOW or DENY");
  }
  const auto actions = texts_of(object, "actions");
  const auto resources = texts_of(object, "resources");
  if (!actions || !resources) return invalid("a statement has actions and resources");
  for (const std::string& name : *actions) {
    if (name != "*" && !action_of(name)) return invalid("a statement has an unknown action");
  }
  if (!std::ranges::all_of(*resources, is_resource)) {
    return invalid("a statement has an unknown resource");
  }
  for (const Rule& rule : kRules) {
    if (matches(rule, *actions, *resources)) {
      (allow ? kinds.allowed : kinds.denied).insert(rule.kind);
    }
  }
  return {};
}

}  // namespace

Result<Permissions> read_permissions(std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return std::unexpected(object.error());
  const json::value* statements = object->if_contains("statements");
  if (statements == nullptr) return Permissions();
  if (!statements->is_array()) return invalid("the statements are a list");
  if (statements->get_array().size() > kMaxStatements) return invalid("too many statements");
  Kinds kinds;
  for (const json::value& statement : statements->get_array()) {
    if (Status status = apply(statement, kinds); !status) return std::unexpected(status.error());
  }
  for (const int32_t kind : kinds.denied) kinds.allowed.erase(kind);
  return Permissions(std::move(kinds.allowed));
}

bool has_members(std::string_view text, const std::map<std::string, std::string>& expected) {
  const auto object = parse_object(text);
  if (!object) return false;
  return std::ranges::all_of(expected, [&](const auto& member) {
    const json::value* found = object->if_contains(member.first);
    if (found == nullptr) return false;
    return (found->is_string() ? std::string(found->get_string()) : json::serialize(*found)) ==
           member.second;
  });
}

}  // namespace turms::gateway
