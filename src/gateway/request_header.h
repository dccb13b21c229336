#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace turms::gateway {

/// What a request says before its body: enough to answer it, whatever the body is.
struct RequestHeader {
  enum class Problem : uint8_t {
    kNone,
    /// The id is not the first field, comes twice, is cut, or what follows it is no kind.
    kMalformed,
    /// The id is there, and it is zero or negative.
    kIdNotPositive,
    /// The kind's number is none that this build knows.
    kUnknownKind,
  };

  Problem problem = Problem::kNone;
  int64_t request_id = 0;
  /// Number of the kind's field in TurmsRequest.
  int32_t kind = 0;
};

/// Reads the fields of a serialised TurmsRequest without parsing its body. The order is part of the
/// protocol: request_id first, the kind next. So a request with custom_attributes before the kind
/// is malformed; behind the kind no second kind and no second id may come.
RequestHeader read_request_header(ByteView message);

/// "create_message_request"; empty when there is no such kind.
std::string_view kind_name(int32_t kind);

/// Kinds from here on are extensions.
inline constexpr int32_t kFirstExtensionKind = 5000;

}  // namespace turms::gateway
