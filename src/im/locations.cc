#include "im/locations.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "im/context.h"
#include "im/ports/users.h"

namespace turms::im {
namespace {

constexpr double kEarthRadius = 6'372'797.56;  // metres; the one that Redis has
constexpr double kMetresPerDegree = kEarthRadius * std::numbers::pi / 180;
/// Degrees that a cell is high and wide.
constexpr double kCellSize = 0.05;
constexpr int32_t kCellsAround = 7200;
/// Beyond, Web Mercator and Redis have no places.
constexpr double kMaxLatitude = 85.05112878;

double radians(double degrees) {
  return degrees * std::numbers::pi / 180;
}

double distance_between(Place a, Place b) {
  const double up = std::sin(radians(b.latitude - a.latitude) / 2);
  const double across = std::sin(radians(b.longitude - a.longitude) / 2);
  const double h =
      up * up + std::cos(radians(a.latitude)) * std::cos(radians(b.latitude)) * across * across;
  return 2 * kEarthRadius * std::asin(std::min(1.0, std::sqrt(h)));
}

bool is_place(Place place) {
  return std::abs(place.latitude) <= kMaxLatitude && std::abs(place.longitude) <= 180;
}

int32_t row_of(double latitude) {
  return static_cast<int32_t>(std::floor((latitude + 90) / kCellSize));
}

int32_t column_of(double longitude) {
  const auto column = static_cast<int32_t>(std::floor((longitude + 180) / kCellSize));
  return ((column % kCellsAround) + kCellsAround) % kCellsAround;
}

}  // namespace

Locations::Cell Locations::cell_of(Place place) {
  return {row_of(place.latitude), column_of(place.longitude)};
}

Outcome<None> Locations::update(const Caller& caller, Place place) {
  if (!context_.settings.location.enabled) return refuse(Code::kLocationDisabled);
  if (!is_place(place)) {
    return refuse(Code::kIllegalArgument, "the latitude or the longitude is out of range");
  }
  erase(caller.user_id);
  users_[caller.user_id] = {caller, place};
  cells_[cell_of(place)].insert(caller.user_id);
  return None();
}

void Locations::forget(const Caller& caller) {
  const auto known = users_.find(caller.user_id);
  if (known != users_.end() && known->second.session.session_id == caller.session_id) {
    erase(caller.user_id);
  }
}

void Locations::erase(UserId user) {
  const auto known = users_.find(user);
  if (known == users_.end()) return;
  const auto cell = cells_.find(cell_of(known->second.place));
  cell->second.erase(user);
  if (cell->second.empty()) cells_.erase(cell);
  users_.erase(known);
}

std::vector<NearbyUser> Locations::within(UserId user, Place place, int32_t distance) const {
  std::vector<NearbyUser> found;
  const auto look_at = [&](UserId id) {
    const Known& known = users_.at(id);
    const double metres = distance_between(place, known.place);
    if (id == user || metres > distance) return;
    NearbyUser nearby;
    nearby.user_id = id;
    nearby.device_type = known.session.device_type;
    nearby.place = known.place;
    nearby.distance = static_cast<int32_t>(std::lround(metres));
    found.push_back(std::move(nearby));
  };
  const double up = distance / kMetresPerDegree;
  const double furthest = std::min(89.0, std::abs(place.latitude) + up);
  const double across = up / std::cos(radians(furthest));
  const auto rows = static_cast<int64_t>(2 * up / kCellSize) + 2;
  const auto columns = static_cast<int64_t>(2 * across / kCellSize) + 2;
  if (rows * columns > static_cast<int64_t>(users_.size()) || columns >= kCellsAround) {
    for (const auto& [id, known] : users_) look_at(id);
    return found;
  }
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      const Cell cell{
          row_of(place.latitude - up) + static_cast<int32_t>(row),
          (column_of(place.longitude - across) + static_cast<int32_t>(column)) % kCellsAround};
      const auto there = cells_.find(cell);
      if (there == cells_.end()) continue;
      for (const UserId id : there->second) look_at(id);
    }
  }
  return found;
}

std::optional<NearbyUser> Locations::find(UserId user) const {
  const auto known = users_.find(user);
  if (known == users_.end()) return std::nullopt;
  NearbyUser found;
  found.user_id = user;
  found.device_type = known->second.session.device_type;
  found.place = known->second.place;
  return found;
}

Task<Outcome<std::vector<NearbyUser>>> Locations::query_nearby(Caller caller,
                                                               QueryNearbyUsers query) {
  if (auto failure = check(query)) co_return std::unexpected(std::move(*failure));
  auto updated = update(caller, query.place);
  if (!updated) co_return std::unexpected(std::move(updated.error()));
  co_return co_await around(caller.user_id, query);
}

std::optional<Failure> Locations::check(const QueryNearbyUsers& query) const {
  const Settings::Location& settings = context_.settings.location;
  if (!settings.enabled) return Failure{Code::kLocationDisabled, {}};
  const int32_t count = query.max_count.value_or(settings.default_nearby_count);
  const int32_t distance = query.max_distance.value_or(settings.default_distance);
  if (count < 1 || count > settings.max_nearby_count) {
    return Failure{Code::kIllegalArgument, "the number of users is out of range"};
  }
  if (distance < 1 || distance > settings.max_distance) {
    return Failure{Code::kIllegalArgument, "the distance is out of range"};
  }
  return std::nullopt;
}

Task<Outcome<std::vector<NearbyUser>>> Locations::around(UserId user, QueryNearbyUsers query) {
  if (auto failure = check(query)) co_return std::unexpected(std::move(*failure));
  const Settings::Location& settings = context_.settings.location;
  const int32_t count = query.max_count.value_or(settings.default_nearby_count);
  const auto known = users_.find(user);
  if (known == users_.end()) co_return refuse(Code::kNoContent);
  std::vector<NearbyUser> found =
      within(user, known->second.place, query.max_distance.value_or(settings.default_distance));
  if (found.empty()) co_return refuse(Code::kNoContent);
  std::ranges::sort(found, [](const NearbyUser& a, const NearbyUser& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.user_id < b.user_id;
  });
  if (found.size() > static_cast<size_t>(count)) found.resize(static_cast<size_t>(count));
  if (!query.with_users) co_return found;
  std::vector<UserId> ids;
  for (const NearbyUser& nearby : found) ids.push_back(nearby.user_id);
  auto users = co_await context_.store.users.find(std::move(ids));
  if (!users) co_return refuse(users.error());
  for (NearbyUser& nearby : found) {
    const auto profile = std::ranges::find(*users, nearby.user_id, &User::id);
    if (profile != users->end()) nearby.user = std::move(*profile);
  }
  co_return found;
}

}  // namespace turms::im
