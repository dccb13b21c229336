#include "base/jwt_keys.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"

namespace turms::jwt {
namespace {

namespace json = boost::json;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using PKey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

constexpr int kFewestRsaBits = 2048;

enum class Kind : uint8_t { kSecret, kRsa, kRsaPss, kEc, kEdwards };

struct AlgorithmInfo {
  std::string_view name;
  Algorithm algorithm;
  Kind kind;
  const EVP_MD* (*digest)();  // null: the signature scheme has its own
  /// Of the group: bytes of each half of a signature, and OpenSSL's and JWK's name.
  size_t half = 0;
  const char* group = nullptr;
  std::string_view curve = {};
};

constexpr auto kAlgorithms = std::to_array<AlgorithmInfo>({
    {"HS256", Algorithm::kHs256, Kind::kSecret, EVP_sha256},
    {"HS384", Algorithm::kHs384, Kind::kSecret, EVP_sha384},
    {"HS512", Algorithm::kHs512, Kind::kSecret, EVP_sha512},
    {"RS256", Algorithm::kRs256, Kind::kRsa, EVP_sha256},
    {"RS384", Algorithm::kRs384, Kind::kRsa, EVP_sha384},
    {"RS512", Algorithm::kRs512, Kind::kRsa, EVP_sha512},
    {"PS256", Algorithm::kPs256, Kind::kRsaPss, EVP_sha256},
    {"PS384", Algorithm::kPs384, Kind::kRsaPss, EVP_sha384},
    {"PS512", Algorithm::kPs512, Kind::kRsaPss, EVP_sha512},
    {"ES256", Algorithm::kEs256, Kind::kEc, EVP_sha256, 32, "prime256v1", "P-256"},
    {"ES384", Algorithm::kEs384, Kind::kEc, EVP_sha384, 48, "secp384r1", "P-384"},
    {"ES512", Algorithm::kEs512, Kind::kEc, EVP_sha512, 66, "secp521r1", "P-521"},
    {"EdDSA", Algorithm::kEdDsa, Kind::kEdwards, nullptr},
});

const AlgorithmInfo& info_of(Algorithm algorithm) {
  return kAlgorithms[static_cast<size_t>(algorithm)];
}

std::unexpected<Error> refused(std::string_view why) {
  return fail(ErrorCode::kUnauthenticated, std::string(why));
}
std::unexpected<Error> unusable(std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, std::string(why));
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string())
                                                : std::string_view();
}

/// A JWT is small and flat; what nests deeper is none.
Result<json::object> parse_json_object(std::string_view text) {
  boost::system::error_code ec;
  json::parse_options options;
  options.max_depth = 16;
  json::value value = json::parse(text, ec, {}, options);
  if (ec || !value.is_object()) return refused("not a JSON object");
  return std::move(value.as_object());
}

/// The public key as the algorithm needs it.
Status check_key(const AlgorithmInfo& info, const EVP_PKEY* key) {
  switch (info.kind) {
    case Kind::kSecret:
      return unusable("the algorithm takes a secret, not a public key");
    case Kind::kRsa:
    case Kind::kRsaPss: {
      const bool rsa = EVP_PKEY_is_a(key, "RSA") == 1 ||
                       (info.kind == Kind::kRsaPss && EVP_PKEY_is_a(key, "RSA-PSS") == 1);
      if (!rsa) return unusable("not an RSA key");
      if (EVP_PKEY_get_bits(key) < kFewestRsaBits) return unusable("the RSA key is too short");
      return {};
    }
    case Kind::kEc: {
      std::array<char, 64> group{};
      size_t size = 0;
      if (EVP_PKEY_is_a(key, "EC") != 1 ||
          EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1 ||
          std::string_view(group.data(), size) != info.group) {
        return unusable("not an EC key on the algorithm's curve");
      }
      return {};
    }
    case Kind::kEdwards:
      if (EVP_PKEY_is_a(key, "ED25519") == 1 || EVP_PKEY_is_a(key, "ED448") == 1) return {};
      return unusable("not an Ed25519 or Ed448 key");
  }
  std::unreachable();
}

/// From the two halves that a JWT carries to what OpenSSL verifies.
std::optional<Bytes> der_signature(const AlgorithmInfo& info, ByteView raw) {
  if (raw.size() != 2 * info.half) return std::nullopt;
  const int half = static_cast<int>(info.half);
  Number r(BN_bin2bn(raw.data(), half, nullptr));
  Number s(BN_bin2bn(raw.data() + info.half, half, nullptr));
  const EcSignature signature(ECDSA_SIG_new());
  if (!r || !s || !signature || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) {
    return std::nullopt;
  }
  (void)r.release();  // they belong to the signature
  (void)s.release();
  Bytes der(static_cast<size_t>(std::max(i2d_ECDSA_SIG(signature.get(), nullptr), 0)));
  uint8_t* out = der.data();
  if (der.empty() || i2d_ECDSA_SIG(signature.get(), &out) <= 0) return std::nullopt;
  return der;
}

