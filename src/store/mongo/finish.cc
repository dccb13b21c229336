#include <array>
#include <string>
#include <vector>

#include "im/ports/versions.h"
#include "store/mongo/collections.h"
#include "store/sqlite/name_index.h"

namespace turms::store {
namespace {

/// Rows that belong to nothing.
struct Orphans {
  const char* collection;
  /// → what people are shown of each.
  const char* select;
  const char* remove;
  const char* reason;
};

#define TURMS_ORPHANS(collection, table, key, condition, reason)                \
  {                                                                             \
    collection, "select cast(" key " as text) from " table " where " condition, \
        "delete from " table " where " condition, reason                        \
  }
#define TURMS_NO_USER(column) "not exists (select 1 from user where user.id = " column ")"
#define TURMS_NO_GROUP(column) \
  "not exists (select 1 from chat_group where chat_group.id = " column " and chat_group.active)"
#define TURMS_NO_RELATIONSHIP                              \
  "not exists (select 1 from relationship r "              \
  "where r.owner_id = relationship_group_member.owner_id " \
  "and r.related_id = relationship_group_member.related_id)"

constexpr const char* kUserGone = "its user is not in the dump";
constexpr const char* kGroupGone = "its group is not in the dump, or was deleted";

// Where all users are kept elsewhere there is none in the dump, and nothing is missing.
constexpr Orphans kOfUsers[] = {
    TURMS_ORPHANS("userRelationship", "relationship", "owner_id || '-' || related_id",
                  TURMS_NO_USER("owner_id") " or " TURMS_NO_USER("related_id"), kUserGone),
    TURMS_ORPHANS("userRelationshipGroup", "relationship_group", "owner_id || '-' || group_index",
                  TURMS_NO_USER("owner_id"), kUserGone),
    TURMS_ORPHANS("userFriendRequest", "friend_request", "id",
                  TURMS_NO_USER("requester_id") " or " TURMS_NO_USER("recipient_id"), kUserGone),
    TURMS_ORPHANS("groupMember", "group_member", "group_id || '-' || user_id",
                  TURMS_NO_USER("user_id"), kUserGone),
};

constexpr Orphans kOfGroups[] = {
    TURMS_ORPHANS("groupMember", "group_member", "group_id || '-' || user_id",
                  TURMS_NO_GROUP("group_id"), kGroupGone),
    TURMS_ORPHANS("groupBlockedUser", "group_blocked_user", "group_id || '-' || user_id",
                  TURMS_NO_GROUP("group_id"), kGroupGone),
    TURMS_ORPHANS("groupInvitation", "group_invitation", "id", TURMS_NO_GROUP("group_id"),
                  kGroupGone),
    TURMS_ORPHANS("groupJoinRequest", "group_join_request", "id", TURMS_NO_GROUP("group_id"),
                  kGroupGone),
    TURMS_ORPHANS("groupJoinQuestion", "group_join_question", "id", TURMS_NO_GROUP("group_id"),
                  kGroupGone),
    TURMS_ORPHANS("message", "message", "id",
                  "group_id is not null and " TURMS_NO_GROUP("group_id"), kGroupGone),
    TURMS_ORPHANS("userRelationshipGroupMember", "relationship_group_member",
                  "owner_id || '-' || group_index || '-' || related_id", TURMS_NO_RELATIONSHIP,
                  "its relationship is not in the dump"),
};

#undef TURMS_ORPHANS
#undef TURMS_NO_USER
#undef TURMS_NO_GROUP
#undef TURMS_NO_RELATIONSHIP

void remove(Connection& connection, ImportReport& report, const Orphans& orphans) {
  auto& collection = report.collections[orphans.collection];
  {
    Statement found = connection.prepare(orphans.select);
    while (found.step()) {
      count(collection.skipped[orphans.reason], found.text());
      --collection.written;
    }
  }
  connection.execute(orphans.remove);
}

void remove_all(Connection& connection, ImportReport& report, std::span<const Orphans> all) {
  for (const Orphans& orphans : all) remove(connection, report, orphans);
}

void note(Connection& connection, ImportReport& report, const char* collection, const char* select,
          const char* what) {
  Statement found = connection.prepare(select);
  while (found.step()) count(report.collections[collection].changed[what], found.text());
}

/// By date and then by id; dates ascend within each conversation, as those of this server do.
constexpr const char* kPlaces = R"(
create temporary table place as
  select id, low, high, at, sequence, sequence + max(at - sequence) over (
      partition by low, high order by sequence rows unbounded preceding) as delivery_date
  from (select id, low, high, delivery_date as at,
               row_number() over (partition by low, high order by delivery_date, id) as sequence
        from message);
create unique index temp.place_by_id on place (id);
create index temp.place_by_time on place (high, low, at, sequence);
update message set (sequence, delivery_date) =
  (select place.sequence, place.delivery_date from place where place.id = message.id);
)";

/// Both sides of a private conversation have a row. How far somebody has read is a place now.
constexpr const char* kReadPositions = R"(
insert or ignore into private_conversation (owner_id, target_id, read_date)
  select distinct sender_id, recipient_id, 0 from message where recipient_id is not null
  union select distinct recipient_id, sender_id, 0 from message where recipient_id is not null;
update private_conversation set read_sequence = coalesce(
  (select sequence from place where high = max(owner_id, target_id)
     and low = min(owner_id, target_id) and at <= read_date
   order by at desc, sequence desc limit 1), 0) where read_date > 0;
delete from group_conversation where not exists (
  select 1 from group_member where group_member.group_id = group_conversation.group_id
    and group_member.user_id = group_conversation.member_id);
update group_conversation set read_sequence = coalesce(
  (select sequence from place where high = group_id and low = -1 and at <= read_date
   order by at desc, sequence desc limit 1), 0) where read_date > 0;
drop table place;
)";

