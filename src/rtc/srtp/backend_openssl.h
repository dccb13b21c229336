#pragma once

#include <memory>

#include "rtc/srtp/backend.h"

namespace turms::rtc::srtp {

std::unique_ptr<Backend> make_openssl_backend();

}  // namespace turms::rtc::srtp
