#include "store/argon2.h"

#include <argon2.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace turms::store {
namespace {

constexpr HashParameters kQuick{.memory_kib = 64, .passes = 1};

TEST(Argon2, VerifiesWhatTheLibraryHashed) {
  std::array<char, 128> encoded{};
  ASSERT_EQ(argon2id_hash_encoded(2, 128, 2, "turms", 5, "0123456789abcdef", 16, 24, encoded.data(),
                                  encoded.size()),
            ARGON2_OK);
  Argon2 argon2;
  EXPECT_EQ(argon2.verify("turms", encoded.data()), true);
  EXPECT_EQ(argon2.verify("Turms", encoded.data()), false);
}

TEST(Argon2, HashesWhatTheLibraryVerifies) {
  Argon2 argon2;
  const auto encoded = argon2.hash("turms", kQuick);
  ASSERT_TRUE(encoded);
  EXPECT_TRUE(encoded->starts_with(Argon2::prefix(kQuick)));
  EXPECT_EQ(argon2id_verify(encoded->c_str(), "turms", 5), ARGON2_OK);
  EXPECT_EQ(argon2id_verify(encoded->c_str(), "Turms", 5), ARGON2_VERIFY_MISMATCH);
}

TEST(Argon2, ComputesTheSameInMemoryThatWasUsed) {
  Argon2 argon2;
  const auto small = argon2.hash("one", kQuick);
  const auto large = argon2.hash("two", {.memory_kib = 256, .passes = 2});
  ASSERT_TRUE(small && large);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(argon2.verify("one", *small), true);
    EXPECT_EQ(argon2.verify("two", *large), true);
    argon2.release();
  }
}

TEST(Argon2, RefusesWhatItDoesNotUnderstand) {
  Argon2 argon2;
  const auto encoded = argon2.hash("turms", kQuick);
  ASSERT_TRUE(encoded);
  for (size_t size = 0; size < Argon2::prefix(kQuick).size() + 23; ++size) {
    EXPECT_FALSE(argon2.verify("turms", encoded->substr(0, size))) << size;
  }
  EXPECT_FALSE(argon2.verify("turms", "$argon2id$v=16$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEy"));
  EXPECT_FALSE(argon2.verify("turms", "$argon2i$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEy"));
  EXPECT_FALSE(argon2.verify("turms", "$argon2id$v=19$m=64,t=0,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMw"));
  EXPECT_FALSE(argon2.verify("turms", "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4*WFiY2Rl$MDEyMw"));
}

}  // namespace
}  // namespace turms::store
