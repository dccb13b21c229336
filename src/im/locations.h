#pragma once

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "im/domain_fwd.h"
#include "im/status.h"

namespace turms::im {

/// Degrees.
struct Place {
  float latitude = 0;
  float longitude = 0;
};

struct QueryNearbyUsers {
  /// Where the caller is, which is remembered.
  Place place;
  std::optional<int32_t> max_count;
  std::optional<int32_t> max_distance;  // metres
  bool with_users = false;
};

struct NearbyUser {
  UserId user_id;
  DeviceType device_type = DeviceType::kUnknown;
  Place place;
  int32_t distance = 0;  // metres
  std::optional<User> user;
};

/// Where signed-in users say they are: in memory, one place for each user, until the session that
/// said it ends. A query looks into the cells of a grid that its circle touches, so it costs what
/// is there.
class Locations {
 public:
  explicit Locations(Context& context) : context_(context) {}

  /// kLocationDisabled; kIllegalArgument for a place that is none.
  Outcome<None> update(const Caller& caller, Place place);
  /// The session ended.
  void forget(const Caller& caller);
  /// Others, the nearest first; kNoContent when nobody is.
  Task<Outcome<std::vector<NearbyUser>>> query_nearby(Caller caller, QueryNearbyUsers query);

  /// Where the user is, of what it is known by: distance 0.
  [[nodiscard]] std::optional<NearbyUser> find(UserId user) const;
  /// Others around somebody, for administration. As query_nearby(); kNoContent also when it is not
  /// known where they are. `place` of the query does not matter.
  Task<Outcome<std::vector<NearbyUser>>> around(UserId user, QueryNearbyUsers query);

  [[nodiscard]] size_t size() const { return users_.size(); }

 private:
  using Cell = std::pair<int32_t, int32_t>;
  struct Known {
    Caller session;
    Place place;
  };

  static Cell cell_of(Place place);
  [[nodiscard]] std::optional<Failure> check(const QueryNearbyUsers& query) const;
  void erase(UserId user);
  [[nodiscard]] std::vector<NearbyUser> within(UserId user, Place place, int32_t distance) const;

  Context& context_;
  std::unordered_map<UserId, Known> users_;
  std::map<Cell, std::set<UserId>> cells_;
};

}  // namespace turms::im
