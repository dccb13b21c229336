#pragma once

#include <cstdint>

#include "base/time.h"

namespace turms::im {

/// What an operator may decide, with the upstream defaults.
struct Settings {
  struct Message {
    size_t max_text_size = 500;  // characters
    size_t max_records_bytes = 15 * 1024 * 1024;
    bool persist_records = false;  // those of system messages always are
    bool allow_messages_to_oneself = false;
    bool allow_messages_to_strangers = true;
    bool allow_edit_by_sender = true;
    bool allow_recall = true;
    Duration recall_period = std::chrono::seconds(300);
    int32_t default_query_count = 1000;
    int32_t max_query_count = 1000;
    int32_t default_query_count_with_total = 1;
    int32_t max_query_count_with_total = 1000;
  } message;

  struct Group {
    size_t max_name_size = 200;
    size_t max_intro_size = 2000;
    size_t max_announcement_size = 4000;
    size_t max_member_name_size = 200;
    size_t max_members_per_request = 100;
    size_t max_invitation_content_size = 200;
    size_t max_reply_reason_size = 200;
    Duration invitation_lifetime = std::chrono::hours(24 * 30);
  } group;
};

}  // namespace turms::im
