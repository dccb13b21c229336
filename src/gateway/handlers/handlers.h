#pragma once

#include "gateway/handlers/handler.h"

// One function for each request kind, in one file for each aggregate. A new kind: declare it here,
// define it there, and enter it in table.cc.

#define TURMS_HANDLER(name)                                             \
  Task<Answer> name(Environment& environment, const im::Caller& caller, \
                    const proto::TurmsRequest& request, [[maybe_unused]] Turn& turn)

namespace turms::gateway::handlers {

// users.cc
TURMS_HANDLER(query_user_profiles);
TURMS_HANDLER(query_nearby_users);
TURMS_HANDLER(query_user_online_statuses);
TURMS_HANDLER(update_user_location);
TURMS_HANDLER(update_user_online_status);
TURMS_HANDLER(update_user);
TURMS_HANDLER(update_user_settings);
TURMS_HANDLER(delete_user_settings);
TURMS_HANDLER(query_user_settings);

// relationships.cc
TURMS_HANDLER(create_friend_request);
TURMS_HANDLER(delete_friend_request);
TURMS_HANDLER(query_friend_requests);
TURMS_HANDLER(update_friend_request);
TURMS_HANDLER(create_relationship);
TURMS_HANDLER(delete_relationship);
TURMS_HANDLER(query_related_user_ids);
TURMS_HANDLER(query_relationships);
TURMS_HANDLER(update_relationship);
TURMS_HANDLER(create_relationship_group);
TURMS_HANDLER(delete_relationship_group);
TURMS_HANDLER(query_relationship_groups);
TURMS_HANDLER(update_relationship_group);

// groups.cc
TURMS_HANDLER(create_group);
TURMS_HANDLER(update_group);
TURMS_HANDLER(delete_group);
TURMS_HANDLER(query_groups);
TURMS_HANDLER(query_joined_group_ids);
TURMS_HANDLER(query_joined_group_infos);

// group_members.cc
TURMS_HANDLER(create_group_members);
TURMS_HANDLER(delete_group_members);
TURMS_HANDLER(update_group_member);
TURMS_HANDLER(query_group_members);

// group_blocklist.cc
TURMS_HANDLER(create_group_blocked_user);
TURMS_HANDLER(delete_group_blocked_user);
TURMS_HANDLER(query_group_blocked_user_ids);
TURMS_HANDLER(query_group_blocked_user_infos);

// group_invitations.cc
TURMS_HANDLER(create_group_invitation);
TURMS_HANDLER(query_group_invitations);
TURMS_HANDLER(update_group_invitation);
TURMS_HANDLER(delete_group_invitation);

// group_join_requests.cc
TURMS_HANDLER(create_group_join_request);
TURMS_HANDLER(delete_group_join_request);
TURMS_HANDLER(query_group_join_requests);
TURMS_HANDLER(update_group_join_request);

// group_join_questions.cc
TURMS_HANDLER(check_group_join_questions_answers);
TURMS_HANDLER(create_group_join_questions);
TURMS_HANDLER(delete_group_join_questions);
TURMS_HANDLER(query_group_join_questions);
TURMS_HANDLER(update_group_join_question);

// messages.cc
TURMS_HANDLER(create_message);
TURMS_HANDLER(query_messages);
TURMS_HANDLER(update_message);
TURMS_HANDLER(search_messages);
TURMS_HANDLER(update_group_retention);

// message_marks.cc
TURMS_HANDLER(create_message_reactions);
TURMS_HANDLER(delete_message_reactions);
TURMS_HANDLER(update_pinned_message);
TURMS_HANDLER(query_pinned_messages);

// conversations.cc
TURMS_HANDLER(update_conversation);
TURMS_HANDLER(query_conversations);
TURMS_HANDLER(update_typing_status);
TURMS_HANDLER(query_conversation_messages);
TURMS_HANDLER(query_conversation_list);

// conversation_settings.cc
TURMS_HANDLER(update_conversation_settings);
TURMS_HANDLER(delete_conversation_settings);
TURMS_HANDLER(query_conversation_settings);

// meetings.cc
TURMS_HANDLER(create_meeting);
TURMS_HANDLER(delete_meeting);
TURMS_HANDLER(query_meetings);
TURMS_HANDLER(update_meeting);
TURMS_HANDLER(update_meeting_invitation);
TURMS_HANDLER(query_meeting_state);
TURMS_HANDLER(control_meeting);

// storage.cc
TURMS_HANDLER(delete_resource);
TURMS_HANDLER(query_resource_download_info);
TURMS_HANDLER(query_resource_upload_info);
TURMS_HANDLER(query_message_attachment_infos);
TURMS_HANDLER(update_message_attachment_info);

}  // namespace turms::gateway::handlers
