#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "livekit/types.h"

/// Access tokens: HS256 JSON Web Tokens whose `video` claim says what the bearer may do.
namespace turms::livekit {

/// API key → secret.
using ApiKeys = std::map<std::string, std::string, std::less<>>;

/// The `video` claim. An unset right has a default: see the functions of the same name.
struct VideoGrants {
  bool room_create = false;
  bool room_list = false;
  bool room_record = false;
  bool room_admin = false;
  bool room_join = false;
  std::string room;
  std::string destination_room;

  std::optional<bool> can_publish;
  std::optional<bool> can_subscribe;
  std::optional<bool> can_publish_data;
  std::vector<TrackSource> can_publish_sources;  // empty: every source
  std::optional<bool> can_update_own_metadata;
  std::optional<bool> can_subscribe_metrics;
  std::optional<bool> can_manage_agent_session;

  bool ingress_admin = false;
  bool hidden = false;
  bool recorder = false;
  bool agent = false;

  [[nodiscard]] Permission permission() const;
  void set_permission(const Permission&);
};

/// The `sip` claim. Nothing here is a SIP gateway, but what one is asked for needs these.
struct SipGrants {
  bool admin = false;
  bool call = false;
};

/// A kind of agent that shall come into a room.
struct RequestedAgent {
  std::string agent_name;
  std::string metadata;
  std::string deployment;
  std::map<std::string, std::string> attributes;
  /// Another one starts when the worker of this was lost.
  bool restart = true;
};

/// `roomConfig`: settings for the room, when the bearer is the one who opens it. Also of a
/// CreateRoom request and of a room configuration by name.
struct RoomSettings {
  std::optional<uint32_t> empty_timeout_s;
  std::optional<uint32_t> departure_timeout_s;
  std::optional<uint32_t> max_participants;
  std::string metadata;
  std::optional<uint32_t> min_playout_delay_ms;
  std::optional<uint32_t> max_playout_delay_ms;
  std::optional<bool> sync_streams;
  std::vector<RequestedAgent> agents;
  std::map<std::string, std::string> tags;

  /// What is said here over what `base` says.
  [[nodiscard]] RoomSettings over(RoomSettings base) const;
};

/// From protobuf's JSON of a RoomConfiguration; kInvalidArgument when it is none.
Result<RoomSettings> parse_room_settings(std::string_view text);

/// What a verified token says.
struct Grants {
  std::string api_key;   // iss
  std::string identity;  // sub, else jti
  std::string name;
  ParticipantKind kind = ParticipantKind::kStandard;
  std::vector<KindDetail> kind_details;
  std::string metadata;
  std::map<std::string, std::string> attributes;
  std::optional<VideoGrants> video;
  SipGrants sip;
  std::optional<RoomSettings> room_settings;
  std::string room_config;  // roomConfig as it came, in JSON: also what is not served
  std::string room_preset;
  std::string sha256;  // of the body, in webhooks
  std::optional<WallTime> expires;
};

/// How far clocks may differ, for `exp` and `nbf`.
inline constexpr Duration kTokenLeeway = std::chrono::minutes(1);

/// kUnauthenticated with a reason: not HS256, unknown key, bad signature, expired or not yet valid.
Result<Grants> verify_token(std::string_view token, const ApiKeys& keys, WallTime now);

/// Signs with `secret`. `grants.api_key` becomes `iss`; the token is valid from `now` for
/// `lifetime`. `grants.room_settings` is said by `room_config` alone.
std::string mint_token(const Grants& grants, std::string_view secret, WallTime now,
                       Duration lifetime);

}  // namespace turms::livekit
