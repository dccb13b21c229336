#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace turms::im {

/// The numbers are those of the protocol.
enum class ResourceType : int32_t {
  kUserProfilePicture = 0,
  kGroupProfilePicture = 1,
  kMessageAttachment = 2,
};
inline bool is_known(ResourceType type) {
  return type >= ResourceType::kUserProfilePicture && type <= ResourceType::kMessageAttachment;
}

/// What upstream calls the bucket of a type, in URLs of SDKs too: "message-attachment".
constexpr const char* bucket_of(ResourceType type) {
  switch (type) {
    case ResourceType::kUserProfilePicture:
      return "user-profile-picture";
    case ResourceType::kGroupProfilePicture:
      return "group-profile-picture";
    case ResourceType::kMessageAttachment:
      return "message-attachment";
  }
  return "";
}

/// One stored object. `id`: of the user or group whose picture it is, or of the attachment.
struct ResourceKey {
  ResourceType type = ResourceType::kMessageAttachment;
  int64_t id = 0;

  friend bool operator==(const ResourceKey&, const ResourceKey&) = default;
};

/// A file that was sent in a conversation, or is about to be uploaded for one.
struct Attachment {
  AttachmentId id;
  std::string name;
  /// As the uploader says, never believed where it matters.
  std::string media_type;
  UserId uploader_id;
  WallTime creation_date;
  /// Of what was uploaded; nothing as long as nobody has looked.
  std::optional<int64_t> size;
};

/// Who may see an attachment besides its uploader. Ascending.
struct AttachmentShares {
  std::vector<UserId> user_ids;
  std::vector<GroupId> group_ids;
};

/// How long an upload that began in time may go on: a store refuses what ends later.
inline constexpr Duration kLongestUpload = std::chrono::hours(1);

/// Names and values in order, as the protocol sends them: k, v, k, v.
using ResourceInfo = std::vector<std::pair<std::string, std::string>>;

/// What an upload must keep to.
struct UploadTerms {
  ResourceKey key;
  /// "image/*", "*/*" or a concrete type.
  std::string content_type = "*/*";
  int64_t min_bytes = 0;
  int64_t max_bytes = 0;
  WallTime expiration;
};

/// What somebody who may see an object is given for it.
struct DownloadTerms {
  ResourceKey key;
  /// What the file is saved as; pictures of users and groups have none.
  std::string name;
  std::string media_type;
  WallTime expiration;
};

}  // namespace turms::im
