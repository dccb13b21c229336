#include "store/imported_password.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"

namespace turms::store {
namespace {

Bytes from(std::string_view digits) {
  return *from_hex(digits);
}

TEST(ImportedPassword, SaltedSha256IsSaltThenHash) {
  // printf '12345678turms' | sha256sum
  const auto stored = from(
      "3132333435363738"
      "4f2cc779a31f9ef1122b57d47f990298ac583175adc725a67331bfd57ff548b4");
  const auto encoded = imported_password(ImportedHash::kSaltedSha256, stored);
  ASSERT_TRUE(encoded);
  EXPECT_EQ(verify_imported_password("turms", *encoded), true);
  EXPECT_EQ(verify_imported_password("Turms", *encoded), false);
  EXPECT_EQ(verify_imported_password("", *encoded), false);
}

TEST(ImportedPassword, BcryptTakesThePasswordWithoutAZeroByte) {
  // Computed with Go's golang.org/x/crypto/blowfish, whose keys are plain bytes too.
  const std::string salt = "9bef4d04e1f8f92f3de57323f8179190";
  const auto encoded = imported_password(
      ImportedHash::kBcrypt, from(salt + "e0b44e30f5ae0cb479cc533e67fa325a56f7f8e618381fb8"));
  ASSERT_TRUE(encoded);
  EXPECT_EQ(verify_imported_password("turms", *encoded), true);
  EXPECT_EQ(verify_imported_password("turmsturms", *encoded), true);  // the same key, as there
  EXPECT_EQ(verify_imported_password("Turms", *encoded), false);
  EXPECT_EQ(verify_imported_password("", *encoded), false);
  EXPECT_EQ(verify_imported_password(std::string("turms\0", 6), *encoded), false);
}

TEST(ImportedPassword, BcryptReadsNoMoreThan72Bytes) {
  const std::string salt = "9bef4d04e1f8f92f3de57323f8179190";
  const auto encoded = imported_password(
      ImportedHash::kBcrypt, from(salt + "79bb1c1b06f064f2f8a74a168f2efbb44f3dc018ee61ac2d"));
  ASSERT_TRUE(encoded);
  std::string digits;
  while (digits.size() < 80) digits += "0123456789";
  EXPECT_EQ(verify_imported_password(digits.substr(0, 72), *encoded), true);
  EXPECT_EQ(verify_imported_password(digits, *encoded), true);
  EXPECT_EQ(verify_imported_password(digits.substr(0, 71), *encoded), false);
}

TEST(ImportedPassword, APlainOneIsNotKept) {
  const auto encoded =
      imported_password(ImportedHash::kPlain, as_bytes(std::string_view("correct horse")));
  ASSERT_TRUE(encoded);
  EXPECT_EQ(encoded->find("horse"), std::string::npos);
  EXPECT_EQ(verify_imported_password("correct horse", *encoded), true);
  EXPECT_EQ(verify_imported_password("correct", *encoded), false);
}

TEST(ImportedPassword, WhatHasAnotherSizeIsNone) {
  EXPECT_FALSE(imported_password(ImportedHash::kSaltedSha256, Bytes(39)));
  EXPECT_FALSE(imported_password(ImportedHash::kBcrypt, Bytes(60)));
  EXPECT_FALSE(imported_password(ImportedHash::kPlain, {}));
  EXPECT_EQ(verify_imported_password("", "$turms-bcrypt$"), false);
  EXPECT_EQ(verify_imported_password("", "$turms-sha256$AAAA"), false);
  EXPECT_EQ(verify_imported_password("", kNoPassword), false);
  EXPECT_FALSE(verify_imported_password("turms", "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA"));
}

}  // namespace
}  // namespace turms::store
