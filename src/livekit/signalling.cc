#include "livekit/signalling.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <utility>
#include <variant>

#include "base/encoding.h"
#include "base/metrics.h"
#include "livekit/authorization.h"
#include "livekit/join_request.h"
#include "livekit/send_frame.h"
#include "net/text.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;

constexpr uint16_t kNormalClosure = 1000;
constexpr uint16_t kGoingAway = 1001;
constexpr uint16_t kInvalidPayload = 1007;
constexpr uint16_t kPolicyViolation = 1008;
/// Longer than such a client needs, and short beside the time to connect.
constexpr Duration kHoldAfterJoin = std::chrono::milliseconds(20);
constexpr size_t kMaxHeld = 1000;
constexpr std::string_view kRoomNotFound = "requested room does not exist";

Metric& rejected(std::string_view reason) {
  return metrics::counter("turms_livekit_signal_rejected_total",
                          "Signalling connections and messages refused", {{"reason", reason}});
}

bool is_true(std::optional<std::string_view> value) {
  return value && (*value == "1" || *value == "true");
}

int32_t number(std::optional<std::string_view> value) {
  int32_t out = 0;
  if (value) std::from_chars(value->data(), value->data() + value->size(), out);
  return out;
}

std::optional<Attributes> decode_attributes(std::string_view parameter) {
  const auto bytes = from_base64(parameter);
  if (!bytes) return std::nullopt;
  boost::system::error_code error;
  const json::value value = json::parse(as_text(*bytes), error);
  if (error || !value.is_object()) return std::nullopt;
  Attributes out;
  for (const auto& [key, text] : value.get_object()) {
    if (!text.is_string()) return std::nullopt;
    out.emplace(key, text.get_string());
  }
  return out;
}

// ClientInfo.Capability by name.
std::vector<uint8_t> decode_capabilities(std::string_view list) {
  std::vector<uint8_t> out;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view name = list.substr(0, comma);
    if (name == "CAP_PACKET_TRAILER") out.push_back(1);
    if (name == "CAP_COMPRESSION_DEFLATE_RAW") out.push_back(2);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return out;
}

/// Old SDKs do not say which browser they are in, but the browser does.
bool is_firefox(std::string_view said, const net::HttpRequest& request) {
  if (said.empty()) {
    return request.header("User-Agent").value_or("").find("Firefox/") != std::string_view::npos;
  }
  return net::equal_ignoring_case(said, "firefox") ||
         net::equal_ignoring_case(said, "firefox mobile");
}

net::HttpResponse refuse(int status, std::string_view why) {
  rejected(std::to_string(status)).add();
  return net::HttpResponse::text(status, std::string(why));
}

}  // namespace

Signalling::Signalling(const ServiceConfig& config, Rooms& rooms)
    : config_(config), rooms_(rooms) {}

Signalling::~Signalling() {
  for (const auto& [key, connection] : connections_) connection->socket->close(kGoingAway, "");
}

void Signalling::register_routes(net::HttpRoutes& server) {
  // Clients build the path by appending to their base address, which may end in a slash.
  for (const std::string base : {"/rtc", "//rtc"}) {
    register_entry(server, base, false);
    register_entry(server, base + "/v1", true);
  }
}

void Signalling::register_entry(net::HttpRoutes& server, const std::string& path,
                                bool needs_join_request) {
  const net::RouteOptions any_origin{.any_origin = true};
  net::WebSocketOptions socket_options;
  socket_options.max_message_bytes = config_.limits.signal_message;
  server.websocket(
      path,
      [this, needs_join_request](const net::HttpRequest& request, net::WebSocketUpgrade upgrade) {
        on_upgrade(request, std::move(upgrade), {needs_join_request, false});
      },
      socket_options, any_origin);
  server.route(
      "*", path + "/validate",
      [this, needs_join_request](const net::HttpRequest& request, net::HttpResponder responder) {
        auto admission = admit(request, {needs_join_request, true});
        if (auto* refusal = std::get_if<net::HttpResponse>(&admission)) {
          responder.send(std::move(*refusal));
        } else {
          responder.send(net::HttpResponse::text(200, "success"));
        }
      },
      any_origin);
}

