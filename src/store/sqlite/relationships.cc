#include "store/sqlite/json.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

struct Row {
  bool exists = false;
  bool blocked = false;
  std::string name;
};

Row find_relationship(Connection& connection, UserId owner, UserId related) {
  Row row;
  Statement select = connection.prepare(
      "select blocked_date, name from relationship where owner_id = ? and related_id = ?");
  if (!select.bind(owner, related).step()) return row;
  row.exists = true;
  row.blocked = select.optional_time().has_value();
  row.name = select.text();
  return row;
}

bool join(Connection& connection, UserId owner, UserId related, int32_t group, WallTime now) {
  Statement insert = connection.prepare(
      "insert into relationship_group_member (owner_id, related_id, group_index, join_date) "
      "values (?, ?, ?, ?) on conflict do nothing");
  return insert.bind(owner, related, group, now).run() > 0;
}

bool leave(Connection& connection, UserId owner, UserId related, int32_t group) {
  Statement remove = connection.prepare(
      "delete from relationship_group_member "
      "where owner_id = ? and related_id = ? and group_index = ?");
  return remove.bind(owner, related, group).run() > 0;
}

int64_t count_groups_of(Connection& connection, UserId owner, UserId related) {
  Statement select = connection.prepare(
      "select count(*) from relationship_group_member where owner_id = ? and related_id = ?");
  return select.bind(owner, related).step() ? select.integer() : 0;
}

bool erase(Connection& connection, UserId owner, UserId related) {
  {
    Statement remove = connection.prepare(
        "delete from relationship_group_member where owner_id = ? and related_id = ?");
    remove.bind(owner, related).run();
  }
  Statement remove =
      connection.prepare("delete from relationship where owner_id = ? and related_id = ?");
  return remove.bind(owner, related).run() > 0;
}

void touch_relationships(Connection& connection, UserId owner, WallTime now) {
  touch(connection, im::VersionOf::kRelationships, owner.value, now);
}

/// Whether it changed.
bool set_blocked(Connection& connection, UserId owner, UserId related,
                 std::optional<WallTime> date) {
  Statement update = connection.prepare(
      "update relationship set blocked_date = ? where owner_id = ? and related_id = ?");
  return update.bind(date, owner, related).run() > 0;
}

bool set_name(Connection& connection, UserId owner, UserId related, const std::string& name) {
  Statement update =
      connection.prepare("update relationship set name = ? where owner_id = ? and related_id = ?");
  return update.bind(name, owner, related).run() > 0;
}

bool change_groups(Connection& connection, UserId owner, UserId related,
                   const im::RelationshipChange& change, WallTime now) {
  bool changed = false;
  if (change.leave_group) changed = leave(connection, owner, related, *change.leave_group);
  if (change.join_group) {
    changed = join(connection, owner, related, *change.join_group, now) || changed;
  } else if (changed && count_groups_of(connection, owner, related) == 0) {
    join(connection, owner, related, im::kDefaultRelationshipGroup, now);
    // From the default group to the default group.
    changed = *change.leave_group != im::kDefaultRelationshipGroup;
  }
  return changed;
}

bool has_group(Connection& connection, UserId owner, int32_t index) {
  Statement select =
      connection.prepare("select 1 from relationship_group where owner_id = ? and group_index = ?");
  return select.bind(owner, index).step();
}

std::optional<std::string> json_of_numbers(const std::vector<int32_t>& numbers) {
  if (numbers.empty()) return std::nullopt;
  std::string json = "[";
  for (const int32_t number : numbers) {
    if (json.size() > 1) json += ',';
    json += std::to_string(number);
  }
  return json + "]";
}

}  // namespace

void begin_relationships(Connection& connection, UserId owner, WallTime now) {
  {
    Statement insert = connection.prepare(
        "insert into relationship_group (owner_id, group_index, name, creation_date) "
        "values (?, ?, '', ?) on conflict do nothing");
    insert.bind(owner, im::kDefaultRelationshipGroup, now).run();
  }
  for (const im::VersionOf kind :
       {im::VersionOf::kSentFriendRequests, im::VersionOf::kReceivedFriendRequests,
        im::VersionOf::kRelationships, im::VersionOf::kRelationshipGroups}) {
    touch(connection, kind, owner.value, now);
  }
}

