#include "im/storage.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "im/context.h"
#include "im/media_type.h"
#include "im/ports/groups.h"
#include "im/rights.h"

namespace turms::im {
namespace {

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// Upstream's SDKs know either form; ours are numbers in both.
std::optional<AttachmentId> attachment_id(const std::optional<int64_t>& number,
                                          const std::optional<std::string>& text) {
  if (number) return *number > 0 ? std::optional(AttachmentId(*number)) : std::nullopt;
  if (!text) return std::nullopt;
  int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || stop != end || value <= 0) return std::nullopt;
  return AttachmentId(value);
}

std::unexpected<Failure> no_attachment_id() {
  return refuse(Code::kIllegalArgument, "the ID of the attachment must be given");
}

std::unexpected<Failure> unknown_type() {
  return refuse(Code::kIllegalArgument, "unknown resource type");
}

WallTime after(WallTime now, Duration duration) {
  return {now.unix_ms + to_ms(duration)};
}

ResourceKey key_of(AttachmentId id) {
  return {ResourceType::kMessageAttachment, id.value};
}

UploadTerms terms_of(ResourceKey key, const ResourceSettings& settings, WallTime now) {
  return {key, settings.allowed_content_type, settings.min_bytes, settings.max_bytes,
          after(now, settings.upload_lifetime)};
}

Task<Result<std::vector<GroupPtr>>> load_groups(GroupCache& cache, std::vector<GroupId> ids) {
  std::vector<GroupPtr> groups;
  for (const GroupId id : ids) {
    auto group = co_await cache.get(id);
    if (!group) co_return std::unexpected(group.error());
    groups.push_back(std::move(*group));
  }
  co_return groups;
}

}  // namespace

const ResourceSettings& StorageSettings::of(ResourceType type) const {
  switch (type) {
    case ResourceType::kUserProfilePicture:
      return user_picture;
    case ResourceType::kGroupProfilePicture:
      return group_picture;
    case ResourceType::kMessageAttachment:
      break;
  }
  return attachment;
}

Task<Outcome<Permit<action::ChangePicture>>> Storage::may_change_picture(Caller caller,
                                                                         ResourceRequest resource) {
  if (resource.type == ResourceType::kUserProfilePicture) {
    co_return Rights::change_own_picture(caller.user_id);
  }
  if (!resource.id_num) co_return refuse(Code::kIllegalArgument, "the group ID must be given");
  auto group = co_await context_.groups.get(GroupId(*resource.id_num));
  if (!group) co_return refuse(group.error());
  co_return Rights::change_group_picture(group->get(), caller.user_id);
}

Task<Outcome<Reply<>>> Storage::remove(Caller caller, ResourceRequest resource) {
  if (!is_known(resource.type)) co_return unknown_type();
  if (resource.type == ResourceType::kMessageAttachment) {
    const auto id = attachment_id(resource.id_num, resource.id_str);
    if (!id) co_return no_attachment_id();
    co_return co_await remove_attachment(caller, *id);
  }
  auto permit = co_await may_change_picture(caller, resource);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto removed = co_await objects_.remove({resource.type, (*permit)->owner});
  if (!removed) co_return refuse(removed.error());
  co_return Reply<>{};
}

Task<Outcome<Reply<>>> Storage::remove_attachment(Caller caller, AttachmentId id) {
  auto found = co_await context_.store.attachments.find(id);
  if (!found) co_return refuse(found.error());
  auto shares = co_await context_.store.attachments.shares(id);
  if (!shares) co_return refuse(shares.error());
  auto groups = co_await load_groups(context_.groups, shares->group_ids);
  if (!groups) co_return refuse(groups.error());
  auto permit =
      Rights::delete_attachment(*found ? &**found : nullptr, *shares, *groups, caller.user_id);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto removed = co_await context_.store.attachments.remove(*permit, context_.now());
  if (!removed) co_return refuse(removed.error());
  // Nobody is given it any more. Its bytes go now, or when the store answers again (tick()).
  [[maybe_unused]] const auto gone = co_await objects_.remove(key_of(id));
  co_return Reply<>{};
}

