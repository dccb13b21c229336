#include "admin/api.h"
#include "admin/json.h"

namespace turms::admin {
namespace {

constexpr int64_t kMaxSeconds = Accounts::kMaxTokenSeconds;
constexpr int64_t kDefaultSeconds = 30 * 24 * 3600;

std::string write_admin(const im::Admin& admin) {
  return JsonObject()
      .text("account", std::string_view(admin.account))
      .text("name", std::string_view(admin.name))
      .number("roleId", admin.role_id)
      .date("registrationDate", admin.registration_date)
      .str();
}

std::string write_role(const im::AdminRole& role) {
  JsonObject object;
  object.number("id", role.id)
      .text("name", std::string_view(role.name))
      .texts("permissions", role.permissions)
      .number("rank", role.rank);
  if (role.id != kRootRoleId) object.date("creationDate", role.creation_date);
  return object.str();
}

std::string write_token(const im::AdminToken& token) {
  return JsonObject()
      .number("id", token.id)
      .text("name", std::string_view(token.name))
      .date("creationDate", token.creation_date)
      .date("expiryDate", token.expiry_date)
      .str();
}

std::string write_entry(const im::AuditEntry& entry) {
  return JsonObject()
      .number("id", entry.id)
      .date("date", entry.date)
      .text("account", std::string_view(entry.account))
      .text("address", std::string_view(entry.address))
      .text("traceId", std::string_view(entry.trace_id))
      .text("action", std::string_view(entry.action))
      .raw("arguments", entry.arguments)
      .number("status", entry.status)
      .number("code", entry.code)
      .text("reason", std::string_view(entry.reason))
      .str();
}

im::AdminFilter admin_filter(const Call& call) {
  im::AdminFilter filter;
  filter.accounts = call.query.texts("accounts");
  filter.role_ids = call.query.numbers("roleIds");
  const Paging paging = paging_of(call.query);
  filter.skip = paging.skip;
  filter.limit = paging.limit;
  return filter;
}

im::AdminRoleFilter role_filter(const Call& call) {
  im::AdminRoleFilter filter;
  filter.ids = call.query.numbers("ids");
  filter.names = call.query.texts("names");
  const Paging paging = paging_of(call.query);
  filter.skip = paging.skip;
  filter.limit = paging.limit;
  return filter;
}

std::vector<Field> admin_query(bool paged) {
  std::vector<Field> fields = {texts_field("accounts", "Of these accounts", 32),
                               ids_field("roleIds", "With one of these roles")};
  add_size(fields, paged);
  return fields;
}

std::vector<Field> role_query(bool paged) {
  std::vector<Field> fields = {ids_field("ids", "Of these ids"),
                               texts_field("names", "Of these names", 32)};
  add_size(fields, paged);
  return fields;
}

Field password_field(std::string_view help) {
  return secret(text_field("password", help, Accounts::kMaxPassword));
}

Field permissions_field() {
  return texts_field("permissions", "Names; * stands for any characters", 64);
}

Field rank_field() {
  return number_field("rank", "Whose holders manage what is below", INT32_MIN, INT32_MAX);
}

}  // namespace

std::vector<Route> AdminRoutes::routes() {
  const auto route = [this](std::string_view method, std::string_view path, Permission permission,
                            std::string_view summary, std::vector<Field> query,
                            std::vector<Field> body, Task<Answer> (AdminRoutes::*handler)(Call)) {
    return Route{method,
                 path,
                 Access::kPermission,
                 permission,
                 summary,
                 std::move(query),
                 std::move(body),
                 handled_by(this, handler)};
  };
  const auto own = [this](std::string_view method, std::string_view path, std::string_view summary,
                          std::vector<Field> query, std::vector<Field> body,
                          Task<Answer> (AdminRoutes::*handler)(Call)) {
    return Route{method,
                 path,
                 Access::kSignedIn,
                 std::nullopt,
                 summary,
                 std::move(query),
                 std::move(body),
                 handled_by(this, handler)};
  };
  using P = Permission;
  std::vector<Field> audit_query = {texts_field("accounts", "By these accounts", 32),
                                    texts_field("actions", "Like \"PUT /users\"", 64),
                                    date_field("dateStart", "From then on"),
                                    date_field("dateEnd", "Before then")};
  add_paging(audit_query);
  const Field account = required(text_field("account", "Name to sign in with", 32));
  const Field name = text_field("name", "For people to read", 64);
  const Field role = number_field("roleId", "Role", INT64_MIN, INT64_MAX);
  const Field accounts = required(texts_field("accounts", "Which accounts", 32));
  std::vector<Route> all;
  all.push_back(route("POST", "/admins", P::kAdminCreate, "Add an admin", {},
                      {account, required(password_field("Password")), name, required(role)},
                      &AdminRoutes::create_admin));
  all.push_back(route("GET", "/admins", P::kAdminQuery, "List admins", admin_query(false), {},
                      &AdminRoutes::admins));
  all.push_back(route("GET", "/admins/page", P::kAdminQuery, "List admins in pages",
                      admin_query(true), {}, &AdminRoutes::admins_page));
  all.push_back(route("PUT", "/admins", P::kAdminUpdate, "Change admins", {accounts},
                      {password_field("New password; revokes the tokens"), name, role},
                      &AdminRoutes::update_admins));
  all.push_back(route("DELETE", "/admins", P::kAdminDelete, "Delete admins",
                      {texts_field("accounts", "Which accounts", 32)}, {},
                      &AdminRoutes::remove_admins));
  all.push_back(
      own("GET", "/admins/self", "Who one is, and what one may", {}, {}, &AdminRoutes::self));
  all.push_back(own("PUT", "/admins/self", "Change one's own password or name", {},
                    {password_field("New password; revokes the tokens"), name},
                    &AdminRoutes::update_self));
  all.push_back(route("GET", "/admins/permissions", P::kAdminPermissionQuery, "List permissions",
                      {}, {}, &AdminRoutes::permissions));
  all.push_back(route("POST", "/admins/roles", P::kAdminRoleCreate, "Add a role", {},
                      {required(number_field("id", "Id", INT64_MIN, INT64_MAX)),
                       required(text_field("name", "Name", 32)), required(permissions_field()),
                       required(rank_field())},
                      &AdminRoutes::create_role));
  all.push_back(route("GET", "/admins/roles", P::kAdminRoleQuery, "List roles", role_query(false),
                      {}, &AdminRoutes::roles));
  all.push_back(route("GET", "/admins/roles/page", P::kAdminRoleQuery, "List roles in pages",
                      role_query(true), {}, &AdminRoutes::roles_page));
  all.push_back(route("PUT", "/admins/roles", P::kAdminRoleUpdate, "Change roles",
                      {ids_field("ids", "Which roles", true)},
                      {text_field("name", "Name", 32), permissions_field(), rank_field()},
                      &AdminRoutes::update_roles));
  all.push_back(route("DELETE", "/admins/roles", P::kAdminRoleDelete, "Delete roles nobody has",
                      {ids_field("ids", "Which roles")}, {}, &AdminRoutes::remove_roles));
  all.push_back(own(
      "POST", "/admins/tokens", "Make a token that signs in as oneself", {},
      {name, number_field("ttlSeconds", "How long it lasts; 30 days if not given", 1, kMaxSeconds)},
      &AdminRoutes::create_token));
  all.push_back(
      own("GET", "/admins/tokens", "List one's own tokens", {}, {}, &AdminRoutes::tokens));
  all.push_back(own("DELETE", "/admins/tokens", "Revoke tokens of one's own",
                    {ids_field("ids", "Which tokens")}, {}, &AdminRoutes::remove_tokens));
  all.push_back(route("GET", "/audit-logs", P::kAuditLogQuery,
                      "What was changed, by whom and from where, the newest first",
                      std::move(audit_query), {}, &AdminRoutes::audit));
  return all;
}

Task<Answer> AdminRoutes::create_admin(Call call) {
  auto made = co_await accounts_.create_admin(
      call.admin, *call.body.text("account"), *call.body.text("password"),
      call.body.text("name").value_or(*call.body.text("account")), *call.body.number("roleId"));
  co_return made ? ok(write_admin(*made)) : refused(made.error());
}

Task<Answer> AdminRoutes::admins(Call call) {
  auto found = co_await accounts_.admins(admin_filter(call));
  co_return found ? ok(json_list(found->records, write_admin)) : refused(found.error());
}

Task<Answer> AdminRoutes::admins_page(Call call) {
  auto found = co_await accounts_.admins(admin_filter(call));
  co_return found ? page(found->total, json_list(found->records, write_admin))
                  : refused(found.error());
}

Task<Answer> AdminRoutes::update_admins(Call call) {
  auto changed = co_await accounts_.update_admins(
      call.admin, call.query.texts("accounts"), call.body.text("password"), call.body.text("name"),
      call.body.number("roleId"));
  co_return changed ? updated(*changed) : refused(changed.error());
}

Task<Answer> AdminRoutes::remove_admins(Call call) {
  auto removed = co_await accounts_.remove_admins(call.admin, call.query.texts("accounts"));
  co_return removed ? deleted(*removed) : refused(removed.error());
}

Task<Answer> AdminRoutes::self(Call call) {
  co_return ok(JsonObject()
                   .text("account", std::string_view(call.admin.account))
                   .number("roleId", call.admin.role_id)
                   .number("rank", call.admin.rank)
                   .texts("permissions", names_of(call.admin.permissions))
                   .str());
}

Task<Answer> AdminRoutes::update_self(Call call) {
  std::vector<std::string> accounts;
  accounts.push_back(call.admin.account);
  auto changed =
      co_await accounts_.update_admins(call.admin, std::move(accounts), call.body.text("password"),
                                       call.body.text("name"), std::nullopt);
  co_return changed ? updated(*changed) : refused(changed.error());
}

Task<Answer> AdminRoutes::permissions(Call) {
  JsonArray all;
  for (size_t i = 0; i < kPermissionCount; ++i) {
    const auto permission = static_cast<Permission>(i);
    all.raw(JsonObject()
                .text("group", group_of(permission))
                .text("permission", name_of(permission))
                .str());
  }
  co_return ok(all.str());
}

Task<Answer> AdminRoutes::create_role(Call call) {
  auto made =
      co_await accounts_.create_role(call.admin, *call.body.number("id"), *call.body.text("name"),
                                     call.body.texts("permissions"), *call.body.number("rank"));
  co_return made ? ok(write_role(*made)) : refused(made.error());
}

Task<Answer> AdminRoutes::roles(Call call) {
  auto found = co_await accounts_.roles(role_filter(call));
  co_return found ? ok(json_list(found->records, write_role)) : refused(found.error());
}

Task<Answer> AdminRoutes::roles_page(Call call) {
  auto found = co_await accounts_.roles(role_filter(call));
  co_return found ? page(found->total, json_list(found->records, write_role))
                  : refused(found.error());
}

Task<Answer> AdminRoutes::update_roles(Call call) {
  std::optional<std::vector<std::string>> permissions;
  if (call.body.has("permissions")) permissions = call.body.texts("permissions");
  auto changed =
      co_await accounts_.update_roles(call.admin, call.query.numbers("ids"), call.body.text("name"),
                                      std::move(permissions), call.body.number("rank"));
  co_return changed ? updated(*changed) : refused(changed.error());
}

Task<Answer> AdminRoutes::remove_roles(Call call) {
  auto removed = co_await accounts_.remove_roles(call.admin, call.query.numbers("ids"));
  co_return removed ? deleted(*removed) : refused(removed.error());
}

Task<Answer> AdminRoutes::create_token(Call call) {
  auto made =
      co_await accounts_.create_token(call.admin, call.body.text("name").value_or(""),
                                      call.body.number("ttlSeconds").value_or(kDefaultSeconds));
  if (!made) co_return refused(made.error());
  co_return ok(JsonObject()
                   .number("id", made->token.id)
                   .text("token", std::string_view(made->secret))
                   .date("expiryDate", made->token.expiry_date)
                   .str());
}

Task<Answer> AdminRoutes::tokens(Call call) {
  auto found = co_await accounts_.tokens(call.admin);
  co_return found ? ok(json_list(*found, write_token)) : refused(found.error());
}

Task<Answer> AdminRoutes::remove_tokens(Call call) {
  auto removed = co_await accounts_.remove_tokens(call.admin, call.query.numbers("ids"));
  co_return removed ? deleted(*removed) : refused(removed.error());
}

Task<Answer> AdminRoutes::audit(Call call) {
  im::AuditFilter filter;
  filter.accounts = call.query.texts("accounts");
  filter.actions = call.query.texts("actions");
  filter.date_start = call.query.date("dateStart");
  filter.date_end = call.query.date("dateEnd");
  const Paging paging = paging_of(call.query);
  filter.skip = paging.skip;
  filter.limit = paging.limit;
  auto found = co_await store_.audit(std::move(filter));
  co_return found ? page(found->total, json_list(found->records, write_entry))
                  : refused(found.error());
}

}  // namespace turms::admin
