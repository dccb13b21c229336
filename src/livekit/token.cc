#include "livekit/token.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <limits>
#include <utility>

#include "base/jwt.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<std::string_view, TrackSource>, 5> kSources{{
    {"unknown", TrackSource::kUnknown},
    {"camera", TrackSource::kCamera},
    {"microphone", TrackSource::kMicrophone},
    {"screen_share", TrackSource::kScreenShare},
    {"screen_share_audio", TrackSource::kScreenShareAudio},
}};

constexpr std::array<std::pair<std::string_view, ParticipantKind>, 7> kKinds{{
    {"standard", ParticipantKind::kStandard},
    {"ingress", ParticipantKind::kIngress},
    {"egress", ParticipantKind::kEgress},
    {"sip", ParticipantKind::kSip},
    {"agent", ParticipantKind::kAgent},
    {"connector", ParticipantKind::kConnector},
    {"bridge", ParticipantKind::kBridge},
}};

constexpr std::array<std::pair<std::string_view, KindDetail>, 6> kKindDetails{{
    {"cloud_agent", KindDetail::kCloudAgent},
    {"forwarded", KindDetail::kForwarded},
    {"connector_whatsapp", KindDetail::kConnectorWhatsapp},
    {"connector_twilio", KindDetail::kConnectorTwilio},
    {"bridge_rtsp", KindDetail::kBridgeRtsp},
    {"simulation", KindDetail::kSimulation},
}};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

template <class Table>
auto by_name(const Table& table, std::string_view name)
    -> std::optional<decltype(table.front().second)> {
  const std::string wanted = lower(name);
  for (const auto& [known, value] : table) {
    if (known == wanted) return value;
  }
  return std::nullopt;
}

template <class Table, class Value>
std::string_view name_of(const Table& table, Value value) {
  for (const auto& [name, known] : table) {
    if (known == value) return name;
  }
  return table.front().first;
}

// Reads the members of one JSON object. A member of the wrong type spoils the token, since ignoring
// it could grant what its issuer meant to withhold; null counts as absent, as in LiveKit.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  std::string text(std::string_view key) {
    const json::value* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return bad<std::string>();
    return std::string(value->get_string());
  }
  std::optional<bool> maybe_flag(std::string_view key) {
    const json::value* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_bool()) return bad<std::optional<bool>>();
    return value->get_bool();
  }
  bool flag(std::string_view key) { return maybe_flag(key).value_or(false); }
  // Seconds since 1970; fractions are allowed by RFC 7519 and dropped.
  std::optional<int64_t> seconds(std::string_view key) {
    const json::value* value = find(key);
    if (value == nullptr) return std::nullopt;
    constexpr int64_t kMax = 1'000'000'000'000;  // keeps milliseconds within 64 bits
    double number = 0;
    if (value->is_int64()) {
      number = static_cast<double>(value->get_int64());
    } else if (value->is_uint64()) {
      number = static_cast<double>(value->get_uint64());
    } else if (value->is_double()) {
      number = value->get_double();
    } else {
      return bad<std::optional<int64_t>>();
    }
    if (!(number >= 0 && number <= static_cast<double>(kMax))) return bad<std::optional<int64_t>>();
    return static_cast<int64_t>(number);
  }
  std::optional<uint32_t> number(std::string_view key) {
    const auto value = seconds(key);
    if (!value) return std::nullopt;
    return static_cast<uint32_t>(std::min<int64_t>(*value, std::numeric_limits<uint32_t>::max()));
  }
  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> out;
    const json::value* value = find(key);
    if (value == nullptr) return out;
    if (!value->is_array()) return bad<std::vector<std::string>>();
    for (const json::value& item : value->get_array()) {
      if (!item.is_string()) return bad<std::vector<std::string>>();
      out.emplace_back(item.get_string());
    }
    return out;
  }
  Attributes text_map(std::string_view key) {
    Attributes out;
    const json::object* members = object(key);
    if (members == nullptr) return out;
    for (const auto& [name, value] : *members) {
      if (!value.is_string()) return bad<Attributes>();
      out.emplace(name, value.get_string());
    }
    return out;
  }
  std::vector<const json::object*> objects(std::string_view key) {
    std::vector<const json::object*> out;
    const json::value* value = find(key);
    if (value == nullptr) return out;
    if (!value->is_array()) return bad<std::vector<const json::object*>>();
    for (const json::value& item : value->get_array()) {
      if (!item.is_object()) return bad<std::vector<const json::object*>>();
      out.push_back(&item.get_object());
    }
    return out;
  }
  const json::object* object(std::string_view key) {
    const json::value* value = find(key);
    if (value == nullptr) return nullptr;
    if (!value->is_object()) return bad<const json::object*>();
    return &value->get_object();
  }

  [[nodiscard]] bool ok() const { return ok_; }

 private:
  const json::value* find(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    return value != nullptr && value->is_null() ? nullptr : value;
  }
  template <class T>
  T bad() {
    ok_ = false;
    return T{};
  }

  const json::object& object_;
  bool ok_ = true;
};