bool fits_public(const AlgorithmInfo& info, EVP_PKEY* key, ByteView signed_part,
                 ByteView signature) {
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // belongs to the context
  const EVP_MD* digest = info.digest == nullptr ? nullptr : info.digest();
  if (!context || EVP_DigestVerifyInit(context.get(), &parameters, digest, nullptr, key) != 1) {
    return false;
  }
  if (info.kind == Kind::kRsaPss &&
      (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), signed_part.data(),
                          signed_part.size()) == 1;
}

bool fits_secret(const AlgorithmInfo& info, const std::string& secret, ByteView signed_part,
                 ByteView signature) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  if (HMAC(info.digest(), secret.data(), static_cast<int>(secret.size()), signed_part.data(),
           signed_part.size(), mac.data(), &size) == nullptr) {
    return false;
  }
  return constant_time_equal(ByteView(mac.data(), size), signature);
}

PKey read_pem(std::string_view pem) {
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return nullptr;
  PKey key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (key) return key;
  bio.reset(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)
                                    : nullptr);
  return PKey(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
}

PKey from_parameters(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return PKey(key);
}

PKey rsa_key(const json::object& jwk) {
  const auto n = from_base64(text_of(jwk, "n"));
  const auto e = from_base64(text_of(jwk, "e"));
  if (!n || !e || n->empty() || n->size() > 2048 || e->empty() || e->size() > 8) return nullptr;
  const Number modulus(BN_bin2bn(n->data(), static_cast<int>(n->size()), nullptr));
  const Number exponent(BN_bin2bn(e->data(), static_cast<int>(e->size()), nullptr));
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return from_parameters("RSA", builder.get());
}

PKey ec_key(const json::object& jwk, const AlgorithmInfo& info) {
  const auto x = from_base64(text_of(jwk, "x"));
  const auto y = from_base64(text_of(jwk, "y"));
  if (!x || !y || x->size() != info.half || y->size() != info.half) return nullptr;
  Bytes point = {POINT_CONVERSION_UNCOMPRESSED};
  point.insert(point.end(), x->begin(), x->end());
  point.insert(point.end(), y->begin(), y->end());
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, info.group, 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  return from_parameters("EC", builder.get());
}

PKey edwards_key(const json::object& jwk) {
  const auto x = from_base64(text_of(jwk, "x"));
  if (!x) return nullptr;
  const int type = text_of(jwk, "crv") == "Ed448" ? EVP_PKEY_ED448 : EVP_PKEY_ED25519;
  return PKey(EVP_PKEY_new_raw_public_key(type, nullptr, x->data(), x->size()));
}

/// What a key of a set is used for: its `alg`, or the usual one of its kind.
const AlgorithmInfo* algorithm_of(const json::object& jwk) {
  const std::string_view type = text_of(jwk, "kty");
  if (const std::string_view named = text_of(jwk, "alg"); !named.empty()) {
    const auto found = find_algorithm(named);
    return found ? &info_of(*found) : nullptr;
  }
  if (type == "RSA") return &info_of(Algorithm::kRs256);
  if (type == "OKP") return &info_of(Algorithm::kEdDsa);
  for (const AlgorithmInfo& info : kAlgorithms) {
    if (type == "EC" && info.kind == Kind::kEc && info.curve == text_of(jwk, "crv")) return &info;
  }
  return nullptr;
}

PKey key_of(const json::object& jwk, const AlgorithmInfo& info) {
  const std::string_view type = text_of(jwk, "kty");
  if (type == "RSA") return rsa_key(jwk);
  if (type == "EC" && info.kind == Kind::kEc) return ec_key(jwk, info);
  if (type == "OKP") return edwards_key(jwk);
  return nullptr;
}

}  // namespace

struct Keys::Key {
  const AlgorithmInfo& info;
  std::string secret;
  PKey key;
  std::string id;

  [[nodiscard]] bool fits(ByteView signed_part, ByteView signature) const {
    if (info.kind == Kind::kSecret) return fits_secret(info, secret, signed_part, signature);
    if (info.kind != Kind::kEc) return fits_public(info, key.get(), signed_part, signature);
    const auto der = der_signature(info, signature);
    return der && fits_public(info, key.get(), signed_part, *der);
  }
};

