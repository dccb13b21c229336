#pragma once

namespace turms::im {

class UserRepository;
class RelationshipRepository;
class VersionRepository;
class GroupRepository;
class GroupBlocklistRepository;
class InvitationRepository;
class JoinRequestRepository;
class JoinQuestionRepository;
class UserRoleRepository;
class MessageRepository;
class MessageMarkRepository;
class ConversationRepository;
class ConversationSettingsRepository;
class MeetingRepository;
class FriendRequestRepository;
class SessionTokenRepository;
class BlocklistRepository;
class UserSettingsRepository;
class AttachmentRepository;

/// Where everything lives. Owned by the app, outlives the domain.
struct Repositories {
  UserRepository& users;
  RelationshipRepository& relationships;
  VersionRepository& versions;
  GroupRepository& groups;
  GroupBlocklistRepository& group_blocklist;
  InvitationRepository& invitations;
  JoinRequestRepository& join_requests;
  JoinQuestionRepository& join_questions;
  UserRoleRepository& user_roles;
  MessageRepository& messages;
  MessageMarkRepository& message_marks;
  ConversationRepository& conversations;
  ConversationSettingsRepository& conversation_settings;
  MeetingRepository& meetings;
  FriendRequestRepository& friend_requests;
  SessionTokenRepository& session_tokens;
  BlocklistRepository& blocklist;
  UserSettingsRepository& user_settings;
  AttachmentRepository& attachments;
};

}  // namespace turms::im
