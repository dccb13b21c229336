#include "im/locations.h"

#include <limits>

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class LocationsTest : public DomainTest {
 protected:
  Locations& locations() { return domain_->locations; }

  static Caller session(int64_t user, int64_t id) { return {UserId(user), DeviceType::kIos, id}; }
  int put(int64_t user, float latitude, float longitude) {
    auto done = locations().update(session(user, user), {latitude, longitude});
    return done ? 1000 : static_cast<int>(done.error().code);
  }
  static QueryNearbyUsers at(float latitude, float longitude) {
    QueryNearbyUsers query;
    query.place = {latitude, longitude};
    return query;
  }
  std::string near(int64_t user, const QueryNearbyUsers& query) {
    auto found = run(locations().query_nearby(session(user, user), query));
    if (!found) return std::to_string(static_cast<int>(found.error().code));
    std::string text;
    for (const NearbyUser& one : *found) {
      text += (text.empty() ? "" : " ") + std::to_string(one.user_id.value);
    }
    return text;
  }
};

TEST_F(LocationsTest, TheNearestComeFirstAndTheRestNot) {
  put(2, 48.2000F, 16.3700F);
  put(3, 48.2100F, 16.3700F);
  put(4, 48.4000F, 16.3700F);
  EXPECT_EQ(near(1, at(48.2090F, 16.3700F)), "3 2");
  QueryNearbyUsers query = at(48.2090F, 16.3700F);
  query.max_count = 1;
  EXPECT_EQ(near(1, query), "3");
  query.max_count = std::nullopt;
  query.max_distance = 500;
  EXPECT_EQ(near(1, query), "3");
  query.max_distance = 50;
  EXPECT_EQ(near(1, query), "1001");
  // Asking has told where user 1 is.
  EXPECT_EQ(near(4, at(48.2090F, 16.3700F)), "1 3 2");
}

TEST_F(LocationsTest, DistancesAreInMetres) {
  put(2, 0, 0);
  const auto found = ok(locations().query_nearby(session(1, 1), at(0, 0.01F)));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].distance, 1112, 2);
  EXPECT_FALSE(found[0].user);
  QueryNearbyUsers query = at(0, 0.01F);
  query.with_users = true;
  EXPECT_EQ(ok(locations().query_nearby(session(1, 1), query))[0].user->name, "user");
}

TEST_F(LocationsTest, TheDateLineIsNoBorder) {
  put(2, 10, 179.999F);
  EXPECT_EQ(near(1, at(10, -179.999F)), "2");
  // As far from both.
  EXPECT_EQ(near(3, at(10, 180)), "1 2");
}

TEST_F(LocationsTest, TheGridFindsWhatAScanWould) {
  domain_->context().settings.location.max_nearby_count = 1000;
  // So many that cells are looked into.
  for (int64_t i = 0; i < 500; ++i) {
    const auto row = static_cast<float>(i / 25);
    const auto column = static_cast<float>(i % 25);
    put(100 + i, 60 + row * 0.03F, 20 + column * 0.03F);
  }
  QueryNearbyUsers query = at(60.3F, 20.36F);
  query.max_count = 1000;
  std::vector<int64_t> expected;
  const auto found = ok(locations().query_nearby(session(1, 1), query));
  EXPECT_GT(found.size(), 20u);
  EXPECT_LT(found.size(), 100u);
  // The circle of the largest distance, seen by looking at everybody.
  domain_->context().settings.location.max_distance = 1'000'000;
  query.max_distance = 1'000'000;
  size_t within = 0;
  for (const NearbyUser& one : ok(locations().query_nearby(session(1, 1), query))) {
    within += one.distance <= 10'000 ? 1 : 0;
  }
  EXPECT_EQ(found.size(), within);
}

TEST_F(LocationsTest, APlaceIsForgottenWithItsSession) {
  put(2, 1, 1);
  locations().forget(session(2, 99));
  EXPECT_EQ(near(1, at(1, 1)), "2");
  locations().forget(session(2, 2));
  EXPECT_EQ(near(1, at(1, 1)), "1001");
  locations().forget(session(1, 1));
  EXPECT_EQ(locations().size(), 0u);
}

TEST_F(LocationsTest, ImpossibleRequestsAreRefused) {
  EXPECT_EQ(put(1, 86, 0), 1102);
  EXPECT_EQ(put(1, 0, -181), 1102);
  EXPECT_EQ(put(1, std::numeric_limits<float>::quiet_NaN(), 0), 1102);
  EXPECT_EQ(put(1, 85, 180), 1000);
  QueryNearbyUsers query = at(0, 0);
  query.max_count = 101;
  EXPECT_EQ(near(1, query), "1102");
  query.max_count = 0;
  EXPECT_EQ(near(1, query), "1102");
  query.max_count = std::nullopt;
  query.max_distance = 10'001;
  EXPECT_EQ(near(1, query), "1102");
  domain_->context().settings.location.enabled = false;
  EXPECT_EQ(put(1, 0, 0), 2200);
  EXPECT_EQ(near(1, at(0, 0)), "2200");
}

}  // namespace
}  // namespace turms::im
