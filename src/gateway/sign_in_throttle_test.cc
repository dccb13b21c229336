#include "gateway/sign_in_throttle.h"

#include <gtest/gtest.h>

namespace turms::gateway {
namespace {

using Outcome = SignInThrottle::Outcome;

constexpr UserId kUser{1};
const net::Address kHome = net::Address::v4({192, 0, 2, 1}, 1000);
const net::Address kElsewhere = net::Address::v4({192, 0, 2, 2}, 1000);

class SignInThrottleTest : public testing::Test {
 protected:
  /// Whether the attempt was heard.
  bool attempt(const Origin& from, Outcome outcome = Outcome::kWrongPassword, UserId user = kUser) {
    if (!throttle_.begin(user, from, now_)) return false;
    throttle_.finish(user, from, outcome);
    return true;
  }

  SignInThrottle throttle_;
  TimePoint now_{1h};
};

TEST_F(SignInThrottleTest, TenAttemptsAreFreeThenTheDelaysDoubleToTenSeconds) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(attempt(kHome)) << i;
  for (const Duration delay : {1s, 2s, 4s, 8s, 10s, 10s}) {
    now_ += delay - 1ns;
    EXPECT_FALSE(attempt(kHome)) << delay.count();
    now_ += 1ns;
    EXPECT_TRUE(attempt(kHome)) << delay.count();
  }
  now_ += 15min;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(attempt(kHome)) << "forgiven: " << i;
}

TEST_F(SignInThrottleTest, WhoGuessesLocksNobodyOutElsewhere) {
  while (attempt(kHome)) {
  }
  EXPECT_TRUE(attempt(kElsewhere, Outcome::kSignedIn));
  EXPECT_TRUE(attempt(kHome, Outcome::kSignedIn, UserId(2))) << "another user";
  EXPECT_FALSE(attempt(kHome.with_port(7))) << "another port is no other address";
  now_ += 1s;
  EXPECT_TRUE(attempt(kHome, Outcome::kSignedIn));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(attempt(kHome)) << "the right password forgives: " << i;
}

TEST_F(SignInThrottleTest, AnIpv6CustomerIsOneAddress) {
  std::array<uint8_t, 16> ip{0x20, 0x01, 0x0d, 0xb8};
  const auto from = [&](uint8_t network, uint8_t host) {
    ip[7] = network;
    ip[15] = host;
    return net::Address::v6(ip, 1);
  };
  for (uint8_t i = 0; i < 10; ++i) EXPECT_TRUE(attempt(from(0, i)));
  EXPECT_FALSE(attempt(from(0, 10)));
  EXPECT_TRUE(attempt(from(1, 0)));
}

TEST_F(SignInThrottleTest, GuessingFromManyAddressesIsSlowedDownButNotForWhoWasThereBefore) {
  EXPECT_TRUE(attempt(kHome, Outcome::kSignedIn));
  for (uint8_t i = 0; i < 100; ++i) EXPECT_TRUE(attempt(net::Address::v4({10, 0, 0, i}, 1)));
  EXPECT_FALSE(attempt(kElsewhere));
  EXPECT_TRUE(attempt(kHome, Outcome::kSignedIn));
  now_ += 1s;
  EXPECT_TRUE(attempt(kElsewhere, Outcome::kSignedIn)) << "a new address waits a second";
}

TEST_F(SignInThrottleTest, TheUsersOwnDeviceIsNotHeldUpByOthersFromItsAddress) {
  const Origin own(kHome, "laptop");
  for (int i = 0; i < 200; ++i) {
    (void)attempt(kHome);
    (void)attempt(net::Address::v4({10, 0, 0, static_cast<uint8_t>(i)}, 1));
  }
  EXPECT_FALSE(attempt(kHome));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(attempt(own)) << "mistyped: " << i;
  EXPECT_FALSE(attempt(own)) << "who has the device still guesses slowly";
  EXPECT_TRUE(attempt(Origin(kHome, "phone"), Outcome::kSignedIn));
}

TEST_F(SignInThrottleTest, AttemptsUnderWayCountAndUndecidedOnesDoNot) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(throttle_.begin(kUser, kHome, now_));
  EXPECT_FALSE(throttle_.begin(kUser, kHome, now_));
  for (int i = 0; i < 10; ++i) throttle_.finish(kUser, kHome, Outcome::kUndecided);
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(attempt(kHome, Outcome::kUndecided));
}

TEST(BackOff, KeepsTheLastOnesOnly) {
  BackOff back_off({1, 1h, 1h, 24h});
  const TimePoint now{1h};
  for (size_t i = 0; i <= BackOff::kMaxKept; ++i) back_off.charge(std::to_string(i), now);
  EXPECT_TRUE(back_off.allows("0", now));
  EXPECT_FALSE(back_off.allows("1", now));
}

}  // namespace
}  // namespace turms::gateway