Result<Signalling::Introduction> Signalling::introduction(const net::HttpRequest& request,
                                                          Entry entry) {
  Introduction out;
  const auto value = [&](std::string_view name) {
    return std::string(request.query_value(name).value_or(""));
  };
  if (const std::string parameter = value("join_request"); !parameter.empty()) {
    auto join = decode_join_request(parameter);
    if (!join) return std::unexpected(join.error());
    out.single_connection = true;
    out.metadata = std::move(join->metadata);
    out.attributes = std::move(join->attributes);
    out.auto_subscribe = join->auto_subscribe;
    out.auto_subscribe_data_tracks = join->auto_subscribe_data_tracks;
    out.adaptive_stream = join->adaptive_stream;
    out.allow_pause = join->allow_pause;
    if (join->protocol != 0) out.protocol = join->protocol;
    out.client_protocol = join->client_protocol;
    out.capabilities = std::move(join->capabilities);
    out.go_sdk = join->go_sdk;
    out.browser = std::move(join->browser);
    out.reconnect = join->reconnect;
    out.sid = std::move(join->participant_sid);
    out.messages = std::move(join->messages);
    return out;
  }
  if (entry.needs_join_request) {
    return fail(ErrorCode::kInvalidArgument, "join_request is required");
  }
  out.publish = value("publish");
  if (const std::string parameter = value("attributes"); !parameter.empty()) {
    auto attributes = decode_attributes(parameter);
    if (attributes) {
      out.attributes = std::move(*attributes);
    } else if (entry.strict) {
      return fail(ErrorCode::kInvalidArgument, "cannot decode attributes");
    }
  }
  const std::string auto_subscribe = value("auto_subscribe");
  out.auto_subscribe = auto_subscribe.empty() || is_true(auto_subscribe);
  out.auto_subscribe_data_tracks = is_true(request.query_value("auto_subscribe_data_track"));
  out.adaptive_stream = is_true(request.query_value("adaptive_stream"));
  if (const auto allow = request.query_value("subscriber_allow_pause"); allow && !allow->empty()) {
    out.allow_pause = is_true(allow);
  }
  if (const int32_t protocol = number(request.query_value("protocol"))) out.protocol = protocol;
  out.client_protocol = number(request.query_value("client_protocol"));
  out.capabilities = decode_capabilities(value("capabilities"));
  out.browser = value("browser");
  out.reconnect = is_true(request.query_value("reconnect"));
  if (out.reconnect) out.sid = value("sid");
  return out;
}

// What it says of itself, as far as its token lets it.
std::optional<net::HttpResponse> Signalling::apply(const Introduction& introduction,
                                                   Grants& grants) const {
  VideoGrants& video = *grants.video;
  if (!introduction.publish.empty()) {
    // An additional, sending-only connection of the same person.
    if (!video.permission().can_publish) return refuse(401, "no permissions to access the room");
    video.can_subscribe = false;
    grants.identity += "#" + introduction.publish;
  }
  if (!introduction.metadata.empty() || !introduction.attributes.empty()) {
    if (!video.permission().can_update_metadata) {
      return refuse(401, "no permissions to access the room");
    }
    if (!introduction.metadata.empty()) grants.metadata = introduction.metadata;
    for (const auto& [key, value] : introduction.attributes) {
      if (!value.empty()) grants.attributes[key] = value;
    }
  }
  if (const auto why = beyond_limits(grants, config_.limits)) return refuse(400, *why);
  return std::nullopt;
}

std::variant<Signalling::Admission, net::HttpResponse> Signalling::admit(
    const net::HttpRequest& request, Entry entry) {
  auto authorized = authorize(request, config_.keys, wall_now());
  if (!authorized) return refuse(401, authorized.error().message);
  if (!*authorized || !(*authorized)->video) {
    return refuse(401, "no permissions to access the room");
  }
  if (!(*authorized)->video->room_join) return refuse(401, "permissions denied");
  auto introduced = introduction(request, entry);
  if (!introduced) return refuse(400, introduced.error().message);

  Admission out;
  out.join.grants = std::move(**authorized);
  Grants& grants = out.join.grants;
  if (grants.identity.empty()) return refuse(400, "identity cannot be empty");
  out.room = grants.video->room;
  if (out.room.empty()) return refuse(400, "no room name");
  if (out.room.size() > config_.limits.room_name) {
    return refuse(400, "room name length exceeds limits");
  }
  if (auto refusal = apply(*introduced, grants)) return std::move(*refusal);
  if (!config_.room.auto_create && rooms_.find(out.room) == nullptr) {
    return refuse(404, kRoomNotFound);
  }
  if (!introduced->reconnect) {
    if (const Status room_left = rooms_.admit(out.room, grants.identity); !room_left) {
      return refuse(503, room_left.error().message);
    }
  }
  out.join.auto_subscribe = introduced->auto_subscribe;
  out.join.auto_subscribe_data_tracks = introduced->auto_subscribe_data_tracks;
  out.join.adaptive_stream = introduced->adaptive_stream;
  out.join.allow_pause = introduced->allow_pause;
  out.join.single_connection = introduced->single_connection;
  out.join.protocol = introduced->protocol;
  out.join.client_protocol = introduced->client_protocol;
  out.join.firefox = is_firefox(introduced->browser, request);
  out.join.capabilities = std::move(introduced->capabilities);
  out.go_sdk = introduced->go_sdk;
  out.reconnect = introduced->reconnect;
  out.sid = std::move(introduced->sid);
  out.messages = std::move(introduced->messages);
  return out;
}

