#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace turms::im {

/// What an operator may decide, with the upstream defaults.
struct Settings {
  /// Who hears of a change: the caller's other sessions, and the others it concerns.
  struct Notify {
    bool own_sessions = true;
    bool others = false;
  };

  struct Session {
    /// Of a token that signs in again without a password, from its last use. 0: none are given.
    Duration token_lifetime = std::chrono::hours(24 * 30);
  } session;

  struct Message {
    size_t max_text_size = 500;  // characters
    size_t max_records_bytes = 15 * 1024 * 1024;
    bool persist_records = false;  // those of system messages always are
    bool allow_messages_to_oneself = false;
    bool allow_messages_to_strangers = true;
    bool allow_edit_by_sender = true;
    bool allow_recall = true;
    Duration recall_period = std::chrono::seconds(300);
    /// Message.sequence_id for every client, not only those with extensions.
    bool sequence_id_of_groups = false;
    bool sequence_id_of_private = false;
    /// Message.pre_message_id likewise.
    bool persist_pre_message_id = false;
    /// 0: messages are kept for ever.
    Duration retention_period{};
    int32_t default_query_count = 1000;
    int32_t max_query_count = 1000;
    int32_t default_query_count_with_total = 1;
    int32_t max_query_count_with_total = 1000;
    bool show_recalled = false;
    /// Queries of private messages find those that the user has sent as well.
    bool show_own = false;
    /// Who is a member of the group, the user too, is one of the others.
    Notify created{true, true};
    Notify updated{true, true};
  } message;

  struct Group {
    size_t max_name_size = 200;
    size_t max_intro_size = 2000;
    size_t max_announcement_size = 4000;
    size_t max_member_name_size = 200;
    size_t max_members_per_request = 100;
    bool allow_type_change = false;
    /// Names of groups' own attributes that are kept.
    std::vector<std::string> attributes;
    bool ignore_unknown_attributes = false;
    bool search_names = true;

    /// Of texts 0: no bound but the size of a request. Of lifetimes 0: for ever.
    size_t max_invitation_content_size = 200;
    size_t max_invitation_reason_size = 200;
    Duration invitation_lifetime = std::chrono::hours(24 * 30);
    bool allow_invitation_recall_by_managers = false;
    bool allow_invitation_recall_by_sender = false;

    size_t max_join_request_content_size = 200;
    size_t max_join_request_reason_size = 200;
    Duration join_request_lifetime = std::chrono::hours(24 * 30);
    bool allow_join_request_recall = false;

    size_t max_question_size = 200;
    size_t max_answer_size = 50;
    size_t max_answers = 10;
  } group;

  /// Who hears of a change in a group.
  struct GroupNotify {
    /// The caller's other sessions, where the caller is not among those below.
    bool own_sessions = true;
    /// The user whom it concerns: who was blocked, invited, added.
    bool concerned = false;
    /// The owner and the managers.
    bool managers = false;
    bool members = false;
  };
  struct GroupNotifications {
    GroupNotify created;
    GroupNotify deleted{.members = true};
    GroupNotify updated{.members = true};
    GroupNotify member_added{.concerned = true, .members = true};
    GroupNotify member_removed{.concerned = true, .members = true};
    GroupNotify member_updated;
    GroupNotify blocked_user_added;
    GroupNotify blocked_user_removed;
    GroupNotify invitation_added{.concerned = true, .managers = true};
    GroupNotify invitation_recalled{.concerned = true, .managers = true};
    GroupNotify invitation_replied{.concerned = true, .managers = true};
    GroupNotify join_request_created{.managers = true};
    GroupNotify join_request_recalled{.managers = true};
    GroupNotify join_request_replied{.concerned = true, .managers = true};
  } group_notifications;

  struct Conversation {
    bool read_receipts = true;
    /// Who says so may move a read date back.
    bool allow_moving_back = false;
    /// Else the date of the request.
    bool use_server_time = true;
    bool read_by_writing = true;
    bool read_by_querying = false;
    bool typing_status = true;
    /// Names of settings; one that ends with '!' does not change once it is there.
    std::vector<std::string> settings;
    Notify private_read;
    Notify group_read;
    bool tell_private_setting_updated = true;
    bool tell_private_setting_deleted = true;
    bool tell_group_setting_updated = true;
    bool tell_group_setting_deleted = true;
  } conversation;

  struct People {
    /// 0: no bound of their own.
    size_t max_friend_request_content_size = 200;
    size_t max_friend_request_reason_size = 200;
    bool allow_friend_request_again = false;
    bool allow_friend_request_recall = false;
    /// 0: friend requests do not expire.
    Duration friend_request_lifetime = std::chrono::hours(24 * 30);
    bool delete_two_sided_relationships = false;
    size_t max_relationship_name_size = 200;
    size_t max_relationship_group_name_size = 200;

    /// Characters, as all of these. A password is never empty.
    size_t min_password_size = 0;
    size_t max_password_size = 16;
    size_t max_name_size = 20;
    size_t max_intro_size = 100;
    size_t max_profile_picture_size = 100;
    /// Names of users' own attributes and settings that are kept. A name that ends with '!' is of a
    /// setting that does not change once it is there.
    std::vector<std::string> attributes;
    std::vector<std::string> settings;
    bool ignore_unknown_attributes = false;
    bool ignore_unknown_settings = false;
    bool search_names = true;
    bool active_when_added = true;
    bool delete_logically = true;
    bool show_invisible_as_offline = false;

    Notify user_updated;
    Notify status_updated;
    Notify user_settings_updated;
    Notify user_settings_deleted;
    Notify friend_request_created{true, true};
    Notify friend_request_recalled{true, true};
    Notify friend_request_replied{true, true};
    Notify relationship_updated;
    Notify relationship_group_deleted;
    Notify relationship_group_updated;
    Notify relationship_added;
    Notify relationship_removed;
  } people;

  struct Location {
    bool enabled = true;
    int32_t default_nearby_count = 20;
    int32_t max_nearby_count = 100;
    int32_t default_distance = 10'000;  // metres
    int32_t max_distance = 10'000;
  } location;
};

}  // namespace turms::im