Task<Outcome<ResourceInfo>> Storage::download_info(Caller caller, ResourceRequest resource) {
  if (!is_known(resource.type)) co_return unknown_type();
  if (resource.type == ResourceType::kMessageAttachment) {
    const auto id = attachment_id(resource.id_num, resource.id_str);
    if (!id) co_return no_attachment_id();
    co_return co_await attachment_download_info(caller, *id);
  }
  if (!resource.id_num) {
    co_return refuse(Code::kIllegalArgument, "the ID of the user or group must be given");
  }
  DownloadTerms terms;
  terms.key = {resource.type, *resource.id_num};
  terms.expiration = after(context_.now(), settings_.of(resource.type).download_lifetime);
  auto info = co_await objects_.download_info(terms);
  if (!info) co_return refuse(info.error());
  co_return std::move(*info);
}

Task<Outcome<ResourceInfo>> Storage::attachment_download_info(Caller caller, AttachmentId id) {
  auto found = co_await context_.store.attachments.find(id);
  if (!found) co_return refuse(found.error());
  auto shares = co_await context_.store.attachments.shares(id);
  if (!shares) co_return refuse(shares.error());
  auto groups = co_await load_groups(context_.groups, shares->group_ids);
  if (!groups) co_return refuse(groups.error());
  auto allowed =
      Rights::download_attachment(*found ? &**found : nullptr, *shares, *groups, caller.user_id);
  if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  DownloadTerms terms;
  terms.key = key_of(id);
  terms.name = (*found)->name;
  terms.media_type = (*found)->media_type;
  terms.expiration = after(context_.now(), settings_.attachment.download_lifetime);
  auto info = co_await objects_.download_info(terms);
  if (!info) co_return refuse(info.error());
  co_return std::move(*info);
}

Task<Outcome<ResourceInfo>> Storage::upload_info(Caller caller, QueryUploadInfo query) {
  const ResourceType type = query.resource.type;
  if (!is_known(type)) co_return unknown_type();
  std::optional<MediaType> media_type;
  if (query.media_type) {
    if (query.media_type->size() <= kMaxMediaTypeSize) {
      media_type = MediaType::parse(*query.media_type);
    }
    if (!media_type) co_return refuse(Code::kIllegalArgument, "the media type is not valid");
    const auto allowed = MediaType::parse(settings_.of(type).allowed_content_type);
    if (allowed && media_type->is_concrete() && !allowed->includes(*media_type)) {
      co_return refuse(Code::kIllegalArgument, "files of this media type are not taken");
    }
    query.media_type = media_type->to_string();
  }
  if (type == ResourceType::kMessageAttachment) {
    if (!query.name || is_blank(*query.name) || text_length(*query.name) > kMaxNameSize) {
      co_return refuse(Code::kIllegalArgument, "the name must be given, and not too long");
    }
    if (!media_type || !media_type->is_concrete()) {
      co_return refuse(Code::kIllegalArgument, "a concrete media type must be given");
    }
    co_return co_await attachment_upload_info(caller, std::move(query));
  }
  auto permit = co_await may_change_picture(caller, query.resource);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  const ResourceKey key{type, (*permit)->owner};
  auto info = co_await objects_.upload_info(terms_of(key, settings_.of(type), context_.now()));
  if (!info) co_return refuse(info.error());
  info->emplace_back("id", std::to_string(key.id));
  co_return std::move(*info);
}

Task<Outcome<Permit<action::CreateAttachment>>> Storage::may_upload(Caller caller, int64_t id_num) {
  if (id_num < 0) {
    // Its own negative has no positive.
    const GroupId id(id_num == INT64_MIN ? 0 : -id_num);
    auto group = co_await context_.groups.get(id);
    if (!group) co_return refuse(group.error());
    co_return Rights::upload_to_group(group->get(), caller.user_id, context_.now());
  }
  auto reachability = co_await context_.reachability.get(UserId(id_num));
  if (!reachability) co_return refuse(reachability.error());
  co_return Rights::upload_to_user(caller.user_id, UserId(id_num), **reachability);
}

