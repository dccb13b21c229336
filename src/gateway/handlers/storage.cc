#include "im/storage.h"

#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {
namespace {

Answer nothing_is_stored() {
  return refused({im::Code::kStorageNotImplemented, "No storage is configured"});
}

template <class Request>
im::ResourceRequest resource_of(const Request& in) {
  im::ResourceRequest resource;
  resource.type = static_cast<im::ResourceType>(in.type());
  resource.id_num = TURMS_OPTIONAL(in, id_num, int64_t);
  resource.id_str = TURMS_OPTIONAL(in, id_str, std::string);
  return resource;
}

/// Names and values by turns, as upstream sends a map.
Answer answer_of(im::Outcome<im::ResourceInfo> info) {
  if (!info) return refused(std::move(info.error()));
  Answer answer;
  auto& out = *answer.data.mutable_strings_with_version();
  for (auto& [name, value] : *info) {
    out.add_strings(std::move(name));
    out.add_strings(std::move(value));
  }
  return answer;
}

}  // namespace

TURMS_HANDLER(delete_resource) {
  if (environment.storage == nullptr) co_return nothing_is_stored();
  const auto& in = request.delete_resource_request();
  co_return done(co_await environment.storage->remove(caller, resource_of(in)));
}

TURMS_HANDLER(query_resource_download_info) {
  if (environment.storage == nullptr) co_return nothing_is_stored();
  const auto& in = request.query_resource_download_info_request();
  co_return answer_of(co_await environment.storage->download_info(caller, resource_of(in)));
}

TURMS_HANDLER(query_resource_upload_info) {
  if (environment.storage == nullptr) co_return nothing_is_stored();
  const auto& in = request.query_resource_upload_info_request();
  im::QueryUploadInfo query;
  query.resource = resource_of(in);
  query.name = TURMS_OPTIONAL(in, name, std::string);
  query.media_type = TURMS_OPTIONAL(in, media_type, std::string);
  co_return answer_of(co_await environment.storage->upload_info(caller, std::move(query)));
}

TURMS_HANDLER(query_message_attachment_infos) {
  if (environment.storage == nullptr) co_return nothing_is_stored();
  const auto& in = request.query_message_attachment_infos_request();
  im::QueryAttachments query;
  query.user_ids = ids_from<UserId>(in.user_ids());
  query.group_ids = ids_from<GroupId>(in.group_ids());
  query.creation_date_start = TURMS_OPTIONAL(in, creation_date_start, wall_time);
  query.creation_date_end = TURMS_OPTIONAL(in, creation_date_end, wall_time);
  query.in_private_conversation = TURMS_OPTIONAL(in, in_private_conversation, bool);
  query.are_shared_by_me = TURMS_OPTIONAL(in, are_shared_by_me, bool);

  auto found = co_await environment.storage->query(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_storage_resource_infos();
  for (const im::Attachment& attachment : *found) fill(*out.add_infos(), attachment);
  co_return answer;
}

TURMS_HANDLER(update_message_attachment_info) {
  if (environment.storage == nullptr) co_return nothing_is_stored();
  const auto& in = request.update_message_attachment_info_request();
  im::UpdateAttachment command;
  command.id_num = TURMS_OPTIONAL(in, attachment_id_num, int64_t);
  command.id_str = TURMS_OPTIONAL(in, attachment_id_str, std::string);
  command.share_with_user = TURMS_OPTIONAL(in, user_id_to_share_with, UserId);
  command.share_with_group = TURMS_OPTIONAL(in, group_id_to_share_with, GroupId);
  command.unshare_with_user = TURMS_OPTIONAL(in, user_id_to_unshare_with, UserId);
  command.unshare_with_group = TURMS_OPTIONAL(in, group_id_to_unshare_with, GroupId);
  co_return done(co_await environment.storage->update(caller, std::move(command)));
}

}  // namespace turms::gateway::handlers
