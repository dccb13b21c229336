#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/ports/storage.h"
#include "im/status.h"
#include "im/storage_types.h"

namespace turms::im {

/// For one type of resource, with upstream's names.
struct ResourceSettings {
  /// "image/*", "*/*" or a concrete type.
  std::string allowed_content_type = "*/*";
  int64_t min_bytes = 0;
  int64_t max_bytes = 1024 * 1024;
  Duration upload_lifetime = std::chrono::minutes(5);
  Duration download_lifetime = std::chrono::minutes(5);
  /// Removed so long after it was made; nothing: never. Of attachments only.
  std::optional<Duration> lifetime;
  /// Attachments of one user, not counting removed ones. 0: no limit.
  int64_t max_count_per_user = 0;
};

struct StorageSettings {
  ResourceSettings user_picture{.allowed_content_type = "image/*"};
  ResourceSettings group_picture{.allowed_content_type = "image/*"};
  ResourceSettings attachment;

  [[nodiscard]] const ResourceSettings& of(ResourceType type) const;
};

struct ResourceRequest {
  ResourceType type = ResourceType::kUserProfilePicture;
  /// Of an upload for a conversation: the other user's id, or minus the group's.
  std::optional<int64_t> id_num;
  std::optional<std::string> id_str;
};

struct QueryUploadInfo {
  ResourceRequest resource;
  std::optional<std::string> name;
  std::optional<std::string> media_type;
};

struct QueryAttachments {
  std::vector<UserId> user_ids;
  std::vector<GroupId> group_ids;
  std::optional<WallTime> creation_date_start;
  std::optional<WallTime> creation_date_end;
  std::optional<bool> in_private_conversation;
  std::optional<bool> are_shared_by_me;
};

/// The first that is given counts.
struct UpdateAttachment {
  std::optional<int64_t> id_num;
  std::optional<std::string> id_str;
  std::optional<UserId> share_with_user;
  std::optional<GroupId> share_with_group;
  std::optional<UserId> unshare_with_user;
  std::optional<GroupId> unshare_with_group;
};

/// Pictures of users and groups, and attachments of messages: who may have them. Bytes never pass
/// here (see ObjectStore). Lives on the control thread.
class Storage {
 public:
  /// In UTF-16 units.
  static constexpr size_t kMaxNameSize = 255;
  static constexpr size_t kMaxMediaTypeSize = 127;
  /// Attachments of one answer, the newest.
  static constexpr int32_t kMaxInfos = 1000;
  /// Users, and groups, that a query may name.
  static constexpr size_t kMaxNamed = 100;
  /// Users and groups that one attachment may be shared with.
  static constexpr int64_t kMaxShares = 1000;
  /// Attachments that one tick() looks at, and that it erases.
  static constexpr int32_t kSweep = 1000;
  /// When no upload for an attachment can be under way any more: so long after its leave ended,
  /// with time for clocks and disks.
  static constexpr Duration kUploadsEnd = kLongestUpload + std::chrono::minutes(10);

  Storage(Context& context, ObjectStore& objects, StorageSettings settings)
      : context_(context), objects_(objects), settings_(std::move(settings)) {}

  /// From now on; what is under way may see some of both.
  void set_settings(StorageSettings settings) { settings_ = std::move(settings); }

  Task<Outcome<Reply<>>> remove(Caller caller, ResourceRequest resource);
  Task<Outcome<ResourceInfo>> download_info(Caller caller, ResourceRequest resource);
  Task<Outcome<ResourceInfo>> upload_info(Caller caller, QueryUploadInfo query);
  Task<Outcome<std::vector<Attachment>>> query(Caller caller, QueryAttachments query);
  Task<Outcome<Reply<>>> update(Caller caller, UpdateAttachment command);

  /// Looks what became of uploads: forgets those that never came. Removes the bytes of what was
  /// deleted or has expired. Call it now and then; a call while one is under way does nothing.
  Task<void> tick();

 private:
  Task<Outcome<Reply<>>> remove_attachment(Caller caller, AttachmentId id);
  Task<Outcome<Permit<action::ChangePicture>>> may_change_picture(Caller caller,
                                                                  ResourceRequest resource);
  Task<Outcome<ResourceInfo>> attachment_upload_info(Caller caller, QueryUploadInfo query);
  Task<Outcome<ResourceInfo>> attachment_download_info(Caller caller, AttachmentId id);
  Task<Outcome<Permit<action::CreateAttachment>>> may_upload(Caller caller, int64_t id_num);
  Task<Outcome<AttachmentFilter>> filter_of(Caller caller, QueryAttachments query);
  // False: the store does not answer.
  Task<bool> settle_uploads(WallTime made_before);
  Task<bool> erase_removed(WallTime now, WallTime made_before);

  Context& context_;
  ObjectStore& objects_;
  StorageSettings settings_;
  bool sweeping_ = false;
  bool answers_ = true;
};

}  // namespace turms::im
