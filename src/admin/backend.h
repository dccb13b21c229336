#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "admin/route.h"
#include "im/types.h"

namespace turms::im {
class AdministrationRepository;
class Domain;
class Meetings;
class Operations;
}  // namespace turms::im

namespace turms::admin {

struct PluginInfo {
  std::string name;
  std::string version;
  std::string state;
  std::string error;
};

class Plugins {
 public:
  virtual ~Plugins() = default;
  virtual std::vector<PluginInfo> list() = 0;
  virtual Status start(const std::string& name) = 0;
  virtual Status stop(const std::string& name) = 0;
  virtual Status pause(const std::string& name) = 0;
  virtual Status resume(const std::string& name) = 0;
};

/// What the routes work on. All of it outlives them.
struct Backend {
  im::Domain& domain;
  im::AdministrationRepository& data;
  im::Operations& operations;
  im::Meetings& meetings;
  Plugins& plugins;
  /// Sessions that are signed in.
  std::function<size_t()> sessions;
};

/// Users, and who is signed in.
class UserRoutes {
 public:
  explicit UserRoutes(Backend& backend) : backend_(backend) {}
  std::vector<Route> routes();

 private:
  Task<Answer> create(Call call);
  Task<Answer> list(Call call);
  Task<Answer> list_page(Call call);
  Task<Answer> count(Call call);
  Task<Answer> update(Call call);
  Task<Answer> remove(Call call);
  Task<Answer> online_count(Call call);
  Task<Answer> statuses(Call call);
  Task<Answer> disconnect(Call call);
  Task<Result<im::Listed<im::User>>> find(Values query);

  Backend& backend_;
};

/// Roles of users, relationships, friend requests.
class PeopleRoutes {
 public:
  explicit PeopleRoutes(Backend& backend) : backend_(backend) {}
  std::vector<Route> routes();

 private:
  Task<Answer> create_role(Call call);
  Task<Answer> roles(Call call);
  Task<Answer> roles_page(Call call);
  Task<Answer> update_roles(Call call);
  Task<Answer> remove_roles(Call call);
  Task<Answer> relationships(Call call);
  Task<Answer> put_relationship(Call call);
  Task<Answer> remove_relationships(Call call);
  Task<Answer> relationship_groups(Call call);
  Task<Answer> friend_requests(Call call);
  /// All, or those of these ids.
  Task<Result<std::vector<im::UserRole>>> find_roles(std::vector<int64_t> ids);

  Backend& backend_;
};

/// Addresses and users that are not let in.
class BlocklistRoutes {
 public:
  explicit BlocklistRoutes(Backend& backend) : backend_(backend) {}
  std::vector<Route> routes();

 private:
  Task<Answer> block_ips(Call call);
  Task<Answer> ips(Call call);
  Task<Answer> ips_page(Call call);
  Task<Answer> unblock_ips(Call call);
  Task<Answer> block_users(Call call);
  Task<Answer> users(Call call);
  Task<Answer> users_page(Call call);
  Task<Answer> unblock_users(Call call);

  Backend& backend_;
};

class GroupRoutes {
 public:
  explicit GroupRoutes(Backend& backend) : backend_(backend) {}
  std::vector<Route> routes();

 private:
  std::vector<Route> member_routes();
  Task<Answer> create(Call call);
  Task<Answer> list(Call call);
  Task<Answer> list_page(Call call);
  Task<Answer> count(Call call);
  Task<Answer> update(Call call);
  Task<Answer> remove(Call call);
  Task<Answer> types(Call call);
  Task<Answer> create_type(Call call);
  Task<Answer> update_types(Call call);
  Task<Answer> remove_types(Call call);
  Task<Answer> members(Call call);
  Task<Answer> add_members(Call call);
  Task<Answer> update_members(Call call);
  Task<Answer> remove_members(Call call);
  Task<Answer> blocked(Call call);
  Task<Answer> block(Call call);
  Task<Answer> unblock(Call call);
  Task<Answer> invitations(Call call);
  Task<Answer> join_requests(Call call);
  Task<Answer> questions(Call call);

  Backend& backend_;
};

/// Messages, conversations and meetings.
class MessageRoutes {
 public:
  explicit MessageRoutes(Backend& backend) : backend_(backend) {}
  std::vector<Route> routes();

 private:
  Task<Answer> create(Call call);
  Task<Answer> list(Call call);
  Task<Answer> list_page(Call call);
  Task<Answer> count(Call call);
  Task<Answer> remove(Call call);
  Task<Answer> conversations(Call call);
  Task<Answer> meetings(Call call);
  Task<Answer> end_meetings(Call call);

  Backend& backend_;
};

/// Plugins, storage.
class ServerRoutes {
 public:
  explicit ServerRoutes(Backend& backend) : backend_(backend) {}
  std::vector<Route> routes();

 private:
  Task<Answer> plugins(Call call);
  Task<Answer> update_plugins(Call call);
  Task<Answer> storage(Call call);

  Backend& backend_;
};

// Upstream's names of enumerations, by their numbers.
std::string_view name_of(im::UserStatus status);
std::string_view name_of(im::DeviceType type);
std::string_view name_of(im::GroupMemberRole role);
std::string_view name_of(im::RequestStatus status);
std::string_view name_of(im::ProfileAccessStrategy strategy);
std::string_view name_of(im::InvitationStrategy strategy);
std::string_view name_of(im::JoinStrategy strategy);
std::string_view name_of(im::UpdateStrategy strategy);
std::span<const std::string_view> device_type_names();
std::span<const std::string_view> member_role_names();
std::span<const std::string_view> profile_access_strategy_names();
std::span<const std::string_view> invitation_strategy_names();
std::span<const std::string_view> join_strategy_names();
std::span<const std::string_view> update_strategy_names();
/// The enumerator of a name that was checked (Field::choices).
template <class Enum>
std::optional<Enum> enumerator(std::span<const std::string_view> names,
                               const std::optional<std::string>& name) {
  if (!name) return std::nullopt;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == *name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace turms::admin
