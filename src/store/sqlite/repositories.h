#pragma once

#include "im/ports.h"
#include "store/sqlite/heads.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/writer.h"

// im's repositories on SQLite. Reads run on the reader threads, changes on the writer. A changing
// operation either refuses before it writes anything, or succeeds, or fails with an error (and is
// rolled back).

namespace turms::store {

class Users final : public im::UserRepository {
 public:
  Users(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::vector<im::User>> find(std::vector<UserId> ids) override;
  im::Stored<std::optional<im::Credentials>> find_credentials(UserId id) override;
  im::Stored<std::vector<UserId>> search_names(std::string text) override;
  im::Stored<std::vector<im::User>> list(UserId after, int limit) override;
  im::Stored<bool> create(im::Permit<im::action::CreateUser> permit, im::User user,
                          std::string password_hash) override;
  im::Stored<bool> change_password(im::Permit<im::action::ChangePassword> permit,
                                   std::string password_hash) override;
  im::Stored<std::optional<int64_t>> update(im::Permit<im::action::UpdateUser> permit,
                                            im::UserChange change, WallTime now) override;
  im::Stored<bool> renew_password_hash(im::Permit<im::action::RenewPasswordHash> permit,
                                       std::string former, std::string password_hash) override;
  im::Stored<std::vector<im::PasswordChange>> password_changes(int64_t version, int limit) override;
  im::Stored<std::vector<im::User>> query(im::UserFilter filter) override;
  im::Stored<int64_t> count(im::UserFilter filter) override;
  im::Stored<bool> set_active(im::Permit<im::action::SetActive> permit, bool active,
                              WallTime now) override;
  im::Stored<bool> remove(im::Permit<im::action::RemoveUser> permit, bool logically,
                          WallTime now) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

class Relationships final : public im::RelationshipRepository {
 public:
  Relationships(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<im::Reachability> reachability(UserId owner) override;
  im::Stored<std::vector<im::Relationship>> query(im::RelationshipFilter filter) override;
  im::Stored<Put> create(im::Permit<im::action::PutRelationship> permit, bool blocked,
                         std::string name, int32_t group_index, WallTime now) override;
  im::Stored<Put> update(im::Permit<im::action::PutRelationship> permit,
                         im::RelationshipChange change, WallTime now) override;
  im::Stored<Removed> remove(im::Permit<im::action::RemoveRelationship> permit,
                             std::optional<int32_t> from_group, std::optional<int32_t> to_group,
                             bool two_sided, WallTime now) override;
  im::Stored<std::vector<im::RelationshipGroup>> groups(UserId owner) override;
  im::Stored<Put> create_group(im::Permit<im::action::ChangeRelationshipGroups> permit,
                               im::RelationshipGroup group, WallTime now) override;
  im::Stored<bool> rename_group(im::Permit<im::action::ChangeRelationshipGroups> permit,
                                im::RelationshipGroup group, WallTime now) override;
  im::Stored<bool> remove_group(im::Permit<im::action::ChangeRelationshipGroups> permit,
                                int32_t index, int32_t target, WallTime now) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

class UserSettings final : public im::UserSettingsRepository {
 public:
  UserSettings(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<im::ValueMap> find(UserId user) override;
  im::Stored<Put> put(im::Permit<im::action::ChangeUserSettings> permit, im::ValueMap settings,
                      std::set<std::string> immutable, WallTime now) override;
  im::Stored<bool> remove(im::Permit<im::action::ChangeUserSettings> permit,
                          std::vector<std::string> names, WallTime now) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

class FriendRequests final : public im::FriendRequestRepository {
 public:
  FriendRequests(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::optional<im::FriendRequest>> find(FriendRequestId id) override;
  im::Stored<std::vector<im::FriendRequest>> sent_by(UserId requester) override;
  im::Stored<std::vector<im::FriendRequest>> received_by(UserId recipient) override;
  im::Stored<Created> create(im::Permit<im::action::CreateFriendRequest> permit,
                             im::FriendRequest request, bool again) override;
  im::Stored<bool> recall(im::Permit<im::action::RecallFriendRequest> permit,
                          WallTime now) override;
  im::Stored<Replied> reply(im::Permit<im::action::ReplyToFriendRequest> permit,
                            im::RequestStatus status, std::string reason, WallTime now) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

class Versions final : public im::VersionRepository {
 public:
  explicit Versions(Readers& readers) : readers_(readers) {}
  im::Stored<std::optional<WallTime>> find(im::VersionOf kind, int64_t id) override;

 private:
  Readers& readers_;
};

class Groups final : public im::GroupRepository {
 public:
  Groups(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::optional<im::GroupSnapshot>> load(GroupId id) override;
  im::Stored<std::vector<im::Group>> find(std::vector<GroupId> ids) override;
  im::Stored<std::vector<GroupId>> search_names(std::string text) override;
  im::Stored<std::vector<im::Group>> list(GroupId after, int limit) override;
  im::Stored<std::vector<GroupId>> joined_by(UserId user) override;
  im::Stored<std::optional<im::GroupType>> find_type(int64_t id) override;
  im::Stored<im::None> put_type(im::Permit<im::action::PutGroupType> permit,
                                im::GroupType type) override;
  im::Stored<TypeRemoved> remove_type(im::Permit<im::action::RemoveGroupType> permit) override;
  im::Stored<Created> create(im::Permit<im::action::CreateGroup> permit, im::Group group,
                             std::vector<im::GroupMember> members) override;
  im::Stored<bool> update(im::Permit<im::action::UpdateGroup> permit, im::GroupChange change,
                          WallTime now) override;
  im::Stored<bool> remove(im::Permit<im::action::RemoveGroup> permit, WallTime now) override;
  im::Stored<Added> add_members(im::Permit<im::action::AddMembers> permit,
                                std::vector<im::GroupMember> members, int32_t size_limit,
                                WallTime now) override;
  im::Stored<std::vector<UserId>> remove_members(im::Permit<im::action::RemoveMembers> permit,
                                                 WallTime now) override;
  im::Stored<bool> update_member(im::Permit<im::action::UpdateMember> permit,
                                 im::MemberChange change, WallTime now) override;
  im::Stored<Transferred> transfer(im::Permit<im::action::TransferGroup> permit, bool quit,
                                   WallTime now) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

class Invitations final : public im::InvitationRepository {
 public:
  Invitations(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::optional<im::GroupInvitation>> find(InvitationId id) override;
  im::Stored<std::vector<im::GroupInvitation>> query(im::InvitationFilter filter) override;
  im::Stored<im::None> create(im::Permit<im::action::Invite> permit,
                              im::GroupInvitation invitation) override;
  im::Stored<bool> recall(im::Permit<im::action::RecallInvitation> permit, WallTime now) override;
  im::Stored<Replied> reply(im::Permit<im::action::ReplyToInvitation> permit,
                            im::RequestStatus status, std::string reason,
                            std::optional<im::GroupMember> member, int32_t size_limit,
                            WallTime now) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

class Messages final : public im::MessageRepository {
 public:
  Messages(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<im::Placed> append(im::Permit<im::action::SendMessage> permit,
                                im::NewMessage message) override;
  im::Stored<std::optional<im::Message>> find(MessageId id) override;
  im::Stored<std::vector<im::Message>> query(im::MessageFilter filter) override;
  im::Stored<int64_t> count(im::MessageFilter filter) override;
  im::Stored<bool> edit(im::Permit<im::action::EditMessage> permit, std::optional<std::string> text,
                        std::optional<std::vector<Bytes>> records, WallTime now) override;
  im::Stored<std::optional<im::Placed>> recall(im::Permit<im::action::RecallMessage> permit,
                                               WallTime recall_date,
                                               im::NewMessage notice) override;
  im::Stored<bool> index_text() override;
  im::Stored<std::vector<im::FoundText>> search(im::TextSearch search) override;
  im::Stored<im::None> set_retention(im::Permit<im::action::SetRetention> permit,
                                     std::optional<int32_t> hours) override;
  im::Stored<bool> delete_expired(im::Permit<im::action::DeleteExpiredMessages> permit,
                                  WallTime now, std::optional<WallTime> keep_from) override;
  im::Stored<im::Expired> find_expired(WallTime now, std::optional<WallTime> keep_from,
                                       std::vector<MessageId> kept) override;
  im::Stored<im::None> erase(im::Permit<im::action::DeleteExpiredMessages> permit,
                             std::vector<MessageId> ids) override;

 private:
  Writer& writer_;
  Readers& readers_;
  ConversationHeads heads_;
  /// The writer's: the last message of which it was looked whether it burns.
  MessageId burn_looked_at_;
  /// And the last group whose messages were.
  GroupId retention_looked_at_;
};

class Conversations final : public im::ConversationRepository {
 public:
  Conversations(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::vector<im::PrivateConversation>> find_private(std::vector<UserId> owners,
                                                                UserId target) override;
  im::Stored<std::vector<im::GroupConversation>> find_group(std::vector<GroupId> ids) override;
  im::Stored<im::ReadMoved> move_private(im::Permit<im::action::MovePrivateReadDate> permit,
                                         im::ReadMove move) override;
  im::Stored<im::ReadMoved> move_group(im::Permit<im::action::MoveGroupReadDate> permit,
                                       im::ReadMove move) override;
  im::Stored<std::vector<im::ConversationSummary>> list(UserId user, int32_t skip,
                                                        int32_t limit) override;
  im::Stored<std::vector<im::PushState>> push_states(std::vector<UserId> users,
                                                     im::ConversationRef conversation,
                                                     bool everybody) override;
  im::Stored<im::ConversationPage> messages_after(UserId reader, im::ConversationRef conversation,
                                                  int64_t sequence, int32_t max_count) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

class SessionTokens final : public im::SessionTokenRepository {
 public:
  SessionTokens(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::optional<im::SessionToken>> find(im::TokenHash hash) override;
  im::Stored<im::None> create(im::Permit<im::action::CreateSessionToken> permit, im::TokenHash hash,
                              im::SessionToken token, int max_per_user) override;
  im::Stored<bool> prolong(im::Permit<im::action::ProlongSessionToken> permit, im::TokenHash hash,
                           WallTime expiration_date) override;
  im::Stored<int> revoke(im::Permit<im::action::RevokeSessionTokens> permit,
                         std::optional<im::TokenHash> hash,
                         std::vector<im::DeviceType> device_types) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

class Blocklist final : public im::BlocklistRepository {
 public:
  Blocklist(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::vector<im::BlockedClient>> load(WallTime now) override;
  im::Stored<im::None> put(im::Permit<im::action::BlockClients> permit,
                           std::vector<im::BlockedClient> clients, WallTime now) override;
  im::Stored<im::None> remove(im::Permit<im::action::BlockClients> permit, im::BlockedKind kind,
                              std::vector<std::string> subjects) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

class Meetings final : public im::MeetingRepository {
 public:
  Meetings(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::optional<im::Meeting>> find(MeetingId id) override;
  im::Stored<std::vector<im::Meeting>> query(im::MeetingFilter filter) override;
  im::Stored<bool> create(im::Permit<im::action::CreateMeeting> permit,
                          im::Meeting meeting) override;
  im::Stored<bool> update(im::Permit<im::action::UpdateMeeting> permit,
                          im::MeetingChange change) override;
  im::Stored<bool> cancel(im::Permit<im::action::CancelMeeting> permit, WallTime now) override;
  im::Stored<bool> end(im::Permit<im::action::EndMeeting> permit, WallTime now) override;
  im::Stored<bool> put_state(im::Permit<im::action::PutMeetingState> permit, Bytes state) override;
  im::Stored<std::vector<im::MeetingStateRow>> states(std::vector<MeetingId> ids) override;
  im::Stored<im::None> erase(im::Permit<im::action::EraseMeeting> permit) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

class Attachments final : public im::AttachmentRepository {
 public:
  Attachments(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::optional<im::Attachment>> find(AttachmentId id) override;
  im::Stored<im::AttachmentShares> shares(AttachmentId id) override;
  im::Stored<std::vector<im::Attachment>> query(im::AttachmentFilter filter) override;
  im::Stored<bool> create(im::Permit<im::action::CreateAttachment> permit,
                          im::Attachment attachment, int64_t max_count) override;
  im::Stored<bool> share(im::Permit<im::action::ShareAttachment> permit,
                         int64_t max_count) override;
  im::Stored<bool> unshare(im::Permit<im::action::UnshareAttachment> permit) override;
  im::Stored<bool> remove(im::Permit<im::action::DeleteAttachment> permit, WallTime now) override;
  im::Stored<im::None> set_size(im::Permit<im::action::SettleAttachment> permit,
                                int64_t size) override;
  im::Stored<im::None> erase(im::Permit<im::action::SettleAttachment> permit) override;
  im::Stored<std::vector<im::Attachment>> unsettled(WallTime made_before, int32_t limit) override;
  im::Stored<std::vector<AttachmentId>> to_erase(std::optional<WallTime> expired_before,
                                                 WallTime made_before, int32_t limit) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

/// Moves a version stamp, in the transaction of the change it stands for. Two changes in the same
/// millisecond get different stamps, or a client that read between them would miss the second.
void touch(Connection& connection, im::VersionOf kind, int64_t id, WallTime now);

/// What a new user begins with: the default group, and the versions of what is empty.
void begin_relationships(Connection& connection, UserId owner, WallTime now);
/// False, and nothing done, when there is one.
bool insert_relationship(Connection& connection, UserId owner, UserId related, bool blocked,
                         const std::string& name, int32_t group_index, WallTime now);
int64_t count_relationships(Connection& connection, UserId owner);

}  // namespace turms::store
