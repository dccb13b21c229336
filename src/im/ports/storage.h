#pragma once

#include <optional>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/storage_types.h"
#include "im/types.h"

namespace turms::im {

struct AttachmentFilter {
  /// Uploaded by one of these; empty: any.
  std::vector<UserId> uploader_ids;
  /// Shared with one of these groups; empty: with anybody.
  std::vector<GroupId> shared_with_groups;
  /// What a user and others sent each other.
  struct Between {
    UserId user;
    /// Empty: any.
    std::vector<UserId> others;
    /// By the user; or by the others; nothing: both.
    std::optional<bool> by_user;
  };
  std::optional<Between> between;
  std::optional<WallTime> creation_date_start;  // inclusive
  std::optional<WallTime> creation_date_end;    // exclusive
  /// The newest so many.
  int32_t limit = 0;
};

/// What is known of attachments; their bytes are in an ObjectStore. Removing one takes two steps,
/// so that bytes never outlive what is known of them: remove() hides it from everybody, erase()
/// forgets it when its bytes are gone.
class AttachmentRepository {
 public:
  virtual ~AttachmentRepository() = default;
  /// Not those that were removed.
  virtual Stored<std::optional<Attachment>> find(AttachmentId id) = 0;
  virtual Stored<AttachmentShares> shares(AttachmentId id) = 0;
  /// By id, ascending.
  virtual Stored<std::vector<Attachment>> query(AttachmentFilter filter) = 0;
  /// Shared with whom it is made for. False, and nothing done: the uploader has `max_count` already
  /// (0: no limit).
  virtual Stored<bool> create(Permit<action::CreateAttachment>, Attachment attachment,
                              int64_t max_count) = 0;
  /// Sharing twice is sharing once. False, and nothing done: there is no such attachment, or it is
  /// shared with `max_count` already.
  virtual Stored<bool> share(Permit<action::ShareAttachment>, int64_t max_count) = 0;
  /// Unsharing what is not shared is nothing. False when there is no such attachment.
  virtual Stored<bool> unshare(Permit<action::UnshareAttachment>) = 0;
  /// False when there is none any more.
  virtual Stored<bool> remove(Permit<action::DeleteAttachment>, WallTime now) = 0;
  virtual Stored<None> set_size(Permit<action::SettleAttachment>, int64_t size) = 0;
  virtual Stored<None> erase(Permit<action::SettleAttachment>) = 0;

  /// Of the housekeeping, each at most `limit`, oldest first. Made before `made_before` and nobody
  /// has looked what was uploaded since.
  virtual Stored<std::vector<Attachment>> unsettled(WallTime made_before, int32_t limit) = 0;
  /// Removed, or made before `expired_before`; none of them made after `made_before`.
  virtual Stored<std::vector<AttachmentId>> to_erase(std::optional<WallTime> expired_before,
                                                     WallTime made_before, int32_t limit) = 0;
};

/// Keeps bytes. Clients move them by HTTP, straight to and from the store, with what it gives them
/// here; the domain decides who is given what. Called and completes on the control thread.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  /// The fields of the form that is posted with the file as its last part, and "url" where to;
  /// clients send all fields but that one. `key` of the form is the id of the key in decimal.
  virtual Stored<ResourceInfo> upload_info(UploadTerms terms) = 0;
  /// "url", and whatever else the store wants to tell.
  virtual Stored<ResourceInfo> download_info(DownloadTerms terms) = 0;
  /// How many bytes it has; nothing when there is no such object.
  virtual Stored<std::optional<int64_t>> find(ResourceKey key) = 0;
  /// Nothing to remove is no error.
  virtual Stored<None> remove(ResourceKey key) = 0;
};

}  // namespace turms::im
