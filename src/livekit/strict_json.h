#pragma once

#include <string_view>

namespace turms::livekit {

/// Whether it is JSON to the letter (RFC 8259) in which no object names a member twice: what
/// LiveKit takes. Protobuf's own parser forgives both, and takes the last of two.
bool is_strict_json(std::string_view text);

}  // namespace turms::livekit
