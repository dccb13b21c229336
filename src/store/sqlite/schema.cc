#include "store/sqlite/schema.h"

#include <fmt/core.h>

#include <array>
#include <string>

#include "store/sqlite/connection.h"

namespace turms::store {
namespace {

constexpr int kApplicationId = 0x7475726d;  // "turm"

// Appended to, never changed: a file in the field has run some of these. Dates are milliseconds
// since 1970. Tables whose key is the whole access path are stored in it (without rowid).
constexpr std::array kMigrations = {
    R"(
create table user (
  id integer primary key,
  name text not null,
  intro text not null,
  profile_picture text not null,
  profile_access_strategy integer not null,
  registration_date integer not null,
  last_updated_date integer not null,
  active integer not null,
  password_hash text not null
) strict;

create table relationship (
  owner_id integer not null,
  related_id integer not null,
  establishment_date integer not null,
  blocked_date integer,
  primary key (owner_id, related_id)
) strict, without rowid;

create table group_type (
  id integer primary key,
  name text not null,
  size_limit integer not null,
  invitation_strategy integer not null,
  join_strategy integer not null,
  info_update_strategy integer not null,
  member_info_update_strategy integer not null,
  guest_speakable integer not null,
  self_info_updatable integer not null,
  read_receipt integer not null,
  message_editable integer not null
) strict;

create table chat_group (
  id integer primary key,
  type_id integer not null,
  creator_id integer not null,
  owner_id integer not null,
  name text not null,
  intro text not null,
  announcement text not null,
  min_score integer not null,
  creation_date integer not null,
  last_updated_date integer not null,
  mute_end_date integer,
  active integer not null
) strict;

create table group_member (
  group_id integer not null,
  user_id integer not null,
  name text not null,
  role integer not null,
  join_date integer not null,
  mute_end_date integer,
  primary key (group_id, user_id)
) strict, without rowid;
create index group_member_by_user on group_member (user_id);

create table group_blocked_user (
  group_id integer not null,
  user_id integer not null,
  block_date integer not null,
  requester_id integer not null,
  primary key (group_id, user_id)
) strict, without rowid;

create table group_invitation (
  id integer primary key,
  group_id integer not null,
  inviter_id integer not null,
  invitee_id integer not null,
  content text not null,
  status integer not null,
  creation_date integer not null,
  response_date integer,
  expiration_date integer not null,
  reason text not null
) strict;
create index group_invitation_by_group on group_invitation (group_id);
create index group_invitation_by_inviter on group_invitation (inviter_id);
create index group_invitation_by_invitee on group_invitation (invitee_id);

-- Ids ascend in the order of acceptance, so inserting appends. The time in the id is the delivery
-- date. Each message is in one of the two indexes, unless it was recalled.
create table message (
  id integer primary key,
  sender_id integer not null,
  group_id integer,
  recipient_id integer,
  is_system_message integer not null,
  text text,
  records blob,
  burn_after integer,
  modification_date integer,
  recall_date integer
) strict;
create index message_by_group on message (group_id, id, is_system_message)
  where group_id is not null and recall_date is null;
create index message_by_recipient on message (recipient_id, id, sender_id, is_system_message)
  where recipient_id is not null and recall_date is null;

create table private_conversation (
  owner_id integer not null,
  target_id integer not null,
  read_date integer not null,
  primary key (owner_id, target_id)
) strict, without rowid;

create table group_conversation (
  group_id integer not null,
  member_id integer not null,
  read_date integer not null,
  primary key (group_id, member_id)
) strict, without rowid;

create table version (
  kind integer not null,
  id integer not null,
  date integer not null,
  primary key (kind, id)
) strict, without rowid;

create table meeting (
  id integer primary key,
  creator_id integer not null,
  user_id integer,
  group_id integer,
  name text not null,
  intro text not null,
  password text,
  creation_date integer not null,
  start_date integer not null,
  end_date integer,
  cancel_date integer
) strict;
create index meeting_by_creator on meeting (creator_id);
create index meeting_by_user on meeting (user_id) where user_id is not null;
create index meeting_by_group on meeting (group_id) where group_id is not null;
create index meeting_active on meeting (id) where end_date is null and cancel_date is null;
)",
    R"(
-- Counts the changes of passwords, of all users together: a server that looks for the highest ones
-- finds whose sessions must end.
alter table user add column password_version integer not null default 0;
create index user_by_password_version on user (password_version) where password_version > 0;
)",
    R"(
-- Ways into a group. Answers are a JSON list. The stamps (VersionOf 6 to 8) are there from a group's
-- creation on.
create table group_join_request (
  id integer primary key,
  group_id integer not null,
  requester_id integer not null,
  responder_id integer,
  content text not null,
  status integer not null,
  creation_date integer not null,
  response_date integer,
  expiration_date integer not null,
  reason text not null
) strict;
create index group_join_request_by_group on group_join_request (group_id);
create index group_join_request_by_requester on group_join_request (requester_id);
create table group_join_question (
  id integer primary key,
  group_id integer not null,
  question text not null,
  answers text not null,
  score integer not null
) strict;
create index group_join_question_by_group on group_join_question (group_id);
insert into version (kind, id, date)
  select kinds.column1, chat_group.id, chat_group.creation_date
  from chat_group, (values (6), (7), (8)) as kinds where chat_group.active;
)",
    R"(
