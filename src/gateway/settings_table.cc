#include "gateway/settings_table.h"

#include "net/address_checks.h"

namespace turms::gateway {
namespace {

using config::path;
using config::Value;

Status check_strategy(std::string_view key, std::string_view value) {
  if (find_login_strategy(value)) return {};
  return config::must_be(key, "one of the seven strategies", value);
}

Status check_conflict(std::string_view key, std::string_view value) {
  if (find_login_conflict(value)) return {};
  return config::must_be(key, "DISCONNECT_LOGGED_IN_DEVICES or DISCONNECT_LOGGING_IN_DEVICE",
                         value);
}

config::Table<RateLimit> request_limit_table() {
  const std::string prefix = "turms.gateway.client-api.rate-limiting.";
  config::Table<RateLimit> table(config::Change::kAtRunTime);
  table
      .number(prefix + "capacity", &RateLimit::capacity, 0, 1000000,
              "Requests that one connection may have saved up; above, they are answered 1101 "
              "(heartbeats and signing in aside). 0: no limit.")
      .number(prefix + "initial-tokens", &RateLimit::initial_tokens, 0, 1000000,
              "Requests that a new connection may send at once, up to the capacity.")
      .number(prefix + "tokens-per-period", &RateLimit::tokens_per_period, 1, 1000000,
              "Requests that it may send more after each interval.")
      .time(prefix + "refill-interval-millis", &RateLimit::refill_interval, 1ms, 0, 86400000,
            "The interval. 0: none ever come back.");
  return table;
}

config::Table<DeviceLogins> login_table() {
  const std::string prefix = "turms.gateway.simultaneous-login.";
  config::Table<DeviceLogins> table(config::Change::kAtRunTime);
  table
      .add(config::text(
               prefix + "strategy", "ALLOW_ONE_DEVICE_OF_EACH_DEVICE_TYPE_ONLINE",
               "Which devices of a user may be signed in at the same time: "
               "ALLOW_ONE_DEVICE_OF_EACH_DEVICE_TYPE_ONLINE, "
               "ALLOW_ONE_DEVICE_FOR_ALL_DEVICE_TYPES_ONLINE, "
               "ALLOW_ONE_DEVICE_OF_DESKTOP_AND_ONE_DEVICE_OF_MOBILE_ONLINE, "
               "ALLOW_ONE_DEVICE_OF_DESKTOP_OR_BROWSER_AND_ONE_DEVICE_OF_MOBILE_ONLINE, "
               "ALLOW_ONE_DEVICE_OF_DESKTOP_AND_ONE_DEVICE_OF_BROWSER_AND_ONE_DEVICE_OF_MOBILE_"
               "ONLINE, ALLOW_ONE_DEVICE_OF_DESKTOP_OR_MOBILE_ONLINE or "
               "ALLOW_ONE_DEVICE_OF_DESKTOP_OR_BROWSER_OR_MOBILE_ONLINE. The third and the sixth "
               "let no browser in.",
               check_strategy),
           [](DeviceLogins& logins, const Value& value) {
             logins.strategy = *find_login_strategy(value.text);
           })
      .add(config::text(prefix + "login-conflict-strategy", "DISCONNECT_LOGGED_IN_DEVICES",
                        "What happens to devices that may not be signed in together: "
                        "DISCONNECT_LOGGED_IN_DEVICES ends the older sessions, "
                        "DISCONNECT_LOGGING_IN_DEVICE refuses the newer one (2100).",
                        check_conflict),
           [](DeviceLogins& logins, const Value& value) {
             logins.conflict = *find_login_conflict(value.text);
           })
      .flag(prefix + "allow-device-type-unknown-login", &DeviceLogins::allow_unknown,
            "Let devices of the type UNKNOWN sign in.")
      .flag(prefix + "allow-device-type-others-login", &DeviceLogins::allow_others,
            "Let devices of the type OTHERS sign in.");
  return table;
}

config::Table<LoadWatch::Limits> load_table() {
  config::Table<LoadWatch::Limits> table(config::Change::kAtStart);
  table
      .time("turms.health-check.max-loop-delay-millis", &LoadWatch::Limits::delay, 1ms, 0, 60000,
            "New sessions are refused (1201) while the control loop is this late, again and again. "
            "0: never for that.")
      .number("turms.health-check.memory.min-free-system-memory-bytes",
              &LoadWatch::Limits::free_bytes, 0, int64_t{1} << 40,
              "New sessions are refused (1201) while less memory is available. 0: never for that.");
  return table;
}

config::Table<Config> make_table() {
  config::Table<Config> table(config::Change::kAtStart);
  table
      .number("turms.gateway.client-api.max-request-size-bytes", &Config::max_request_bytes, 1024,
              16777216, "Largest request a client may send.")
      .time("turms.gateway.session.close-idle-session-after-seconds", &Config::idle_timeout, 1s, 1,
            config::kYearInSeconds,
            "A session without a request or heartbeat for so long is closed.")
      .at_run_time()
      .time("turms.gateway.session.establish-timeout-seconds", &Config::establish_timeout, 1s, 1,
            config::kYearInSeconds, "A connection that has not signed in by then is closed.")
      .number("turms.gateway.session.max-pending-bytes", &Config::max_pending_bytes, 65536,
              1073741824, "Bytes waiting for a slow client before its session is closed.")
      .number("turms.gateway.max-connections", &Config::max_connections, 1, 1000000,
              "Turms connections at once on each port; more are refused.")
      .text("turms.gateway.service-discovery.identity", &Config::server_id,
            "Name of this server that clients are told when they sign in.")
      .flag("log.requests", &Config::access_log,
            "Write a line for each request of a Turms client (level info): request, trace id, "
            "session, user, device type, address, request id, kind, bytes, date, code, bytes of "
            "the answer and milliseconds, with | between.")
      .at_run_time()
      .include(&Config::rate_limit, request_limit_table())
      .include(&Config::device_logins, login_table())
      .include(&Config::guard, guard_table())
      .include(&Config::load, load_table());
  return table;
}

config::Table<Listeners> make_listeners_table() {
  using Port = Listeners::Port;
  config::Table<Listeners> table(config::Change::kAtStart);
  table
      .flag("turms.gateway.websocket.enabled", path(&Listeners::websocket, &Port::enabled),
            "Serve the Turms protocol over WebSocket on a port of its own (it is at /turms of the "
            "HTTP port too).")
      .text("turms.gateway.websocket.host", path(&Listeners::websocket, &Port::host),
            "Address of the Turms WebSocket port.", net::check_address)
      .number("turms.gateway.websocket.port", path(&Listeners::websocket, &Port::port), 0, 65535,
              "TCP port of the Turms WebSocket server; 0: any free one.")
      .flag("turms.gateway.tcp.enabled", path(&Listeners::tcp, &Port::enabled),
            "Serve the Turms protocol over TCP.")
      .text("turms.gateway.tcp.host", path(&Listeners::tcp, &Port::host),
            "Address of the Turms TCP port.", net::check_address)
      .number("turms.gateway.tcp.port", path(&Listeners::tcp, &Port::port), 0, 65535,
              "TCP port of the Turms TCP server; 0: any free one.");
  return table;
}

}  // namespace

const config::Table<Config>& settings_table() {
  static const config::Table<Config> table = make_table();
  return table;
}

const config::Table<Listeners>& listeners_table() {
  static const config::Table<Listeners> table = make_listeners_table();
  return table;
}

}  // namespace turms::gateway