bool read_video(const json::object& object, VideoGrants& video) {
  Reader in(object);
  video.room_create = in.flag("roomCreate");
  video.room_list = in.flag("roomList");
  video.room_record = in.flag("roomRecord");
  video.room_admin = in.flag("roomAdmin");
  video.room_join = in.flag("roomJoin");
  video.room = in.text("room");
  video.destination_room = in.text("destinationRoom");
  video.can_publish = in.maybe_flag("canPublish");
  video.can_subscribe = in.maybe_flag("canSubscribe");
  video.can_publish_data = in.maybe_flag("canPublishData");
  for (const std::string& source : in.texts("canPublishSources")) {
    // An unknown name must not turn the list into "every source".
    video.can_publish_sources.push_back(by_name(kSources, source).value_or(TrackSource::kUnknown));
  }
  video.can_update_own_metadata = in.maybe_flag("canUpdateOwnMetadata");
  video.can_subscribe_metrics = in.maybe_flag("canSubscribeMetrics");
  video.can_manage_agent_session = in.maybe_flag("canManageAgentSession");
  video.ingress_admin = in.flag("ingressAdmin");
  video.hidden = in.flag("hidden");
  video.recorder = in.flag("recorder");
  video.agent = in.flag("agent");
  return in.ok();
}

// Protobuf's JSON: both spellings of a name.
std::optional<RoomSettings> read_room_settings(const json::object& object) {
  Reader in(object);
  RoomSettings settings;
  const auto either = [&in](std::string_view camel, std::string_view snake) {
    const auto value = in.number(camel);
    return value ? value : in.number(snake);
  };
  settings.empty_timeout_s = either("emptyTimeout", "empty_timeout");
  settings.departure_timeout_s = either("departureTimeout", "departure_timeout");
  settings.max_participants = either("maxParticipants", "max_participants");
  settings.metadata = in.text("metadata");
  settings.min_playout_delay_ms = either("minPlayoutDelay", "min_playout_delay");
  settings.max_playout_delay_ms = either("maxPlayoutDelay", "max_playout_delay");
  const auto sync = in.maybe_flag("syncStreams");
  settings.sync_streams = sync ? sync : in.maybe_flag("sync_streams");
  settings.tags = in.text_map("tags");
  for (const json::object* wanted : in.objects("agents")) {
    Reader agent(*wanted);
    RequestedAgent& out = settings.agents.emplace_back();
    out.agent_name = agent.text("agentName");
    if (out.agent_name.empty()) out.agent_name = agent.text("agent_name");
    out.metadata = agent.text("metadata");
    out.deployment = agent.text("deployment");
    out.attributes = agent.text_map("attributes");
    std::string policy = agent.text("restartPolicy");
    if (policy.empty()) policy = agent.text("restart_policy");
    out.restart = policy != "JRP_NEVER";
    if (!agent.ok()) return std::nullopt;
  }
  if (!in.ok()) return std::nullopt;
  return settings;
}

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::kUnauthenticated, std::move(why));
}

