#pragma once

#include <memory>

#include "rtc/srtp/backend.h"

namespace turms::rtc::srtp {

/// Null when the processor has no AES instructions.
std::unique_ptr<Backend> make_ipsec_mb_backend();

}  // namespace turms::rtc::srtp
