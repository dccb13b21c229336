#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "p256.h"

namespace turms::push {

/// How long a signed word of ours is good; push services take at most 24 hours (RFC 8292 section
/// 2).
inline constexpr Duration kVapidLifetime = std::chrono::hours(12);

/// The Authorization header by which a push service knows who sends (RFC 8292 section 3): for the
/// service of `origin`, with `subject`, a mailto: or https: URL, whom it may ask.
Result<std::string> vapid_authorization(const P256Key& key, std::string_view origin,
                                        std::string_view subject, WallTime now);

/// The key in a PEM file; makes both where there is none, readable by nobody else.
/// kInvalidArgument, kUnavailable.
Result<P256Key> load_vapid_key(const std::string& file);

}  // namespace turms::push
