#include "im/context.h"

namespace turms::im {

std::unexpected<Failure> refuse(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kCancelled:
      return refuse(Code::kUnavailable, error.message);
    default:
      return refuse(Code::kInternalError, error.message);
  }
}

Outcome<WallTime> newer_version(std::optional<WallTime> version, std::optional<WallTime> theirs) {
  if (!version || (theirs && *theirs >= *version)) return refuse(Code::kAlreadyUpToDate);
  return *version;
}

Recipients recipient(UserId user) {
  return recipients_of(std::vector<UserId>(1, user));
}

Audience audience_of(const Settings::Notify& notify, UserId other) {
  Audience audience;
  audience.other_sessions_of_caller = notify.own_sessions;
  if (notify.others) audience.recipients = recipient(other);
  return audience;
}

size_t text_length(std::string_view utf8) {
  size_t length = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte & 0xc0) != 0x80) ++length;
    // Four bytes of UTF-8 are a surrogate pair.
    if (byte >= 0xf0) ++length;
  }
  return length;
}

}  // namespace turms::im
