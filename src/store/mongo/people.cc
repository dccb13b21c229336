#include <array>

#include "base/unicode.h"
#include "im/ports/versions.h"
#include "store/mongo/collections.h"
#include "store/sqlite/repositories.h"
#include "store/sqlite/value_rows.h"

namespace turms::store {
namespace {

using im::VersionOf;

/// Fields whose names begin with '_' are attributes that applications made.
void write_attributes(const ImportTarget& target, const bson::Document& document, int64_t user) {
  for (const bson::Element& field : document.elements()) {
    if (!field.name.starts_with('_') || field.name == "_id" || field.name.size() < 2) continue;
    if (const auto value = encode_value(field.value)) {
      write_values(target.connection, kUserAttributes, user,
                   {{std::string(field.name.substr(1)), *value}});
    } else {
      target.note("an attribute has a type that is not kept");
    }
  }
}

std::string password_of(const ImportTarget& target, Fields& user) {
  const auto stored = user.binary("pw");
  if (!stored) return std::string(kNoPassword);
  const auto password = imported_password(target.options.user_passwords, *stored);
  if (!password) target.note("the password was not stored by this algorithm: it has none now");
  return password.value_or(std::string(kNoPassword));
}

std::string write_user(const ImportTarget& target, Fields& user) {
  const int64_t id = user.id("_id");
  const std::string given = user.text("n");
  const std::string name = clean_name(given);
  const auto registered = user.date("rd").value_or(WallTime{});
  const auto deleted = user.date("dd");
  const auto access =
      user.enumeration("pas", im::ProfileAccessStrategy::kAll, im::ProfileAccessStrategy::kFriends);
  const int64_t role = user.integer("pgid", 0, 0);
  const bool active = user.flag("act", true) && !deleted;
  const std::string intro = user.text("intro");
  const std::string picture = user.text("pp");
  const auto updated = user.date("lud").value_or(registered);
  const std::string password = password_of(target, user);
  if (!user.good()) return user.problem();
  Statement insert = target.connection.prepare(
      "insert into user (id, name, intro, profile_picture, profile_access_strategy, "
      "registration_date, last_updated_date, active, password_hash, role_id, deletion_date, "
      "name_is_indexed) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing");
  insert.bind(id, name, intro, picture, access, registered, updated, active, password, role,
              deleted, deleted.has_value());
  if (insert.run() == 0) return kDuplicate;
  if (name != given) target.note("the name had characters that are not shown");
  write_attributes(target, user.document(), id);
  return {};
}

struct Stamp {
  std::string_view field;
  VersionOf kind;
};

std::string write_stamps(const ImportTarget& target, Fields& versions,
                         std::span<const Stamp> stamps) {
  const int64_t id = versions.id("_id");
  for (const Stamp& stamp : stamps) {
    const auto date = versions.date(stamp.field);
    if (!versions.good()) return versions.problem();
    if (!date) continue;
    Statement upsert = target.connection.prepare(
        "insert into version (kind, id, date) values (?, ?, ?) "
        "on conflict (kind, id) do update set date = max(excluded.date, date)");
    upsert.bind(stamp.kind, id, *date).run();
  }
  return versions.problem();
}

std::string write_user_versions(const ImportTarget& target, Fields& versions) {
  constexpr auto kStamps = std::to_array<Stamp>({
      {"sfr", VersionOf::kSentFriendRequests},
      {"rfr", VersionOf::kReceivedFriendRequests},
      {"r", VersionOf::kRelationships},
      {"rgm", VersionOf::kRelationships},
      {"rg", VersionOf::kRelationshipGroups},
      {"gjr", VersionOf::kSentJoinRequests},
      {"sgi", VersionOf::kSentInvitations},
      {"rgi", VersionOf::kReceivedInvitations},
      {"jg", VersionOf::kJoinedGroups},
  });
  return write_stamps(target, versions, kStamps);
}

std::string write_group_versions(const ImportTarget& target, Fields& versions) {
  constexpr auto kStamps = std::to_array<Stamp>({
      {"mbr", VersionOf::kGroupMembers},
      {"bl", VersionOf::kGroupBlocklist},
      {"jr", VersionOf::kGroupJoinRequests},
      {"jq", VersionOf::kGroupJoinQuestions},
      {"invt", VersionOf::kGroupInvitations},
  });
  return write_stamps(target, versions, kStamps);
}

std::string write_role(const ImportTarget& target, Fields& role) {
  const int64_t id = role.integer("_id", -1, 0);
  const std::string name = role.text("n");
  const int64_t limit = role.integer("ogl", INT32_MAX, INT32_MIN, INT32_MAX);
  const int64_t each = role.integer("oglegt", INT32_MAX, INT32_MIN, INT32_MAX);
  const auto types = role.integers("cgtid");
  const auto limits = role.elements("gtl");
  if (!role.good()) return role.problem();
  if (id < 0) return "`_id` is missing";
  {
    Statement insert = target.connection.prepare(
        "insert into user_role (id, name, owned_group_limit, owned_group_limit_per_type) "
        "values (?, ?, ?, ?) on conflict (id) do nothing");
    if (insert.bind(id, name, limit, each).run() == 0) return kDuplicate;
  }
  for (const int64_t type : types) {
    Statement insert = target.connection.prepare(
        "insert into user_role_group_type (role_id, type_id, creatable) values (?, ?, 1) "
        "on conflict do nothing");
    insert.bind(id, type).run();
  }
  for (const bson::Element& entry : limits) {
    const auto type = parse_key(entry.name);
    const auto most = entry.value.integer();
    if (!type || !most || *most < INT32_MIN || *most > INT32_MAX) {
      target.note("a limit of a group type is no number");
      continue;
    }
    Statement upsert = target.connection.prepare(
        "insert into user_role_group_type (role_id, type_id, creatable, owned_limit) "
        "values (?, ?, 0, ?) on conflict do update set owned_limit = excluded.owned_limit");
    upsert.bind(id, *type, *most).run();
  }
  return {};
}

std::string write_relationship(const ImportTarget& target, Fields& relationship) {
  Fields key = relationship.in("_id");
  const int64_t owner = key.id("oid");
  const int64_t related = key.id("rid");
  const auto blocked = relationship.date("bd");
  const auto established = relationship.date("ed").value_or(WallTime{});
  const std::string name = relationship.text("n");
  if (!key.good()) return key.problem();
  if (!relationship.good()) return relationship.problem();
  Statement insert = target.connection.prepare(
      "insert into relationship (owner_id, related_id, establishment_date, blocked_date, name) "
      "values (?, ?, ?, ?, ?) on conflict do nothing");
  insert.bind(owner, related, established, blocked, name);
  return insert.run() == 0 ? kDuplicate : "";
}

std::string write_relationship_group(const ImportTarget& target, Fields& group) {
  Fields key = group.in("_id");
  const int64_t owner = key.id("oid");
  const int64_t index = key.integer("gidx", 0, INT32_MIN, INT32_MAX);
  const std::string name = group.text("n");
  const auto created = group.date("cd").value_or(WallTime{});
  if (!key.good()) return key.problem();
  if (!group.good()) return group.problem();
  Statement insert = target.connection.prepare(
      "insert into relationship_group (owner_id, group_index, name, creation_date) "
      "values (?, ?, ?, ?) on conflict do nothing");
  return insert.bind(owner, index, name, created).run() == 0 ? kDuplicate : "";
}

std::string write_relationship_group_member(const ImportTarget& target, Fields& member) {
  Fields key = member.in("_id");
  const int64_t owner = key.id("oid");
  const int64_t index = key.integer("gidx", 0, INT32_MIN, INT32_MAX);
  const int64_t related = key.id("ruid");
  const auto joined = member.date("jd").value_or(WallTime{});
  if (!key.good()) return key.problem();
  if (!member.good()) return member.problem();
  Statement insert = target.connection.prepare(
      "insert into relationship_group_member (owner_id, related_id, group_index, join_date) "
      "values (?, ?, ?, ?) on conflict do nothing");
  return insert.bind(owner, related, index, joined).run() == 0 ? kDuplicate : "";
}

std::string write_friend_request(const ImportTarget& target, Fields& request) {
  const int64_t id = request.id("_id");
  const int64_t requester = request.id("rrid");
  const int64_t recipient = request.id("rtid");
  const std::string content = request.text("cnt");
  const auto status =
      request.enumeration("stat", im::RequestStatus::kPending, im::RequestStatus::kCanceled);
  const auto created = request.date("cd").value_or(WallTime{});
  const auto answered = request.date("adr");
  const std::string reason = request.text("rsn");
  if (!request.good()) return request.problem();
  Statement insert = target.connection.prepare(
      "insert into friend_request (id, requester_id, recipient_id, content, status, "
      "creation_date, response_date, expiration_date, reason) values (?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "on conflict (id) do nothing");
  insert.bind(id, requester, recipient, content, status, created, answered,
              expiry_of(target, created), reason);
  return insert.run() == 0 ? kDuplicate : "";
}

std::string write_user_settings(const ImportTarget& target, Fields& settings) {
  const int64_t user = settings.id("_id");
  const auto updated = settings.date("lud").value_or(WallTime{});
  const auto values = settings.elements("s");
  if (!settings.good()) return settings.problem();
  for (const bson::Element& setting : values) {
    if (const auto value = encode_value(setting.value)) {
      write_values(target.connection, kUserSettings, user, {{std::string(setting.name), *value}});
    } else {
      target.note("a setting has a type that is not kept");
    }
  }
  touch(target.connection, VersionOf::kUserSettings, user, updated);
  return {};
}

constexpr auto kImports = std::to_array<CollectionImport>({
    {"user", write_user},
    {"userVersion", write_user_versions},
    {"groupVersion", write_group_versions},
    {"userRole", write_role},
    {"userPermissionGroup", write_role},
    {"userRelationship", write_relationship},
    {"userRelationshipGroup", write_relationship_group},
    {"userRelationshipGroupMember", write_relationship_group_member},
    {"userFriendRequest", write_friend_request},
    {"userSettings", write_user_settings},
});

}  // namespace

std::span<const CollectionImport> people_imports() {
  return kImports;
}

}  // namespace turms::store
