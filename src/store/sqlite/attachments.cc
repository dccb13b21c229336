#include <algorithm>

#include "base/check.h"
#include "store/sqlite/json.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

enum class SharedWith : int32_t { kUser, kGroup };

constexpr const char* kSelectById =
    "select id, name, media_type, uploader_id, creation_date, size from attachment "
    "where id = ? and removed_date is null";
constexpr const char* kSelectByUploader =
    "select id, name, media_type, uploader_id, creation_date, size from attachment "
    "where uploader_id in (select value from json_each(?1)) and removed_date is null "
    "and (?2 is null or creation_date >= ?2) and (?3 is null or creation_date < ?3) "
    "order by id desc limit ?4";
constexpr const char* kSelectByGroup =
    "select id, name, media_type, uploader_id, creation_date, size from attachment "
    "where id in (select attachment_id from attachment_share where kind = 1 and target_id in "
    "(select value from json_each(?1))) and removed_date is null "
    "and (?5 is null or uploader_id in (select value from json_each(?5))) "
    "and (?2 is null or creation_date >= ?2) and (?3 is null or creation_date < ?3) "
    "order by id desc limit ?4";
// By the user ?1 to the others ?5, and by them to the user; ?6: by the user only, by others only.
constexpr const char* kSelectBetween =
    "select id, name, media_type, uploader_id, creation_date, size from attachment "
    "where id in ("
    "select s.attachment_id from attachment_share s join attachment a on a.id = s.attachment_id "
    "where s.kind = 0 and s.target_id = ?1 and (?6 is null or ?6 = 0) "
    "and (?5 is null or a.uploader_id in (select value from json_each(?5))) "
    "union all "
    "select s.attachment_id from attachment a join attachment_share s on s.attachment_id = a.id "
    "where a.uploader_id = ?1 and s.kind = 0 and (?6 is null or ?6 = 1) "
    "and (?5 is null or s.target_id in (select value from json_each(?5)))) "
    "and removed_date is null "
    "and (?2 is null or creation_date >= ?2) and (?3 is null or creation_date < ?3) "
    "order by id desc limit ?4";

im::Attachment read_attachment(Statement& row) {
  im::Attachment attachment;
  attachment.id = row.id<AttachmentId>();
  attachment.name = row.text();
  attachment.media_type = row.text();
  attachment.uploader_id = row.id<UserId>();
  attachment.creation_date = row.time();
  if (!row.null()) attachment.size = row.integer();
  return attachment;
}

std::vector<im::Attachment> read_all(Statement& select) {
  std::vector<im::Attachment> attachments;
  while (select.step()) attachments.push_back(read_attachment(select));
  return attachments;
}

bool exists(Connection& connection, AttachmentId id) {
  Statement select =
      connection.prepare("select 1 from attachment where id = ? and removed_date is null");
  return select.bind(id).step();
}

void insert_share(Connection& connection, AttachmentId id, std::optional<GroupId> group,
                  std::optional<UserId> user) {
  TURMS_CHECK(group.has_value() != user.has_value());
  Statement insert = connection.prepare(
      "insert or ignore into attachment_share (attachment_id, kind, target_id) values (?, ?, ?)");
  insert
      .bind(id, group ? SharedWith::kGroup : SharedWith::kUser, group ? group->value : user->value)
      .run();
}

}  // namespace

im::Stored<std::optional<im::Attachment>> Attachments::find(AttachmentId id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::Attachment>> {
        Statement select = connection.prepare(kSelectById);
        if (!select.bind(id).step()) return std::nullopt;
        return read_attachment(select);
      });
}

im::Stored<im::AttachmentShares> Attachments::shares(AttachmentId id) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<im::AttachmentShares> {
    im::AttachmentShares shares;
    Statement select = connection.prepare(
        "select kind, target_id from attachment_share where attachment_id = ? "
        "order by kind, target_id");
    select.bind(id);
    while (select.step()) {
      if (select.enumeration<SharedWith>() == SharedWith::kUser) {
        shares.user_ids.push_back(select.id<UserId>());
      } else {
        shares.group_ids.push_back(select.id<GroupId>());
      }
    }
    return shares;
  });
}