bool insert_relationship(Connection& connection, UserId owner, UserId related, bool blocked,
                         const std::string& name, int32_t group_index, WallTime now) {
  {
    Statement insert = connection.prepare(
        "insert into relationship (owner_id, related_id, establishment_date, blocked_date, name) "
        "values (?, ?, ?, ?, ?) on conflict do nothing");
    insert.bind(owner, related, now, blocked ? std::optional(now) : std::nullopt, name);
    if (insert.run() == 0) return false;
  }
  join(connection, owner, related, group_index, now);
  touch_relationships(connection, owner, now);
  return true;
}

int64_t count_relationships(Connection& connection, UserId owner) {
  Statement select = connection.prepare("select count(*) from relationship where owner_id = ?");
  return select.bind(owner).step() ? select.integer() : 0;
}

im::Stored<im::Reachability> Relationships::reachability(UserId owner) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<im::Reachability> {
    im::Reachability found;
    {
      Statement select =
          connection.prepare("select active from user where id = ? and deletion_date is null");
      found.exists_and_active = select.bind(owner).step() && select.boolean();
    }
    Statement select = connection.prepare(
        "select related_id, blocked_date from relationship where owner_id = ? order by related_id");
    select.bind(owner);
    while (select.step()) {
      const auto related = select.id<UserId>();
      (select.null() ? found.friends : found.blocked).push_back(related);
    }
    return found;
  });
}

im::Stored<std::vector<im::Relationship>> Relationships::query(im::RelationshipFilter filter) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::Relationship>> {
        std::vector<im::Relationship> found;
        const auto users = json_of(filter.related_user_ids);
        const auto groups = json_of_numbers(filter.group_indexes);
        Statement select = connection.prepare(
            "select related_id, blocked_date, establishment_date, name, (select min(group_index) "
            "from relationship_group_member as m where m.owner_id = r.owner_id and "
            "m.related_id = r.related_id) from relationship as r where owner_id = ?1 "
            "and (?2 is null or related_id in (select value from json_each(?2))) "
            "and (?3 is null or (blocked_date is not null) = ?3) "
            "and (?4 is null or exists (select 1 from relationship_group_member as m "
            "where m.owner_id = r.owner_id and m.related_id = r.related_id "
            "and m.group_index in (select value from json_each(?4)))) order by related_id");
        select.bind(filter.owner_id, users, filter.blocked, groups);
        while (select.step()) {
          im::Relationship one;
          one.owner_id = filter.owner_id;
          one.related_user_id = select.id<UserId>();
          one.block_date = select.optional_time();
          one.establishment_date = select.time();
          one.name = select.text();
          one.group_index = static_cast<int32_t>(select.integer());
          found.push_back(std::move(one));
        }
        return found;
      });
}

im::Stored<Relationships::Put> Relationships::create(im::Permit<im::action::PutRelationship> permit,
                                                     bool blocked, std::string name,
                                                     int32_t group_index, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<Put> {
    if (find_relationship(connection, permit->owner, permit->related).exists) return Put::kExists;
    if (count_relationships(connection, permit->owner) >= kMaxRelationships) return Put::kFull;
    insert_relationship(connection, permit->owner, permit->related, blocked, name, group_index,
                        now);
    return Put::kDone;
  });
}

im::Stored<Relationships::Put> Relationships::update(im::Permit<im::action::PutRelationship> permit,
                                                     im::RelationshipChange change, WallTime now) {
  const UserId owner = permit->owner;
  const UserId related = permit->related;
  co_return co_await writer_.run([&](Connection& connection) -> Result<Put> {
    const Row row = find_relationship(connection, owner, related);
    if (!row.exists) {
      if (count_relationships(connection, owner) >= kMaxRelationships) return Put::kFull;
      insert_relationship(connection, owner, related, change.blocked.value_or(false),
                          change.name.value_or(""),
                          change.join_group.value_or(im::kDefaultRelationshipGroup), now);
      return Put::kDone;
    }
    if (change.join_group &&
        count_groups_of(connection, owner, related) >= kMaxGroupsOfRelationship) {
      return Put::kFull;
    }
    bool changed = change_groups(connection, owner, related, change, now);
    if (change.blocked && *change.blocked != row.blocked) {
      const auto date = *change.blocked ? std::optional(now) : std::nullopt;
      changed = set_blocked(connection, owner, related, date) || changed;
    }
    if (change.name && *change.name != row.name) {
      changed = set_name(connection, owner, related, *change.name) || changed;
    }
    if (!changed) return Put::kUnchanged;
    touch_relationships(connection, owner, now);
    return Put::kDone;
  });
}

