#pragma once

#include <memory>

#include "rtc/srtp/backend.h"

namespace turms::rtc::srtp {

std::unique_ptr<Backend> make_openssl_backend();
std::unique_ptr<Cipher> make_openssl_cipher(Profile profile, ByteView key, ByteView auth_key);

}  // namespace turms::rtc::srtp
