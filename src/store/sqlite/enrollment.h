#pragma once

#include "im/ports/group_blocklist.h"
#include "im/ports/join_questions.h"
#include "im/ports/join_requests.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/writer.h"

// The repositories of how users get into groups and are kept out (as in repositories.h).

namespace turms::store {

class GroupBlocklist final : public im::GroupBlocklistRepository {
 public:
  explicit GroupBlocklist(Writer& writer) : writer_(writer) {}
  im::Stored<Blocked> block(im::Permit<im::action::BlockInGroup> permit, UserId requester,
                            WallTime now) override;
  im::Stored<bool> unblock(im::Permit<im::action::UnblockInGroup> permit, WallTime now) override;

 private:
  Writer& writer_;
};

class JoinRequests final : public im::JoinRequestRepository {
 public:
  JoinRequests(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::optional<im::GroupJoinRequest>> find(JoinRequestId id) override;
  im::Stored<std::vector<im::GroupJoinRequest>> query(im::JoinRequestFilter filter) override;
  im::Stored<Created> create(im::Permit<im::action::AskToJoin> permit,
                             im::GroupJoinRequest request) override;
  im::Stored<bool> recall(im::Permit<im::action::RecallJoinRequest> permit, WallTime now) override;
  im::Stored<Replied> reply(im::Permit<im::action::ReplyToJoinRequest> permit, UserId responder,
                            im::RequestStatus status, std::string reason,
                            std::optional<im::GroupMember> member, int32_t size_limit,
                            WallTime now) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

class JoinQuestions final : public im::JoinQuestionRepository {
 public:
  JoinQuestions(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::vector<im::GroupJoinQuestion>> find(std::vector<JoinQuestionId> ids) override;
  im::Stored<std::vector<im::GroupJoinQuestion>> of_group(GroupId id) override;
  im::Stored<Created> create(im::Permit<im::action::ChangeJoinQuestions> permit,
                             std::vector<im::GroupJoinQuestion> questions, WallTime now) override;
  im::Stored<int64_t> remove(im::Permit<im::action::ChangeJoinQuestions> permit,
                             std::vector<JoinQuestionId> ids, WallTime now) override;
  im::Stored<bool> update(im::Permit<im::action::ChangeJoinQuestions> permit, JoinQuestionId id,
                          im::JoinQuestionChange change, WallTime now) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace turms::store