Task<Outcome<ResourceInfo>> Storage::attachment_upload_info(Caller caller, QueryUploadInfo query) {
  if (!query.resource.id_num) {
    co_return refuse(Code::kIllegalArgument, "the ID of a user or minus that of a group is needed");
  }
  auto permit = co_await may_upload(caller, *query.resource.id_num);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  const WallTime now = context_.now();
  Attachment attachment;
  attachment.id = context_.next_id<AttachmentId>(now);
  attachment.name = std::move(*query.name);
  attachment.media_type = std::move(*query.media_type);
  attachment.uploader_id = caller.user_id;
  attachment.creation_date = now;
  const ResourceKey key = key_of(attachment.id);
  auto info = co_await objects_.upload_info(terms_of(key, settings_.attachment, now));
  if (!info) co_return refuse(info.error());
  auto created = co_await context_.store.attachments.create(
      *permit, std::move(attachment), settings_.attachment.max_count_per_user);
  if (!created) co_return refuse(created.error());
  if (!*created) co_return refuse(Code::kIllegalArgument, "too many attachments are kept already");
  info->emplace_back("id", std::to_string(key.id));
  co_return std::move(*info);
}

Task<Outcome<AttachmentFilter>> Storage::filter_of(Caller caller, QueryAttachments query) {
  AttachmentFilter filter;
  filter.creation_date_start = query.creation_date_start;
  filter.creation_date_end = query.creation_date_end;
  filter.limit = kMaxInfos;
  const bool any_group = query.in_private_conversation == false;
  if (any_group || (!query.in_private_conversation && !query.group_ids.empty())) {
    if (query.group_ids.empty()) {
      auto joined = co_await context_.store.groups.joined_by(caller.user_id);
      if (!joined) co_return refuse(joined.error());
      query.group_ids = std::move(*joined);
      if (query.group_ids.empty()) co_return refuse(Code::kNoContent);
    }
    for (const GroupId id : query.group_ids) {
      auto group = co_await context_.groups.get(id);
      if (!group) co_return refuse(group.error());
      auto allowed = Rights::query_attachments_of_group(group->get(), caller.user_id);
      if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    }
    filter.shared_with_groups = std::move(query.group_ids);
    filter.uploader_ids = std::move(query.user_ids);
    co_return filter;
  }
  if (!query.user_ids.empty() || query.in_private_conversation) {
    for (const UserId user : query.user_ids) {
      auto reachability = co_await context_.reachability.get(user);
      if (!reachability) co_return refuse(reachability.error());
      auto allowed = Rights::query_attachments_with_user(caller.user_id, user, **reachability);
      if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    }
    filter.between = {caller.user_id, std::move(query.user_ids), query.are_shared_by_me};
    co_return filter;
  }
  filter.uploader_ids.push_back(caller.user_id);
  co_return filter;
}

Task<Outcome<std::vector<Attachment>>> Storage::query(Caller caller, QueryAttachments query) {
  sort_unique(query.user_ids);
  sort_unique(query.group_ids);
  if (query.user_ids.size() > kMaxNamed || query.group_ids.size() > kMaxNamed) {
    co_return refuse(Code::kIllegalArgument, "too many users or groups");
  }
  auto filter = co_await filter_of(caller, std::move(query));
  if (!filter) co_return std::unexpected(std::move(filter.error()));
  auto found = co_await context_.store.attachments.query(std::move(*filter));
  if (!found) co_return refuse(found.error());
  if (found->empty()) co_return refuse(Code::kNoContent);
  co_return std::move(*found);
}