Result<json::object> parse_claims(const std::string& text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return refuse("invalid authorization token");
  return std::move(value.get_object());
}

}  // namespace

RoomSettings RoomSettings::over(RoomSettings base) const {
  const auto take = [](auto& to, const auto& from) {
    if (from) to = from;
  };
  take(base.empty_timeout_s, empty_timeout_s);
  take(base.departure_timeout_s, departure_timeout_s);
  take(base.max_participants, max_participants);
  take(base.min_playout_delay_ms, min_playout_delay_ms);
  take(base.max_playout_delay_ms, max_playout_delay_ms);
  take(base.sync_streams, sync_streams);
  if (!metadata.empty()) base.metadata = metadata;
  if (!agents.empty()) base.agents = agents;
  for (const auto& [key, value] : tags) base.tags[key] = value;
  return base;
}

Result<RoomSettings> parse_room_settings(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (!error && value.is_object()) {
    if (auto settings = read_room_settings(value.get_object())) return *std::move(settings);
  }
  return fail(ErrorCode::kInvalidArgument, "not a room configuration");
}

Permission VideoGrants::permission() const {
  Permission out;
  out.can_publish = can_publish.value_or(true);
  out.can_subscribe = can_subscribe.value_or(true);
  out.can_publish_data = can_publish_data.value_or(out.can_publish);
  out.can_publish_sources = can_publish_sources;
  out.can_update_metadata = can_update_own_metadata.value_or(false);
  out.can_subscribe_metrics = can_subscribe_metrics.value_or(false);
  out.can_manage_agent_session = can_manage_agent_session.value_or(false);
  out.hidden = hidden;
  out.recorder = recorder;
  out.agent = agent;
  return out;
}

void VideoGrants::set_permission(const Permission& permission) {
  can_publish = permission.can_publish;
  can_subscribe = permission.can_subscribe;
  can_publish_data = permission.can_publish_data;
  can_publish_sources = permission.can_publish_sources;
  can_update_own_metadata = permission.can_update_metadata;
  can_subscribe_metrics = permission.can_subscribe_metrics;
  can_manage_agent_session = permission.can_manage_agent_session;
  hidden = permission.hidden;
  recorder = permission.recorder;
  agent = permission.agent;
}

Result<Grants> verify_token(std::string_view token, const ApiKeys& keys, WallTime now) {
  const auto unverified = jwt::peek(token);
  if (!unverified) return refuse("invalid authorization token");
  const auto peeked = parse_claims(*unverified);
  if (!peeked) return refuse("invalid authorization token");
  Grants grants;
  {
    Reader in(*peeked);
    grants.api_key = in.text("iss");
  }
  const auto key = keys.find(grants.api_key);
  // The name of an unknown key may be anything a stranger typed: it is not repeated.
  if (grants.api_key.empty() || key == keys.end()) return refuse("invalid API key");

  const auto verified = jwt::verify(token, key->second);
  if (!verified) return refuse("invalid token: " + verified.error().message);
  const auto claims = parse_claims(*verified);
  if (!claims) return refuse("invalid authorization token");

  Reader in(*claims);
  const int64_t leeway_ms = to_ms(kTokenLeeway);
  if (const auto expires = in.seconds("exp")) {
    grants.expires = WallTime{*expires * 1000};
    if (now.unix_ms >= grants.expires->unix_ms + leeway_ms) {
      return refuse("invalid token: token is expired");
    }
  }
  if (const auto not_before = in.seconds("nbf")) {
    if (now.unix_ms < *not_before * 1000 - leeway_ms) {
      return refuse("invalid token: token is not valid yet");
    }
  }
  grants.identity = in.text("sub");
  if (grants.identity.empty()) grants.identity = in.text("jti");
  grants.name = in.text("name");
  grants.metadata = in.text("metadata");
  grants.attributes = in.text_map("attributes");
  grants.sha256 = in.text("sha256");
  grants.room_preset = in.text("roomPreset");
  if (const auto kind = in.text("kind"); !kind.empty()) {
    grants.kind = by_name(kKinds, kind).value_or(ParticipantKind::kStandard);
  }
  for (const std::string& name : in.texts("kindDetails")) {
    if (const auto detail = by_name(kKindDetails, name)) grants.kind_details.push_back(*detail);
  }
  if (const json::object* video = in.object("video")) {
    grants.video.emplace();
    if (!read_video(*video, *grants.video)) return refuse("invalid token: malformed video grant");
  }
  if (const json::object* sip = in.object("sip")) {
    Reader of_sip(*sip);
    grants.sip = {.admin = of_sip.flag("admin"), .call = of_sip.flag("call")};
    if (!of_sip.ok()) return refuse("invalid token: malformed SIP grant");
  }
  if (const json::object* settings = in.object("roomConfig")) {
    grants.room_settings = read_room_settings(*settings);
    grants.room_config = json::serialize(*settings);
  }
  if (!in.ok()) return refuse("invalid token: malformed claims");
  return grants;
}

