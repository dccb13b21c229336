#include "app/options.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <string>
#include <vector>

#include "app/authentication.h"
#include "app/blocklist_options.h"
#include "app/conversation_options.h"
#include "app/external_address.h"
#include "app/group_options.h"
#include "app/meeting_options.h"
#include "app/message_options.h"
#include "app/people_options.h"
#include "app/room_configurations.h"
#include "app/storage_options.h"
#include "gateway/device_logins.h"
#include "im/sample_data.h"
#include "livekit/ice_servers.h"
#include "net/address.h"
#include "net/forwarded.h"

namespace turms::app {
namespace {

constexpr int64_t kText = 4096;
constexpr int64_t kYaml = 1024 * 1024;
constexpr int64_t kYear = 365 * 24 * 3600;

Status must_be(std::string_view key, std::string_view what, std::string_view value) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} must be {}, not '{}'", key, what, value));
}

Status check_ports(std::string_view key, std::string_view value) {
  if (parse_ports(value)) return {};
  return must_be(key, "a port or a range FIRST-LAST of at most 64 ports", value);
}

Status check_address(std::string_view key, std::string_view value) {
  if (net::Address::parse(value, 0)) return {};
  return must_be(key, "an IP address without a port", value);
}

Status check_network(std::string_view key, std::string_view value) {
  if (net::Network::parse(value)) return {};
  return must_be(key, "an IP address or a network ADDRESS/BITS", value);
}

Status check_stun_server(std::string_view key, std::string_view value) {
  const auto parsed = parse_host_and_port(value, 1);
  if (parsed) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", key, parsed.error().message));
}

Status check_turn_server(std::string_view key, std::string_view value) {
  const auto parsed = livekit::parse_turn_server(value);
  if (parsed) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", key, parsed.error().message));
}

Status check_log_level(std::string_view key, std::string_view value) {
  constexpr auto kLevels =
      std::to_array<std::string_view>({"debug", "info", "warn", "error", "off"});
  if (std::ranges::find(kLevels, value) != kLevels.end()) return {};
  return must_be(key, "debug, info, warn, error or off", value);
}

Status check_login_strategy(std::string_view key, std::string_view value) {
  if (gateway::find_login_strategy(value)) return {};
  return must_be(key, "one of the seven strategies", value);
}

Status check_login_conflict(std::string_view key, std::string_view value) {
  if (gateway::find_login_conflict(value)) return {};
  return must_be(key, "DISCONNECT_LOGGED_IN_DEVICES or DISCONNECT_LOGGING_IN_DEVICE", value);
}

Status check_store_url(std::string_view key, std::string_view value) {
  if (value.empty() || (value.starts_with(kSqliteScheme) && value.size() > kSqliteScheme.size())) {
    return {};
  }
  return must_be(key, "sqlite:PATH", value);
}

Status check_bus_url(std::string_view key, std::string_view value) {
  return value == "local" ? Status() : must_be(key, "local", value);
}

Status check_proxy(std::string_view key, std::string_view value) {
  if (const auto network = net::Network::parse(value); !network) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", key, network.error().message));
  }
  return {};
}

constexpr Option checked(Option option, Status (*check)(std::string_view, std::string_view)) {
  option.check = check;
  return option;
}

constexpr Option hidden(Option option) {
  option.secret = true;
  return option;
}

constexpr Option flag(std::string_view key, std::string_view fallback, std::string_view help) {
  return {key, OptionType::kBool, fallback, 0, 0, help};
}
constexpr Option number(std::string_view key, std::string_view fallback, int64_t min, int64_t max,
                        std::string_view help) {
  return {key, OptionType::kInt, fallback, min, max, help};
}
constexpr Option text(std::string_view key, std::string_view fallback, std::string_view help) {
  return {key, OptionType::kText, fallback, 0, kText, help};
}
constexpr Option secret(std::string_view key, std::string_view help) {
  return {key, OptionType::kText, "", 0, kText, help, true};
}
constexpr Option list(std::string_view key, std::string_view fallback, std::string_view help) {
  return {key, OptionType::kList, fallback, 0, kText, help};
}
constexpr Option duration(std::string_view key, std::string_view fallback, int64_t min_ms,
                          int64_t max_ms, std::string_view help) {
  return {key, OptionType::kDuration, fallback, min_ms, max_ms, help};
}
constexpr Option yaml(std::string_view key, std::string_view help,
                      Status (*check)(std::string_view, std::string_view)) {
  return {key, OptionType::kYaml, "", 0, kYaml, help, false, true, check};
}
constexpr Option alias(std::string_view key, std::string_view other) {
  Option option{key, OptionType::kText, "", 0, 0, "The same; that one wins when both are given."};
  option.alias_of = other;
  return option;
}
constexpr Option unsupported(std::string_view key, OptionType type) {
  return {key,   type, "", INT64_MIN, INT64_MAX, "Accepted from a LiveKit file; no effect yet.",
          false, false};
}