-- One-sided relationships have names and are in groups; the numbers are VersionOf.
alter table relationship add column name text not null default '';
create index relationship_by_related on relationship (related_id);
create table relationship_group (
  owner_id integer not null,
  group_index integer not null,
  name text not null,
  creation_date integer not null,
  primary key (owner_id, group_index)
) strict, without rowid;
create table relationship_group_member (
  owner_id integer not null,
  related_id integer not null,
  group_index integer not null,
  join_date integer not null,
  primary key (owner_id, related_id, group_index)
) strict, without rowid;
create index relationship_group_member_by_group
  on relationship_group_member (owner_id, group_index);
create table friend_request (
  id integer primary key,
  requester_id integer not null,
  recipient_id integer not null,
  content text not null,
  status integer not null,
  creation_date integer not null,
  response_date integer,
  expiration_date integer,
  reason text not null
) strict;
create index friend_request_by_requester on friend_request (requester_id, recipient_id);
create index friend_request_by_recipient on friend_request (recipient_id);
insert into relationship_group_member (owner_id, related_id, group_index, join_date)
  select owner_id, related_id, 0, establishment_date from relationship;
insert into relationship_group (owner_id, group_index, name, creation_date)
  select id, 0, '', registration_date from user;
insert into version (kind, id, date)
  select kinds.column1, user.id, user.registration_date
  from user, (values (20), (21), (22), (23)) as kinds;
)",
    R"(
-- A message's place in its conversation: (low, high) is (-1, group) or two users in order. Until now
-- order and date were in the id; dates are made to ascend within each conversation, since those of
-- a clock that had stepped back are equal.
-- The index begins with what differs most.
alter table message add column low integer
  generated always as (iif(group_id is null, min(sender_id, recipient_id), -1)) virtual;
alter table message add column high integer
  generated always as (coalesce(group_id, max(sender_id, recipient_id))) virtual;
alter table message add column sequence integer not null default 0;
alter table message add column delivery_date integer not null default 0;
alter table message add column pre_message_id integer;
alter table message add column sender_key text;
drop index message_by_group;
drop index message_by_recipient;

create temporary table place as
  select id, sequence, sequence + max(at - sequence) over (
      partition by low, high order by id rows unbounded preceding) as delivery_date
  from (select id, low, high, (id >> 22) + 1602547200000 as at,
               row_number() over (partition by low, high order by id) as sequence
        from message);
create unique index place_by_id on place (id);
update message set (sequence, delivery_date) =
  (select place.sequence, place.delivery_date from place where place.id = message.id);
drop table place;

create index message_by_sequence on message (high, low, sequence);
create unique index message_by_sender_key on message (sender_id, sender_key)
  where sender_key is not null;

-- Where a conversation goes on whose last messages were deleted.
create table conversation_head (
  low integer not null,
  high integer not null,
  sequence integer not null,
  delivery_date integer not null,
  primary key (low, high)
) strict, without rowid;

-- Both sides have a row from the first message on; read_date is 0 until they have read.
alter table private_conversation add column read_sequence integer not null default 0;
alter table group_conversation add column read_sequence integer not null default 0;
insert or ignore into private_conversation (owner_id, target_id, read_date)
  select distinct sender_id, recipient_id, 0 from message where recipient_id is not null
  union select distinct recipient_id, sender_id, 0 from message where recipient_id is not null;
