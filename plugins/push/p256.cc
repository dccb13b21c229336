#include "p256.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <algorithm>

namespace turms::push {

namespace {

template <auto Function>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_clear_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

constexpr const char* kCurve = "prime256v1";
constexpr size_t kNumberBytes = 32;

std::unexpected<Error> failed(const char* what) {
  return fail(ErrorCode::kInvalidArgument, what);
}

}  // namespace

void P256Key::Free::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

Result<P256Key> P256Key::of(Handle key) {
  char curve[32] = "";
  size_t length = 0;
  P256Key made;
  if (key == nullptr || EVP_PKEY_get_group_name(key.get(), curve, sizeof curve, &length) != 1 ||
      std::string_view(curve, length) != kCurve) {
    return failed("not a key of the curve P-256");
  }
  EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                 OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED);
  if (EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                      made.public_key_.data(), made.public_key_.size(),
                                      &length) != 1 ||
      length != made.public_key_.size()) {
    return failed("a key without its public part");
  }
  made.key_ = std::move(key);
  return made;
}

Result<P256Key> P256Key::generate() {
  return of(Handle(EVP_EC_gen(kCurve)));
}

Result<P256Key> P256Key::from_pem(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // A key with a password is none: nobody is there to type it.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  return of(Handle(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr)));
}

Result<P256Key> P256Key::from_raw(ByteView private_key, ByteView public_key) {
  const Number number(BN_bin2bn(private_key.data(), static_cast<int>(private_key.size()), nullptr));
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, kCurve, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, public_key.data(),
                                   public_key.size());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, number.get());
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1) {
    return failed("not a key pair of the curve P-256");
  }
  return of(Handle(key));
}

Result<std::string> P256Key::pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return fail(ErrorCode::kInternal, "the key cannot be written");
  }
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(length));
}

P256Key::Handle P256Key::import_public(ByteView public_key) {
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, kCurve, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, public_key.data(),
                                   public_key.size());
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return Handle(key);
}

Result<Bytes> P256Key::shared_secret(ByteView peer) const {
  if (peer.size() != public_key_.size() || peer[0] != 4) return failed("not an uncompressed point");
  const Handle other = import_public(peer);
  if (other == nullptr) return failed("not a point of the curve P-256");
  const Context context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  Bytes secret(kNumberBytes);
  size_t length = secret.size();
  if (EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), other.get()) != 1 ||
      EVP_PKEY_derive(context.get(), secret.data(), &length) != 1 || length != kNumberBytes) {
    return failed("not a point of the curve P-256");
  }
  return secret;
}

Result<Bytes> P256Key::sign(std::string_view data) const {
  const auto* bytes = reinterpret_cast<const uint8_t*>(data.data());
  const Digest digest(EVP_MD_CTX_new());
  Bytes der(128);
  size_t length = der.size();
  if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(digest.get(), der.data(), &length, bytes, data.size()) != 1) {
    return fail(ErrorCode::kInternal, "the key does not sign");
  }
  const uint8_t* at = der.data();
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(length)));
  Bytes raw(2 * kNumberBytes);
  if (signature == nullptr ||
      BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), kNumberBytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + kNumberBytes, kNumberBytes) <
          0) {
    return fail(ErrorCode::kInternal, "the key does not sign");
  }
  return raw;
}

}  // namespace turms::push