// Sorted by key at start, so that the order here can follow the reader.
constexpr auto kOptions = std::to_array<Option>({
    flag("admin.enabled", "true",
         "Serve the admin HTTP port (administration, metrics, health, rooms)."),
    checked(text("admin.bind", "127.0.0.1",
                 "Address of the admin HTTP port. Keep it off public networks: metrics, health and "
                 "rooms ask for no password, and it has no TLS of its own."),
            check_address),
    number("admin.port", "8510", 0, 65535, "TCP port of the admin HTTP server; 0: any free one."),

    number("admin.audit_log.retention_days", "365", 1, 36500,
           "How long the audit log of the admin API keeps what was changed."),
    number("admin.audit_log.max_entries", "1000000", 1000, 100000000,
           "Entries of the audit log; above, the oldest are forgotten."),
    number("turms.service.admin-api.rate-limiting.capacity", "50", 1, 1000000,
           "Requests to the admin API that one address may send at once."),
    number("turms.service.admin-api.rate-limiting.tokens-per-period", "50", 1, 1000000,
           "Requests that it may send more each second."),

    checked(
        text(
            "http.bind", "0.0.0.0",
            "Address of the HTTP port: web app, LiveKit signalling and API, Turms over WebSocket."),
        check_address),
    number("http.port", "7880", 0, 65535, "TCP port of the HTTP server; 0: any free one."),
    number("http.max_connections", "15000", 1, 1000000, "Connections at once; more are refused."),
    text("http.tls.cert_file", "",
         "PEM file of the certificate and its chain. With it the HTTP port also speaks TLS: https, "
         "wss, and TURN and ICE inside TLS. Read again when the file changes."),
    text("http.tls.key_file", "", "PEM file of its private key."),
    checked(list("http.trusted_proxies", "",
                 "Addresses or networks (ADDRESS/BITS) of proxies that are believed about a "
                 "client's address: Forwarded and X-Forwarded-For over HTTP, PROXY headers with "
                 "http.proxy_protocol. Nobody else is."),
            check_proxy),
    flag("http.proxy_protocol", "false",
         "Connections from http.trusted_proxies to the HTTP, media and Turms ports begin with a "
         "PROXY header, version 1 or 2; those that do not are closed, except over loopback to the "
         "HTTP and media ports."),

    checked(text("bus.url", "local", "How nodes talk: local (this process only)."), check_bus_url),
    checked(text("store.url", "",
                 "Where messages are kept: sqlite:PATH, relative paths from the data directory. "
                 "Empty: turms.db there."),
            check_store_url),
    checked(text("log.level", "info", "debug, info, warn, error or off."), check_log_level),
    flag("log.requests", "false",
         "Write a line for each request of a Turms client (level info): request, trace id, "
         "session, user, "
         "device type, address, request id, kind, bytes, date, code, bytes of the answer and "
         "milliseconds, with | between."),
    number("node.id", "0", 0, 1023,
           "Number of this node; ids made by nodes with different numbers never collide."),

    checked(text("turms.gateway.websocket.host", "0.0.0.0", "Address of the Turms WebSocket port."),
            check_address),
    number("turms.gateway.websocket.port", "10510", 0, 65535,
           "TCP port of the Turms WebSocket server; 0: any free one."),
    flag("turms.gateway.websocket.enabled", "true",
         "Serve the Turms protocol over WebSocket on a port of its own (it is at /turms of the "
         "HTTP port too)."),
    checked(text("turms.gateway.tcp.host", "0.0.0.0", "Address of the Turms TCP port."),
            check_address),
    number("turms.gateway.tcp.port", "11510", 0, 65535,
           "TCP port of the Turms TCP server; 0: any free one."),
    flag("turms.gateway.tcp.enabled", "true", "Serve the Turms protocol over TCP."),
    number("turms.gateway.client-api.max-request-size-bytes", "16384", 1024, 16777216,
           "Largest request a client may send."),
    number("turms.gateway.client-api.rate-limiting.capacity", "0", 0, 1000000,
           "Requests that one connection may have saved up; above, they are answered 1101 "
           "(heartbeats and signing in aside). 0: no limit."),
    number("turms.gateway.client-api.rate-limiting.initial-tokens", "50", 0, 1000000,
           "Requests that a new connection may send at once, up to the capacity."),
    number("turms.gateway.client-api.rate-limiting.tokens-per-period", "1", 1, 1000000,
           "Requests that it may send more after each interval."),
    number("turms.gateway.client-api.rate-limiting.refill-interval-millis", "1000", 0, 86400000,
           "The interval. 0: none ever come back."),
    text("turms.gateway.service-discovery.identity", "",
         "Name of this server that clients are told when they sign in."),
    number("turms.gateway.session.close-idle-session-after-seconds", "180", 1, kYear,
           "A session without a request or heartbeat for so long is closed."),
    number("turms.gateway.session.establish-timeout-seconds", "300", 1, kYear,
           "A connection that has not signed in by then is closed."),
    number("turms.gateway.session.max-pending-bytes", "4194304", 65536, 1073741824,
           "Bytes waiting for a slow client before its session is closed."),
    number("turms.gateway.session.token-lifetime-seconds", "2592000", 0, kYear,
           "How long a client that knows our extensions may sign in again without its password, "
           "counted from the last time. 0: never."),
    flag("turms.service.fake.enabled", "false",
         "Fill a store without users with upstream's data for development, among it users whose "
         "password is 123."),
    number("turms.service.fake.user-count", "1000", im::SampleData::kMinUsers,
           im::SampleData::kMaxUsers, "Users of that data."),
    checked(text("turms.gateway.simultaneous-login.strategy",
                 "ALLOW_ONE_DEVICE_OF_EACH_DEVICE_TYPE_ONLINE",
                 "Which devices of a user may be signed in at the same time: "
                 "ALLOW_ONE_DEVICE_OF_EACH_DEVICE_TYPE_ONLINE, "
                 "ALLOW_ONE_DEVICE_FOR_ALL_DEVICE_TYPES_ONLINE, "
                 "ALLOW_ONE_DEVICE_OF_DESKTOP_AND_ONE_DEVICE_OF_MOBILE_ONLINE, "
                 "ALLOW_ONE_DEVICE_OF_DESKTOP_OR_BROWSER_AND_ONE_DEVICE_OF_MOBILE_ONLINE, "
                 "ALLOW_ONE_DEVICE_OF_DESKTOP_AND_ONE_DEVICE_OF_BROWSER_AND_ONE_DEVICE_OF_MOBILE_"
                 "ONLINE, ALLOW_ONE_DEVICE_OF_DESKTOP_OR_MOBILE_ONLINE or "
                 "ALLOW_ONE_DEVICE_OF_DESKTOP_OR_BROWSER_OR_MOBILE_ONLINE. The third and the sixth "
                 "let no browser in."),
            check_login_strategy),
    checked(text("turms.gateway.simultaneous-login.login-conflict-strategy",
                 "DISCONNECT_LOGGED_IN_DEVICES",
                 "What happens to devices that may not be signed in together: "
                 "DISCONNECT_LOGGED_IN_DEVICES ends the older sessions, "
                 "DISCONNECT_LOGGING_IN_DEVICE refuses the newer one (2100)."),
            check_login_conflict),
    flag("turms.gateway.simultaneous-login.allow-device-type-unknown-login", "true",
         "Let devices of the type UNKNOWN sign in."),
    flag("turms.gateway.simultaneous-login.allow-device-type-others-login", "true",
         "Let devices of the type OTHERS sign in."),
    number("turms.security.password.argon2.memory-kib", "19456", 8, 1048576,
           "KiB of memory that hashing a password takes (Argon2id). A password hashed with other "
           "parameters is hashed anew when its user signs in."),
    number("turms.security.password.argon2.passes", "2", 1, 100, "Passes over that memory."),
    number("turms.gateway.max-connections", "15000", 1, 1000000,
           "Turms connections at once on each port; more are refused."),

    flag("livekit.enabled", "true", "Run the built-in SFU."),
    {"livekit.keys", OptionType::kMap, "", 0, kText,
     "API keys and their secrets. Without any, one pair is made at first start and kept in the "
     "data directory.",
     true},
    checked(text("livekit.rtc.udp_port", "7882",
                 "UDP port for all media, or a range FIRST-LAST: one worker thread for each port. "
                 "0: any free one."),
            check_ports),
    number("livekit.rtc.members_per_worker", "64", 0, 100000,
           "Members of one room on one worker before another one takes further ones, where there "
           "are several. 0: a room stays on one worker."),
    checked(list("livekit.rtc.node_ip", "",
                 "Addresses that clients are told to send media to, best first. Empty: that of the "
                 "default route and the others of this machine."),
            check_address),
    checked(text("livekit.rtc.bind", "0.0.0.0",
                 "Address the media ports are bound to. A loopback address: this machine only, "
                 "through that "
                 "address and the one of its first network."),
            check_address),
    number("livekit.rtc.tcp_port", "7881", -1, 65535,
           "TCP port for media of clients that cannot use UDP. May be http.port: then one port "
           "serves everything. 0: none. -1: any free one."),
    flag("livekit.rtc.use_external_ip", "false",
         "Ask STUN servers at start for the address that others see, and tell clients that one "
         "first. When none answers within 5 seconds, clients are told this machine's own."),
    checked(list("livekit.rtc.stun_servers", "",
                 "STUN servers, host:port, for use_external_ip and for clients. Empty: public ones "
                 "for the former, none for the latter."),
            check_stun_server),
    flag("livekit.rtc.force_tcp", "false", "Offer clients TCP only."),
    list("livekit.rtc.interfaces.includes", "",
         "Network interfaces whose addresses clients are told where node_ip is empty. Empty: all."),
    list("livekit.rtc.interfaces.excludes", "", "Network interfaces that are left out."),
    checked(list("livekit.rtc.ips.includes", "",
                 "Networks (ADDRESS/BITS) whose addresses clients are told where node_ip is empty. "
                 "Empty: all."),
            check_network),
    checked(list("livekit.rtc.ips.excludes", "", "Networks that are left out."), check_network),
    hidden(checked(
        list("livekit.rtc.turn_servers", "",
             "TURN servers of others that clients are told: host, port, protocol (udp, tcp or tls) "
             "and username and credential, or secret (or secret_file) and ttl. In one text: "
             "name=value with blanks "
             "between."),
        check_turn_server)),
    flag("livekit.turn.enabled", "false",
         "Run the embedded TURN server. It relays to the media of this server only and opens no "
         "ports for it."),
    text("livekit.turn.domain", "",
         "Name of this server in the addresses of its TURN server. Empty: the first address of "
         "media."),
    text("livekit.turn.cert_file", "",
         "PEM file of the certificate of TURN over TLS, for livekit.turn.domain. Empty: that of "
         "http.tls. Read again when the file changes."),
    text("livekit.turn.key_file", "", "PEM file of its private key."),
    number("livekit.turn.tls_port", "5349", 0, 65535,
           "TCP port of TURN over TLS, when there is a certificate. May be http.port when that has "
           "one: then one port serves everything. 0: none."),
    flag("livekit.turn.external_tls", "false",
         "Somebody in front of livekit.turn.tls_port ends TLS."),
    number("livekit.turn.advertised_tls_port", "0", 0, 65535,
           "Port that clients are told for TURN over TLS, where somebody in front of this server "
           "has another one. 0: livekit.turn.tls_port."),
    number("livekit.turn.udp_port", "0", -1, 65535,
           "UDP port of the TURN server; each further media worker takes the next one. 0: none. "
           "-1: any free one."),
    number("livekit.turn.ttl_seconds", "300", 30, kYear,
           "How long credentials for the TURN server are good for a new allocation."),
    number("livekit.turn.per_user_relay_allocation_limit", "12", 1, 1000,
           "Allocations that one participant may have."),
    flag("livekit.room.auto_create", "true",
         "A room comes into being when its first participant joins."),
    number("livekit.room.empty_timeout", "300", 0, kYear,
           "Seconds an unused room stays before its first participant."),
    number("livekit.room.departure_timeout", "20", 0, kYear,
           "Seconds a room stays after its last participant left."),
    number("livekit.room.max_participants", "0", 0, 1000000,
           "Participants in a room that does not say itself; 0: no limit."),
    flag("livekit.room.playout_delay.enabled", "false",
         "Ask receivers of video to keep their jitter buffers within the following."),
    number("livekit.room.playout_delay.min", "100", 0, 10000, "Milliseconds, at least."),
    number("livekit.room.playout_delay.max", "2000", 0, 10000,
           "Milliseconds, at most; less than the minimum: as the minimum."),
    flag("livekit.rtc.congestion_control.enabled", "true",
         "Video follows the bandwidth of each subscriber; else each gets what it asks for."),
    flag(
        "livekit.rtc.congestion_control.allow_pause", "true",
        "Video whose lowest layer does not fit a subscriber's bandwidth is paused; else it is sent "
        "all the same."),
    flag("livekit.room.sync_streams", "false",
         "Offer the tracks of one stream (a camera and its microphone) as one, so that browsers "
         "play them in step; of rooms that do not ask for it themselves."),
    number("livekit.room.audio_sources", "10", 0, 1000,
           "In a room with more live microphones than this only those that speak are forwarded, at "
           "most so many at once. Sound of screens, agents and phone lines always is. 0: all."),
    flag("livekit.enable_participant_data_blob", "false",
         "Let participants lay down data for others to fetch: up to 64000 bytes each."),
    flag("livekit.room.enable_remote_unmute", "false",
         "Let room admins unmute the tracks of others."),
    text("livekit.region", "", "Region that clients are told."),
    list("livekit.webhook.urls", "", "Where webhooks go."),
    text("livekit.webhook.api_key", "",
         "The key whose secret signs webhooks. Empty: the first of livekit.keys."),
    number("livekit.limit.max_metadata_size", "524288", 0, 16777216,
           "Bytes of metadata of a room or participant."),
    number("livekit.limit.max_attributes_size", "65536", 0, 16777216,
           "Bytes of a participant's attributes, keys and values together."),
    number("livekit.limit.max_room_name_length", "256", 1, 4096, "Bytes of a room's name."),
    number("livekit.limit.max_participant_identity_length", "256", 1, 4096,
           "Bytes of a participant's identity."),
    number("livekit.limit.max_participant_name_length", "256", 1, 4096,
           "Bytes of a participant's name."),
    number(
        "livekit.limit.max_cpu", "85", 0, 100,
        "Percent of a CPU: when every media worker uses so much, or the LiveKit service does, "
        "nobody new gets in (HTTP status 503). Who is in stays, and may come back. 0: no limit."),
    number("livekit.limit.max_packets_per_sec", "0", 0, 1000000000,
           "Packets that the media workers receive and send a second, beyond which nobody new gets "
           "in. 0: no limit."),
    number("livekit.limit.reduce_layers_cpu", "92", 0, 100,
           "Percent of a CPU: a media worker that uses so much leaves out the top layers of video, "
           "for all alike, until it has time again. 0: never."),

    text("plugins.dir", "", "Directory of plugins (*.so). Empty: plugins/ beside the program."),
    list("plugins.enabled", "livekit", "Names of the plugins to load."),
    text("plugins.livekit.url", "",
         "LiveKit server that holds the meetings, http(s)://host:port. Empty: the built-in SFU."),
    text("plugins.livekit.public_url", "",
         "The address clients connect to, ws(s)://host:port. Empty: plugins.livekit.url when set, "
         "else the origin of the page."),
    text("plugins.livekit.api_key", "",
         "API key at that server. The built-in SFU is asked with the key that signs its webhooks."),
    secret("plugins.livekit.api_secret", "Its secret."),
    text("plugins.livekit.ca_file", "",
         "PEM file of the authorities that vouch for that server's certificate (https), in place "
         "of the system's. Empty: the system's."),
    number(
        "plugins.livekit.token_ttl_seconds", "600", 10, kYear,
        "How long a member may use a token to join a meeting; at most 60 for owners and managers."),
    number("plugins.livekit.reconcile_seconds", "5", 1, 3600,
           "How often the list of participants is compared with the server's."),
    number("plugins.livekit.max_participants", "100", 2, 100000,
           "Participants in a group meeting."),

    alias("livekit.port", "http.port"),
    list("livekit.bind_addresses", "",
         "Addresses of the HTTP port, when http.bind is not given. Empty: http.bind."),
    text("livekit.key_file", "",
         "YAML file of API keys and their secrets, in place of livekit.keys. Others must not be "
         "able to read it."),
    alias("livekit.log_level", "log.level"),
    alias("livekit.logging.level", "log.level"),
    alias("livekit.prometheus_port", "livekit.prometheus.port"),
    number("livekit.prometheus.port", "0", 0, 65535,
           "A further port for the metrics, on all addresses; 0: none."),
    text("livekit.prometheus.username", "", "Name that the further port asks for."),
    secret("livekit.prometheus.password", "Password that it asks for."),
    yaml("livekit.room.room_configurations",
         "Settings of rooms by the name that a CreateRoom request (room_preset) or a token "
         "(roomPreset) gives: empty_timeout, departure_timeout, max_participants, metadata, "
         "min_playout_delay, max_playout_delay, sync_streams, agents, tags.",
         check_room_configurations),
    alias("livekit.room.max_metadata_size", "livekit.limit.max_metadata_size"),
    alias("livekit.room.max_room_name_length", "livekit.limit.max_room_name_length"),
    alias("livekit.room.max_participant_identity_length",
          "livekit.limit.max_participant_identity_length"),
    list("livekit.webhook.filter_params.include_events", "",
         "Only these events are sent. Empty: all."),
    list("livekit.webhook.filter_params.exclude_events", "", "These events are not sent."),
    number("livekit.webhook.url_notifier.queue_size", "10000", 1, 1000000,
           "Events kept for one URL until they are delivered; of more the oldest go."),
    duration("livekit.webhook.resource_url_notifier.max_age", "1h", 1000, 7LL * 24 * 3600 * 1000,
             "An event that could not be delivered for so long is dropped."),

    unsupported("livekit.development", OptionType::kBool),
    unsupported("livekit.debug_handler", OptionType::kMap),
    unsupported("livekit.debug_handler_port", OptionType::kMap),
    unsupported("livekit.enable_data_tracks", OptionType::kBool),
    unsupported("livekit.rtc.port_range_start", OptionType::kInt),
    unsupported("livekit.rtc.port_range_end", OptionType::kInt),
    unsupported("livekit.rtc.external_ip_only", OptionType::kBool),
    unsupported("livekit.rtc.skip_external_ip_validation", OptionType::kBool),
    unsupported("livekit.rtc.advertise_internal_ip", OptionType::kBool),
    unsupported("livekit.rtc.use_stun_port_as_ice", OptionType::kBool),
    unsupported("livekit.rtc.use_ice_lite", OptionType::kBool),
    unsupported("livekit.rtc.use_mdns", OptionType::kBool),
    unsupported("livekit.rtc.enable_loopback_candidate", OptionType::kBool),
    unsupported("livekit.rtc.allow_tcp_fallback", OptionType::kBool),
    unsupported("livekit.rtc.tcp_fallback_rtt_threshold", OptionType::kInt),
    unsupported("livekit.rtc.allow_udp_unstable_fallback", OptionType::kBool),
    unsupported("livekit.rtc.strict_acks", OptionType::kBool),
    unsupported("livekit.rtc.batch_io", OptionType::kMap),
    unsupported("livekit.rtc.congestion_control.use_send_side_bwe_interceptor", OptionType::kBool),
    unsupported("livekit.rtc.congestion_control.use_send_side_bwe", OptionType::kBool),
    unsupported("livekit.rtc.congestion_control.send_side_bwe_pacer", OptionType::kText),
    unsupported("livekit.rtc.congestion_control.send_side_bwe", OptionType::kMap),
    unsupported("livekit.rtc.congestion_control.remote_bwe", OptionType::kMap),
    unsupported("livekit.rtc.congestion_control.probe_mode", OptionType::kText),
    unsupported("livekit.rtc.congestion_control.min_channel_capacity", OptionType::kInt),
    unsupported("livekit.rtc.congestion_control.nack_ratio_attenuator", OptionType::kText),
    unsupported("livekit.rtc.congestion_control.expected_usage_threshold", OptionType::kText),
    unsupported("livekit.rtc.congestion_control.disable_estimation_unmanaged_tracks",
                OptionType::kBool),
    unsupported("livekit.rtc.pli_throttle", OptionType::kMap),
    unsupported("livekit.rtc.packet_buffer_size", OptionType::kInt),
    unsupported("livekit.rtc.packet_buffer_size_video", OptionType::kInt),
    unsupported("livekit.rtc.packet_buffer_size_audio", OptionType::kInt),
    unsupported("livekit.rtc.reconnect_on_publication_error", OptionType::kBool),
    unsupported("livekit.rtc.reconnect_on_subscription_error", OptionType::kBool),
    unsupported("livekit.rtc.reconnect_on_data_channel_error", OptionType::kBool),
    unsupported("livekit.rtc.data_channel_max_buffered_amount", OptionType::kInt),
    unsupported("livekit.rtc.datachannel_slow_threshold", OptionType::kInt),
    unsupported("livekit.rtc.datachannel_lossy_target_latency", OptionType::kText),
    unsupported("livekit.rtc.datachannel_data_track_target_latency", OptionType::kText),
    unsupported("livekit.rtc.forward_stats", OptionType::kMap),
    unsupported("livekit.rtc.enable_rtp_stream_restart_detection", OptionType::kBool),
    unsupported("livekit.rtc.enable_warp", OptionType::kBool),
    unsupported("livekit.rtc.sctp_min_cwnd", OptionType::kInt),
    unsupported("livekit.rtc.sctp_fast_rtx_wnd", OptionType::kInt),
    unsupported("livekit.rtc.sctp_cwnd_ca_step", OptionType::kInt),
    unsupported("livekit.rtc.host_acceptance_min_wait", OptionType::kText),
    unsupported("livekit.rtc.srflx_acceptance_min_wait", OptionType::kText),
    unsupported("livekit.rtc.prflx_acceptance_min_wait", OptionType::kText),
    unsupported("livekit.rtc.relay_acceptance_min_wait", OptionType::kText),
    unsupported("livekit.room.enabled_codecs", OptionType::kList),
    unsupported("livekit.room.create_room_timeout", OptionType::kText),
    unsupported("livekit.room.create_room_attempts", OptionType::kInt),
    unsupported("livekit.room.update_batch_target_size", OptionType::kInt),
    unsupported("livekit.limit.num_tracks", OptionType::kInt),
    unsupported("livekit.limit.bytes_per_sec", OptionType::kInt),
    unsupported("livekit.limit.subscription_limit_video", OptionType::kInt),
    unsupported("livekit.limit.subscription_limit_audio", OptionType::kInt),
    unsupported("livekit.limit.max_data_blob_key_length", OptionType::kInt),
    unsupported("livekit.limit.max_data_blobs_size", OptionType::kInt),
    unsupported("livekit.limit.max_data_track_custom_encoding_length", OptionType::kInt),
    unsupported("livekit.webhook.url_notifier.num_workers", OptionType::kInt),
    unsupported("livekit.webhook.resource_url_notifier.max_depth", OptionType::kInt),
    unsupported("livekit.redis", OptionType::kMap),
    unsupported("livekit.turn.relay_range_start", OptionType::kInt),
    unsupported("livekit.turn.relay_range_end", OptionType::kInt),
    unsupported("livekit.turn.bind_addresses", OptionType::kList),
    unsupported("livekit.turn.allow_restricted_peer_cidrs", OptionType::kList),
    unsupported("livekit.turn.deny_peer_cidrs", OptionType::kList),
    unsupported("livekit.logging", OptionType::kMap),
    unsupported("livekit.audio", OptionType::kMap),
    unsupported("livekit.video", OptionType::kMap),
    unsupported("livekit.node_selector", OptionType::kMap),
    unsupported("livekit.node_stats", OptionType::kMap),
    unsupported("livekit.signal_relay", OptionType::kMap),
    unsupported("livekit.psrpc", OptionType::kMap),
    unsupported("livekit.ingress", OptionType::kMap),
    unsupported("livekit.sip", OptionType::kMap),
    unsupported("livekit.agents", OptionType::kMap),
    unsupported("livekit.metric", OptionType::kMap),
    unsupported("livekit.trace", OptionType::kMap),
    unsupported("livekit.api", OptionType::kMap),
});

