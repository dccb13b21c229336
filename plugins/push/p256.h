#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

struct evp_pkey_st;

namespace turms::push {

/// A key pair on the curve P-256.
class P256Key {
 public:
  /// Uncompressed: 0x04, x, y.
  using PublicKey = std::array<uint8_t, 65>;

  static Result<P256Key> generate();
  /// A private key (PKCS #8 or SEC 1). kInvalidArgument when it is none, or of another curve.
  static Result<P256Key> from_pem(const std::string& pem);
  /// 32 bytes of the private key, and the public one that belongs to it.
  static Result<P256Key> from_raw(ByteView private_key, ByteView public_key);

  [[nodiscard]] Result<std::string> pem() const;
  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  /// ECDH: 32 bytes. kInvalidArgument when `peer` is no point of the curve.
  [[nodiscard]] Result<Bytes> shared_secret(ByteView peer) const;
  /// ECDSA with SHA-256 as JWS has it (RFC 7518 section 3.4): r and s, 64 bytes.
  [[nodiscard]] Result<Bytes> sign(std::string_view data) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Handle = std::unique_ptr<evp_pkey_st, Free>;

  static Result<P256Key> of(Handle key);
  static Handle import_public(ByteView public_key);

  Handle key_;
  PublicKey public_key_{};
};

}  // namespace turms::push
