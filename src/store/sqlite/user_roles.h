#pragma once

#include "im/ports/user_roles.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/writer.h"

namespace turms::store {

class UserRoles final : public im::UserRoleRepository {
 public:
  UserRoles(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<im::UserRole> of_user(UserId id) override;
  im::Stored<std::optional<im::UserRole>> find(int64_t id) override;
  im::Stored<std::vector<im::UserRole>> list() override;
  im::Stored<bool> put(im::Permit<im::action::PutUserRole> permit, im::UserRole role) override;
  im::Stored<bool> remove(im::Permit<im::action::RemoveUserRole> permit) override;
  im::Stored<Assigned> assign(im::Permit<im::action::AssignUserRole> permit) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace turms::store