std::string mint_token(const Grants& grants, std::string_view secret, WallTime now,
                       Duration lifetime) {
  const int64_t now_s = now.unix_ms / 1000;
  json::object claims;
  claims["iss"] = grants.api_key;
  claims["iat"] = now_s;
  claims["nbf"] = now_s;
  claims["exp"] = now_s + to_ms(lifetime) / 1000;
  const auto set_text = [&claims](std::string_view key, const std::string& value) {
    if (!value.empty()) claims[key] = value;
  };
  set_text("sub", grants.identity);
  set_text("identity", grants.identity);
  set_text("name", grants.name);
  set_text("metadata", grants.metadata);
  set_text("sha256", grants.sha256);
  set_text("roomPreset", grants.room_preset);
  if (!grants.room_config.empty()) claims["roomConfig"] = json::parse(grants.room_config);
  // Others than participants have no kind.
  if (!grants.identity.empty()) claims["kind"] = name_of(kKinds, grants.kind);
  if (!grants.kind_details.empty()) {
    json::array details;
    for (const KindDetail detail : grants.kind_details) {
      details.emplace_back(name_of(kKindDetails, detail));
    }
    claims["kindDetails"] = std::move(details);
  }
  if (!grants.attributes.empty()) {
    json::object attributes;
    for (const auto& [key, value] : grants.attributes) attributes[key] = value;
    claims["attributes"] = std::move(attributes);
  }
  if (grants.video) {
    const VideoGrants& video = *grants.video;
    json::object out;
    const auto flag = [&out](std::string_view key, bool value) {
      if (value) out[key] = true;
    };
    const auto maybe = [&out](std::string_view key, const std::optional<bool>& value) {
      if (value) out[key] = *value;
    };
    flag("roomCreate", video.room_create);
    flag("roomList", video.room_list);
    flag("roomRecord", video.room_record);
    flag("roomAdmin", video.room_admin);
    flag("roomJoin", video.room_join);
    if (!video.room.empty()) out["room"] = video.room;
    if (!video.destination_room.empty()) out["destinationRoom"] = video.destination_room;
    maybe("canPublish", video.can_publish);
    maybe("canSubscribe", video.can_subscribe);
    maybe("canPublishData", video.can_publish_data);
    maybe("canUpdateOwnMetadata", video.can_update_own_metadata);
    maybe("canSubscribeMetrics", video.can_subscribe_metrics);
    maybe("canManageAgentSession", video.can_manage_agent_session);
    if (!video.can_publish_sources.empty()) {
      json::array sources;
      for (const TrackSource source : video.can_publish_sources) {
        sources.emplace_back(name_of(kSources, source));
      }
      out["canPublishSources"] = std::move(sources);
    }
    flag("ingressAdmin", video.ingress_admin);
    flag("hidden", video.hidden);
    flag("recorder", video.recorder);
    flag("agent", video.agent);
    claims["video"] = std::move(out);
  }
  if (grants.sip.admin || grants.sip.call) {
    claims["sip"] = {{"admin", grants.sip.admin}, {"call", grants.sip.call}};
  }
  return jwt::sign(json::serialize(claims), secret);
}

}  // namespace turms::livekit
