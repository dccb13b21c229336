#pragma once

#include "im/ports/admins.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/writer.h"

namespace turms::store {

class Admins final : public im::AdminRepository {
 public:
  Admins(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  im::Stored<std::optional<im::Admin>> find_admin(std::string account) override;
  im::Stored<im::Listed<im::Admin>> admins(im::AdminFilter filter) override;
  im::Stored<bool> create_admin(im::Admin admin) override;
  im::Stored<int64_t> update_admins(std::vector<std::string> accounts,
                                    im::AdminChange change) override;
  im::Stored<bool> renew_password_hash(std::string account, std::string former,
                                       std::string password_hash) override;
  im::Stored<int64_t> remove_admins(std::vector<std::string> accounts) override;
  im::Stored<std::optional<im::AdminRole>> find_role(int64_t id) override;
  im::Stored<im::Listed<im::AdminRole>> roles(im::AdminRoleFilter filter) override;
  im::Stored<bool> create_role(im::AdminRole role) override;
  im::Stored<int64_t> update_roles(std::vector<int64_t> ids, im::AdminRoleChange change) override;
  im::Stored<std::optional<int64_t>> remove_roles(std::vector<int64_t> ids) override;
  im::Stored<std::optional<int64_t>> create_token(im::AdminToken token, Bytes hash,
                                                  int64_t max_tokens) override;
  im::Stored<std::optional<im::AdminToken>> find_token(Bytes hash, WallTime now) override;
  im::Stored<std::vector<im::AdminToken>> tokens(std::string account, WallTime now) override;
  im::Stored<int64_t> remove_tokens(std::string account, std::vector<int64_t> ids) override;
  im::Stored<im::None> append_audit(im::AuditEntry entry, WallTime keep_from,
                                    int64_t max_entries) override;
  im::Stored<im::Listed<im::AuditEntry>> audit(im::AuditFilter filter) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace turms::store
