#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "rtc/sdp/description.h"

/// What of a description concerns ICE, as application/trickle-ice-sdpfrag (RFC 8840 section 9).
namespace turms::rtc::sdp {

/// One m-section with its mid; credentials that stand before it count for it. Attributes that have
/// nothing to do with ICE, and candidates that do not parse, are skipped. kInvalidArgument says
/// what is wrong. Bounds as those of parse().
Result<SessionDescription> parse_fragment(std::string_view text);
/// The BUNDLE group, and of the section whose transport all others use: m-line, mid, credentials
/// and candidates.
std::string serialize_fragment(const SessionDescription& description);

}  // namespace turms::rtc::sdp
