#pragma once

// The protocol's generated classes, named but not included: their headers are heavy. Without the
// leading colons `im` would be our own domain.
namespace im::turms::proto {
class Group;
class Meeting;
class TurmsNotification;
class TurmsNotification_Data;
class TurmsRequest;
}  // namespace im::turms::proto

namespace turms::gateway {
namespace proto = ::im::turms::proto;
}
