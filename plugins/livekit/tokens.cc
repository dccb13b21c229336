#include "tokens.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/jwt.h"
#include "json.h"

namespace turms::livekit_plugin {

namespace {

constexpr int64_t kLeewaySeconds = 60;
constexpr int64_t kApiTokenSeconds = 60;
constexpr size_t kSources = 4;

/// As tokens write it; UpdateParticipant has capitals.
const char* token_name(Source source) {
  switch (source) {
    case Source::kCamera:
      return "camera";
    case Source::kMicrophone:
      return "microphone";
    case Source::kScreen:
      return "screen_share";
    case Source::kScreenAudio:
      return "screen_share_audio";
    case Source::kUnknown:
      break;
  }
  return "unknown";
}

json::object claims_of(std::string_view api_key, WallTime now, int64_t lifetime_seconds) {
  const int64_t seconds = now.unix_ms / 1000;
  json::object claims;
  claims["iss"] = json::string_view(api_key.data(), api_key.size());
  // Clocks differ a little; servers give leeway to exp and nbf, but not all do.
  claims["nbf"] = seconds - kLeewaySeconds;
  claims["exp"] = seconds + lifetime_seconds;
  return claims;
}

}  // namespace

Rights rights_of(turms_role role, bool muted) {
  const bool guest = role == TURMS_ROLE_GUEST || role == TURMS_ROLE_ANONYMOUS_GUEST;
  if (guest) return {.tracks = 0, .data = false, .muted = muted};
  constexpr uint32_t kAll = TURMS_TRACK_MICROPHONE | TURMS_TRACK_CAMERA | TURMS_TRACK_SCREEN;
  return {.tracks = kAll, .data = true, .muted = muted};
}

std::vector<Source> sources_of(const Rights& rights) {
  std::vector<Source> out;
  if ((rights.tracks & TURMS_TRACK_CAMERA) != 0) out.push_back(Source::kCamera);
  if ((rights.tracks & TURMS_TRACK_MICROPHONE) != 0 && !rights.muted) {
    out.push_back(Source::kMicrophone);
  }
  if ((rights.tracks & TURMS_TRACK_SCREEN) != 0) {
    out.push_back(Source::kScreen);
    if (!rights.muted) out.push_back(Source::kScreenAudio);
  }
  return out;
}

const char* role_name(turms_role role) {
  switch (role) {
    case TURMS_ROLE_OWNER:
      return "OWNER";
    case TURMS_ROLE_MANAGER:
      return "MANAGER";
    case TURMS_ROLE_MEMBER:
      return "MEMBER";
    case TURMS_ROLE_GUEST:
      return "GUEST";
    case TURMS_ROLE_ANONYMOUS_GUEST:
      break;
  }
  return "ANONYMOUS_GUEST";
}

std::string member_metadata(std::string_view device, turms_role role) {
  json::object metadata;
  metadata["device"] = json::string_view(device.data(), device.size());
  metadata["role"] = role_name(role);
  return json::serialize(metadata);
}

std::string member_token(const MemberToken& member, std::string_view api_key,
                         std::string_view api_secret, WallTime now, Duration ttl) {
  const bool muted = member.rights.muted;
  const std::vector<Source> sources = sources_of(member.rights);
  const bool publish = !sources.empty() && !muted;
  json::object video;
  video["room"] = std::to_string(member.meeting_id);
  video["roomJoin"] = true;
  // Unset means true for these, so all are written.
  video["canPublish"] = publish;
  video["canPublishData"] = member.rights.data && !muted;
  video["canSubscribe"] = true;
  if (publish && sources.size() < kSources) {
    json::array names;
    for (const Source source : sources) names.emplace_back(token_name(source));
    video["canPublishSources"] = std::move(names);
  }
  json::object claims =
      claims_of(api_key, now, std::chrono::duration_cast<std::chrono::seconds>(ttl).count());
  claims["sub"] = std::to_string(member.user_id);
  claims["name"] = member.name;
  claims["metadata"] = member_metadata(member.device, member.role);
  claims["video"] = std::move(video);
  return jwt::sign(json::serialize(claims), api_secret);
}

std::string api_token(std::string_view grants, std::string_view api_key,
                      std::string_view api_secret, WallTime now) {
  json::object claims = claims_of(api_key, now, kApiTokenSeconds);
  claims["video"] = json::parse(json::string_view(grants.data(), grants.size()));
  return jwt::sign(json::serialize(claims), api_secret);
}

Status verify_webhook(std::string_view authorization, std::string_view body,
                      std::string_view api_key, std::string_view api_secret, WallTime now) {
  auto verified = jwt::verify(authorization, api_secret);
  if (!verified) return std::unexpected(verified.error());
  const auto refused = [](std::string why) {
    return fail(ErrorCode::kUnauthenticated, std::move(why));
  };
  auto claims = parse_object(*verified);
  if (!claims) return refused("claims are no JSON object");
  if (text_field(*claims, "iss") != api_key) return refused("issued by another key");
  const int64_t seconds = now.unix_ms / 1000;
  if (number_field(*claims, "exp") < seconds - kLeewaySeconds) return refused("expired");
  if (number_field(*claims, "nbf") > seconds + kLeewaySeconds) return refused("not valid yet");
  const auto hash = sha256(as_bytes(body));
  const std::string expected = base64(hash);
  const std::string claimed = text_field(*claims, "sha256");
  if (!constant_time_equal(as_bytes(expected), as_bytes(claimed))) {
    return refused("made for another body");
  }
  return {};
}

}  // namespace turms::livekit_plugin
