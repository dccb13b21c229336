#pragma once

#include <cstdint>
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
class RequestOperations;
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
  /// From the server's directory of plugins, and started.
  virtual Status load(const std::string& name) = 0;
  virtual Status unload(const std::string& name) = 0;
};

struct OnlineSession {
  UserId user_id;
  int64_t id = 0;
  im::DeviceType device_type = im::DeviceType::kUnknown;
  im::UserStatus status = im::UserStatus::kAvailable;
  std::string address;
  WallTime signed_in_at;
};

/// The node that answers. Addresses are HOST:PORT; empty: there is no such port.
struct NodeInfo {
  std::string id;
  std::string version;
  WallTime started;
  bool ready = false;
  std::string admin_address;
  std::string websocket_address;
  std::string tcp_address;
  std::string http_address;
};

/// The process around the API.
class ServerControl {
 public:
  virtual ~ServerControl() = default;
  /// Sessions of `users`, of all when it is empty.
  virtual im::Listed<OnlineSession> sessions(const std::vector<UserId>& users,
                                             const Paging& paging) = 0;
  virtual size_t online_users() = 0;
  virtual NodeInfo node() = 0;
  /// As the signal to end does.
  virtual void shut_down() = 0;
};

/// What the routes work on. All of it outlives them.
struct Backend {
  im::Domain& domain;
  im::AdministrationRepository& data;
  im::Operations& operations;
  im::RequestOperations& requests;
  im::Meetings& meetings;
  Plugins& plugins;
  ServerControl& server;
};

class UserRoutes {
 public:
  explicit UserRoutes(Backend& backend) : backend_(backend) {}
  std::vector<Route> routes();

 private:
  Task<Answer> create(Call call);
  Task<Answer> list(Call call);
  Task<Answer> list_page(Call call);
  Task<Answer> update(Call call);
  Task<Answer> remove(Call call);
  Task<Result<im::Listed<im::User>>> find(Values query);

  Backend& backend_;
};

/// Who is signed in, and where they are.
class OnlineRoutes {
 public:
  explicit OnlineRoutes(Backend& backend) : backend_(backend) {}
  std::vector<Route> routes();

 private:
  Task<Answer> count(Call call);
  Task<Answer> statuses(Call call);
  Task<Answer> update_statuses(Call call);
  Task<Answer> sessions(Call call);
  Task<Answer> sessions_page(Call call);
  Task<Answer> locations(Call call);
  Task<Answer> nearby(Call call);
  Task<Answer> disconnect(Call call);

  Backend& backend_;
};

/// How many users, groups and messages there were in a time.
class StatisticsRoutes {
 public:
  explicit StatisticsRoutes(Backend& backend) : backend_(backend) {}
  std::vector<Route> routes();

 private:
  Task<Answer> users(Call call);
  Task<Answer> groups(Call call);
  Task<Answer> messages(Call call);
  Task<Answer> count(Values query, size_t subject);

  Backend& backend_;
};

/// Roles of users, relationships and the groups that they are in.
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
  void add_relationships(std::vector<Route>& all);
  void add_relationship_groups(std::vector<Route>& all);
  Task<Answer> relationships(Call call);
  Task<Answer> relationships_page(Call call);
  Task<Answer> put_relationship(Call call);
  Task<Answer> update_relationships(Call call);
  Task<Answer> remove_relationships(Call call);
  Task<Answer> create_relationship_group(Call call);
  Task<Answer> relationship_groups(Call call);
  Task<Answer> relationship_groups_page(Call call);
  Task<Answer> update_relationship_groups(Call call);
  Task<Answer> remove_relationship_groups(Call call);
  Task<Answer> find_relationships(Values query, bool paged);
  Task<Answer> find_relationship_groups(Values query, bool paged);
  /// All, or those of these ids.
  Task<Result<std::vector<im::UserRole>>> find_roles(std::vector<int64_t> ids);

  Backend& backend_;
};

/// Friend requests, invitations to groups, requests to join them, and what they ask.
class RequestRoutes {
 public:
  explicit RequestRoutes(Backend& backend) : backend_(backend), operations_(backend.requests) {}
  std::vector<Route> routes();

 private:
  void add_friend_requests(std::vector<Route>& all);
  Task<Answer> create_friend_request(Call call);
  Task<Answer> friend_requests(Call call);
  Task<Answer> friend_requests_page(Call call);
  Task<Answer> settle_friend_requests(Call call);
  Task<Answer> remove_friend_requests(Call call);
  Task<Answer> find_friend_requests(Values query, bool paged);

  void add_invitations(std::vector<Route>& all);
  Task<Answer> create_invitation(Call call);
  Task<Answer> invitations(Call call);
  Task<Answer> invitations_page(Call call);
  Task<Answer> settle_invitations(Call call);
  Task<Answer> remove_invitations(Call call);
  Task<Answer> find_invitations(Values query, bool paged);

  void add_join_requests(std::vector<Route>& all);
  Task<Answer> create_join_request(Call call);
  Task<Answer> join_requests(Call call);
  Task<Answer> join_requests_page(Call call);
  Task<Answer> settle_join_requests(Call call);
  Task<Answer> remove_join_requests(Call call);
  Task<Answer> find_join_requests(Values query, bool paged);

  void add_questions(std::vector<Route>& all);
  Task<Answer> create_question(Call call);
  Task<Answer> questions(Call call);
  Task<Answer> questions_page(Call call);
  Task<Answer> update_questions(Call call);
  Task<Answer> remove_questions(Call call);
  Task<Answer> find_questions(Values query, bool paged);

  Backend& backend_;
  im::RequestOperations& operations_;
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
  Task<Answer> update(Call call);
  Task<Answer> remove(Call call);
  Task<Answer> types(Call call);
  Task<Answer> types_page(Call call);
  Task<Answer> create_type(Call call);
  Task<Answer> update_types(Call call);
  Task<Answer> remove_types(Call call);
  Task<Answer> members(Call call);
  Task<Answer> members_page(Call call);
  Task<Answer> add_members(Call call);
  Task<Answer> update_members(Call call);
  Task<Answer> remove_members(Call call);
  Task<Answer> blocked(Call call);
  Task<Answer> blocked_page(Call call);
  Task<Answer> block(Call call);
  Task<Answer> unblock(Call call);
  Task<Result<std::vector<im::GroupType>>> find_types(Values query);
  Task<Result<std::vector<im::GroupMember>>> find_members(Values query);

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
  Task<Answer> remove(Call call);
  Task<Answer> update(Call call);
  Task<Answer> conversations(Call call);
  Task<Answer> update_conversations(Call call);
  Task<Answer> remove_conversations(Call call);
  Task<Answer> meetings(Call call);
  Task<Answer> end_meetings(Call call);

  Backend& backend_;
};

/// The node, its log, plugins, storage.
class ServerRoutes {
 public:
  explicit ServerRoutes(Backend& backend) : backend_(backend) {}
  std::vector<Route> routes();

 private:
  Task<Answer> plugins(Call call);
  Task<Answer> update_plugins(Call call);
  Task<Answer> load_plugins(Call call);
  Task<Answer> unload_plugins(Call call);
  Task<Answer> members(Call call);
  Task<Answer> leader(Call call);
  Task<Answer> logs(Call call);
  Task<Answer> shut_down(Call call);
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
std::span<const std::string_view> user_status_names();
std::span<const std::string_view> request_status_names();
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