const std::vector<Option>& sorted_options() {
  static const std::vector<Option> sorted = [] {
    std::vector<Option> made(kOptions.begin(), kOptions.end());
    for (const auto& more :
         {message_options(), group_options(), people_options(), conversation_options(),
          meeting_options(), storage_options(), blocklist_options(), authentication_options()}) {
      made.insert(made.end(), more.begin(), more.end());
    }
    std::ranges::sort(made, {}, &Option::key);
    return made;
  }();
  return sorted;
}

// Levenshtein distance, two rows.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> previous(b.size() + 1), current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, substitution});
    }
    std::swap(previous, current);
  }
  return previous[b.size()];
}

}  // namespace

std::string_view flag_text(bool value) {
  return value ? "true" : "false";
}

std::string_view number_text(int64_t value) {
  static std::deque<std::string> texts;
  return texts.emplace_back(std::to_string(value));
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<PortRange> parse_ports(std::string_view text) {
  const size_t dash = text.find('-');
  const auto first = parse_integer(text.substr(0, dash));
  const auto last = dash == text.npos ? first : parse_integer(text.substr(dash + 1));
  if (!first || !last || *first < 0 || *last > 65535 || *last < *first || *last - *first >= 64 ||
      (*first == 0 && *last != 0)) {
    return fail(ErrorCode::kInvalidArgument, "not a port or a range of ports");
  }
  return PortRange{static_cast<uint16_t>(*first), static_cast<int>(*last - *first + 1)};
}

std::optional<int64_t> parse_duration_ms(std::string_view text) {
  struct Unit {
    std::string_view name;
    double ms;
  };
  // The longer names of equal beginnings first.
  constexpr auto kUnits = std::to_array<Unit>(
      {{"ms", 1}, {"us", 1e-3}, {"ns", 1e-6}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}});
  if (const auto seconds = parse_integer(text)) {
    if (*seconds < 0 || *seconds > kYear) return std::nullopt;
    return *seconds * 1000;
  }
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const auto unit = std::ranges::find_if(
        kUnits, [&](const Unit& known) { return text.starts_with(known.name); });
    if (error != std::errc() || value < 0 || unit == kUnits.end()) return std::nullopt;
    text.remove_prefix(unit->name.size());
    total += value * unit->ms;
  }
  if (total > static_cast<double>(kYear) * 1000) return std::nullopt;
  return static_cast<int64_t>(total);
}

