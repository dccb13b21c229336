#include <algorithm>

#include "im/rights.h"

namespace turms::im {
namespace {

bool is_uploader(const Attachment* attachment, UserId requester) {
  return attachment != nullptr && attachment->uploader_id == requester;
}

bool has_blocked(const Reachability& reachability, UserId user) {
  return std::binary_search(reachability.blocked.begin(), reachability.blocked.end(), user);
}

bool is_friend(const Reachability& reachability, UserId user) {
  return std::binary_search(reachability.friends.begin(), reachability.friends.end(), user);
}

}  // namespace

Outcome<Permit<action::CreateAttachment>> Rights::upload_to_group(const GroupState* group,
                                                                  UserId requester, WallTime now) {
  if (group == nullptr || group->find(requester) == nullptr) return refuse(Code::kUploadNotMember);
  // Who may say nothing sends no files either.
  if (auto may_send = send_to_group(group, requester, now); !may_send) {
    return std::unexpected(std::move(may_send.error()));
  }
  return Permit(action::CreateAttachment{requester, group->group.id, std::nullopt});
}

Outcome<Permit<action::CreateAttachment>> Rights::upload_to_user(UserId requester, UserId recipient,
                                                                 const Reachability& reachability) {
  if (requester != recipient && !is_friend(reachability, requester)) {
    return refuse(Code::kUploadNotFriend);
  }
  return Permit(action::CreateAttachment{requester, std::nullopt, recipient});
}

Outcome<None> Rights::download_attachment(const Attachment* attachment,
                                          const AttachmentShares& shares,
                                          std::span<const GroupPtr> groups, UserId requester) {
  if (attachment == nullptr) return refuse(Code::kDownloadNotShared);
  const bool shared =
      std::binary_search(shares.user_ids.begin(), shares.user_ids.end(), requester) ||
      std::ranges::any_of(groups, [&](const GroupPtr& group) {
        return group != nullptr && group->find(requester) != nullptr;
      });
  if (!shared && !is_uploader(attachment, requester)) return refuse(Code::kDownloadNotShared);
  return None{};
}

Outcome<Permit<action::ShareAttachment>> Rights::share_with_user(const Attachment* attachment,
                                                                 UserId requester, UserId user,
                                                                 const Reachability& reachability) {
  if (!is_uploader(attachment, requester)) return refuse(Code::kShareNotUploader);
  if (has_blocked(reachability, requester)) return refuse(Code::kUploadNotFriend);
  return Permit(action::ShareAttachment{attachment->id, std::nullopt, user});
}

Outcome<Permit<action::ShareAttachment>> Rights::share_with_group(const Attachment* attachment,
                                                                  UserId requester,
                                                                  const GroupState* group) {
  if (!is_uploader(attachment, requester)) return refuse(Code::kShareNotUploader);
  // Upstream asks nothing here: anybody could put files before strangers.
  if (group == nullptr || group->find(requester) == nullptr) return refuse(Code::kUploadNotMember);
  return Permit(action::ShareAttachment{attachment->id, group->group.id, std::nullopt});
}

Outcome<Permit<action::UnshareAttachment>> Rights::unshare_with_user(const Attachment* attachment,
                                                                     UserId requester,
                                                                     UserId user) {
  if (!is_uploader(attachment, requester)) return refuse(Code::kUnshareNotUploader);
  return Permit(action::UnshareAttachment{attachment->id, std::nullopt, user});
}

Outcome<Permit<action::UnshareAttachment>> Rights::unshare_with_group(const Attachment* attachment,
                                                                      UserId requester, GroupId id,
                                                                      const GroupState* group) {
  const bool manager = group != nullptr && group->is_manager(requester);
  if (attachment == nullptr || (!is_uploader(attachment, requester) && !manager)) {
    return refuse(Code::kUnshareNotUploaderOrManager);
  }
  return Permit(action::UnshareAttachment{attachment->id, id, std::nullopt});
}

Outcome<Permit<action::DeleteAttachment>> Rights::delete_attachment(
    const Attachment* attachment, const AttachmentShares& shares, std::span<const GroupPtr> groups,
    UserId requester) {
  if (attachment == nullptr) return refuse(Code::kDeleteNotUploader);
  if (is_uploader(attachment, requester)) return Permit(action::DeleteAttachment{attachment->id});
  if (shares.group_ids.empty()) return refuse(Code::kDeleteNotUploader);
  // A manager takes nothing from others than the groups that are theirs to manage.
  const bool manages_all =
      shares.user_ids.empty() && std::ranges::all_of(groups, [&](const GroupPtr& group) {
        return group != nullptr && group->is_manager(requester);
      });
  if (!manages_all) return refuse(Code::kDeleteNotUploaderOrManager);
  return Permit(action::DeleteAttachment{attachment->id});
}

Outcome<None> Rights::query_attachments_with_user(UserId requester, UserId user,
                                                  const Reachability& reachability) {
  if (requester != user && !is_friend(reachability, requester)) {
    return refuse(Code::kAttachmentInfosNotFriend);
  }
  return None{};
}

Outcome<None> Rights::query_attachments_of_group(const GroupState* group, UserId requester) {
  if (group == nullptr || group->find(requester) == nullptr) {
    return refuse(Code::kAttachmentInfosNotMember);
  }
  return None{};
}

Outcome<Permit<action::ChangePicture>> Rights::change_group_picture(const GroupState* group,
                                                                    UserId requester) {
  if (group == nullptr || !group->is_manager(requester)) return refuse(Code::kUnauthorized);
  return Permit(action::ChangePicture{group->group.id.value});
}

}  // namespace turms::im
