#include "base/jwt_keys.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "base/check.h"
#include "base/encoding.h"

namespace turms::jwt {
namespace {

constexpr std::string_view kClaims = R"({"sub":"1"})";

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeKey>;

PrivateKey rsa(size_t bits = 2048) {
  return PrivateKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
}
PrivateKey ec(const char* curve) {
  return PrivateKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}
PrivateKey edwards(const char* name = "ED25519") {
  return PrivateKey(EVP_PKEY_Q_keygen(nullptr, nullptr, name));
}

std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  TURMS_CHECK(PEM_write_bio_PUBKEY(bio, key) == 1);
  char* data = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(bio, &data));
  std::string pem(data, size);
  BIO_free(bio);
  return pem;
}

std::string signing_input(std::string_view header, std::string_view claims = kClaims) {
  return base64url(as_bytes(header)) + "." + base64url(as_bytes(claims));
}

Bytes raw_of(ByteView der, int half) {
  const uint8_t* in = der.data();
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size()));
  TURMS_CHECK(signature != nullptr);
  Bytes raw(static_cast<size_t>(2 * half));
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw.data(), half);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw.data() + half, half);
  ECDSA_SIG_free(signature);
  return raw;
}

struct Scheme {
  const EVP_MD* digest = nullptr;
  bool pss = false;
  int half = 0;
};

std::string sign_with(EVP_PKEY* key, std::string_view header, const Scheme& scheme,
                      std::string_view claims = kClaims) {
  const std::string input = signing_input(header, claims);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* parameters = nullptr;
  TURMS_CHECK(EVP_DigestSignInit(context, &parameters, scheme.digest, nullptr, key) == 1);
  if (scheme.pss) {
    TURMS_CHECK(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1);
    TURMS_CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  size_t size = 0;
  const auto* data = reinterpret_cast<const uint8_t*>(input.data());
  TURMS_CHECK(EVP_DigestSign(context, nullptr, &size, data, input.size()) == 1);
  Bytes signature(size);
  TURMS_CHECK(EVP_DigestSign(context, signature.data(), &size, data, input.size()) == 1);
  signature.resize(size);
  EVP_MD_CTX_free(context);
  if (scheme.half != 0) signature = raw_of(signature, scheme.half);
  return input + "." + base64url(signature);
}

std::string header(std::string_view alg, std::string_view more = "") {
  return fmt::format(R"({{"alg":"{}"{}}})", alg, more);
}

TEST(JwtKeys, EachAlgorithmVerifiesWhatItsKeyHasSignedAndNothingElse) {
  struct Case {
    std::string_view name;
    PrivateKey key;
    Scheme scheme;
  };
  std::vector<Case> cases;
  cases.push_back({"RS256", rsa(), {EVP_sha256()}});
  cases.push_back({"RS384", rsa(), {EVP_sha384()}});
  cases.push_back({"RS512", rsa(), {EVP_sha512()}});
  cases.push_back({"PS256", rsa(), {EVP_sha256(), true}});
  cases.push_back({"PS384", rsa(), {EVP_sha384(), true}});
  cases.push_back({"PS512", rsa(), {EVP_sha512(), true}});
  cases.push_back({"ES256", ec("P-256"), {EVP_sha256(), false, 32}});
  cases.push_back({"ES384", ec("P-384"), {EVP_sha384(), false, 48}});
  cases.push_back({"ES512", ec("P-521"), {EVP_sha512(), false, 66}});
  cases.push_back({"EdDSA", edwards(), {}});
  cases.push_back({"EdDSA", edwards("ED448"), {}});
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    Keys keys;
    ASSERT_TRUE(keys.add_pem(*find_algorithm(one.name), pem_of(one.key.get())));
    const std::string token = sign_with(one.key.get(), header(one.name), one.scheme);
    const auto claims = keys.verify(token);
    ASSERT_TRUE(claims) << claims.error().message;
    EXPECT_EQ(*claims, kClaims);
    std::string changed = token;
    changed[changed.find('.') + 3] ^= 1;
    EXPECT_FALSE(keys.verify(changed));
    EXPECT_FALSE(keys.verify(token.substr(0, token.rfind('.') + 1)));
    for (const Case& other : cases) {
      if (other.name == one.name) continue;
      EXPECT_FALSE(keys.verify(sign_with(other.key.get(), header(other.name), other.scheme)));
    }
  }
}

TEST(JwtKeys, ASecretVerifiesForItsHash) {
  const std::string secret(64, 's');
  for (const std::string_view name : {"HS256", "HS384", "HS512"}) {
    Keys keys;
    ASSERT_TRUE(keys.add_secret(*find_algorithm(name), secret));
    const EVP_MD* digest = name == "HS256"   ? EVP_sha256()
                           : name == "HS384" ? EVP_sha384()
                                             : EVP_sha512();
    const std::string input = signing_input(header(name));
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(digest, secret.data(), 64, reinterpret_cast<const uint8_t*>(input.data()), input.size(),
         mac, &size);
    EXPECT_TRUE(keys.verify(input + "." + base64url(ByteView(mac, size))));
    mac[0] ^= 1;
    EXPECT_FALSE(keys.verify(input + "." + base64url(ByteView(mac, size))));
  }
  Keys keys;
  EXPECT_FALSE(keys.add_secret(Algorithm::kHs256, "short"));
  EXPECT_FALSE(keys.add_secret(Algorithm::kRs256, secret));
}

TEST(JwtKeys, APublicKeyIsNoSecret) {
  const PrivateKey key = rsa();
  const std::string pem = pem_of(key.get());
  Keys keys;
  ASSERT_TRUE(keys.add_pem(Algorithm::kRs256, pem));
  const std::string input = signing_input(header("HS256"));
  uint8_t mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), pem.data(), static_cast<int>(pem.size()),
       reinterpret_cast<const uint8_t*>(input.data()), input.size(), mac, &size);
  EXPECT_FALSE(keys.verify(input + "." + base64url(ByteView(mac, size))));
  EXPECT_FALSE(keys.verify(signing_input(header("none")) + "."));
}

