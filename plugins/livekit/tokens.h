#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "turms/plugin.h"

namespace turms::livekit_plugin {

/// What a member may do in a room.
struct Rights {
  bool admin = false;
  bool publish = true;
  bool publish_sound = true;  // means nothing without publish
};
/// Owner and manager: everything; member: publish and subscribe; guest: subscribe.
Rights rights_of(turms_role role, bool muted);
const char* role_name(turms_role role);
/// Participant metadata: {"device":…,"role":…}.
std::string member_metadata(std::string_view device, turms_role role);

struct MemberToken {
  int64_t meeting_id = 0;
  int64_t user_id = 0;
  std::string name;
  std::string device;
  turms_role role = TURMS_ROLE_MEMBER;
  bool muted = false;
};
/// A token with roomAdmin lasts no longer: LiveKit has no call that takes the right back from a
/// token, so nobody shall hold one for a rainy day. It is enough to join, and clients that are
/// connected get theirs renewed by the server.
inline constexpr Duration kAdminTokenLife = std::chrono::seconds(60);

/// What a member joins with, good for `ttl`, an admin's for at most kAdminTokenLife. A muted one
/// gets no right to publish at all: it may be given back while in the room.
std::string member_token(const MemberToken& member, std::string_view api_key,
                         std::string_view api_secret, WallTime now, Duration ttl);

/// For our own calls of the server API: `grants` is the JSON object of the video grant.
std::string api_token(std::string_view grants, std::string_view api_key,
                      std::string_view api_secret, WallTime now);

/// Whether a webhook comes from our server: HS256 by our secret, issued by our key, valid now (1
/// minute leeway), and for exactly this body. kUnauthenticated otherwise.
Status verify_webhook(std::string_view authorization, std::string_view body,
                      std::string_view api_key, std::string_view api_secret, WallTime now);

}  // namespace turms::livekit_plugin
