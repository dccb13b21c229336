#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "json.h"
#include "turms/plugin.h"

namespace turms::livekit_plugin {

/// What a member may do in a room besides listening.
struct Rights {
  uint32_t tracks = 0;  // TURMS_TRACK_*
  bool data = false;
  /// Nothing of theirs is heard, the sound of their screen neither.
  bool muted = false;

  bool operator==(const Rights&) const = default;
};
/// Where the server says only the role: members and above everything, guests nothing.
Rights rights_of(turms_role role, bool muted);
/// What may be published with them, in LiveKit's words. All four: any source.
std::vector<Source> sources_of(const Rights& rights);
const char* role_name(turms_role role);
/// Participant metadata: {"device":…,"role":…}.
std::string member_metadata(std::string_view device, turms_role role);

struct MemberToken {
  int64_t meeting_id = 0;
  int64_t user_id = 0;
  std::string name;
  std::string device;
  turms_role role = TURMS_ROLE_MEMBER;
  Rights rights;
};
/// What a member joins with, good for `ttl`. Nobody's has roomAdmin: what hosts may do is asked of
/// the server, which knows their role at that moment. A muted one gets no right to publish at all:
/// it may be given back while in the room.
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