TEST(JwtKeys, WeakAndForeignKeysAreRefused) {
  Keys keys;
  EXPECT_FALSE(keys.add_pem(Algorithm::kRs256, pem_of(rsa(1024).get())));
  EXPECT_FALSE(keys.add_pem(Algorithm::kRs256, pem_of(ec("P-256").get())));
  EXPECT_FALSE(keys.add_pem(Algorithm::kEs256, pem_of(ec("P-384").get())));
  EXPECT_FALSE(keys.add_pem(Algorithm::kEdDsa, pem_of(rsa().get())));
  EXPECT_FALSE(keys.add_pem(Algorithm::kHs256, pem_of(rsa().get())));
  EXPECT_FALSE(keys.add_pem(Algorithm::kRs256, "nonsense"));
  EXPECT_TRUE(keys.empty());
}

std::string number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  TURMS_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  Bytes bytes(static_cast<size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  BN_free(number);
  return base64url(bytes);
}

std::string padded_number_of(EVP_PKEY* key, const char* name, int size) {
  BIGNUM* number = nullptr;
  TURMS_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  Bytes bytes(static_cast<size_t>(size));
  BN_bn2binpad(number, bytes.data(), size);
  BN_free(number);
  return base64url(bytes);
}

TEST(JwtKeys, AKeySetIsReadByKindAndNamedKeysAreTold) {
  const PrivateKey one = rsa();
  const PrivateKey other = rsa();
  const PrivateKey curve = ec("P-256");
  const auto rsa_jwk = [](EVP_PKEY* key, std::string_view more) {
    return fmt::format(R"({{"kty":"RSA","n":"{}","e":"{}"{}}})",
                       number_of(key, OSSL_PKEY_PARAM_RSA_N), number_of(key, OSSL_PKEY_PARAM_RSA_E),
                       more);
  };
  const std::string ec_jwk =
      fmt::format(R"({{"kty":"EC","crv":"P-256","x":"{}","y":"{}","kid":"c"}})",
                  padded_number_of(curve.get(), OSSL_PKEY_PARAM_EC_PUB_X, 32),
                  padded_number_of(curve.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 32));
  Keys keys;
  const auto added = keys.add_key_set(fmt::format(
      R"({{"keys":[{},{},{},{{"kty":"oct","k":"{}","alg":"HS256"}},{},7,{{"kty":"RSA"}}]}})",
      rsa_jwk(one.get(), R"(,"kid":"a","use":"sig")"),
      rsa_jwk(other.get(), R"(,"kid":"b","alg":"RS512")"), ec_jwk, std::string(64, 'A'),
      rsa_jwk(other.get(), R"(,"kid":"e","use":"enc")")));
  ASSERT_TRUE(added);
  EXPECT_EQ(*added, 3u);
  EXPECT_TRUE(keys.verify(sign_with(one.get(), header("RS256", R"(,"kid":"a")"), {EVP_sha256()})));
  EXPECT_TRUE(keys.verify(sign_with(one.get(), header("RS256"), {EVP_sha256()})));
  EXPECT_FALSE(keys.verify(sign_with(one.get(), header("RS256", R"(,"kid":"z")"), {EVP_sha256()})));
  EXPECT_FALSE(
      keys.verify(sign_with(other.get(), header("RS256", R"(,"kid":"b")"), {EVP_sha256()})));
  EXPECT_TRUE(
      keys.verify(sign_with(other.get(), header("RS512", R"(,"kid":"b")"), {EVP_sha512()})));
  EXPECT_TRUE(keys.verify(
      sign_with(curve.get(), header("ES256", R"(,"kid":"c")"), {EVP_sha256(), false, 32})));
  EXPECT_FALSE(Keys().add_key_set("[]"));
  EXPECT_FALSE(Keys().add_key_set("{"));
}

TEST(JwtKeys, HostileTokensAreRefused) {
  const PrivateKey key = edwards();
  Keys keys;
  ASSERT_TRUE(keys.add_pem(Algorithm::kEdDsa, pem_of(key.get())));
  for (const std::string& token :
       {std::string(), std::string("."), std::string(".."), std::string("a.b"),
        std::string("a.b.c.d"), std::string("!.!.!"), std::string(kMaxTokenBytes + 1, 'a'),
        sign_with(key.get(), R"({"alg":"EdDSA","crit":["x"]})", {}),
        sign_with(key.get(), R"({"alg":7})", {}), sign_with(key.get(), "[]", {}),
        sign_with(key.get(), "{", {})}) {
    EXPECT_FALSE(keys.verify(token)) << token.substr(0, 40);
  }
}

TEST(Jwt, ATokenIsCurrentFromNbfUntilExp) {
  EXPECT_TRUE(is_current("{}", 100, 0));
  EXPECT_TRUE(is_current(R"({"nbf":100,"exp":101})", 100, 0));
  EXPECT_FALSE(is_current(R"({"nbf":101})", 100, 0));
  EXPECT_TRUE(is_current(R"({"nbf":101})", 100, 1));
  EXPECT_FALSE(is_current(R"({"exp":100})", 100, 0));
  EXPECT_TRUE(is_current(R"({"exp":100.5})", 100, 0));
  EXPECT_FALSE(is_current(R"({"exp":"101"})", 100, 0));
  EXPECT_FALSE(is_current(R"({"nbf":null})", 100, 0));
  EXPECT_FALSE(is_current("7", 100, 0));
}

}  // namespace
}  // namespace turms::jwt
