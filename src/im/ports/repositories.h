#pragma once

namespace turms::im {

class UserRepository;
class RelationshipRepository;
class VersionRepository;
class GroupRepository;
class GroupBlocklistRepository;
class InvitationRepository;
class MessageRepository;
class ConversationRepository;
class MeetingRepository;
class FriendRequestRepository;

/// Where everything lives. Owned by the app, outlives the domain.
struct Repositories {
  UserRepository& users;
  RelationshipRepository& relationships;
  VersionRepository& versions;
  GroupRepository& groups;
  GroupBlocklistRepository& group_blocklist;
  InvitationRepository& invitations;
  MessageRepository& messages;
  ConversationRepository& conversations;
  MeetingRepository& meetings;
  FriendRequestRepository& friend_requests;
};

}  // namespace turms::im
