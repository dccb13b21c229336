#include "store/export.h"

#include <fmt/core.h>

#include <array>
#include <span>

#include "store/sqlite/connection.h"
#include "store/sqlite/schema.h"

namespace turms::store {
namespace {

/// A file, and the statement whose first column is its lines; ?1 is the user or the group.
struct Query {
  std::string_view file;
  const char* sql;
};

// Ids are texts: JSON's numbers end at 2^53 where many read them. Values of clients are shown as
// the bytes that they are.
#define TURMS_ID(column) "cast(" column " as text)"
#define TURMS_MESSAGE \
  "json_object('id', " TURMS_ID("m.id") ", 'sequence', m.sequence, 'delivery_date', "             \
  "m.delivery_date, 'sender_id', " TURMS_ID("m.sender_id") ", 'group_id', "                       \
  TURMS_ID("m.group_id") ", 'recipient_id', " TURMS_ID("m.recipient_id") ", 'is_system_message', " \
  "json(iif(m.is_system_message, 'true', 'false')), 'text', m.text, 'records_hex', "              \
  "hex(m.records), 'burn_after', m.burn_after, 'modification_date', m.modification_date, "        \
  "'recall_date', m.recall_date, 'pre_message_id', " TURMS_ID("m.pre_message_id") ")"
#define TURMS_INVITATION \
  "json_object('id', " TURMS_ID("id") ", 'group_id', " TURMS_ID("group_id") ", 'inviter_id', "  \
  TURMS_ID("inviter_id") ", 'invitee_id', " TURMS_ID("invitee_id") ", 'content', content, "     \
  "'status', status, 'creation_date', creation_date, 'response_date', response_date, "          \
  "'expiration_date', expiration_date, 'reason', reason)"
#define TURMS_JOIN_REQUEST \
  "json_object('id', " TURMS_ID("id") ", 'group_id', " TURMS_ID("group_id") ", 'requester_id', " \
  TURMS_ID("requester_id") ", 'responder_id', " TURMS_ID("responder_id") ", 'content', content, " \
  "'status', status, 'creation_date', creation_date, 'response_date', response_date, "          \
  "'expiration_date', expiration_date, 'reason', reason)"
#define TURMS_MEETING \
  "json_object('id', " TURMS_ID("id") ", 'creator_id', " TURMS_ID("creator_id") ", 'user_id', " \
  TURMS_ID("user_id") ", 'group_id', " TURMS_ID("group_id") ", 'name', name, 'intro', intro, " \
  "'creation_date', creation_date, 'start_date', start_date, 'end_date', end_date, "        \
  "'cancel_date', cancel_date)"
#define TURMS_ATTACHMENT \
  "json_object('id', " TURMS_ID("a.id") ", 'name', a.name, 'media_type', a.media_type, "          \
  "'uploader_id', " TURMS_ID("a.uploader_id") ", 'creation_date', a.creation_date, 'size', a.size)"
#define TURMS_GROUP \
  "json_object('id', " TURMS_ID("g.id") ", 'type_id', " TURMS_ID("g.type_id") ", 'creator_id', "  \
  TURMS_ID("g.creator_id") ", 'owner_id', " TURMS_ID("g.owner_id") ", 'name', g.name, 'intro', "  \
  "g.intro, 'announcement', g.announcement, 'min_score', g.min_score, 'creation_date', "          \
  "g.creation_date, 'last_updated_date', g.last_updated_date, 'mute_end_date', g.mute_end_date, " \
  "'active', json(iif(g.active, 'true', 'false')))"

constexpr auto kUserQueries = std::to_array<Query>({
    {"user", "select json_object('id', " TURMS_ID(
                 "id") ", 'name', name, 'intro', intro, "
                       "'profile_picture', profile_picture, 'profile_access_strategy', "
                       "profile_access_strategy, "
                       "'registration_date', registration_date, 'last_updated_date', "
                       "last_updated_date, 'active', "
                       "json(iif(active, 'true', 'false')), 'role_id', " TURMS_ID(
                           "role_id") ", 'deletion_date', "
                                      "deletion_date) from user where id = ?1"},
    {"attributes",
     "select json_object('name', name, 'value_hex', hex(value)) from user_attribute "
     "where user_id = ?1 order by name"},
    {"settings",
     "select json_object('name', name, 'value_hex', hex(value)) from user_setting "
     "where user_id = ?1 order by name"},
    {"relationships", "select json_object('related_user_id', " TURMS_ID(
                          "related_id") ", 'name', name, "
                                        "'establishment_date', establishment_date, 'block_date', "
                                        "blocked_date, 'group_indexes', "
                                        "(select json_group_array(m.group_index) from "
                                        "relationship_group_member m where m.owner_id = "
                                        "r.owner_id and m.related_id = r.related_id)) from "
                                        "relationship r where owner_id = ?1 "
                                        "order by related_id"},
    {"relationship_groups",
     "select json_object('index', group_index, 'name', name, 'creation_date', creation_date) "
     "from relationship_group where owner_id = ?1 order by group_index"},
    {"friend_requests",
     "select json_object('id', " TURMS_ID("id") ", 'requester_id', " TURMS_ID(
         "requester_id") ", "
                         "'recipient_id', " TURMS_ID(
                             "recipient_id") ", 'content', content, 'status', status, "
                                             "'creation_date', creation_date, 'response_date', "
                                             "response_date, 'expiration_date', "
                                             "expiration_date, 'reason', reason) from "
                                             "friend_request "
                                             "where requester_id = ?1 or recipient_id = ?1 order "
                                             "by id"},
    {"memberships", "select json_object('group_id', " TURMS_ID(
                        "m.group_id") ", 'group_name', g.name, 'name', "
                                      "m.name, 'role', m.role, 'join_date', m.join_date, "
                                      "'mute_end_date', m.mute_end_date) "
                                      "from group_member m join chat_group g on g.id = m.group_id "
                                      "where m.user_id = ?1 "
                                      "order by m.group_id"},
    {"owned_groups",
     "select " TURMS_GROUP " from chat_group g where g.owner_id = ?1 order by g.id"},
    {"group_invitations",
     "select " TURMS_INVITATION " from group_invitation where inviter_id = ?1 or invitee_id = ?1 "
     "order by id"},
    {"group_join_requests",
     "select " TURMS_JOIN_REQUEST " from group_join_request where requester_id = ?1 order by id"},
    // What they wrote, and of what others wrote what they may see.
    {"messages",
     "select " TURMS_MESSAGE " from message m where m.sender_id = ?1 "
     "or ((m.recipient_id = ?1 "
     "or m.group_id in (select group_id from group_member where user_id = ?1)) "
     "and m.recall_date is null and (m.burn_date is null or m.burn_date > unixepoch() * 1000)) "
     "order by m.low, m.high, m.sequence"},
    {"reactions",
     "select json_object('message_id', " TURMS_ID(
         "message_id") ", 'type', type, 'date', date) "
                       "from message_reaction where user_id = ?1 order by message_id, type"},
    {"private_conversations", "select json_object('user_id', " TURMS_ID(
                                  "target_id") ", 'read_date', read_date, "
                                               "'read_sequence', read_sequence) from "
                                               "private_conversation where owner_id = ?1 "
                                               "order by target_id"},
    {"group_conversations",
     "select json_object('group_id', " TURMS_ID(
         "group_id") ", 'read_date', read_date, "
                     "'read_sequence', read_sequence) from group_conversation where member_id = ?1 "
                     "order by group_id"},
    {"conversation_settings",
     "select json_object('user_id', iif(is_group, null, " TURMS_ID(
         "target_id") "), 'group_id', "
                      "iif(is_group, " TURMS_ID(
                          "target_id") ", null), 'name', name, 'value_hex', hex(value), "
                                       "'last_updated_date', last_updated_date) from "
                                       "conversation_setting where owner_id = ?1 "
                                       "order by is_group, target_id, name"},
    {"session_tokens",
     "select json_object('device_type', device_type, 'creation_date', creation_date, "
     "'expiration_date', expiration_date) from session_token where user_id = ?1 "
     "order by creation_date"},
    {"meetings", "select " TURMS_MEETING " from meeting where creator_id = ?1 order by id"},
    {"attachments", "select " TURMS_ATTACHMENT " from attachment a where a.uploader_id = ?1 "
                    "and a.removed_date is null order by a.id"},
});

constexpr auto kGroupQueries = std::to_array<Query>({
    {"group", "select " TURMS_GROUP " from chat_group g where g.id = ?1"},
    {"attributes",
     "select json_object('name', name, 'value_hex', hex(value)) from group_attribute "
     "where group_id = ?1 order by name"},
    {"members",
     "select json_object('user_id', " TURMS_ID(
         "user_id") ", 'name', name, 'role', role, "
                    "'join_date', join_date, 'mute_end_date', mute_end_date) from group_member "
                    "where group_id = ?1 order by user_id"},
    {"blocked_users",
     "select json_object('user_id', " TURMS_ID(
         "user_id") ", 'block_date', block_date, "
                    "'requester_id', " TURMS_ID(
                        "requester_id") ") from group_blocked_user where group_id = ?1 "
                                        "order by user_id"},
    {"invitations",
     "select " TURMS_INVITATION " from group_invitation where group_id = ?1 order by id"},
    {"join_requests",
     "select " TURMS_JOIN_REQUEST " from group_join_request where group_id = ?1 order by id"},
    {"join_questions", "select json_object('id', " TURMS_ID(
                           "id") ", 'question', question, 'answers', "
                                 "json(answers), 'score', score) from group_join_question where "
                                 "group_id = ?1 order by id"},
    // What was recalled or has burnt nobody may see any more.
    {"messages",
     "select " TURMS_MESSAGE " from message m where m.low = -1 and m.high = ?1 "
     "and m.recall_date is null and (m.burn_date is null or m.burn_date > unixepoch() * 1000) "
     "order by m.sequence"},
    {"reactions",
     "select json_object('message_id', " TURMS_ID(
         "r.message_id") ", 'type', r.type, 'user_id', " TURMS_ID("r.user_id") ", 'date', r.date) "
                                                                               "from message m "
                                                                               "join "
                                                                               "message_reaction r "
                                                                               "on r.message_id = "
                                                                               "m.id where m.low = "
                                                                               "-1 and m.high = ?1 "
                                                                               "and m.recall_date "
                                                                               "is null "
                                                                               "order by "
                                                                               "m.sequence, "
                                                                               "r.type, r.user_id"},
    {"pinned_messages",
     "select json_object('message_id', " TURMS_ID("message_id") ", 'user_id', " TURMS_ID(
         "user_id") ", 'date', date) from pinned_message where low = -1 and high = ?1 "
                    "order by message_id"},
    {"read_positions",
     "select json_object('user_id', " TURMS_ID(
         "member_id") ", 'read_date', read_date, "
                      "'read_sequence', read_sequence) from group_conversation where group_id = ?1 "
                      "order by member_id"},
    {"meetings", "select " TURMS_MEETING " from meeting where group_id = ?1 order by id"},
    {"attachments", "select " TURMS_ATTACHMENT " from attachment_share s join attachment a "
                    "on a.id = s.attachment_id where s.kind = 1 and s.target_id = ?1 "
                    "and a.removed_date is null order by a.id"},
});

#undef TURMS_ID
#undef TURMS_MESSAGE
#undef TURMS_INVITATION
#undef TURMS_JOIN_REQUEST
#undef TURMS_MEETING
#undef TURMS_ATTACHMENT
#undef TURMS_GROUP

struct Subject {
  const char* exists;
  std::span<const Query> queries;
  /// → ids of attachments.
  const char* files;
  std::string_view name;
};
constexpr Subject kUser = {
    "select 1 from user where id = ?1", kUserQueries,
    "select id from attachment where uploader_id = ?1 and removed_date is null order by id",
    "user"};
constexpr Subject kGroup = {
    "select 1 from chat_group where id = ?1", kGroupQueries,
    "select a.id from attachment_share s join attachment a on a.id = s.attachment_id "
    "where s.kind = 1 and s.target_id = ?1 and a.removed_date is null order by a.id",
    "group"};

Status write(Connection& connection, int64_t id, const Query& query, const ExportLine& line) {
  Statement select = connection.prepare(query.sql);
  select.bind(id);
  while (select.step()) {
    if (Status status = line(query.file, select.text()); !status) return status;
  }
  if (connection.failed()) return std::unexpected(connection.take_error());
  return {};
}

Result<std::vector<int64_t>> run(Connection& connection, const Subject& subject, int64_t id,
                                 const ExportLine& line) {
  const auto version = found_schema_version(connection);
  if (!version) return std::unexpected(version.error());
  if (*version != schema_version()) {
    return fail(ErrorCode::kFailedPrecondition,
                "the database was written by an older version: start the server once");
  }
  // One moment for all of it.
  connection.execute("begin");
  if (!connection.prepare(subject.exists).bind(id).step()) {
    if (connection.failed()) return std::unexpected(connection.take_error());
    return fail(ErrorCode::kNotFound, fmt::format("there is no {} {}", subject.name, id));
  }
  for (const Query& query : subject.queries) {
    if (Status status = write(connection, id, query, line); !status) {
      return std::unexpected(status.error());
    }
  }
  std::vector<int64_t> files;
  Statement select = connection.prepare(subject.files);
  select.bind(id);
  while (select.step()) files.push_back(select.integer());
  if (connection.failed()) return std::unexpected(connection.take_error());
  return files;
}

Result<std::vector<int64_t>> open_and_run(const std::filesystem::path& database,
                                          const Subject& subject, int64_t id,
                                          const ExportLine& line) {
  auto opened = Connection::open(database.string(), Connection::Mode::kExamine, Duration(10s));
  if (!opened) return std::unexpected(opened.error());
  return run(**opened, subject, id, line);
}

}  // namespace

Result<std::vector<int64_t>> export_user(const std::filesystem::path& database, int64_t user,
                                         const ExportLine& line) {
  return open_and_run(database, kUser, user, line);
}

Result<std::vector<int64_t>> export_group(const std::filesystem::path& database, int64_t group,
                                          const ExportLine& line) {
  return open_and_run(database, kGroup, group, line);
}

}  // namespace turms::store