std::optional<MapEntry> find_map_entry(std::string_view key) {
  for (size_t dot = key.rfind('.'); dot != key.npos && dot > 0; dot = key.rfind('.', dot - 1)) {
    const Option* option = find_option(key.substr(0, dot));
    if (option == nullptr) continue;
    if (option->type != OptionType::kMap || !option->supported) return std::nullopt;
    return MapEntry{option, key.substr(dot + 1)};
  }
  return std::nullopt;
}

const Option* find_ignored_group(std::string_view key) {
  for (size_t dot = key.rfind('.'); dot != key.npos && dot > 0; dot = key.rfind('.', dot - 1)) {
    const Option* option = find_option(key.substr(0, dot));
    if (option != nullptr) {
      return option->supported || option->type != OptionType::kMap ? nullptr : option;
    }
  }
  return nullptr;
}

std::span<const Option> options() {
  return sorted_options();
}

const Option* find_option(std::string_view key) {
  const auto& all = sorted_options();
  const auto it = std::ranges::lower_bound(all, key, {}, &Option::key);
  return it != all.end() && it->key == key ? &*it : nullptr;
}

std::string_view nearest_option(std::string_view key) {
  // A third of the letters wrong is no longer a slip of the finger.
  size_t best = key.size() / 3 + 1;
  std::string_view found;
  for (const Option& option : sorted_options()) {
    const size_t d = distance(key, option.key);
    if (d < best) {
      best = d;
      found = option.key;
    }
  }
  return found;
}

}  // namespace turms::app
