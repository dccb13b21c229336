#include "gateway/handlers/convert.h"

#include <limits>

#include "im/meeting/state.h"

namespace turms::gateway {

im::ValueMap values_from(const Values& values) {
  im::ValueMap out;
  for (const auto& [name, value] : values) out[name] = value.SerializeAsString();
  return out;
}

void fill(Values& out, const im::ValueMap& values) {
  for (const auto& [name, value] : values) {
    model::Value parsed;
    if (parsed.ParseFromString(value)) out[name] = std::move(parsed);
  }
}

void fill(model::UserInfo& out, const im::User& user) {
  out.set_id(user.id.value);
  out.set_name(user.name);
  if (!user.intro.empty()) out.set_intro(user.intro);
  if (!user.profile_picture.empty()) out.set_profile_picture(user.profile_picture);
  out.set_profile_access_strategy(
      static_cast<model::ProfileAccessStrategy>(user.profile_access_strategy));
  out.set_registration_date(user.registration_date.unix_ms);
  out.set_last_updated_date(user.last_updated_date.unix_ms);
  out.set_active(user.active);
  fill(*out.mutable_user_defined_attributes(), user.attributes);
}

void fill(model::Group& out, const im::Group& group) {
  out.set_id(group.id.value);
  out.set_type_id(group.type_id);
  out.set_creator_id(group.creator_id.value);
  out.set_owner_id(group.owner_id.value);
  out.set_name(group.name);
  if (!group.intro.empty()) out.set_intro(group.intro);
  if (!group.announcement.empty()) out.set_announcement(group.announcement);
  out.set_creation_date(group.creation_date.unix_ms);
  out.set_last_updated_date(group.last_updated_date.unix_ms);
  if (group.mute_end_date) out.set_mute_end_date(group.mute_end_date->unix_ms);
  out.set_active(group.active);
  fill(*out.mutable_user_defined_attributes(), group.attributes);
}

void fill(model::GroupMember& out, const im::GroupMember& member) {
  out.set_group_id(member.group_id.value);
  out.set_user_id(member.user_id.value);
  if (!member.name.empty()) out.set_name(member.name);
  out.set_role(static_cast<model::GroupMemberRole>(member.role));
  out.set_join_date(member.join_date.unix_ms);
  if (member.mute_end_date) out.set_mute_end_date(member.mute_end_date->unix_ms);
}

void fill(model::GroupInvitation& out, const im::GroupInvitation& invitation) {
  out.set_id(invitation.id.value);
  out.set_creation_date(invitation.creation_date.unix_ms);
  out.set_content(invitation.content);
  out.set_status(static_cast<model::RequestStatus>(invitation.status));
  out.set_expiration_date(invitation.expiration_date.unix_ms);
  out.set_group_id(invitation.group_id.value);
  out.set_inviter_id(invitation.inviter_id.value);
  out.set_invitee_id(invitation.invitee_id.value);
}

void fill(model::UserRelationship& out, const im::Relationship& relationship) {
  out.set_owner_id(relationship.owner_id.value);
  out.set_related_user_id(relationship.related_user_id.value);
  if (relationship.block_date) out.set_block_date(relationship.block_date->unix_ms);
  out.set_group_index(relationship.group_index);
  out.set_establishment_date(relationship.establishment_date.unix_ms);
  if (!relationship.name.empty()) out.set_name(relationship.name);
}

void fill(model::UserFriendRequest& out, const im::FriendRequest& request) {
  out.set_id(request.id.value);
  out.set_creation_date(request.creation_date.unix_ms);
  out.set_content(request.content);
  out.set_request_status(static_cast<model::RequestStatus>(request.status));
  if (!request.reason.empty()) out.set_reason(request.reason);
  if (request.expiration_date) out.set_expiration_date(request.expiration_date->unix_ms);
  out.set_requester_id(request.requester_id.value);
  out.set_recipient_id(request.recipient_id.value);
}

void fill(model::GroupJoinRequest& out, const im::GroupJoinRequest& request) {
  out.set_id(request.id.value);
  out.set_creation_date(request.creation_date.unix_ms);
  out.set_content(request.content);
  out.set_status(static_cast<model::RequestStatus>(request.status));
  out.set_expiration_date(request.expiration_date.unix_ms);
  out.set_group_id(request.group_id.value);
  out.set_requester_id(request.requester_id.value);
  if (request.responder_id) out.set_responder_id(request.responder_id->value);
}

void fill(model::GroupJoinQuestion& out, const im::GroupJoinQuestion& question) {
  out.set_id(question.id.value);
  out.set_group_id(question.group_id.value);
  out.set_question(question.question);
  for (const std::string& answer : question.answers) out.add_answers(answer);
}

void fill(model::Message& out, const im::Message& message, const MessageView& view) {
  out.set_id(message.id.value);
  out.set_delivery_date(message.delivery_date.unix_ms);
  if (view.extensions) out.set_sequence(message.sequence);
  if (view.extensions && message.recall_date) out.set_recall_date(message.recall_date->unix_ms);
  const bool numbered = message.group_id ? view.sequence_of_groups : view.sequence_of_private;
  if (numbered && message.sequence <= std::numeric_limits<int32_t>::max()) {
    out.set_sequence_id(static_cast<int32_t>(message.sequence));
  }
  if (view.pre_message_id && message.pre_message_id) {
    out.set_pre_message_id(message.pre_message_id->value);
  }
  if (message.modification_date) out.set_modification_date(message.modification_date->unix_ms);
  if (message.text) out.set_text(*message.text);
  out.set_sender_id(message.sender_id.value);
  out.set_is_system_message(message.is_system_message);
  if (message.group_id) {
    out.set_group_id(message.group_id->value);
    // Upstream's clients find the group here as well.
    out.set_recipient_id(message.group_id->value);
  } else if (message.recipient_id) {
    out.set_recipient_id(message.recipient_id->value);
  }
  for (const Bytes& record : message.records) out.add_records(record.data(), record.size());
  for (const im::ReactionGroup& reaction : message.reactions) {
    auto& group = *out.add_reaction_groups();
    group.set_reaction_type(reaction.type);
    group.set_reaction_count(reaction.count);
    for (const UserId user : reaction.users) group.add_user_infos()->set_id(user.value);
  }
}

void fill(model::PrivateConversation& out, const im::PrivateConversation& conversation) {
  out.set_owner_id(conversation.owner_id.value);
  out.set_target_id(conversation.target_id.value);
  out.set_read_date(conversation.read_date.unix_ms);
}

void fill(model::GroupConversation& out, const im::GroupConversation& conversation) {
  out.set_group_id(conversation.group_id.value);
  auto& read_dates = *out.mutable_member_id_to_read_date();
  for (const im::GroupConversation::Read& read : conversation.reads) {
    read_dates[read.member_id.value] = read.read_date.unix_ms;
  }
}

void fill(model::Meeting& out, const im::Meeting& meeting) {
  out.set_id(meeting.id.value);
  if (meeting.user_id) out.set_user_id(meeting.user_id->value);
  if (meeting.group_id) out.set_group_id(meeting.group_id->value);
  out.set_creator_id(meeting.creator_id.value);
  if (!meeting.name.empty()) out.set_name(meeting.name);
  if (!meeting.intro.empty()) out.set_intro(meeting.intro);
  if (meeting.password) out.set_password(*meeting.password);
  out.set_start_date(meeting.start_date.unix_ms);
  if (meeting.end_date) out.set_end_date(meeting.end_date->unix_ms);
  if (meeting.cancel_date) out.set_cancel_date(meeting.cancel_date->unix_ms);
}

void fill(model::StorageResourceInfo& out, const im::Attachment& attachment) {
  out.set_id_num(attachment.id.value);
  out.set_name(attachment.name);
  out.set_media_type(attachment.media_type);
  out.set_uploader_id(attachment.uploader_id.value);
  out.set_creation_date(attachment.creation_date.unix_ms);
}

namespace {

void fill(model::MeetingPerson& out, const im::meeting::State& life, UserId user,
          const im::meeting::Person& person) {
  out.set_user_id(user.value);
  out.set_role(static_cast<model::MeetingRole>(im::meeting::role_of(life, user, person)));
  out.set_place(static_cast<model::MeetingPlace>(person.place));
  out.set_call(static_cast<model::MeetingCall>(person.call));
  if (person.call_until.unix_ms != 0) out.set_call_until(person.call_until.unix_ms);
  out.set_attended(person.attended);
  out.set_present_ms(to_ms(im::meeting::time_present(person, wall_now())));
  out.set_stopped_tracks(person.stopped);
  if (person.room != 0) out.set_room(person.room);
  if (!person.name.empty()) out.set_name(person.name);
}

void fill_life(model::MeetingState& out, const im::meeting::State& life) {
  out.set_phase(static_cast<model::MeetingPhase>(life.phase));
  if (life.host) out.set_host_id(life.host->value);
  out.set_locked(life.locked);
  out.set_lobby(life.lobby);
  out.set_muted(life.muted);
  if (life.spotlight) out.set_spotlight_id(life.spotlight->value);
  for (const UserId user : im::meeting::hands(life)) out.add_hands(user.value);
  for (const auto& [user, person] : life.people) fill(*out.add_people(), life, user, person);
  for (const std::string& name : life.breakouts) out.add_breakouts(name);
  out.set_breakouts_open(life.breakouts_open);
  if (life.live_since.unix_ms != 0) out.set_live_date(life.live_since.unix_ms);
}

}  // namespace

void fill(model::MeetingState& out, const im::MeetingStateChanged& state) {
  const im::Meeting& meeting = state.meeting;
  out.set_meeting_id(meeting.id.value);
  if (meeting.group_id) out.set_group_id(meeting.group_id->value);
  if (meeting.user_id) out.set_user_id(meeting.user_id->value);
  out.set_creator_id(meeting.creator_id.value);
  if (!meeting.name.empty()) out.set_name(meeting.name);
  out.set_start_date(meeting.start_date.unix_ms);
  if (meeting.end_date) {
    out.set_end_date(meeting.end_date->unix_ms);
  } else if (meeting.cancel_date) {
    out.set_end_date(meeting.cancel_date->unix_ms);
  }
  for (const im::MeetingParticipant& participant : state.participants) {
    auto& one = *out.add_participants();
    one.set_user_id(participant.user_id.value);
    one.set_name(participant.name);
    one.set_joined_date(participant.joined_date.unix_ms);
    one.set_microphone(participant.microphone);
    one.set_camera(participant.camera);
    one.set_screen(participant.screen);
    if (participant.role) one.set_role(static_cast<model::GroupMemberRole>(*participant.role));
  }
  out.set_version(state.version);
  if (!state.media_url.empty()) out.set_media_url(state.media_url);
  if (state.life != nullptr) fill_life(out, *state.life);
}

void fill(model::MeetingSignal& out, const im::MeetingSignal& signal) {
  using Kind = im::MeetingSignal::Kind;
  out.set_meeting_id(signal.meeting.id.value);
  if (signal.meeting.group_id) out.set_group_id(signal.meeting.group_id->value);
  out.set_kind(static_cast<model::MeetingSignalKind>(signal.kind));
  if (signal.by) out.set_by_user_id(signal.by.value);
  if (signal.until.unix_ms != 0) out.set_until(signal.until.unix_ms);
  if (signal.kind == Kind::kRingOver) out.set_call(static_cast<model::MeetingCall>(signal.call));
  if (signal.kind == Kind::kUnmuteAsked) out.set_tracks(signal.tracks);
  if (signal.kind == Kind::kMoved) out.set_room(signal.room);
  if (!signal.meeting.name.empty()) out.set_name(signal.meeting.name);
}

im::DeviceType device_type_from(int32_t number) {
  if (number < 0 || number > static_cast<int32_t>(im::DeviceType::kUnknown)) {
    return im::DeviceType::kUnknown;
  }
  return static_cast<im::DeviceType>(number);
}

}  // namespace turms::gateway
