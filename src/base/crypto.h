#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"

struct evp_md_ctx_st;

namespace turms {

std::array<uint8_t, 32> sha256(ByteView data);
/// Of data that comes in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(ByteView data);
  /// Once, at the end.
  std::array<uint8_t, 32> finish();

 private:
  evp_md_ctx_st* context_;
};

std::array<uint8_t, 32> hmac_sha256(ByteView key, ByteView data);

/// In time that depends on the lengths only.
bool constant_time_equal(ByteView a, ByteView b);

/// From the operating system's generator; for keys and secrets.
void secure_random(MutableByteView out);
/// `length` characters of [A-Za-z0-9], about 5.95 bits each.
std::string secure_random_token(size_t length);

}  // namespace turms