Task<Outcome<Reply<>>> Storage::update(Caller caller, UpdateAttachment command) {
  const bool shares = command.share_with_user || command.share_with_group;
  const auto user = shares ? command.share_with_user : command.unshare_with_user;
  const auto group_id = user     ? std::optional<GroupId>()
                        : shares ? command.share_with_group
                                 : command.unshare_with_group;
  if (!user && !group_id) co_return Reply<>{};
  const auto id = attachment_id(command.id_num, command.id_str);
  if (!id) co_return no_attachment_id();
  auto found = co_await context_.store.attachments.find(*id);
  if (!found) co_return refuse(found.error());
  const Attachment* attachment = *found ? &**found : nullptr;
  GroupPtr group;
  if (group_id) {
    auto loaded = co_await context_.groups.get(*group_id);
    if (!loaded) co_return refuse(loaded.error());
    group = std::move(*loaded);
  }
  Result<bool> done = true;
  if (shares) {
    ReachabilityCache::Ptr reachability;
    if (user) {
      auto loaded = co_await context_.reachability.get(*user);
      if (!loaded) co_return refuse(loaded.error());
      reachability = std::move(*loaded);
    }
    auto permit = user ? Rights::share_with_user(attachment, caller.user_id, *user, *reachability)
                       : Rights::share_with_group(attachment, caller.user_id, group.get());
    if (!permit) co_return std::unexpected(std::move(permit.error()));
    done = co_await context_.store.attachments.share(*permit, kMaxShares);
    if (done && !*done) {
      co_return refuse(Code::kIllegalArgument, "it is shared with too many, or there is none");
    }
  } else {
    auto permit =
        user ? Rights::unshare_with_user(attachment, caller.user_id, *user)
             : Rights::unshare_with_group(attachment, caller.user_id, *group_id, group.get());
    if (!permit) co_return std::unexpected(std::move(permit.error()));
    done = co_await context_.store.attachments.unshare(*permit);
  }
  if (!done) co_return refuse(done.error());
  co_return Reply<>{};
}

Task<void> Storage::tick() {
  if (sweeping_) co_return;
  sweeping_ = true;
  const WallTime now = context_.now();
  // An upload that is still under way would leave bytes that nobody knows of.
  const WallTime over{now.unix_ms - to_ms(settings_.attachment.upload_lifetime + kUploadsEnd)};
  const bool answers = co_await settle_uploads(over) && co_await erase_removed(now, over);
  if (!answers && answers_) log::warn("the store of files does not answer; it is asked again");
  answers_ = answers;
  sweeping_ = false;
}

Task<bool> Storage::settle_uploads(WallTime made_before) {
  AttachmentRepository& attachments = context_.store.attachments;
  auto waiting = co_await attachments.unsettled(made_before, kSweep);
  if (!waiting) co_return true;
  for (const Attachment& attachment : *waiting) {
    auto size = co_await objects_.find(key_of(attachment.id));
    if (!size) co_return false;
    const auto permit = Rights::server(action::SettleAttachment{attachment.id});
    if (*size) {
      [[maybe_unused]] const auto set = co_await attachments.set_size(permit, **size);
    } else {
      [[maybe_unused]] const auto erased = co_await attachments.erase(permit);
    }
  }
  co_return true;
}

Task<bool> Storage::erase_removed(WallTime now, WallTime made_before) {
  AttachmentRepository& attachments = context_.store.attachments;
  std::optional<WallTime> expired;
  if (settings_.attachment.lifetime) {
    expired = WallTime{now.unix_ms - to_ms(*settings_.attachment.lifetime)};
  }
  auto ids = co_await attachments.to_erase(expired, made_before, kSweep);
  if (!ids) co_return true;
  for (const AttachmentId id : *ids) {
    auto removed = co_await objects_.remove(key_of(id));
    if (!removed) co_return false;
    [[maybe_unused]] const auto erased =
        co_await attachments.erase(Rights::server(action::SettleAttachment{id}));
  }
  co_return true;
}

}  // namespace turms::im
