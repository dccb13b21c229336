#include <array>

#include "base/unicode.h"
#include "store/mongo/collections.h"
#include "store/sqlite/json.h"
#include "store/sqlite/value_rows.h"

namespace turms::store {
namespace {

void write_attributes(const ImportTarget& target, const bson::Document& document, int64_t group) {
  for (const bson::Element& field : document.elements()) {
    if (!field.name.starts_with('_') || field.name == "_id" || field.name.size() < 2) continue;
    if (const auto value = encode_value(field.value)) {
      write_values(target.connection, kGroupAttributes, group,
                   {{std::string(field.name.substr(1)), *value}});
    } else {
      target.note("an attribute has a type that is not kept");
    }
  }
}

std::string write_group(const ImportTarget& target, Fields& group) {
  const int64_t id = group.id("_id");
  const int64_t type = group.integer("tid", 0, 0);
  const int64_t owner = group.id("oid");
  const int64_t creator = group.optional_id("cid").value_or(owner);
  const std::string given = group.text("n");
  const std::string name = clean_name(given);
  const std::string intro = group.text("intro");
  const std::string announcement = group.text("annt");
  const int64_t score = group.integer("ms", 0, INT32_MIN, INT32_MAX);
  const auto created = group.date("cd").value_or(WallTime{});
  const auto updated = group.date("lud").value_or(created);
  const auto muted = group.date("med");
  const bool active = group.flag("ac", true) && !group.date("dd");
  if (!group.good()) return group.problem();
  Statement insert = target.connection.prepare(
      "insert into chat_group (id, type_id, creator_id, owner_id, name, intro, announcement, "
      "min_score, creation_date, last_updated_date, mute_end_date, active, name_is_indexed) "
      "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing");
  insert.bind(id, type, creator, owner, name, intro, announcement, score, created, updated, muted,
              active, !active);
  if (insert.run() == 0) return kDuplicate;
  if (name != given) target.note("the name had characters that are not shown");
  if (active) write_attributes(target, group.document(), id);
  return {};
}

std::string write_type(const ImportTarget& target, Fields& type) {
  const im::GroupType usual;
  const int64_t id = type.integer("_id", -1, 0);
  const std::string name = type.text("n");
  const int64_t size = type.integer("gsl", usual.size_limit, 0, INT32_MAX);
  const auto invitation = type.enumeration("is", usual.invitation_strategy,
                                           im::InvitationStrategy::kOwnerRequiringApproval);
  const auto join = type.enumeration("js", usual.join_strategy, im::JoinStrategy::kJoinRequest);
  const auto info =
      type.enumeration("gius", usual.info_update_strategy, im::UpdateStrategy::kOwner);
  const auto member =
      type.enumeration("mius", usual.member_info_update_strategy, im::UpdateStrategy::kOwner);
  const bool guest = type.flag("gs", usual.guest_speakable);
  const bool self = type.flag("siu", usual.self_info_updatable);
  const bool receipt = type.flag("err", usual.read_receipt);
  const bool editable = type.flag("me", usual.message_editable);
  if (!type.good()) return type.problem();
  if (id < 0) return "`_id` is missing";
  Statement insert = target.connection.prepare(
      "insert into group_type (id, name, size_limit, invitation_strategy, join_strategy, "
      "info_update_strategy, member_info_update_strategy, guest_speakable, self_info_updatable, "
      "read_receipt, message_editable) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "on conflict (id) do nothing");
  insert.bind(id, name, size, invitation, join, info, member, guest, self, receipt, editable);
  return insert.run() == 0 ? kDuplicate : "";
}

std::string write_member(const ImportTarget& target, Fields& member) {
  Fields key = member.in("_id");
  const int64_t group = key.id("gid");
  const int64_t user = key.id("uid");
  const std::string given = member.text("n");
  const std::string name = clean_name(given);
  const auto role = member.enumeration("role", im::GroupMemberRole::kMember,
                                       im::GroupMemberRole::kAnonymousGuest);
  const auto joined = member.date("jd").value_or(WallTime{});
  const auto muted = member.date("med");
  if (!key.good()) return key.problem();
  if (!member.good()) return member.problem();
  Statement insert = target.connection.prepare(
      "insert into group_member (group_id, user_id, name, role, join_date, mute_end_date) "
      "values (?, ?, ?, ?, ?, ?) on conflict do nothing");
  insert.bind(group, user, name, role, joined, muted);
  if (insert.run() == 0) return kDuplicate;
  if (name != given) target.note("the name had characters that are not shown");
  return {};
}

std::string write_blocked_user(const ImportTarget& target, Fields& blocked) {
  Fields key = blocked.in("_id");
  const int64_t group = key.id("gid");
  const int64_t user = key.id("uid");
  const auto date = blocked.date("bd").value_or(WallTime{});
  const int64_t requester = blocked.integer("rid", 0, 0);
  if (!key.good()) return key.problem();
  if (!blocked.good()) return blocked.problem();
  Statement insert = target.connection.prepare(
      "insert into group_blocked_user (group_id, user_id, block_date, requester_id) "
      "values (?, ?, ?, ?) on conflict do nothing");
  return insert.bind(group, user, date, requester).run() == 0 ? kDuplicate : "";
}

std::string write_invitation(const ImportTarget& target, Fields& invitation) {
  const int64_t id = invitation.id("_id");
  const int64_t group = invitation.id("gid");
  const int64_t inviter = invitation.id("irid");
  const int64_t invitee = invitation.id("ieid");
  const std::string content = invitation.text("cnt");
  const auto status =
      invitation.enumeration("stat", im::RequestStatus::kPending, im::RequestStatus::kCanceled);
  const auto created = invitation.date("cd").value_or(WallTime{});
  const auto answered = invitation.date("rd");
  const std::string reason = invitation.text("rsn");
  if (!invitation.good()) return invitation.problem();
  Statement insert = target.connection.prepare(
      "insert into group_invitation (id, group_id, inviter_id, invitee_id, content, status, "
      "creation_date, response_date, expiration_date, reason) "
      "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing");
  insert.bind(id, group, inviter, invitee, content, status, created, answered,
              expiry_of(target, created), reason);
  return insert.run() == 0 ? kDuplicate : "";
}

std::string write_join_request(const ImportTarget& target, Fields& request) {
  const int64_t id = request.id("_id");
  const int64_t group = request.id("gid");
  const int64_t requester = request.id("rqid");
  const auto responder = request.optional_id("rpid");
  const std::string content = request.text("cnt");
  const auto status =
      request.enumeration("stat", im::RequestStatus::kPending, im::RequestStatus::kCanceled);
  const auto created = request.date("cd").value_or(WallTime{});
  const auto answered = request.date("rd");
  const std::string reason = request.text("rsn");
  if (!request.good()) return request.problem();
  Statement insert = target.connection.prepare(
      "insert into group_join_request (id, group_id, requester_id, responder_id, content, status, "
      "creation_date, response_date, expiration_date, reason) "
      "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing");
  insert.bind(id, group, requester, responder, content, status, created, answered,
              expiry_of(target, created), reason);
  return insert.run() == 0 ? kDuplicate : "";
}

std::string write_question(const ImportTarget& target, Fields& question) {
  const int64_t id = question.id("_id");
  const int64_t group = question.id("gid");
  const std::string text = question.text("q");
  const std::string answers = json_of(question.texts("ans"));
  const int64_t score = question.integer("score", 0, INT32_MIN, INT32_MAX);
  if (!question.good()) return question.problem();
  Statement insert = target.connection.prepare(
      "insert into group_join_question (id, group_id, question, answers, score) "
      "values (?, ?, ?, ?, ?) on conflict (id) do nothing");
  return insert.bind(id, group, text, answers, score).run() == 0 ? kDuplicate : "";
}

constexpr auto kImports = std::to_array<CollectionImport>({
    {"group", write_group},
    {"groupType", write_type},
    {"groupMember", write_member},
    {"groupBlockedUser", write_blocked_user},
    {"groupInvitation", write_invitation},
    {"groupJoinRequest", write_join_request},
    {"groupJoinQuestion", write_question},
});

}  // namespace

std::span<const CollectionImport> group_imports() {
  return kImports;
}

}  // namespace turms::store