update private_conversation set read_sequence = coalesce(
  (select max(sequence) from message where low = min(owner_id, target_id)
     and high = max(owner_id, target_id) and (id >> 22) + 1602547200000 <= read_date), 0);
update group_conversation set read_sequence = coalesce(
  (select max(sequence) from message where low = -1 and high = group_id
     and (id >> 22) + 1602547200000 <= read_date), 0);
)",
    R"(
-- What an owner's clients keep of a conversation; values are the protocol's.
create table conversation_setting (
  owner_id integer not null,
  is_group integer not null,
  target_id integer not null,
  name text not null,
  value blob not null,
  last_updated_date integer not null,
  primary key (owner_id, is_group, target_id, name)
) strict, without rowid;
)",
    R"(
create table message_reaction (
  message_id integer not null,
  type integer not null,
  user_id integer not null,
  date integer not null,
  primary key (message_id, type, user_id)
) strict, without rowid;
create table pinned_message (
  high integer not null,
  low integer not null,
  message_id integer not null,
  user_id integer not null,
  date integer not null,
  primary key (high, low, message_id)
) strict, without rowid;

-- When a message that burns is deleted; known once it was read.
alter table message add column burn_date integer;
create index message_to_burn on message (id) where burn_after is not null and burn_date is null;
create index message_burning on message (burn_date) where burn_date is not null;

-- Tokens of texts (search_tokens.h) by message id, and of the conversation. It follows what is
-- written: messages up to indexed_through are in it.
create virtual table message_text using fts5(
  place, tokens, content = '', tokenize = 'unicode61 remove_diacritics 2');
create table message_text_state (indexed_through integer not null) strict;
insert into message_text_state values (0);
)",
    R"(
-- Tokens that sign in without a password, by the SHA-256 of each.
create table session_token (
  hash blob primary key,
  user_id integer not null,
  device_type integer not null,
  password_version integer not null,
  creation_date integer not null,
  expiration_date integer not null
) strict, without rowid;
create index session_token_by_user on session_token (user_id, creation_date);
create index session_token_by_expiration on session_token (expiration_date);
)",
    R"(
-- Addresses (kind 0) and users (kind 1) that are not let in until a date.
create table blocked_client (
  kind integer not null,
  subject text not null,
  until integer not null,
  primary key (kind, subject)
) strict, without rowid;
)",
    R"(
-- Roles of users; role 0 is there without a row.
create table user_role (
  id integer primary key,
  name text not null,
  owned_group_limit integer not null,
  owned_group_limit_per_type integer not null
) strict;
create table user_role_group_type (
  role_id integer not null,
  type_id integer not null,
  creatable integer not null,
  owned_limit integer,
  primary key (role_id, type_id)
) strict, without rowid;
alter table user add column role_id integer not null default 0;
create index user_by_role on user (role_id) where role_id <> 0;
create index chat_group_by_owner on chat_group (owner_id, type_id) where active;
)",
    R"(
-- Each character and each two in a row of users' names, folded, so that a part of a name is found by
-- equal tokens. Whose name has none yet has it made when the database is opened (index_names).
create table user_name_token (
  token text not null,
  user_id integer not null,
  primary key (token, user_id)
) strict, without rowid;
create index user_name_token_by_user on user_name_token (user_id);
alter table user add column name_is_indexed integer not null default 0;
create index user_without_name_index on user (id) where name_is_indexed = 0;
create table user_attribute (
  user_id integer not null,
  name text not null,
  value blob not null,
  primary key (user_id, name)
) strict, without rowid;
create table user_setting (
  user_id integer not null,
  name text not null,
  value blob not null,
  primary key (user_id, name)
) strict, without rowid;
)",
    R"(
-- Deleted logically: not found any more, but the id stays taken.
alter table user add column deletion_date integer;
)",
    R"(
-- Files that were sent, or are about to be uploaded (size is null until somebody has looked). A
-- removed one is kept until its bytes are gone. kind of a share: 0 with a user, 1 with a group.
create table attachment (
  id integer primary key,
  name text not null,
  media_type text not null,
  uploader_id integer not null,
  creation_date integer not null,
  size integer,
  removed_date integer
) strict;
create index attachment_by_uploader on attachment (uploader_id, id) where removed_date is null;
create index attachment_by_date on attachment (creation_date);
create index attachment_unsettled on attachment (creation_date)
  where size is null and removed_date is null;
create index attachment_removed on attachment (creation_date) where removed_date is not null;