Keys::Keys() = default;
Keys::~Keys() = default;
Keys::Keys(Keys&&) noexcept = default;
Keys& Keys::operator=(Keys&&) noexcept = default;

std::optional<Algorithm> find_algorithm(std::string_view name) {
  for (const AlgorithmInfo& info : kAlgorithms) {
    if (info.name == name) return info.algorithm;
  }
  return std::nullopt;
}

Status Keys::add_secret(Algorithm algorithm, std::string secret) {
  const AlgorithmInfo& info = info_of(algorithm);
  if (info.kind != Kind::kSecret) return unusable("the algorithm takes a public key, not a secret");
  if (secret.size() < static_cast<size_t>(EVP_MD_get_size(info.digest()))) {
    return unusable("the secret is shorter than the hash, so it can be guessed");
  }
  keys_.push_back(std::make_unique<Key>(info, std::move(secret), nullptr, std::string()));
  return {};
}

Status Keys::add_pem(Algorithm algorithm, std::string_view pem) {
  PKey key = read_pem(pem);
  if (!key) return unusable("neither a public key nor a certificate in PEM");
  const AlgorithmInfo& info = info_of(algorithm);
  if (Status status = check_key(info, key.get()); !status) return status;
  keys_.push_back(std::make_unique<Key>(info, std::string(), std::move(key), std::string()));
  return {};
}

Result<size_t> Keys::add_key_set(std::string_view text) {
  auto set = parse_json_object(text);
  if (!set) return std::unexpected(set.error());
  const json::value* listed = set->if_contains("keys");
  if (listed == nullptr || !listed->is_array()) return refused("not a set of keys");
  size_t added = 0;
  for (const json::value& one : listed->get_array()) {
    if (!one.is_object()) continue;
    const json::object& jwk = one.get_object();
    if (const std::string_view use = text_of(jwk, "use"); !use.empty() && use != "sig") continue;
    const AlgorithmInfo* info = algorithm_of(jwk);
    // A secret in a set that anybody can read signs for anybody.
    if (info == nullptr || info->kind == Kind::kSecret) continue;
    PKey key = key_of(jwk, *info);
    if (!key || !check_key(*info, key.get())) continue;
    keys_.push_back(std::make_unique<Key>(*info, std::string(), std::move(key),
                                          std::string(text_of(jwk, "kid"))));
    ++added;
  }
  return added;
}

bool Keys::empty() const {
  return keys_.empty();
}

Result<std::string> Keys::verify(std::string_view token) const {
  if (token.size() > kMaxTokenBytes) return refused("the token is too large");
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return refused("the token is not of the form header.claims.signature");
  }
  const auto header_bytes = from_base64(token.substr(0, first));
  const auto claims = from_base64(token.substr(first + 1, second - first - 1));
  const auto signature = from_base64(token.substr(second + 1));
  if (!header_bytes || !claims || !signature) return refused("the token is not base64url");
  auto header = parse_json_object(as_text(*header_bytes));
  if (!header) return std::unexpected(header.error());
  // What must be understood (RFC 7515 section 4.1.11), and is not.
  if (header->contains("crit")) return refused("the token has critical extensions");
  const auto algorithm = find_algorithm(text_of(*header, "alg"));
  if (!algorithm) return refused("the token's algorithm is unknown");
  const std::string_view id = text_of(*header, "kid");
  const ByteView signed_part = as_bytes(token.substr(0, second));
  for (const auto& key : keys_) {
    if (key->info.algorithm != *algorithm) continue;
    if (!key->id.empty() && !id.empty() && key->id != id) continue;
    if (key->fits(signed_part, *signature)) return std::string(as_text(*claims));
  }
  return refused("no key has signed the token");
}

bool is_current(std::string_view claims_json, int64_t now, int64_t leeway) {
  const auto claims = parse_json_object(claims_json);
  if (!claims) return false;
  const auto seconds = [&](std::string_view name) -> std::optional<std::optional<double>> {
    const json::value* found = claims->if_contains(name);
    if (found == nullptr) return std::optional<double>();
    if (found->is_int64()) return static_cast<double>(found->get_int64());
    if (found->is_uint64()) return static_cast<double>(found->get_uint64());
    if (found->is_double()) return found->get_double();
    return std::nullopt;
  };
  const auto expires = seconds("exp");
  const auto begins = seconds("nbf");
  if (!expires || !begins) return false;
  const auto early = static_cast<double>(now - leeway);
  const auto late = static_cast<double>(now + leeway);
  return !(*expires && **expires <= early) && !(*begins && **begins > late);
}

}  // namespace turms::jwt