void Signalling::on_upgrade(const net::HttpRequest& request, net::WebSocketUpgrade upgrade,
                            Entry entry) {
  auto admitted = admit(request, entry);
  if (auto* refusal = std::get_if<net::HttpResponse>(&admitted)) {
    rooms_.metrics().count(JoinStep::kRefused);
    return upgrade.refuse(std::move(*refusal));
  }
  Admission& admission = std::get<Admission>(admitted);
  if (admission.reconnect) return resume(std::move(admission), std::move(upgrade));

  const auto fail = [&](int status, std::string_view why) {
    rooms_.metrics().count(JoinStep::kFailed);
    upgrade.refuse(refuse(status, why));
  };
  const Grants& grants = admission.join.grants;
  const auto settings =
      room_settings(config_, grants.room_preset, grants.room_settings.value_or(RoomSettings{}));
  if (!settings) return fail(400, kUnknownPreset);
  const auto room = rooms_.open(admission.room, *settings);
  if (!room) return fail(503, room.error().message);
  const auto key = (*room)->join(rooms_.now(), std::move(admission.join));
  rooms_.touch(**room);
  if (!key) return fail(500, key.error().message);
  auto socket = accept(upgrade);
  if (socket == nullptr) return (*room)->on_message(rooms_.now(), *key, client::Leave{});
  // LiveKit's Go SDK reads on before it has set the offer that its join request carried, and loses
  // what comes in between: the answer, or the wish for another offer.
  attach(**room, *key, std::move(socket)).holds_after_join = admission.go_sdk;
  for (const ClientMessage& message : admission.messages) {
    (*room)->on_message(rooms_.now(), *key, message);
  }
}

std::shared_ptr<net::WebSocket> Signalling::accept(net::WebSocketUpgrade& upgrade) {
  auto socket = upgrade.accept();
  rooms_.metrics().count(socket == nullptr ? JoinStep::kNotUpgraded : JoinStep::kConnected);
  return socket;
}

void Signalling::resume(Admission admission, net::WebSocketUpgrade upgrade) {
  Room* room = rooms_.find(admission.room);
  const auto ended = room == nullptr ? std::nullopt : room->ended(admission.sid);
  const auto key = room == nullptr || ended
                       ? fail(ErrorCode::kNotFound, "")
                       : room->resume(rooms_.now(), admission.join.grants.identity,
                                      admission.join.single_connection);
  auto socket = accept(upgrade);
  if (socket == nullptr) {
    if (key) room->on_signal_closed(rooms_.now(), *key);
    return;
  }
  if (!key) {
    // Nothing to resume: the client shall join anew, unless it is out and did not hear of it.
    const std::string leave = encode_server_message(
        Encoding::kProtobuf, ended.value_or(server::Leave{DisconnectReason::kStateMismatch,
                                                          server::LeaveAction::kReconnect}));
    socket->send_binary(as_bytes(leave));
    socket->close(kNormalClosure, "");
    return;
  }
  rooms_.metrics().count(JoinStep::kActive);
  attach(*room, *key, std::move(socket));
  for (const ClientMessage& message : admission.messages) {
    room->on_message(rooms_.now(), *key, message);
  }
  rooms_.touch(*room);
}

Signalling::Connection& Signalling::attach(Room& room, ParticipantKey key,
                                           std::shared_ptr<net::WebSocket> socket) {
  const std::weak_ptr alive = alive_;
  socket->on_message([this, alive, key](bool binary, ByteView data) {
    if (!alive.expired()) on_message(key, binary, data);
  });
  socket->on_close([this, alive, key, raw = socket.get()](uint16_t, std::string_view) {
    if (!alive.expired()) on_close(key, raw);
  });
  std::unique_ptr<Connection>& connection = connections_[key];
  if (connection != nullptr) connection->socket->close(kNormalClosure, "resumed elsewhere");
  connection = std::make_unique<Connection>(rooms_.loop(), std::move(socket), room.id());
  return *connection;
}