create table attachment_share (
  attachment_id integer not null,
  kind integer not null,
  target_id integer not null,
  primary key (attachment_id, kind, target_id)
) strict, without rowid;
create index attachment_share_by_target on attachment_share (kind, target_id, attachment_id);
)",
    R"(
-- Names of groups are found as those of users are.
create table group_name_token (
  token text not null,
  group_id integer not null,
  primary key (token, group_id)
) strict, without rowid;
create index group_name_token_by_group on group_name_token (group_id);
alter table chat_group add column name_is_indexed integer not null default 0;
create index chat_group_without_name_index on chat_group (id) where name_is_indexed = 0;
create table group_attribute (
  group_id integer not null,
  name text not null,
  value blob not null,
  primary key (group_id, name)
) strict, without rowid;
)",
    R"(
-- Single characters begin very many tokens, so they have an index of their own. It is made anew
-- behind what is written.
drop table message_text;
create virtual table message_text using fts5(
  place, tokens, content = '', prefix = '1', tokenize = 'unicode61 remove_diacritics 2');
update message_text_state set indexed_through = 0;
)",
    R"(
-- How long groups keep their messages, of those that say so.
create table group_retention (
  group_id integer primary key,
  hours integer not null
) strict;
)",
    R"(
-- Who may use the admin API. The key of a token is the SHA-256 of what its holder shows. The audit
-- log is in the order of its entries.
create table admin (
  account text primary key,
  name text not null,
  role_id integer not null,
  registration_date integer not null,
  password_hash text not null
) strict, without rowid;
create table admin_role (
  id integer primary key,
  name text not null,
  permissions text not null,
  rank integer not null,
  creation_date integer not null
) strict;
create table admin_token (
  id integer primary key autoincrement,
  account text not null,
  name text not null,
  creation_date integer not null,
  expiry_date integer not null,
  hash blob not null unique
) strict;
create index admin_token_by_account on admin_token (account);
create table admin_audit (
  id integer primary key autoincrement,
  date integer not null,
  account text not null,
  address text not null,
  trace_id text not null,
  action text not null,
  arguments text not null,
  status integer not null,
  code integer not null,
  reason text not null
) strict;
create index admin_audit_by_date on admin_audit (date);
)",
    R"(
create table changed_setting (
  key text primary key,
  value text not null
) strict;
)",
    R"(
-- A row of the full-text index is a message's place: the number of its conversation, and its
-- sequence in the lowest 32 bits. So what a reader may not see is passed over without a look at the
-- message, and a conversation is a range. It is made anew behind what is written.
create table searched_conversation (
  number integer primary key,
  high integer not null,
  low integer not null,
  unique (high, low)
) strict;
drop table message_text;
create virtual table message_text using fts5(
  tokens, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2');
update message_text_state set indexed_through = 0;
)",
    R"(
-- What a meeting's life has come to (im/meeting/codec.h).
alter table meeting add column state blob;
)",
};

}  // namespace

int schema_version() {
  return static_cast<int>(kMigrations.size());
}

Result<int> found_schema_version(Connection& connection) {
  const auto application = connection.scalar("pragma application_id");
  const auto found = connection.scalar("pragma user_version");
  const auto tables = connection.scalar("select count(*) from sqlite_schema");
  if (connection.failed()) return std::unexpected(connection.take_error());
  if (application != kApplicationId && (application != 0 || tables != 0)) {
    return fail(ErrorCode::kFailedPrecondition, "the database file belongs to another program");
  }
  if (found > schema_version()) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the database was written by a newer version (schema {}, this program "
                            "knows {}): update the program",
                            found, schema_version()));
  }
  return static_cast<int>(found);
}

Status migrate(Connection& connection, int target) {
  if (auto found = found_schema_version(connection); !found) {
    return std::unexpected(found.error());
  }
  // Another program may be at it too: the version is read again under the write lock.
  while (true) {
    connection.execute("begin immediate");
    const auto version = connection.scalar("pragma user_version");
    if (connection.failed() || version >= target) {
      connection.execute("rollback");
      break;
    }
    connection.execute(kMigrations[static_cast<size_t>(version)]);
    connection.execute(fmt::format("pragma application_id = {}", kApplicationId));
    connection.execute(fmt::format("pragma user_version = {}", version + 1));
    connection.execute("commit");
    if (connection.failed()) break;
  }
  if (connection.failed()) return std::unexpected(connection.take_error());
  return {};
}

}  // namespace turms::store
