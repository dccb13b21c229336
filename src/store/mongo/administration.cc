#include <array>

#include "store/mongo/collections.h"

namespace turms::store {
namespace {

/// Upstream's turms.security.password.initial-root-password.
constexpr std::string_view kDefaultPassword = "turms";

std::string write_admin(const ImportTarget& target, Fields& admin) {
  const std::string account = admin.text("_id");
  const std::string name = admin.text("n");
  const int64_t role = admin.integer("rid", 0, 0);
  const auto registered = admin.date("rd").value_or(WallTime{});
  const auto stored = admin.binary("pw");
  if (!admin.good()) return admin.problem();
  if (account.empty()) return "`_id` is missing";
  const auto password = stored ? imported_password(target.options.admin_passwords, *stored)
                               : std::optional<std::string>();
  if (!password) return "it has no password of this algorithm";
  Statement insert = target.connection.prepare(
      "insert into admin (account, name, role_id, registration_date, password_hash) "
      "values (?, ?, ?, ?, ?) on conflict (account) do nothing");
  if (insert.bind(account, name, role, registered, *password).run() == 0) return kDuplicate;
  if (verify_imported_password(kDefaultPassword, *password) == true) {
    target.note("its password is the one that every deployment begins with: change it");
  }
  return {};
}

std::string write_role(const ImportTarget& target, Fields& role) {
  const int64_t id = role.integer("_id", -1, 0);
  const std::string name = role.text("n");
  const int64_t rank = role.integer("rank", 0, INT32_MIN, INT32_MAX);
  const auto created = role.date("cd").value_or(WallTime{});
  std::string permissions;
  for (const std::string& permission : role.texts("perm")) {
    if (!permissions.empty()) permissions += '\n';
    permissions += permission;
  }
  if (!role.good()) return role.problem();
  if (id < 0) return "`_id` is missing";
  if (id == 0) return "role 0 is built in";
  Statement insert = target.connection.prepare(
      "insert into admin_role (id, name, permissions, rank, creation_date) "
      "values (?, ?, ?, ?, ?) on conflict (id) do nothing");
  return insert.bind(id, name, permissions, rank, created).run() == 0 ? kDuplicate : "";
}

constexpr auto kImports = std::to_array<CollectionImport>({
    {"admin", write_admin},
    {"adminRole", write_role},
});

}  // namespace

std::span<const CollectionImport> administration_imports() {
  return kImports;
}

}  // namespace turms::store
