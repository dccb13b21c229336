#include "gateway/names.h"

#include "base/unicode.h"
#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

bool clean(std::string* name) {
  if (name->empty()) return true;
  *name = clean_name(*name);
  return shows_something(*name);
}

/// A message with `optional string name`.
template <class Message>
bool clean_optional(Message& message) {
  return !message.has_name() || clean(message.mutable_name());
}

template <class Message>
void clean_intro(Message& message) {
  if (message.has_intro()) message.set_intro(clean_text(message.intro()));
}

template <class Message>
void clean_announcement(Message& message) {
  if (message.has_announcement()) message.set_announcement(clean_text(message.announcement()));
}

}  // namespace

bool clean_names(proto::TurmsRequest& request) {
  using Request = proto::TurmsRequest;
  switch (request.kind_case()) {
    case Request::kUpdateUserRequest:
      clean_intro(*request.mutable_update_user_request());
      return clean_optional(*request.mutable_update_user_request());
    case Request::kCreateGroupRequest:
      clean_intro(*request.mutable_create_group_request());
      clean_announcement(*request.mutable_create_group_request());
      return clean(request.mutable_create_group_request()->mutable_name());
    case Request::kUpdateGroupRequest:
      clean_intro(*request.mutable_update_group_request());
      clean_announcement(*request.mutable_update_group_request());
      return clean_optional(*request.mutable_update_group_request());
    case Request::kCreateGroupMembersRequest:
      return clean_optional(*request.mutable_create_group_members_request());
    case Request::kUpdateGroupMemberRequest:
      return clean_optional(*request.mutable_update_group_member_request());
    case Request::kCreateRelationshipRequest:
      return clean_optional(*request.mutable_create_relationship_request());
    case Request::kUpdateRelationshipRequest:
      return clean_optional(*request.mutable_update_relationship_request());
    case Request::kCreateRelationshipGroupRequest:
      return clean(request.mutable_create_relationship_group_request()->mutable_name());
    case Request::kUpdateRelationshipGroupRequest:
      return clean(request.mutable_update_relationship_group_request()->mutable_new_name());
    case Request::kCreateMeetingRequest:
      clean_intro(*request.mutable_create_meeting_request());
      return clean_optional(*request.mutable_create_meeting_request());
    case Request::kUpdateMeetingRequest:
      clean_intro(*request.mutable_update_meeting_request());
      return clean_optional(*request.mutable_update_meeting_request());
    default:
      return true;
  }
}

}  // namespace turms::gateway