im::Stored<std::vector<im::Attachment>> Attachments::query(im::AttachmentFilter filter) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::Attachment>> {
        const auto uploaders = json_of(filter.uploader_ids);
        const auto groups = json_of(filter.shared_with_groups);
        const auto dates = [&](Statement& select) {
          select.bind(filter.creation_date_start, filter.creation_date_end, filter.limit);
        };
        std::vector<im::Attachment> found;
        if (filter.between) {
          const auto others = json_of(filter.between->others);
          Statement select = connection.prepare(kSelectBetween);
          select.bind(filter.between->user);
          dates(select);
          select.bind(others, filter.between->by_user);
          found = read_all(select);
        } else if (groups) {
          Statement select = connection.prepare(kSelectByGroup);
          select.bind(*groups);
          dates(select);
          select.bind(uploaders);
          found = read_all(select);
        } else if (uploaders) {
          Statement select = connection.prepare(kSelectByUploader);
          select.bind(*uploaders);
          dates(select);
          found = read_all(select);
        }
        std::ranges::reverse(found);
        return found;
      });
}

im::Stored<bool> Attachments::create(im::Permit<im::action::CreateAttachment> permit,
                                     im::Attachment attachment, int64_t max_count) {
  TURMS_CHECK(attachment.uploader_id == permit->uploader);
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    if (max_count > 0) {
      Statement count = connection.prepare(
          "select count(*) from attachment where uploader_id = ? and removed_date is null");
      count.bind(attachment.uploader_id);
      if (count.step() && count.integer() >= max_count) return false;
    }
    {
      Statement insert = connection.prepare(
          "insert into attachment (id, name, media_type, uploader_id, creation_date) "
          "values (?, ?, ?, ?, ?)");
      insert
          .bind(attachment.id, attachment.name, attachment.media_type, attachment.uploader_id,
                attachment.creation_date)
          .run();
    }
    insert_share(connection, attachment.id, permit->group, permit->recipient);
    return true;
  });
}

im::Stored<bool> Attachments::share(im::Permit<im::action::ShareAttachment> permit,
                                    int64_t max_count) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    if (!exists(connection, permit->attachment)) return false;
    {
      Statement count =
          connection.prepare("select count(*) from attachment_share where attachment_id = ?");
      count.bind(permit->attachment);
      if (count.step() && count.integer() >= max_count) return false;
    }
    insert_share(connection, permit->attachment, permit->group, permit->user);
    return true;
  });
}

im::Stored<bool> Attachments::unshare(im::Permit<im::action::UnshareAttachment> permit) {
  TURMS_CHECK(permit->group.has_value() != permit->user.has_value());
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    if (!exists(connection, permit->attachment)) return false;
    Statement erase = connection.prepare(
        "delete from attachment_share where attachment_id = ? and kind = ? and target_id = ?");
    erase
        .bind(permit->attachment, permit->group ? SharedWith::kGroup : SharedWith::kUser,
              permit->group ? permit->group->value : permit->user->value)
        .run();
    return true;
  });
}

im::Stored<bool> Attachments::remove(im::Permit<im::action::DeleteAttachment> permit,
                                     WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement update = connection.prepare(
        "update attachment set removed_date = ? where id = ? and removed_date is null");
    return update.bind(now, permit->attachment).run() > 0;
  });
}

im::Stored<im::None> Attachments::set_size(im::Permit<im::action::SettleAttachment> permit,
                                           int64_t size) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    Statement update = connection.prepare("update attachment set size = ? where id = ?");
    update.bind(size, permit->attachment).run();
    return im::None{};
  });
}

im::Stored<im::None> Attachments::erase(im::Permit<im::action::SettleAttachment> permit) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    Statement shares = connection.prepare("delete from attachment_share where attachment_id = ?");
    shares.bind(permit->attachment).run();
    Statement attachment = connection.prepare("delete from attachment where id = ?");
    attachment.bind(permit->attachment).run();
    return im::None{};
  });
}

im::Stored<std::vector<im::Attachment>> Attachments::unsettled(WallTime made_before,
                                                               int32_t limit) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::Attachment>> {
        Statement select = connection.prepare(
            "select id, name, media_type, uploader_id, creation_date, size from attachment "
            "where size is null and removed_date is null and creation_date < ? "
            "order by creation_date limit ?");
        return read_all(select.bind(made_before, limit));
      });
}

im::Stored<std::vector<AttachmentId>> Attachments::to_erase(std::optional<WallTime> expired_before,
                                                            WallTime made_before, int32_t limit) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<AttachmentId>> {
    std::vector<AttachmentId> ids;
    Statement select = connection.prepare(
        "select id from (select id, creation_date from attachment where removed_date is not null "
        "union select id, creation_date from attachment where creation_date < ?1) "
        "where creation_date < ?2 order by creation_date limit ?3");
    select.bind(expired_before, made_before, limit);
    while (select.step()) ids.push_back(select.id<AttachmentId>());
    return ids;
  });
}

}  // namespace turms::store