im::Stored<Relationships::Removed> Relationships::remove(
    im::Permit<im::action::RemoveRelationship> permit, std::optional<int32_t> from_group,
    std::optional<int32_t> to_group, bool two_sided, WallTime now) {
  const UserId owner = permit->owner;
  const UserId related = permit->related;
  co_return co_await writer_.run([&](Connection& connection) -> Result<Removed> {
    Removed removed;
    if (from_group) {
      removed.changed = leave(connection, owner, related, *from_group);
      if (removed.changed && to_group) join(connection, owner, related, *to_group, now);
      removed.gone = removed.changed && count_groups_of(connection, owner, related) == 0 &&
                     erase(connection, owner, related);
    } else {
      removed.changed = removed.gone = erase(connection, owner, related);
    }
    if (!removed.changed) return removed;
    touch_relationships(connection, owner, now);
    if (two_sided && removed.gone && !find_relationship(connection, related, owner).blocked) {
      removed.other_gone = erase(connection, related, owner);
      if (removed.other_gone) touch_relationships(connection, related, now);
    }
    return removed;
  });
}

im::Stored<std::vector<im::RelationshipGroup>> Relationships::groups(UserId owner) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::RelationshipGroup>> {
        std::vector<im::RelationshipGroup> groups;
        Statement select = connection.prepare(
            "select group_index, name from relationship_group where owner_id = ? "
            "order by group_index");
        select.bind(owner);
        while (select.step()) {
          const auto index = static_cast<int32_t>(select.integer());
          groups.push_back({index, select.text()});
        }
        return groups;
      });
}

im::Stored<Relationships::Put> Relationships::create_group(
    im::Permit<im::action::ChangeRelationshipGroups> permit, im::RelationshipGroup group,
    WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<Put> {
    if (has_group(connection, permit->owner, group.index)) return Put::kExists;
    {
      Statement count =
          connection.prepare("select count(*) from relationship_group where owner_id = ?");
      if (count.bind(permit->owner).step() && count.integer() >= kMaxGroups) return Put::kFull;
    }
    {
      Statement insert = connection.prepare(
          "insert into relationship_group (owner_id, group_index, name, creation_date) "
          "values (?, ?, ?, ?)");
      insert.bind(permit->owner, group.index, group.name, now).run();
    }
    touch(connection, im::VersionOf::kRelationshipGroups, permit->owner.value, now);
    return Put::kDone;
  });
}

im::Stored<bool> Relationships::rename_group(
    im::Permit<im::action::ChangeRelationshipGroups> permit, im::RelationshipGroup group,
    WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    {
      Statement update = connection.prepare(
          "update relationship_group set name = ?1 "
          "where owner_id = ?2 and group_index = ?3 and name <> ?1");
      if (update.bind(group.name, permit->owner, group.index).run() == 0) return false;
    }
    touch(connection, im::VersionOf::kRelationshipGroups, permit->owner.value, now);
    return true;
  });
}

im::Stored<bool> Relationships::remove_group(
    im::Permit<im::action::ChangeRelationshipGroups> permit, int32_t index, int32_t target,
    WallTime now) {
  const UserId owner = permit->owner;
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    bool removed = false;
    bool moved = false;
    {
      Statement remove = connection.prepare(
          "delete from relationship_group where owner_id = ? and group_index = ?");
      removed = remove.bind(owner, index).run() > 0;
    }
    {
      Statement insert = connection.prepare(
          "insert into relationship_group_member (owner_id, related_id, group_index, join_date) "
          "select owner_id, related_id, ?1, ?2 from relationship_group_member "
          "where owner_id = ?3 and group_index = ?4 on conflict do nothing");
      insert.bind(target, now, owner, index).run();
    }
    {
      Statement remove = connection.prepare(
          "delete from relationship_group_member where owner_id = ? and group_index = ?");
      moved = remove.bind(owner, index).run() > 0;
    }
    if (removed) touch(connection, im::VersionOf::kRelationshipGroups, owner.value, now);
    if (moved) touch_relationships(connection, owner, now);
    return removed || moved;
  });
}

}  // namespace turms::store