void Signalling::on_message(ParticipantKey key, bool binary, ByteView data) {
  const auto it = connections_.find(key);
  if (it == connections_.end()) return;
  Connection& connection = *it->second;
  if (!connection.queue.push(rooms_.loop().now(), binary, data)) return flooded(connection);
  if (!connection.turn.running()) {
    connection.turn.start(Duration::zero(), [this, key] { take_turn(key); });
  }
}

void Signalling::take_turn(ParticipantKey key) {
  for (int i = 0; i < SignalQueue::kPerTurn && work_off(key); ++i) {
  }
  const auto it = connections_.find(key);
  if (it == connections_.end()) return;
  Connection& connection = *it->second;
  const TimePoint now = rooms_.loop().now();
  if (connection.queue.flooding(now)) return flooded(connection);
  connection.socket->set_reading(connection.queue.reading());
  const TimePoint next = connection.queue.next();
  if (next == kNever) return;
  connection.turn.start(std::max(next - now, Duration::zero()), [this, key] { take_turn(key); });
}

void Signalling::flooded(Connection& connection) {
  rejected("flood").add();
  connection.socket->close(kPolicyViolation, "too many signalling messages");
}

bool Signalling::work_off(ParticipantKey key) {
  const auto it = connections_.find(key);
  if (it == connections_.end()) return false;
  Connection& connection = *it->second;
  const auto next = connection.queue.pop(rooms_.loop().now());
  if (!next) return false;
  // The answers take the form of the last request.
  connection.encoding = next->binary ? Encoding::kProtobuf : Encoding::kJson;
  const auto message = decode_client_message(connection.encoding, as_bytes(next->data));
  if (!message) {
    rejected("malformed").add();
    connection.socket->close(kInvalidPayload, "not a signal request");
    return false;
  }
  rooms_.metrics().count_signal_request();
  if (Room* room = rooms_.find(connection.room)) {
    room->on_message(rooms_.now(), key, *message);
    rooms_.touch(*room);
  }
  return true;
}

void Signalling::on_close(ParticipantKey key, const net::WebSocket* socket) {
  const auto it = connections_.find(key);
  // A connection that was replaced or that we ended ourselves says nothing about its participant.
  if (it == connections_.end() || it->second->socket.get() != socket) return;
  // What it said last counts: that it leaves, for instance.
  const media::RoomId id = it->second->room;
  while (work_off(key)) {
  }
  connections_.erase(key);
  Room* room = rooms_.find(id);
  if (room == nullptr) return;
  room->on_signal_closed(rooms_.now(), key);
  rooms_.touch(*room);
}

void Signalling::deliver(const SendMessage& output) {
  std::optional<net::SharedBytes> binary;
  std::optional<std::string> text;
  int64_t count = 0;
  for (const ParticipantKey key : output.to) {
    const auto it = connections_.find(key);
    if (it == connections_.end()) continue;
    ++count;
    Connection& connection = *it->second;
    if (connection.release.running()) {
      connection.held.push_back(output.message);
      if (connection.held.size() < kMaxHeld) continue;
      send_held(connection);
    } else if (connection.encoding == Encoding::kProtobuf) {
      if (!binary) {
        binary = net::SharedBytes::of(encode_server_message(Encoding::kProtobuf, output.message));
      }
      connection.socket->send_binary(*binary);
    } else {
      if (!text) text = encode_server_message(Encoding::kJson, output.message);
      connection.socket->send_text(*text);
    }
    if (connection.holds_after_join && std::holds_alternative<server::Join>(output.message)) {
      connection.holds_after_join = false;
      connection.release.start(kHoldAfterJoin, [&connection] { send_held(connection); });
    }
  }
  rooms_.metrics().count_signal_responses(count);
}

void Signalling::send_held(Connection& connection) {
  connection.release.cancel();
  for (const ServerMessage& message : std::exchange(connection.held, {})) {
    send_frame(*connection.socket, connection.encoding,
               encode_server_message(connection.encoding, message));
  }
}

void Signalling::close(ParticipantKey participant) {
  const auto node = connections_.extract(participant);
  if (!node) return;
  send_held(*node.mapped());
  node.mapped()->socket->close(kNormalClosure, "");
}

}  // namespace turms::livekit