/// What users, relationships and groups have from the beginning on; the numbers are VersionOf.
constexpr const char* kBeginnings = R"(
insert or ignore into relationship_group (owner_id, group_index, name, creation_date)
  select id, 0, '', registration_date from user;
delete from relationship_group_member where not exists (
  select 1 from relationship_group g where g.owner_id = relationship_group_member.owner_id
    and g.group_index = relationship_group_member.group_index);
insert into relationship_group_member (owner_id, related_id, group_index, join_date)
  select owner_id, related_id, 0, establishment_date from relationship r
  where not exists (select 1 from relationship_group_member m
    where m.owner_id = r.owner_id and m.related_id = r.related_id);
insert or ignore into version (kind, id, date)
  select kinds.column1, user.id, user.registration_date
  from user, (values (20), (21), (22), (23)) as kinds;
insert or ignore into version (kind, id, date)
  select kinds.column1, chat_group.id, chat_group.creation_date
  from chat_group, (values (4), (6), (7), (8)) as kinds where chat_group.active;
delete from version where kind between 4 and 8
  and not exists (select 1 from chat_group where chat_group.id = version.id and active);
)";

/// Ids of messages made elsewhere say nothing of the time, so old ones are found by their date.
constexpr const char* kByDate = "create index message_by_date on message (delivery_date)";

void mend_references(Connection& connection, ImportReport& report) {
  note(connection, report, "user",
       "select cast(id as text) from user where role_id <> 0 "
       "and not exists (select 1 from user_role where user_role.id = role_id)",
       "its permission group is not in the dump: it has the usual one now");
  connection.execute(
      "update user set role_id = 0 where role_id <> 0 "
      "and not exists (select 1 from user_role where user_role.id = role_id)");
  note(connection, report, "group",
       "select cast(id as text) from chat_group where type_id <> 0 "
       "and not exists (select 1 from group_type where group_type.id = type_id)",
       "its type is not in the dump: it has the usual one now");
  connection.execute(
      "update chat_group set type_id = 0 where type_id <> 0 "
      "and not exists (select 1 from group_type where group_type.id = type_id)");
}

}  // namespace

void count(ImportReport::Group& group, std::string key) {
  ++group.count;
  if (group.examples.size() < ImportReport::Group::kMaxExamples) {
    group.examples.push_back(std::move(key));
  }
}

void ImportTarget::note(const std::string& what) const {
  count(report.changed[what], key);
}

void finish_import(Connection& connection, ImportReport& report) {
  if (connection.scalar("select count(*) from user") > 0) {
    remove_all(connection, report, kOfUsers);
  }
  remove_all(connection, report, kOfGroups);
  mend_references(connection, report);
  connection.execute(kBeginnings);
  connection.execute("drop index message_by_sequence");
  connection.execute(kPlaces);
  connection.execute("create index message_by_sequence on message (high, low, sequence)");
  connection.execute(kReadPositions);
  connection.execute(kByDate);
}

}  // namespace turms::store
