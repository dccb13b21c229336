#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "im/ports/messages.h"
#include "store/sqlite/connection.h"

namespace turms::store {

/// The columns that read_message() reads, for literals of statements.
#define TURMS_MESSAGE_COLUMNS                                                           \
  "id, sequence, delivery_date, sender_id, group_id, recipient_id, is_system_message, " \
  "text, records, burn_after, modification_date, recall_date, pre_message_id "

im::Message read_message(Statement& row);

/// Recalled ones too.
std::optional<im::Message> find_message(Connection& connection, MessageId id);
std::vector<im::Message> find_messages(Connection& connection, const im::MessageFilter& filter);
/// Fills in how users reacted.
void add_reactions(Connection& connection, std::vector<im::Message>& messages);
int64_t count_messages(Connection& connection, const im::MessageFilter& filter);

/// Each record after its length (32 bits, network byte order).
Bytes encode_records(const std::vector<Bytes>& records);

}  // namespace turms::store
