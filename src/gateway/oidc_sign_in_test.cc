#include "gateway/oidc_sign_in.h"

#include <gtest/gtest.h>

namespace turms::gateway {
namespace {

constexpr int64_t kNow = 1'800'000'000;
constexpr auto kNonce = "n";

OidcConfig config() {
  OidcConfig made;
  made.issuer = "https://idp.example";
  made.client_id = "turms";
  return made;
}

Result<int64_t> check(std::string_view claims, const OidcConfig& with = config()) {
  return check_id_token(claims, with, kNonce, kNow);
}

TEST(IdToken, NamesTheUser) {
  EXPECT_EQ(check(R"({"iss":"https://idp.example","aud":"turms","exp":1800000001,"nonce":"n",
                      "sub":"42"})"),
            42);
  EXPECT_EQ(check(R"({"iss":"https://idp.example","aud":["x","turms"],"azp":"turms",
                      "exp":1799999950,"nonce":"n","sub":"42"})"),
            42);
  OidcConfig other = config();
  other.user_id_claim = "turms_id";
  EXPECT_EQ(check(R"({"iss":"https://idp.example","aud":"turms","exp":1800000001,"nonce":"n",
                      "sub":"x","turms_id":7})",
                  other),
            7);
}

TEST(IdToken, IsRefusedForAnythingElse) {
  for (
      const std::string_view claims :
      {R"({"aud":"turms","exp":1800000001,"nonce":"n","sub":"1"})",
       R"({"iss":"https://other","aud":"turms","exp":1800000001,"nonce":"n","sub":"1"})",
       R"({"iss":"https://idp.example","aud":"other","exp":1800000001,"nonce":"n","sub":"1"})",
       R"({"iss":"https://idp.example","exp":1800000001,"nonce":"n","sub":"1"})",
       R"({"iss":"https://idp.example","aud":["turms","x"],"exp":1800000001,"nonce":"n","sub":"1"})",
       R"({"iss":"https://idp.example","aud":"turms","azp":"x","exp":1800000001,"nonce":"n","sub":"1"})",
       R"({"iss":"https://idp.example","aud":"turms","exp":1799999000,"nonce":"n","sub":"1"})",
       R"({"iss":"https://idp.example","aud":"turms","nonce":"n","sub":"1"})",
       R"({"iss":"https://idp.example","aud":"turms","exp":1800000001,"nonce":"m","sub":"1"})",
       R"({"iss":"https://idp.example","aud":"turms","exp":1800000001,"sub":"1"})",
       R"({"iss":"https://idp.example","aud":"turms","exp":1800000001,"nonce":"n"})",
       R"({"iss":"https://idp.example","aud":"turms","exp":1800000001,"nonce":"n","sub":"-1"})",
       R"({"iss":"https://idp.example","aud":"turms","exp":1800000001,"nonce":"n","sub":"1x"})",
       R"({"iss":"https://idp.example","aud":"turms","exp":1800000001,"nonce":"n","sub":{}})", "[]",
       ""}) {
    EXPECT_FALSE(check(claims)) << claims;
  }
}

}  // namespace
}  // namespace turms::gateway
