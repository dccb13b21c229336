#pragma once

#include "im/ports/administration.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/writer.h"

namespace turms::store {

class Administration final : public im::AdministrationRepository {
 public:
  Administration(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<im::Listed<im::Group>> groups(im::GroupSearch search) override;
  im::Stored<im::Listed<im::Message>> messages(im::MessageSearch search) override;
  im::Stored<im::Listed<im::FriendRequest>> friend_requests(im::RequestSearch search) override;
  im::Stored<im::Listed<im::GroupInvitation>> invitations(im::RequestSearch search) override;
  im::Stored<im::Listed<im::GroupJoinRequest>> join_requests(im::RequestSearch search) override;
  im::Stored<std::vector<im::GroupType>> group_types() override;
  im::Stored<im::StorageReport> storage() override;
  im::Stored<std::vector<int64_t>> count(im::CountSearch search) override;
  im::Stored<int64_t> delete_messages(im::Permit<im::action::DeleteMessages> permit,
                                      WallTime now) override;
  im::Stored<int64_t> delete_friend_requests(im::Permit<im::action::DeleteFriendRequests> permit,
                                             WallTime now) override;
  im::Stored<int64_t> delete_invitations(im::Permit<im::action::DeleteInvitations> permit,
                                         WallTime now) override;
  im::Stored<int64_t> delete_join_requests(im::Permit<im::action::DeleteJoinRequests> permit,
                                           WallTime now) override;
  im::Stored<int64_t> forget_read_positions(
      im::Permit<im::action::ForgetReadPositions> permit) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace turms::store
